/** What an entry of the library loads is followed, and each way to a machine is told. */
import { assertEquals } from "@std/assert";
import { portabilityProblems } from "./portability.ts";

function found(sources: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(sources).map(([path, text]) => ({ path, text }));
  return portabilityProblems(files).map(({ path, line, what }) => `${path}:${line} ${what}`);
}

Deno.test("the way to a machine's own files is told, however long it is", () => {
  const sources = {
    "client/mod.ts": 'export { a } from "./a.ts";',
    "client/a.ts": 'import { openKvStore } from "../actors/store/mod.ts";',
    "actors/store/mod.ts": 'export { type Options, openKvStore } from "./kv.ts";',
    "actors/store/kv.ts": "Deno.openKv();",
  };
  assertEquals(found(sources), [
    "actors/store/kv.ts:1 is of one machine: " +
    "client/mod.ts → client/a.ts → actors/store/mod.ts → actors/store/kv.ts",
  ]);
});

Deno.test("Deno's calls, Node's modules and the real platform are told; modules' clients are entries, too", () => {
  const sources = {
    "modules/mintv2/client.ts":
      'import { x } from "./x.ts";\nimport { realPlatform } from "../../actors/platform/real.ts";',
    "modules/mintv2/x.ts":
      'import { readFile } from "node:fs/promises";\nimport { join } from "@std/path";\n\nDeno.env;',
    "actors/platform/real.ts": "",
  };
  assertEquals(found(sources), [
    "modules/mintv2/x.ts:4 calls Deno: modules/mintv2/client.ts → modules/mintv2/x.ts",
    "modules/mintv2/x.ts:1 loads node:fs/promises: modules/mintv2/client.ts → modules/mintv2/x.ts",
    "modules/mintv2/x.ts:2 loads @std/path: modules/mintv2/client.ts → modules/mintv2/x.ts",
    "actors/platform/real.ts:1 is of one machine: modules/mintv2/client.ts → actors/platform/real.ts",
  ]);
});

Deno.test("types load nothing, what no entry loads is free, and a file that is missing is told", () => {
  const sources = {
    "client/mod.ts": [
      'import type { Kv } from "../actors/store/kv.ts";',
      'import { type A, type B } from "../actors/platform/real.ts";',
      'export type { C } from "node:net";',
      '// import { x } from "node:fs";',
      'import { y } from "./missing.ts";',
    ].join("\n"),
    "client/deno.ts": 'import { openKvStore } from "../actors/store/kv.ts";',
    "actors/store/kv.ts": "Deno.openKv();",
    "actors/platform/real.ts": "",
  };
  assertEquals(found(sources), ["client/missing.ts:0 is not there: client/mod.ts → client/missing.ts"]);
});
