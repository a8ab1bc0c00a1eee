/** The scanner keeps code, drops the rest, and finds imports of every form. */
import { assertEquals } from "@std/assert";
import { lineOf, scanSource } from "./source_scanner.ts";

function codeOf(source: string): string {
  const { code } = scanSource(source);
  assertEquals([code.length, code.split("\n").length], [source.length, source.split("\n").length]);
  return code.replace(/\s+/g, " ").trim();
}

Deno.test("comments and texts are blank, code is not", () => {
  assertEquals(codeOf("a; // Date\nb; /* Date\n Date */ c; /** Date */"), "a; b; c;");
  assertEquals(codeOf(`a("Date", 'it\\'s Date', "\\\\") + b`), "a( , , ) + b");
  assertEquals(codeOf('"// no comment"; Date'), "; Date");
  assertEquals(codeOf("// unterminated"), "");
  assertEquals(codeOf("a; /* unterminated"), "a;");
});

Deno.test("code inside templates is code, however deep", () => {
  assertEquals(codeOf("a(`Date ${Date} \\` ${b({ c: `x${Date}` })} Date`); d"), "a( Date b({ c: Date }) ); d");
  assertEquals(codeOf("`${{}}${`${1}`}` + Date"), "{} 1 + Date");
});

Deno.test("regular expressions are no code, divisions are", () => {
  assertEquals(codeOf('x = /Date"[/\'"]/g.test(y); Date'), "x = g.test(y); Date");
  assertEquals(codeOf("return /'Date/; a"), "return ; a");
  assertEquals(codeOf("a / Date / b(c) / Date; '/'; [1] / Date"), "a / Date / b(c) / Date; ; [1] / Date");
  assertEquals(codeOf("f(/a/, /\\//); Date"), "f( , ); Date");
});

Deno.test("a text does not go beyond its line", () => {
  assertEquals(codeOf('a = "unterminated\nDate'), "a = Date");
});

Deno.test("imports are found in every form, with their lines", () => {
  const { imports } = scanSource([
    'import { a, type B } from "./one.ts";',
    'export * from "./two.ts";',
    'import "three";',
    'const four = await import("./four.ts");',
    'type Five = import("./five.ts").Five;',
    'import {\n  x,\n} from "six"; // import "no"',
    'const text = "from"; f("import", "seven");',
  ].join("\n"));
  assertEquals(imports.map(({ line, specifier }) => `${line} ${specifier}`), [
    "1 ./one.ts",
    "2 ./two.ts",
    "3 three",
    "4 ./four.ts",
    "5 ./five.ts",
    "8 six",
  ]);
  assertEquals(imports[0]!.clause, "import { a, type B } from ");
});

Deno.test("lines are counted from one", () => {
  assertEquals([0, 1, 2, 3].map((offset) => lineOf("a\nb\n", offset)), [1, 1, 2, 2]);
});
