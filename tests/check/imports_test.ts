/** Every import against the direction is found. */
import { assertEquals } from "@std/assert";
import { importProblems } from "./imports.ts";

function verdict(path: string, specifier: string): string {
  const problems = importProblems([{ path, text: `a;\nimport { x } from "${specifier}";` }]);
  assertEquals(problems.length <= 1 && problems.every((problem) => problem.path === path && problem.line === 2), true);
  return problems.length === 0 ? "fine" : problems[0]!.what.replace(/.*: /, "");
}

Deno.test("imports against the direction are found", () => {
  const broken: [string, string, string][] = [
    ["core/a.ts", "../actors/b.ts", "core does not know of actors"],
    ["core/crypto/a.ts", "../../modules/mint/b.ts", "core does not know of modules"],
    ["actors/a.ts", "../modules/contract/b.ts", "actors does not know of modules"],
    ["actors/store/a.ts", "../../server/b.ts", "actors does not know of server"],
    ["modules/mint/server.ts", "../../server/b.ts", "modules does not know of server"],
    ["modules/mint/client.ts", "../../client/b.ts", "modules does not know of client"],
    ["server/a.ts", "../client/b.ts", "server does not know of client"],
    ["client/a.ts", "../server/b.ts", "client does not know of server"],
    ["modules/mint/server.ts", "../wallet/common.ts", "a module knows its own folder and the contract alone"],
    ["modules/mint/deep/a.ts", "../../wallet/common.ts", "a module knows its own folder and the contract alone"],
    ["modules/mint/server.ts", "../mod.ts", "a module knows its own folder and the contract alone"],
    ["modules/contract/a.ts", "../mint/common.ts", "a module knows its own folder and the contract alone"],
    ["server/a.ts", "../tests/b.ts", "only tests import tests"],
    ["server/a.ts", "./b_test.ts", "only tests import tests"],
    ["server/a.ts", "./b_whole.ts", "only tests import tests"],
    ["actors/a.ts", "./store/testing/mod.ts", "only tests import tests"],
    ["server/a.ts", "./dev/b.ts", "a guardian doesn't load what is for development"],
    ["server/api/a.ts", "../dev/chain/b.ts", "a guardian doesn't load what is for development"],
    ["core/a.ts", "npm:zod@4.6.7", "packages are named in deno.json alone"],
    ["core/a.ts", "jsr:@std/assert", "packages are named in deno.json alone"],
    ["core/a.ts", "https://example.com/a.ts", "packages are named in deno.json alone"],
    ["core/a.ts", "../../elsewhere.ts", "core does not know of .."],
  ];
  for (const [path, specifier, what] of broken) assertEquals(verdict(path, specifier), what, `${path} ${specifier}`);
});

Deno.test("an example of a module needs nothing but the contract", () => {
  const at = "tests/examples/bounty/server/money.ts";
  const alone = "an example is written with modules/contract/mod.ts and modules/contract/testing/mod.ts alone";
  for (
    const specifier of [
      "../../../../core/bytes.ts",
      "../../../../modules/contract/server.ts",
      "../../other/a.ts",
      "@noble/hashes/sha2.js",
    ]
  ) {
    assertEquals(verdict(at, specifier), alone, specifier);
  }
  const fine = [
    "./time.ts",
    "../common.ts",
    "../../../../modules/contract/mod.ts",
    "../../../../modules/contract/testing/mod.ts",
  ];
  for (const specifier of [...fine, "@std/assert"]) assertEquals(verdict(at, specifier), "fine", specifier);
  assertEquals(verdict("tests/examples/bounty_federation_whole.ts", "../simulation/federation.ts"), "fine");
});

Deno.test("imports in the direction are fine", () => {
  const fine: [string, string][] = [
    ["core/a.ts", "./crypto/b.ts"],
    ["core/a.ts", "@noble/hashes/sha2.js"],
    ["actors/a.ts", "../core/b.ts"],
    ["modules/mint/server.ts", "./common.ts"],
    ["modules/mint/deep/a.ts", "../common.ts"],
    ["modules/mint/server.ts", "../contract/server.ts"],
    ["modules/mint/server.ts", "../../actors/store/store.ts"],
    ["modules/mod.ts", "./mint/server.ts"],
    ["server/a.ts", "../modules/mint/server.ts"],
    ["client/a.ts", "../modules/mint/client.ts"],
    ["server/dev/chain/a.ts", "../federation/b.ts"],
    ["server/dev/chain/a.ts", "../../api/b.ts"],
    ["server/a_test.ts", "./dev/b.ts"],
    ["core/a_test.ts", "../server/b.ts"],
    ["modules/mint/server_test.ts", "../wallet/server_test.ts"],
    ["tests/a.ts", "../client/b.ts"],
  ];
  for (const [path, specifier] of fine) assertEquals(verdict(path, specifier), "fine", `${path} ${specifier}`);
});

Deno.test("what is for development may be loaded late", () => {
  const text = 'const { run } = await import("./dev/b.ts");';
  assertEquals(importProblems([{ path: "server/main.ts", text }]), []);
});
