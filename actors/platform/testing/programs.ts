/** For tests: where programs of this machine are that some of them run beside ours. */
import { isAllowed } from "../../../core/testing/permissions.ts";
import { foldersIn } from "../programs.ts";

export { findProgram } from "../programs.ts";

/** The folders of a variable like `PATH`, in order; none without permission to look. */
export function foldersOf(variable: string): string[] {
  return isAllowed("env") ? foldersIn(Deno.env.get(variable)) : [];
}
