/** Each package that is named and not used, used and not named, not pinned, or used in the wrong place is told. */
import { assertEquals } from "@std/assert";
import { packageProblems } from "./packages.ts";

function found(path: string, text: string, imports: Record<string, string>): string[] {
  return packageProblems([{ path, text }], imports).map(({ path, line, what }) => `${path}:${line} ${what}`);
}

Deno.test("a package that nobody imports is told, and one that nobody names", () => {
  const imports = { a: "npm:a@1.2.3", "a/": "npm:/a@1.2.3/", "@b/c": "npm:@b/c@1.0.0" };
  assertEquals(found("core/x.ts", 'import { y } from "a/sub.js";\nimport z from "z";', imports), [
    "core/x.ts:2 imports z, which deno.json does not name",
    "deno.json:1 names a, which nothing imports",
    "deno.json:1 names @b/c, which nothing imports",
  ]);
  const all =
    'import "a";\nimport { y } from "a/sub.js";\nawait import("@b/c");\nimport "node:path";\nimport "./y.ts";';
  assertEquals(found("core/x.ts", all, imports), []);
});

Deno.test("a version that may change is told; a file of our own has none", () => {
  const text = 'import "a";\nimport "b";\nimport "c";\nimport "d";\nimport "@std/path";';
  const imports = {
    a: "npm:a@^1.2.3",
    b: "npm:b",
    c: "https://host/c.ts",
    d: "npm:d@0.1.2-0",
    "@std/path": "./core/std/path.ts",
  };
  assertEquals(found("core/x.ts", text, imports), [
    "deno.json:1 a is not pinned to a version of an npm package",
    "deno.json:1 b is not pinned to a version of an npm package",
    "deno.json:1 c is not pinned to a version of an npm package",
  ]);
});

Deno.test("what is for tests stays there", () => {
  const imports = { "fast-check": "npm:fast-check@4.10.2" }, text = 'import fc from "fast-check";';
  assertEquals(found("core/x_test.ts", text, imports), []);
  assertEquals(found("core/x.ts", text, imports), ["core/x.ts:1 imports fast-check, which is for tests"]);
});
