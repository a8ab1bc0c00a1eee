/** Comments that are too wide are found and wrapped; what they say stays the same. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { commentProblems, wrapComments } from "./comments.ts";

const LONG = "word ".repeat(40).trim();

function linesOf(text: string): number[] {
  return commentProblems({ path: "a.ts", text }).map(({ line }) => line);
}

Deno.test("a comment that is too wide is found, code that is is not", () => {
  assertEquals(linesOf(`const a = 1;\n// ${LONG}\n/** ${LONG} */\n/**\n * short\n * ${LONG}\n */\n`), [2, 3, 6]);
  assertEquals(linesOf(`const a = "${LONG}";\n// ${"x".repeat(150)}\n`), []);
  assertEquals(linesOf(`const a = f(1); // ${LONG}\n`), [1]);
});

Deno.test("paragraphs are filled anew, each by itself; code in fences, tables and short ones stay", () => {
  const wrapped = wrapComments(`  /** ${LONG}. */\n  f();\n`);
  assertEquals(wrapped.split("\n").map((line) => line.length <= 120), [true, true, true, true, true, true]);
  assertEquals(wrapped.split("\n")[0], "  /**");
  const kept = `/**\n * a\n * b\n *\n * \`\`\`ts\n * ${LONG}\n * \`\`\`\n * | ${LONG} |\n */\n`;
  assertEquals(wrapComments(kept), kept);
  assertEquals(wrapComments(`/**\n * a\n * - ${LONG}\n * - b\n */`).split("\n")[3]!.startsWith(" *   word"), true);
});

Deno.test("a comment behind too long a line moves above it, and lines of // are one paragraph", () => {
  assertEquals(
    wrapComments(`  f(1); // ${"word ".repeat(23).trim()}\n`),
    `  // ${"word ".repeat(23).trim()}\n  f(1);\n`,
  );
  assertEquals(/ word end\nf\(\);\n$/.test(wrapComments(`// ${LONG}\n// end\nf();\n`)), true);
});

Deno.test("tags of a docstring begin a line, and a section stays with its sheet", () => {
  const wrapped = wrapComments(`/** ${"word ".repeat(22)}docs/protocol/02-api.md §3. @throws {E} \`a\` */\n`);
  assertEquals(wrapped.split("\n").slice(2), [" * docs/protocol/02-api.md §3.", " * @throws {E} `a`", " */", ""]);
});

Deno.test("wrapping keeps every word in its order, and once is enough", () => {
  const word = fc.stringMatching(/^[a-z`@§{}.*-]{1,20}$/).filter((text) => !text.includes("*/"));
  fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 80 }), fc.boolean(), (words, line) => {
    const text = line ? `// x ${words.join(" ")}\nf();\n` : `/** x ${words.join(" ")} */\nf();\n`;
    const once = wrapComments(text);
    const wordsIn = (source: string): string =>
      source.replace(/^( \*\/?|\/\*\*|\/\/)|\*\/$/gm, " ").split(/\s+/).join(" ").trim();
    assertEquals(wordsIn(once), wordsIn(text));
    assertEquals(wrapComments(once), once);
  }));
});
