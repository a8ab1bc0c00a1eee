/** Packages that nobody explains, uses or declares are found. */
import { assertEquals } from "@std/assert";
import { dependencyProblems, packageOf } from "./dependencies.ts";

function found(imports: Record<string, string>, document: string, text: string): string[] {
  return dependencyProblems(imports, document, [{ path: "a.ts", text }]).map(({ path, what }) => `${path}: ${what}`);
}

Deno.test("a package's name is its own or its scope's", () => {
  assertEquals(["@a/b/c.js", "@a/b", "c", "c/d.js"].map(packageOf), ["@a/b", "@a/b", "c", "c"]);
});

Deno.test("deno.json, the document and the imports name the same packages", () => {
  const imports = { "@a/b": "npm:@a/b@1", "@a/b/": "npm:/@a/b@1/", "@std/assert": "./assert.ts" };
  assertEquals(found(imports, "| `@a/b` | x |\n", 'import { c } from "@a/b/c.js";'), []);
  assertEquals(found(imports, "| `other` | x |\n", 'import { c } from "@a/b/c.js";'), [
    "docs/dependencies.md: says nothing of @a/b",
    "docs/dependencies.md: other is not in deno.json",
  ]);
  assertEquals(found(imports, "| `@a/b` | x |\n", '// import "@a/b"'), ["deno.json: @a/b is not imported anywhere"]);
});
