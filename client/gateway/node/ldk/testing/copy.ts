/** For tests: a folder as it is, in place of another. */
import { join } from "@std/path";

export async function copy(from: string, to: string): Promise<void> {
  await Deno.remove(to, { recursive: true }).catch((thrown) => {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  });
  await Deno.mkdir(to);
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile) await Deno.copyFile(join(from, name), join(to, name));
  }
}
