/**
 * The applications' side of a module: what stands for it, and stays good as long as the client is open, whatever is
 * started anew beneath. Each call is a message to the module's actor (`module_actor.ts`).
 *
 * A call that the actor hasn't begun waits for its next life. One that was under way when the actor ended is told so
 * (`CallError` `restarted`), once; so is who reads a stream. With the client's end all are told (`WaitError` `closed`).
 */
import type { Sender } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { ArgsOf, ReplyOf } from "../../actors/protocol.ts";
import type { ReadTx } from "../../actors/store/store.ts";
import type { Result } from "../../core/result.ts";
import type { AnyCallTable } from "../../modules/contract/call_table.ts";
import { callable, CallError } from "../../modules/contract/calls.ts";
import type { ActiveState, AnyClientModule, ClientCommand, PendingMoney } from "../../modules/contract/client.ts";
import { endedBy, orEnded, WaitError } from "../../modules/contract/waiting.ts";
import { MODULE_AGAIN_MS } from "../limits.ts";
import type { ClientModuleMessage, ClientModuleRef } from "./module_actor.ts";
import type { Call } from "./module_serving.ts";

export type ModuleCallsEnv = {
  readonly sender: Sender;
  readonly clock: Clock;
  /** Aborted when the client closes, or can't go on. */
  readonly closing: AbortSignal;
  readonly kind: string;
  readonly actor: ClientModuleRef;
};

type Asking = "call" | "command" | "pending" | "pull";

/** One for each module of a client: its calls are told apart by their numbers. */
export class ModuleCalls {
  /** Of the type that its definition gives to its API. */
  readonly api: unknown;
  readonly #env: ModuleCallsEnv;
  #nextId = 1;

  constructor(table: AnyCallTable, env: ModuleCallsEnv) {
    this.#env = env;
    this.api = callable(table, {
      call: (path, args) => this.#call(path, args),
      stream: (path, args) => this.#stream(path, args),
    });
  }

  /** The module's commands; what they do, its actor does. */
  commands({ commands }: AnyClientModule): { readonly [name: string]: ClientCommand } {
    const callables = Object.entries(commands).map(([name, { usage, help }]): [string, ClientCommand] => {
      const id = (): number => this.#nextId++;
      const run: ClientCommand["run"] = (args, signal) =>
        this.#cancellable(id(), signal, (id) => this.#ask("command", { id, name, args }));
      return [name, { usage, help, run }];
    });
    return Object.fromEntries(callables);
  }

  /** @param tx the module's own part of the store */
  async pending(tx: ReadTx, active: readonly ActiveState<unknown>[]): Promise<PendingMoney> {
    return this.#valueOf<PendingMoney>(await this.#ask("pending", { tx, active }));
  }

  #call(path: string, given: readonly unknown[]): Promise<unknown> {
    const { args, signal } = parted(given);
    return this.#cancellable(
      this.#nextId++,
      signal,
      (id) => this.#ask("call", { id, path, args, cancellable: signal !== undefined }),
    );
  }

  /** Whoever gives up is told by the module how that ended: what moves money is settled first. */
  async #cancellable<T>(
    id: number,
    signal: AbortSignal | undefined,
    ask: (id: number) => Promise<Result<T, unknown>>,
  ): Promise<T> {
    if (signal?.aborted) throw endedBy(signal);
    const unlisten = this.#onAbort(id, signal);
    try {
      return this.#valueOf(await ask(id));
    } finally {
      unlisten();
    }
  }

  #onAbort(id: number, signal: AbortSignal | undefined): () => void {
    if (!signal) return () => {};
    const cancel = (): void => this.#cancel(id, signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    return () => signal.removeEventListener("abort", cancel);
  }

  #cancel(id: number, reason: unknown): void {
    const { sender, actor, closing } = this.#env;
    // with the client everything ends by itself
    if (!closing.aborted) sender.tell(actor, "cancel", { id, reason });
  }

  /** Begins with the first read; asks for the next item when that is read. */
  async *#stream(path: string, given: readonly unknown[]): AsyncGenerator<unknown> {
    const { args, signal } = parted(given);
    if (signal?.aborted) return;
    const id = this.#nextId++, unlisten = this.#onAbort(id, signal);
    let opens: Call | null = { id, path, args, cancellable: signal !== undefined }, hasEnded = false;
    try {
      for (;;) {
        const result = await this.#ask("pull", { id, opens });
        opens = null;
        hasEnded = !result.ok || result.value.done;
        const step = this.#valueOf(result);
        if (step.done) return;
        yield step.value;
        if (signal?.aborted) return;
      }
    } finally {
      unlisten();
      if (!hasEnded) this.#cancel(id, new WaitError({ code: "aborted" }, "Nobody reads on"));
    }
  }

  /** @throws {WaitError} `closed` · {CallError} `restarted` · what the module throws */
  #valueOf<T>(result: Result<T, unknown>): T {
    if (result.ok) return result.value;
    const { error } = result, { closing, kind } = this.#env;
    // the actor was stopped to be started anew: the client goes on
    const isRestart = error instanceof WaitError && error.code === "closed" && !closing.aborted;
    throw isRestart ? CallError.restarted(kind, { cause: error }) : error;
  }

  /** @throws {WaitError} `closed` · {CallError} `restarted` · `overloaded` */
  async #ask<T extends Asking>(
    type: T,
    args: ArgsOf<ClientModuleMessage, T>,
  ): Promise<ReplyOf<ClientModuleMessage, T>> {
    const { sender, clock, closing, kind, actor } = this.#env;
    for (;;) {
      if (closing.aborted) throw endedBy(closing);
      try {
        return await sender.ask(actor, type, args, { deadlineMs: Infinity });
      } catch (thrown) {
        if (!(thrown instanceof ActorError)) throw thrown;
        if (closing.aborted) throw endedBy(closing);
        switch (thrown.code) {
          case "down":
            throw CallError.restarted(kind, { cause: thrown });
          case "overloaded":
            throw CallError.overloaded(kind, { cause: thrown });
          case "no_actor":
            // nobody has it: nothing was done
            await orEnded(closing, () => sleep(clock, MODULE_AGAIN_MS, closing));
            break;
          default:
            throw thrown;
        }
      }
    }
  }
}

/** What travels as it is, and the signal that may stand at the end. */
function parted(
  given: readonly unknown[],
): { readonly args: readonly unknown[]; readonly signal: AbortSignal | undefined } {
  const last = given.at(-1);
  return last instanceof AbortSignal ? { args: given.slice(0, -1), signal: last } : { args: given, signal: undefined };
}
