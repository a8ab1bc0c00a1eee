/** What is exported for nobody is found, and nothing else. */
import { assertEquals } from "@std/assert";
import { exportProblems } from "./exports.ts";

function found(...files: readonly (readonly [path: string, text: string])[]): string[] {
  return exportProblems(files.map(([path, text]) => ({ path, text }))).map(({ path, line }) => `${path}:${line}`);
}

Deno.test("a value that no other file imports is found, used at home or not", () => {
  const text =
    "export const a = 1;\nexport async function b() {\n  return a;\n}\nexport abstract class C {}\nexport function* d() {}\n";
  assertEquals(found(["core/x.ts", text]), ["core/x.ts:1", "core/x.ts:2", "core/x.ts:5", "core/x.ts:6"]);
  assertEquals(found(["core/x.ts", text], ["core/y.ts", 'import { C, d as e } from "./x.ts";']), [
    "core/x.ts:1",
    "core/x.ts:2",
  ]);
  assertEquals(found(["core/x.ts", text], ["core/y.ts", 'import { a, b, C, d } from "./z.ts";']).length, 4);
});

Deno.test("whatever imports a value uses it: tests, faces by hand, faces of everything, whole modules", () => {
  const x = ["core/deep/x.ts", "export const a = 1;\n"] as const;
  assertEquals(found(x, ["core/x_test.ts", 'import { type T, a } from "./deep/x.ts";']), []);
  assertEquals(found(x, ["core/mod.ts", 'export { a } from "./deep/x.ts";']), []);
  assertEquals(found(x, ["core/y.ts", 'import * as x from "./deep/x.ts";']), []);
  assertEquals(found(x, ["core/y.ts", 'const x = await import("./deep/x.ts");']), []);
  const face = ["core/mod.ts", 'export * from "./deep/x.ts";'] as const;
  assertEquals(found(x, face), ["core/deep/x.ts:1"], "a face that nobody looks at");
  assertEquals(found(x, face, ["core/y.ts", 'import { a } from "./mod.ts";']), []);
});

Deno.test("types, and what is for others, may be exported for nobody here", () => {
  assertEquals(found(["core/x.ts", "export type T = 1;\nexport interface U {}\nconst a = 1;\n"]), []);
  assertEquals(found(["modules/contract/mod.ts", "export const a = 1;\n"]), []);
});
