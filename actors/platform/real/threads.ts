/**
 * Threads of the machine: a Web Worker each, which runs a task's calls in the order in which they were made. Deno drops
 * what is sent to a worker while its module waits at its top level, for WASM say: so a thread tells when it is ready,
 * and what was asked before waits here.
 */
import { ThreadError } from "../error.ts";
import type { Task, Thread } from "../platform.ts";
import type { Answer, Call } from "../thread_side.ts";
import { READY } from "../thread_side.ts";

type Waiting = { readonly resolve: (output: unknown) => void; readonly reject: (error: ThreadError) => void };

/** @throws {ThreadError} `failed`. A thread that ends by itself shows by its calls: they reject with `failed`. */
export function openThread<In, Out>({ module }: Task<In, Out>): Thread<In, Out> {
  const waiting = new Map<number, Waiting>();
  /** Null once the thread takes them. */
  let early: Call[] | null = [];
  let calls = 0;
  let over: ThreadError | null = null;
  const end = (error: ThreadError): void => {
    over ??= error;
    worker.terminate();
    for (const { reject } of waiting.values()) reject(over);
    waiting.clear();
    early = null;
  };
  const worker = startWorker(module);
  worker.onmessage = ({ data }: MessageEvent<Answer | typeof READY>): void => {
    if (data === READY) {
      for (const call of early ?? []) worker.postMessage(call);
      early = null;
      return;
    }
    waiting.get(data.call)?.resolve(data.output);
    waiting.delete(data.call);
  };
  worker.onerror = (event): void => {
    event.preventDefault();
    end(new ThreadError({ code: "failed" }, `A thread failed: ${event.message}`));
  };
  return {
    run: (input) => {
      if (over) return Promise.reject(over);
      const call = calls++;
      return new Promise<Out>((resolve, reject) => {
        waiting.set(call, { resolve: (output) => resolve(output as Out), reject });
        const asked: Call = { call, input };
        if (early) early.push(asked);
        else worker.postMessage(asked);
      });
    },
    close: () => end(new ThreadError({ code: "closed" }, "The thread was closed")),
  };
}

/** @throws {ThreadError} `failed`: the process may not have threads */
function startWorker(module: string): Worker {
  try {
    return new Worker(module, { type: "module" });
  } catch (thrown) {
    throw new ThreadError({ code: "failed" }, "A thread could not be started", { cause: thrown });
  }
}
