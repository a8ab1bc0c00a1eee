/** What a message would bring: for tests of modules, whose API is called by message. */
import { JsonFloat } from "../../../core/encoding/mod.ts";
import type { AnyCallTable } from "../call_table.ts";
import { callable, invoke } from "../calls.ts";

const PLAIN: readonly unknown[] = [Object.prototype, Array.prototype, Map.prototype, Set.prototype, null];

/** A copy, as at the other end of a message. @throws {TypeError} for what is no plain data */
export function travelled<T>(value: T, where = "it"): T {
  return copied(value, where) as T;
}

function copied(value: unknown, where: string): unknown {
  if (value instanceof Uint8Array || value instanceof JsonFloat) return value;
  if (typeof value === "function" || typeof value === "symbol") throw new TypeError(`${where} is no plain data`);
  if (typeof value !== "object" || value === null) return value;
  if (!PLAIN.includes(Object.getPrototypeOf(value))) throw new TypeError(`${where} is an object of a class`);
  const copy = (part: unknown): unknown => copied(part, where);
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Map) return new Map([...value].map(([key, part]) => [copy(key), copy(part)]));
  if (value instanceof Set) return new Set([...value].map(copy));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copy(part)]));
}

/** The API of a module as applications have it: everything that goes in or out is copied as a message would copy it. */
export function overMessages<Api>(table: AnyCallTable, api: Api): Api {
  const sent = (path: string, args: readonly unknown[]): unknown[] =>
    args.map((arg) => arg instanceof AbortSignal ? arg : travelled(arg, `an argument of ${path}`));
  return callable<Api>(table, {
    call: async (path, args) => travelled(await invoke(api, path, sent(path, args)), `what ${path} resolves with`),
    async *stream(path, args) {
      const items = invoke(api, path, sent(path, args)) as AsyncIterable<unknown>;
      for await (const item of items) yield travelled(item, `an item of ${path}`);
    },
  });
}
