import { assertEquals } from "@std/assert";
import { quoteProblems, withQuotes } from "./quotes.ts";

const file = {
  path: "tests/examples/a.ts",
  text: "/** A. */\n// quote: one\nconst one = 1;\n\nconst two = 2;\n// quote: end\nconst three = 3;\n",
};
const ONE = "const one = 1;\n\nconst two = 2;";
const quoting = (name: string, code: string): string =>
  `# A\n\n<!-- quote ${name} -->\n\n\`\`\`ts\n${code}\n\`\`\`\n\nEnd.\n`;

function problems(text: string, files = [file]): string[] {
  return quoteProblems([{ path: "README.md", text }], files).map(({ path, line, what }) => `${path}:${line} ${what}`);
}

Deno.test("a part and a whole file, quoted as they stand there, are fine", () => {
  assertEquals(problems(quoting("tests/examples/a.ts#one", ONE)), []);
  const whole = `/** A. */\n${ONE}\nconst three = 3;`;
  assertEquals(problems(quoting("tests/examples/a.ts#one", ONE).replace("```ts", "```ts ignore")), []);
  assertEquals(problems(quoting("tests/examples/a.ts", whole) + quoting("tests/examples/a.ts#one", ONE)), []);
});

Deno.test("a line that differs, is missing or is too much is told with its number", () => {
  const told = (code: string) => problems(quoting("tests/examples/a.ts#one", code)).map((text) => text.split(" ")[0]);
  assertEquals(told(ONE.replace("2", "3")), ["README.md:8"]);
  assertEquals(told("const one = 1;"), ["README.md:7"]);
  assertEquals(told(`${ONE}\nmore`), ["README.md:9"]);
});

Deno.test("a file or part that isn't there, a quote without its block, and a part that nobody quotes are told", () => {
  const quoted = quoting("tests/examples/a.ts#one", ONE);
  assertEquals(problems(quoted + quoting("tests/examples/b.ts", "x")), [
    "README.md:14 quotes tests/examples/b.ts, which is not there",
  ]);
  assertEquals(problems(quoted + quoting("tests/examples/a.ts#two", "x")), [
    "README.md:14 quotes tests/examples/a.ts#two, which is not there",
  ]);
  assertEquals(problems(`${quoted}<!-- quote tests/examples/a.ts#one -->\n\ntext\n`), [
    "README.md:12 names a quote, and there is no block of code behind it",
  ]);
  assertEquals(problems(`${quoted}<!-- quote tests/examples/a.ts#one -->\n\n\`\`\`ts\nopen`), [
    "README.md:12 names a quote, and there is no block of code behind it",
  ]);
  assertEquals(problems("# A\n"), ["tests/examples/a.ts:2 marks a part one that no document quotes"]);
  const endless = { ...file, text: file.text.replace("// quote: end", "") };
  assertEquals(problems(quoted, [endless]), ["README.md:3 quotes tests/examples/a.ts#one, which is not there"]);
});

Deno.test("quotes are written as the files have them, and nothing else is changed", () => {
  const right = quoting("tests/examples/a.ts#one", ONE) + quoting("tests/examples/b.ts", "stays");
  const wrong = quoting("tests/examples/a.ts#one", "const one = 7;") + quoting("tests/examples/b.ts", "stays");
  assertEquals(withQuotes({ path: "README.md", text: wrong }, [file]), right);
});
