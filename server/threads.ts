/** How many threads a guardian has. */
import type { Threads } from "../actors/platform/platform.ts";

/** With fewer the rest of the machine (the Bitcoin node, the proxy, other guardians) may need them. */
const CORES_MIN = 4;

/**
 * The machine's, as many as the operator allows. What a thread does costs more CPU than on the main one: so by default
 * there is one for each further core of a machine that has some to spare, and none on others.
 * @param others beside the main one; null: by default
 */
export function threadsFor(machine: Threads, others: number | null): Threads {
  const spare = machine.cores >= CORES_MIN ? machine.cores - 1 : 0;
  return { ...machine, cores: 1 + (others ?? spare) };
}
