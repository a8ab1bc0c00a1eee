import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { unit } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { metaClient } from "../meta/client.ts";
import { metaServer } from "../meta/server.ts";
import { definitionsIn, importSpecifier, loadModules } from "./loading.ts";
import { builtIn, ModuleError, registryOf } from "./registry.ts";

Deno.test("a path is a file below the working directory, addresses stay, and everything else is refused", () => {
  assertEquals(importSpecifier("./a b/server.ts", "/home"), "file:///home/a%20b/server.ts");
  assertEquals(importSpecifier("../server.ts", "/home"), "file:///server.ts");
  assertEquals(importSpecifier("/x/server.ts", "/home"), "file:///x/server.ts");
  assertEquals(importSpecifier("counter", "/home"), "file:///home/counter");
  for (const address of ["npm:counter@1/server", "jsr:@a/b", "https://a.example/b.ts", "file:///a.ts"]) {
    assertEquals(importSpecifier(address, "/home"), address);
  }
  for (const bad of ["http://a.example/b.ts", "data:text/javascript,1", "node:fs", "blob:1", "", " "]) {
    const error = assertThrows(() => importSpecifier(bad, "/home"), ModuleError, "expected a file, or an https:");
    assertEquals(error.code, "bad_specifier");
  }
});

Deno.test("definitions are found under any name and counted once; what else a file exports is left alone", () => {
  const exports = { default: metaServer, again: metaServer, limit: 7, metaClient, nothing: null, help: () => {} };
  assertEquals(definitionsIn("server", "./a.ts", exports), [metaServer]);
  assertEquals(definitionsIn("client", "./a.ts", exports), [metaClient]);
});

Deno.test("a file without a module of this side is refused by name, with what was expected and where it belongs", () => {
  const told = (side: "server" | "client", exports: object): string =>
    assertThrows(() => definitionsIn(side, "./a.ts", { ...exports }), ModuleError).message;
  assertEquals(
    told("server", {}),
    "./a.ts exports no server module: expected what defineServerModule returns, by a name or as default",
  );
  assertStringIncludes(told("server", { metaClient }), "It exports a client module: that is for the client");
  assertStringIncludes(told("client", { metaServer }), "It exports a server module: that is for the guardian");
});

Deno.test("a definition with a part that is missing or of another form is refused with that part's name", () => {
  const changes: { readonly [name: string]: readonly unknown[] } = {
    kind: ["", "Lottery", "a b", "a/b", "x".repeat(33), 7],
    consensusVersion: [undefined, 1, { major: 1 }, { major: -1, minor: 0 }],
    codecs: [undefined, {}, { ...metaServer.codecs, input: { read: 1 } }],
    start: [undefined, {}],
    schema: [null, 1, { version: 1 }, { version: -1, migrations: {} }],
    enabledByDefault: [undefined, "yes"],
    apiVersions: [undefined, [], [{ major: 0 }]],
    privateConfig: [undefined, null],
    distributedGen: [undefined],
    validateConfig: [undefined],
    getClientConfig: [undefined],
  };
  for (const [name, values] of Object.entries(changes)) {
    for (const value of values) {
      const mine = { ...metaServer, [name]: value };
      const error = assertThrows(() => definitionsIn("server", "./a.ts", { mine }), ModuleError);
      assertStringIncludes(error.message, `./a.ts exports mine, which is no server module: its \`${name}\` is not `);
    }
  }
  for (const name of ["requiredApi", "state", "config"]) {
    const mine = { ...metaClient, [name]: undefined };
    assertThrows(() => definitionsIn("client", "./a.ts", { mine }), ModuleError, `its \`${name}\` is not `);
  }
  for (const api of [undefined, "call", ["call"], { get: "ask" }, { get: () => {} }, { inner: { get: true } }]) {
    const mine = { ...metaClient, api };
    assertThrows(() => definitionsIn("client", "./a.ts", { mine }), ModuleError, "its `api` is not what applications");
  }
  for (const api of [null, {}, { get: "call", inner: { told: "stream" } }]) {
    assertEquals(definitionsIn("client", "./a.ts", { mine: { ...metaClient, api } }).length, 1);
  }
  const none = (): void => {};
  const recovery = { runsMeanwhile: true, progress: unit, count: none, prepare: none, run: none, finish: none };
  const whole = { ...metaClient, recovery };
  assertEquals(definitionsIn("client", "./a.ts", { whole }).length, 1);
  for (const wrong of [null, {}, ...Object.keys(recovery).map((name) => ({ ...recovery, [name]: undefined }))]) {
    const mine = { ...metaClient, recovery: wrong };
    assertThrows(() => definitionsIn("client", "./a.ts", { mine }), ModuleError, "its `recovery` is not ");
  }
});

Deno.test("what can't be imported is told with the reason, a file named twice is imported once", async () => {
  const asked: string[] = [];
  const load = (specifier: string) => {
    asked.push(specifier);
    return specifier.endsWith("bad.ts")
      ? Promise.reject(new SyntaxError("no such brace"))
      : Promise.resolve({ metaServer });
  };
  const loaded = await loadModules("server", ["./a.ts", "./a.ts"], { directory: "/w", load });
  assertEquals(loaded, [{ definition: metaServer, source: "./a.ts" }]);
  assertEquals(asked, ["file:///w/a.ts"]);
  const error = await assertRejects(() => loadModules("server", ["bad.ts"], { directory: "/w", load }), ModuleError);
  assertEquals(errorText(error), "bad.ts can't be loaded as a module: no such brace");
});

Deno.test("two modules of one kind are refused by name, whoever brings them", () => {
  const own = { ...metaServer, start: () => Promise.reject(new Error("never started")) };
  const error = assertThrows(
    () => registryOf([...builtIn([metaServer]), { definition: own, source: "./meta.ts" }]),
    ModuleError,
    "two modules of kind meta: built in, and ./meta.ts",
  );
  assertEquals(error.facts, { code: "duplicate_kind", kind: "meta" });
});
