/**
 * How applications call a module: by message. A definition says what they may call, `{ send: "call", … }`, and from
 * that each program makes what stands for the module where it is used. The module itself runs in an actor, which may
 * crash and start anew while whoever uses it goes on.
 *
 * So what goes in and out is plain data, as it survives `structuredClone`: numbers, bigints, text, bytes, maps, sets,
 * lists, objects of such, JSON. No functions, no objects of classes. An `AbortSignal` is no data but stands last of
 * the parameters: it is cancelled by a message. What is told again and again is an `AsyncIterable`, read item by item.
 * What is thrown arrives as it is: `instanceof` holds.
 */
import { FedimintError } from "../../core/result.ts";
import type { AnyCallTable } from "./call_table.ts";

/**
 * Why a module was not called, or didn't answer. `restarted`: it was started anew before it answered: what was asked is
 * done, or not, and never half. Ask what there is (balance, operations) before it is asked again · `overloaded`: too
 * many calls of it are under way; nothing was done.
 */
export class CallError extends FedimintError<
  { readonly code: "restarted" | "overloaded"; readonly kind: string }
> {
  /** It ended before it answered. */
  static restarted(kind: string, options?: ErrorOptions): CallError {
    const text = `The ${kind} module was started anew before it answered: look whether it was done before asking again`;
    return new CallError({ code: "restarted", kind }, text, options);
  }

  /** It has enough to do. */
  static overloaded(kind: string, options?: ErrorOptions): CallError {
    const text = `Too many calls of the ${kind} module are under way: wait for some of them`;
    return new CallError({ code: "overloaded", kind }, text, options);
  }
}

/** How calls reach a module. `path`: names, with dots between. */
export type Caller = {
  readonly call: (path: string, args: readonly unknown[]) => Promise<unknown>;
  readonly stream: (path: string, args: readonly unknown[]) => AsyncGenerator<unknown>;
};

/** What stands for a module's API where it is used: an object of its type, whose methods all go through `caller`. */
export function callable<Api>(table: AnyCallTable, caller: Caller): Api {
  return made(table, caller, "") as Api;
}

function made(table: AnyCallTable, caller: Caller, before: string): unknown {
  if (table === null) return null;
  const members = Object.entries(table).map(([name, form]): [string, unknown] => {
    const path = `${before}${name}`;
    if (form === "call") return [name, (...args: readonly unknown[]) => caller.call(path, args)];
    if (form === "stream") return [name, (...args: readonly unknown[]) => caller.stream(path, args)];
    return [name, made(form, caller, `${path}.`)];
  });
  return Object.freeze(Object.fromEntries(members));
}

/** Calls a method of a module's API where the module runs. Throws what the method throws. */
export function invoke(api: unknown, path: string, args: readonly unknown[]): unknown {
  const names = path.split("."), name = names.pop()!;
  let owner = api as { readonly [name: string]: unknown };
  for (const part of names) owner = owner[part] as typeof owner;
  const method = owner[name] as (...args: readonly unknown[]) => unknown;
  return Reflect.apply(method, owner, args);
}
