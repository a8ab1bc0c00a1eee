/**
 * Vector files of the reference, as `deno task vectors` runs them. Those that take long are left to that command, which
 * is a suite of `deno task test`; what they hold is also tested beside the code, in smaller parts.
 */
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { testsNeeding } from "../core/testing/permissions.ts";
import { CHECKERS } from "./vectors_runner/registry.ts";
import { runFile } from "./vectors_runner/run.ts";
import { VECTOR_TEXTS } from "./vectors_runner/texts.ts";

const folder = fromFileUrl(new URL("./vectors", import.meta.url));

const SLOW = ["dkg.json", "ln.json", "lnv2.json", "tbs.json", "walletv2.json"];

for (const file of Object.keys(CHECKERS).filter((name) => !SLOW.includes(name))) {
  Deno.test(`vectors of ${file} hold`, async () => {
    const { failures, passed } = await runFile(file, VECTOR_TEXTS[file]!);
    assertEquals(failures, []);
    assertEquals(passed > 2, true, "a file without cases checks nothing");
  });
}

testsNeeding("read")("every vector file has a checker, and is a module", async () => {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
  assertEquals(files, Object.keys(CHECKERS).sort());
  assertEquals(files, Object.keys(VECTOR_TEXTS).sort());
  for (const file of files) assertEquals(VECTOR_TEXTS[file], await Deno.readTextFile(`${folder}/${file}`));
});
