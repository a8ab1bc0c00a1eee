/** Programs of this machine that run beside ours. */
import { join } from "@std/path";

/** The folders of a list like `PATH`, in order. */
export function foldersIn(list: string | undefined): string[] {
  return (list ?? "").split(":").filter((folder) => folder !== "");
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
