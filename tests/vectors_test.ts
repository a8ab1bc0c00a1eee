/** Every vector file of the reference, as `deno task vectors` runs them. */
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { CHECKERS } from "./vectors_runner/registry.ts";
import { runFile } from "./vectors_runner/run.ts";

const folder = fromFileUrl(new URL("./vectors", import.meta.url));

for (const file of Object.keys(CHECKERS)) {
  Deno.test(`vectors of ${file} hold`, async () => {
    const { failures, passed } = await runFile(file, await Deno.readTextFile(`${folder}/${file}`));
    assertEquals(failures, []);
    assertEquals(passed > 2, true, "a file without cases checks nothing");
  });
}

Deno.test("every vector file has a checker", () => {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".json"));
  assertEquals(files.sort(), Object.keys(CHECKERS).sort());
});
