/** Simulated threads: what they compute is there at once, in simulated time and in the same order always. */
import { ThreadError } from "../error.ts";
import type { Threads } from "../platform.ts";

/** @param alive whether the process still runs; after its end its calls stay open for ever */
export function simulatedThreads(alive: () => boolean): Threads {
  return {
    cores: 1,
    open: ({ run }) => {
      let closed = false;
      return {
        run: async (input) => {
          if (closed) throw new ThreadError({ code: "closed" }, "The thread was closed");
          if (!alive()) return await new Promise<never>(() => {});
          return run(input);
        },
        close: () => {
          closed = true;
        },
      };
    },
  };
}
