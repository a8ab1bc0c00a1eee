/** What one life of a module's actor does for applications at the moment: calls under way, streams that are read. */
import type { Logger } from "../../actors/logger.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import { CallError, invoke } from "../../modules/contract/calls.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { MODULE_CALLS_MAX, MODULE_STREAMS_MAX } from "../limits.ts";

/** A call of a method of the module's API. `cancellable`: its last parameter is a signal, which `args` don't have. */
export type Call = {
  readonly id: number;
  readonly path: string;
  readonly args: readonly unknown[];
  readonly cancellable: boolean;
};

/** An item of a stream, or its end. */
export type StreamStep = { readonly done: false; readonly value: unknown } | { readonly done: true };

type UnderWay = { readonly stop: AbortController; readonly work: Promise<unknown> };
type Stream = {
  readonly stop: AbortController;
  readonly items: AsyncIterator<unknown>;
  /** The last pull. */
  work: Promise<unknown>;
};

export class Serving {
  readonly #kind: string;
  readonly #stopping: AbortController;
  readonly #log: Logger;
  readonly #calls = new Map<number, UnderWay>();
  readonly #streams = new Map<number, Stream>();
  #ownIds = 0;

  /** @param stopping aborted when the actor stops, for all of the module's work */
  constructor(kind: string, stopping: AbortController, log: Logger) {
    this.#kind = kind;
    this.#stopping = stopping;
    this.#log = log;
  }

  get calls(): number {
    return this.#calls.size;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** For what nobody gives up. Callers' own ids are above zero. */
  ownId(): number {
    return --this.#ownIds;
  }

  /** @returns `overloaded` when too many calls are under way */
  call(api: unknown, { id, path, args, cancellable }: Call): Result<Promise<Result<unknown, unknown>>, CallError> {
    return this.run(id, async (signal) => await invoke(api, path, cancellable ? [...args, signal] : args));
  }

  /** Begins at once. @returns as `call` */
  run<T>(id: number, work: (signal: AbortSignal) => Promise<T>): Result<Promise<Result<T, unknown>>, CallError> {
    if (this.#calls.size >= MODULE_CALLS_MAX) return err(CallError.overloaded(this.#kind));
    const stop = new AbortController(), outcome = settling(() => work(stop.signal));
    this.#calls.set(id, { stop, work: outcome });
    return ok(outcome);
  }

  /**
   * The next item of a stream: one is asked for at a time, so that nothing waits here.
   * @param opens the call that begins it, with the first pull
   * @returns `overloaded` when too many are read · `restarted` when an earlier life of the actor began it
   */
  pull(api: unknown, id: number, opens: Call | null): Result<Promise<Result<StreamStep, unknown>>, CallError> {
    const known = this.#streams.get(id);
    if (!known && !opens) return err(CallError.restarted(this.#kind));
    if (!known && this.#streams.size >= MODULE_STREAMS_MAX) return err(CallError.overloaded(this.#kind));
    const work = settling(async (): Promise<StreamStep> => {
      const { done, value } = await (known ?? this.#open(api, id, opens!)).items.next();
      return done === true ? { done } : { done: false, value };
    });
    const stream = this.#streams.get(id);
    if (stream) stream.work = work;
    return ok(work);
  }

  #open(api: unknown, id: number, { path, args, cancellable }: Call): Stream {
    const stop = new AbortController();
    const told = invoke(api, path, cancellable ? [...args, stop.signal] : args) as AsyncIterable<unknown>;
    const stream: Stream = { stop, items: told[Symbol.asyncIterator](), work: Promise.resolve() };
    this.#streams.set(id, stream);
    return stream;
  }

  /** A stream that is given up ends; a call is told, and settles when it likes. */
  cancel(id: number, reason: unknown): void {
    this.#calls.get(id)?.stop.abort(reason);
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#streams.delete(id);
    stream.stop.abort(reason);
    const failed = (thrown: unknown): void => {
      this.#log.debug("a stream failed while it was closed", { reason: errorText(thrown) });
    };
    stream.items.return?.().catch(failed);
  }

  settled(id: number, ended: boolean): void {
    this.#calls.delete(id);
    if (ended) this.#streams.delete(id);
  }

  /** Everything is told that this is the end; resolves when all is settled. */
  async end(): Promise<void> {
    const closed = WaitError.closed();
    const works = [...this.#calls.values(), ...this.#streams.values()].map(({ work }) => work);
    this.#stopping.abort(closed);
    for (const id of [...this.#calls.keys(), ...this.#streams.keys()]) this.cancel(id, closed);
    await Promise.all(works);
  }
}

/** Never rejects. Begins at once, so that what follows finds what it did before its first wait. */
async function settling<T>(work: () => Promise<T>): Promise<Result<T, unknown>> {
  try {
    return ok(await work());
  } catch (thrown) {
    return err(thrown);
  }
}
