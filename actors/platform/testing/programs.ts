/** For tests: programs of this machine that some of them run beside ours. */
import { join } from "@std/path";
import { isAllowed } from "../../../core/testing/permissions.ts";

/** The folders of a variable like `PATH`, in order; none without permission to look. */
export function foldersOf(variable: string): string[] {
  if (!isAllowed("env")) return [];
  return (Deno.env.get(variable) ?? "").split(":").filter((folder) => folder !== "");
}

/** @returns the path of the program in the first folder that has it */
export async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory)) throw thrown;
    }
  }
  return undefined;
}
