/**
 * A wallet's tweaks. Finding one takes 65,536 hashes, some 4 ms, so some are looked for in quiet moments, and a payment
 * finds them ready. That is done here, a little at a time: a thread's start alone takes as long as forty searches, and
 * 20 MB while it is there.
 *
 * A tweak must never be used twice: two notes would have one key, and the second is lost. So they are kept in memory
 * alone, as the official client does: two processes that go on from one copy of a wallet's folder find different ones.
 * A tweak is stored by the transaction that uses it, with the request for the note, and a copy of that asks for the
 * same note again, which is no other.
 */
import type { Attempt } from "../../contract/client_env.ts";
import { NotReady } from "../../contract/client_env.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Denomination } from "../denomination.ts";
import { TWEAK_BYTES } from "./issuance.ts";
import { searchTweak } from "./tweak_search.ts";

/** Tweaks that a wallet keeps ready: enough for a large payment with its change. */
const TWEAKS_READY = 50;
/** Who only looks something up doesn't search. */
const QUIET_MS = 1_000;
/** Hashes tried at once, some 2 ms: others work in between. */
const TRIES_AT_ONCE = 32_768;

export type TweaksEnv = {
  readonly platform: Platform;
  /** Whether some are kept ready. Not in a command, which ends before it needs them. Default: true. */
  readonly findsAhead?: boolean;
  /** Ends the search, and whoever waits for it. */
  readonly signal: AbortSignal;
};

type Waiting = { readonly count: number; readonly resolve: () => void; readonly reject: (reason: unknown) => void };

export class Tweaks {
  readonly #filter: Bytes;
  readonly #env: TweaksEnv;
  readonly #ready: Bytes[] = [];
  /** What those that came back were for. */
  readonly #uses = new WeakMap<Bytes, Denomination>();
  /** What an attempt has taken already. */
  readonly #taken = new WeakMap<Attempt, number>();
  readonly #waiting = new Set<Waiting>();
  #kept = 0;
  #searching = false;

  /** @param filter 32 bytes, secret */
  constructor(filter: Bytes, env: TweaksEnv) {
    this.#filter = filter;
    this.#env = env;
    const end = (): void => this.#fail(env.signal.reason);
    if (env.signal.aborted) end();
    else env.signal.addEventListener("abort", end, { once: true });
  }

  /**
   * Tweaks of 16 bytes that nobody had before. They come back when the attempt comes to nothing: then nothing has left
   * the process that was made of them.
   * @param uses what each is for. What came back is given for the same again, if it can: what was made of it is known
   * @throws {NotReady} when there aren't as many yet
   */
  take(attempt: Attempt, count: number, uses: readonly Denomination[] = []): Bytes[] {
    const before = this.#taken.get(attempt) ?? 0;
    if (this.#ready.length < count) {
      // what this attempt has comes back too: its next run needs both
      throw new NotReady((signal) => this.#await(before + count, signal));
    }
    const taken = Array.from({ length: count }, (_, i) => this.#pick(uses[i]));
    this.#taken.set(attempt, before + count);
    attempt.onUndo(() => {
      for (const tweak of taken) this.#ready.push(tweak);
      this.#serve();
    });
    this.#search();
    return taken;
  }

  #pick(use: Denomination | undefined): Bytes {
    const fits = this.#ready.findIndex((tweak) => this.#uses.get(tweak) === use);
    const unused = fits >= 0 ? fits : this.#ready.findIndex((tweak) => !this.#uses.has(tweak));
    const [tweak] = this.#ready.splice(Math.max(0, unused), 1);
    if (use !== undefined) this.#uses.set(tweak!, use);
    return tweak!;
  }

  /**
   * Keeps some ready, from a quiet moment on, until the signal is aborted; none in a wallet that doesn't look ahead.
   * @param untilQuiet resolves when nothing else wants the machine that is worth more, or rejects with the signal's
   * reason
   */
  async keepReady(untilQuiet: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { platform: { clock }, signal, findsAhead = true } = this.#env;
    if (!findsAhead) return;
    try {
      await untilQuiet(signal);
      await sleep(clock, QUIET_MS, signal);
    } catch (reason) {
      if (signal.aborted) return;
      throw reason;
    }
    this.#kept = TWEAKS_READY;
    this.#search();
  }

  #await(count: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ends = [this.#env.signal, ...signal ? [signal] : []];
    const aborted = ends.find((end) => end.aborted);
    if (aborted) return Promise.reject(aborted.reason);
    const waiting: Waiting = { count, resolve, reject };
    const abort = (): void => {
      this.#waiting.delete(waiting);
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#waiting.add(waiting);
    this.#serve();
    this.#search();
    return promise.finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Whoever waits has enough: it takes them in a next run of its transaction. */
  #serve(): void {
    for (const waiting of this.#waiting) {
      if (this.#ready.length < waiting.count) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  #fail(reason: unknown): void {
    for (const { reject } of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  get #wanted(): number {
    let wanted = this.#kept;
    for (const { count } of this.#waiting) wanted = Math.max(wanted, count);
    return wanted;
  }

  /** One search at a time, until there are as many as are wanted. */
  #search(): void {
    const { signal } = this.#env;
    if (this.#searching || signal.aborted || this.#ready.length >= this.#wanted) return;
    this.#searching = true;
    this.#searchOn().catch((reason) => this.#fail(reason)).finally(() => {
      this.#searching = false;
      this.#search(); // for who came at the last moment
    });
  }

  async #searchOn(): Promise<void> {
    const { platform: { dice, clock }, signal } = this.#env;
    while (!signal.aborted && this.#ready.length < this.#wanted) {
      await sleep(clock, 0, signal);
      const found = searchTweak(this.#filter, dice.bytes(TWEAK_BYTES), TRIES_AT_ONCE);
      if (found === null) continue;
      this.#ready.push(found);
      this.#serve();
    }
  }
}
