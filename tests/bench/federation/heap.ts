/**
 * What V8 tells of a guardian's heap, without an inspector, which would take memory itself: `--trace-gc` has it write a
 * line for each clean-up to its output.
 */
import type { GuardianProgram } from "../../../server/dev/federation/federation.ts";
import { ownProgram } from "../../../server/dev/federation/processes.ts";

const V8_FLAGS = "--v8-flags=";
/** What lives and what it lives in, MB: `… Mark-Compact 33.8 (38.1) -> 22.2 (28.6) MB …`. */
const CLEANED = /Mark-Compact (?:\([a-z]+\) )?[0-9.]+ \([0-9.]+\) -> ([0-9.]+) \(([0-9.]+)\) MB/g;
const MIB = 2 ** 20;

export type Heap = {
  /** JavaScript that lives. */
  readonly aliveBytes: number;
  /** What V8 has for it. */
  readonly heapBytes: number;
};

/** One of our guardians that tells of its heap. */
export function tellingProgram(): GuardianProgram {
  const command = ownProgram("server/main.ts")
    .map((word) => word.startsWith(V8_FLAGS) ? `${word},--trace-gc` : word);
  return { command, env: {} };
}

/** After the last clean-up of the whole heap that the output tells of; null for none. */
export function lastHeapIn(output: string): Heap | null {
  const last = [...output.matchAll(CLEANED)].at(-1);
  return last ? { aliveBytes: Number(last[1]) * MIB, heapBytes: Number(last[2]) * MIB } : null;
}
