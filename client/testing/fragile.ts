/** For tests: a module whose actor crashes when it is told to, with calls that wait for the test at any point. */
import { decode, encode, u64 } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { CommandError } from "../../modules/contract/command_error.ts";
import type { ClientModule, ClientModuleDefinition } from "../../modules/contract/client.ts";
import { defineClientModule } from "../../modules/contract/client.ts";
import type { ClientModuleEnv } from "../../modules/contract/client_env.ts";
import { endedBy, orEnded } from "../../modules/contract/waiting.ts";
import { moneyless } from "./moneyless.ts";

export const FRAGILE_KIND = "fragile";

const PAID = Uint8Array.of(1);

/** A module's own error. */
export class FragileError extends FedimintError<{ readonly code: "fragile"; readonly amountMsat: bigint }> {}

/** What a test holds of the module, over all its lives. */
export class Strings {
  /** Lives that were begun. */
  lives = 0;
  /** Calls that reached the module. */
  begun = 0;
  /** Streams that were begun and have ended, and items that were made for them. */
  opened = 0;
  closed = 0;
  made = 0;
  /** What ended the last wait. */
  lastReason: unknown = null;
  /** Lets `start` finish. */
  start: Promise<void> = Promise.resolve();
  /** A payment waits for it within its transaction. */
  commit: Promise<void> = Promise.resolve();
  /** A payment waits for it once it is durable. */
  answer: Promise<void> = Promise.resolve();
  /** Resolves when a payment has come to its transaction. */
  paying = Promise.withResolvers<void>();
  crash: (reason: Error) => void = () => {};
}

type Env = ClientModuleEnv<null, null>;

export class Fragile {
  readonly #env: Env;
  readonly #strings: Strings;

  constructor(env: Env, strings: Strings) {
    this.#env = env;
    this.#strings = strings;
  }

  /** Which life it is. */
  life(): Promise<number> {
    this.#strings.begun++;
    return Promise.resolve(this.#strings.lives);
  }

  /** Throws an error of its own. */
  fail(amountMsat: bigint): Promise<void> {
    throw new FragileError({ code: "fragile", amountMsat }, "it breaks");
  }

  /** Ends with its signal alone. */
  async wait(signal?: AbortSignal): Promise<void> {
    this.#strings.begun++;
    const never = new Promise<void>(() => {});
    try {
      await (signal ? orEnded(signal, () => never) : never);
    } finally {
      this.#strings.lastReason = signal?.reason;
    }
  }

  async paidMsat(): Promise<bigint> {
    const value = await this.#env.store.read((tx) => tx.get(PAID));
    return value ? decode(u64, value) : 0n;
  }

  /** One store transaction of the core. */
  async pay(operationId: OperationId, amountMsat: bigint): Promise<bigint> {
    const { core } = this.#env, strings = this.#strings;
    const before = await this.paidMsat();
    const paid = await core.transact(operationId, async (tx) => {
      core.logOperation(tx, "pay");
      tx.store.set(PAID, encode(u64, before + amountMsat));
      strings.paying.resolve();
      await strings.commit;
      return before + amountMsat;
    });
    await strings.answer;
    return paid;
  }

  /** One store transaction of its own. */
  async payAlone(amountMsat: bigint): Promise<void> {
    const { durable } = await this.#env.store.transact(async (tx) => {
      tx.set(PAID, encode(u64, amountMsat));
      this.#strings.paying.resolve();
      await this.#strings.commit;
    });
    await durable;
  }

  /** From `first` on, as fast as they are read. */
  async *numbers(first: number, signal?: AbortSignal): AsyncGenerator<number> {
    this.#strings.opened++;
    try {
      for (let number = first; !signal?.aborted; number++) {
        this.#strings.made++;
        yield number;
      }
    } finally {
      this.#strings.closed++;
    }
  }

  /** One, then nothing until the signal is aborted; then why. */
  async *slow(signal?: AbortSignal): AsyncGenerator<number> {
    yield 1;
    await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
    throw endedBy(signal);
  }
}

export function fragileModule(strings: Strings): ClientModuleDefinition<null, null, Fragile> {
  return defineClientModule<null, null, Fragile>({
    kind: FRAGILE_KIND,
    ...moneyless,
    api: {
      life: "call",
      fail: "call",
      wait: "call",
      paidMsat: "call",
      pay: "call",
      payAlone: "call",
      numbers: "stream",
      slow: "stream",
    },
    start: async (env): Promise<ClientModule<null, Fragile>> => {
      await strings.start;
      strings.lives++;
      const crashed = Promise.withResolvers<void>();
      strings.crash = (reason) => crashed.reject(reason);
      const api = new Fragile(env, strings);
      return {
        transitions: () => [],
        api,
        commands: {
          life: { usage: "life", help: "Which life it is", run: () => api.life() },
          wait: { usage: "wait", help: "Waits", run: (_args, signal) => api.wait(signal).then(() => null) },
          fail: { usage: "fail", help: "Fails", run: () => Promise.reject(CommandError.usage("never so")) },
        },
        pending: async (tx) => ({
          incomingMsat: decode(u64, await tx.get(PAID) ?? encode(u64, 0n)),
          outgoingMsat: BigInt(strings.lives),
          inDoubtMsat: 0n,
        }),
        background: () => orEnded(env.signal, () => crashed.promise),
      };
    },
  });
}
