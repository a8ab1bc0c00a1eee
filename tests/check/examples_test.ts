/** Which files' examples are checked, and which are run. */
import { assertEquals } from "@std/assert";
import { examplesIn } from "./examples.ts";

Deno.test("examples are found in documents and in comments; marked ones are only checked, quoted ones left alone", () => {
  assertEquals(
    examplesIn([
      { path: "a.md", text: "# A\n\n```ts\nf();\n```\n" },
      { path: "b.ts", text: "/**\n * ```ts no_run\n * f();\n * ```\n */\n" },
      { path: "c.md", text: "```ts ignore\nf();\n```\n```sh\nls\n```\n" },
      { path: "d.ts", text: "/**\n * ```ts\n * f();\n * ```\n *\n * ```ts no_run\n * g();\n * ```\n */\n" },
    ]),
    { checked: ["a.md", "b.ts", "d.ts"], run: ["a.md"] },
  );
});
