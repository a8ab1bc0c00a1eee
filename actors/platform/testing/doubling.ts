/** A task for tests of threads. */
import type { Task } from "../platform.ts";

export const doubling: Task<{ readonly value: number }, number> = {
  module: import.meta.resolve("./doubling_thread.ts"),
  run: ({ value }) => {
    if (value < 0) throw new RangeError("a negative number");
    return 2 * value;
  },
};

/** The same on a thread that is long in loading. */
export const lateDoubling: typeof doubling = { ...doubling, module: import.meta.resolve("./late_thread.ts") };
