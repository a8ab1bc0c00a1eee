import { assertEquals, assertThrows } from "@std/assert";
import { launcher, readsSecpWasm, startsThread, withLateBuiltins } from "./outputs.ts";

Deno.test("who begins a thread is told from others", () => {
  const resolved = (place: string): string => `task({ module: import.meta.${"resolve"}("${place}"), run });`;
  assertEquals([startsThread(resolved("./other_thread.ts")), startsThread(resolved("npm:other"))], [true, false]);
});

Deno.test("who reads libsecp256k1's file is told from others", () => {
  assertEquals([readsSecpWasm('readFileSync(path("secp256k1.wasm"))'), readsSecpWasm("secp256k1")], [true, false]);
});

Deno.test("what is imported of Node's modules as a whole is loaded when it is used, and is the same", async () => {
  const text = [
    'import { EventEmitter } from "node:events";',
    'import os from "node:os";',
    'import process from "node:process";',
    "process.exitCode = 3;",
    "const set = process.exitCode;",
    "process.exitCode = 0;",
    "export const found = [typeof EventEmitter, os.EOL, typeof process.listeners('exit'), set];",
  ].join("\n");
  const late = withLateBuiltins(text);
  assertEquals([...late.matchAll(/^import .*$/gm)].map(([line]) => line), [text.split("\n")[0]]);
  const { found } = await import(`data:text/javascript,${encodeURIComponent(late)}`);
  assertEquals(found, ["function", "\n", "object", 3]);
  assertEquals(withLateBuiltins("nothing"), "nothing");
});

Deno.test("a launcher gives the flags of the task, and what the configuration would switch on", () => {
  const text = launcher("deno run -A --v8-flags=--a,--b client/main.ts", "client/main.ts", "client/main.js", [
    "kv",
    "net",
  ]);
  assertEquals(
    text.trimEnd().split("\n").at(-1),
    'exec "${DENO:-deno}" run -A --v8-flags=--a,--b --no-config --unstable-kv --unstable-net ' +
      '"${program%/*}/client/main.js" "$@"',
  );
  assertThrows(() => launcher("deno task other", "client/main.ts", "client/main.js", []));
});
