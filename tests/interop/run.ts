/** Other programs, run to their end. */
import { realPlatform } from "../../actors/platform/real.ts";
import type { Ran, RunOptions } from "../../server/dev/federation/processes.ts";
import { runProgram } from "../../server/dev/federation/processes.ts";

export type { Ran } from "../../server/dev/federation/processes.ts";

/** @throws Error that says what took too long; the signal's reason */
export function run(command: readonly string[], options: RunOptions): Promise<Ran> {
  return runProgram(realPlatform().clock, command, options);
}
