/** Threads for tests of pools: those of the platform that a test makes end, lie or hang. */
import { ThreadError } from "../../platform/error.ts";
import type { Task, Thread, Threads } from "../../platform/platform.ts";

/** A thread that answers when the test lets it. */
export type FakeThread = {
  readonly isClosed: boolean;
  /** Calls that were not answered. */
  readonly open: number;
  /** Answers the oldest call with what its task makes of it, or with anything. */
  answer(output?: unknown): void;
  /** Ends it as a crash does. */
  die(): void;
};

/** @param cores of the machine */
export function fakeThreads(cores: number): { readonly threads: Threads; readonly opened: FakeThread[] } {
  const opened: FakeThread[] = [];
  const open = <In, Out>({ run }: Task<In, Out>): Thread<In, Out> => {
    type Call = { input: In; resolve: (output: Out) => void; reject: (error: ThreadError) => void };
    const calls: Call[] = [];
    let over: ThreadError | null = null;
    const end = (error: ThreadError): void => {
      over ??= error;
      for (const { reject } of calls.splice(0)) reject(over);
    };
    opened.push({
      get isClosed() {
        return over !== null;
      },
      get open() {
        return calls.length;
      },
      answer: (...given) => {
        const { input, resolve } = calls.shift()!;
        resolve(given.length > 0 ? given[0] as Out : run(input));
      },
      die: () => end(new ThreadError({ code: "failed" }, "A thread failed: it died")),
    });
    return {
      run: (input) =>
        over ? Promise.reject(over) : new Promise((resolve, reject) => calls.push({ input, resolve, reject })),
      close: () => end(new ThreadError({ code: "closed" }, "The thread was closed")),
    };
  };
  return { threads: { cores, open }, opened };
}
