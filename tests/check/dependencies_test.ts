/** Packages that nobody explains or declares are found. */
import { assertEquals } from "@std/assert";
import { dependencyProblems, packageOf } from "./dependencies.ts";

function found(imports: Record<string, string>, document: string): string[] {
  return dependencyProblems(imports, document).map(({ path, what }) => `${path}: ${what}`);
}

Deno.test("a package's name is its own or its scope's", () => {
  assertEquals(["@a/b/c.js", "@a/b", "c", "c/d.js"].map(packageOf), ["@a/b", "@a/b", "c", "c"]);
});

Deno.test("deno.json and the document name the same packages", () => {
  const imports = { "@a/b": "npm:@a/b@1", "@a/b/": "npm:/@a/b@1/", "@std/assert": "./assert.ts" };
  assertEquals(found(imports, "| package | what |\n| --- | --- |\n| `@a/b` | x |\n"), []);
  assertEquals(found(imports, "| `other` | x |\n"), [
    "docs/dependencies.md: says nothing of @a/b",
    "docs/dependencies.md: other is not in deno.json",
  ]);
});
