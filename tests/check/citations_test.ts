/** What is cited and isn't there is found, and what is there is not. */
import { assertEquals } from "@std/assert";
import { type Checkout, problemsInDocument, problemsInSource } from "./citations.ts";

const SHEET =
  "# 02 — API\n\n## 3. Endpoints — `srv/consensus/api.rs`\n\n### 3.1 submit_transaction\n\n# A. Broadcast\n\n## A4. Numbers\n";

const checkout: Checkout = {
  tasks: new Set(["client", "bench:federation"]),
  paths: new Set([
    "docs",
    "docs/protocol",
    "docs/protocol/02-api.md",
    "docs/guide.md",
    "client",
    "client/mod.ts",
    "client/cli",
    "client/cli/run.ts",
  ]),
  documents: new Map([["docs/protocol/02-api.md", SHEET], [
    "docs/guide.md",
    "# Guide\n\n## What is done, and what isn't\n",
  ]]),
};

function inSource(comment: string): string[] {
  return problemsInSource({
    path: "client/cli/run.ts",
    text: `/** ${comment} */\nconst a = "docs/protocol/99-none.md";\n`,
  }, checkout)
    .map(({ line, what }) => `${line} ${what}`);
}

function inDocument(text: string, path = "docs/guide.md"): string[] {
  return problemsInDocument({ path, text }, checkout).map(({ line, what }) => `${line} ${what}`);
}

Deno.test("sections that are there are cited in every form", () => {
  assertEquals(inSource("Follows it; docs/protocol/02-api.md §3, §3.1, §A4."), []);
  assertEquals(inSource("docs/protocol/02-api.md §A, and docs/protocol/02-api.md §3–§3.1"), []);
  assertEquals(inSource("docs/protocol/02-api.md\n * §A4"), []);
});

Deno.test("a section or a sheet that isn't there is found, also behind others", () => {
  assertEquals(inSource("docs/protocol/02-api.md §3, §9"), ["1 docs/protocol/02-api.md has no section 9"]);
  assertEquals(inSource("docs/protocol/02-api.md §3–§4"), ["1 docs/protocol/02-api.md has no section 4"]);
  assertEquals(inSource("docs/protocol/09-none.md §1"), ["1 docs/protocol/09-none.md is not there"]);
  assertEquals(inSource("docs/protocol/02-api.md."), ["1 docs/protocol/02-api.md is cited without a section"]);
  assertEquals(inSource('a\n * b, sheet "API" 4'), ['2 "sheet "…": a sheet is cited as docs/protocol/….md §…']);
});

Deno.test("paths in backticks are looked up from the root, from their folder, and by their end", () => {
  assertEquals(
    inSource("`client/mod.ts`, `run.ts`, `../mod.ts`, `cli/run.ts`, `client/cli/`, `fedimint-client/src/lib.rs`"),
    [],
  );
  assertEquals(inSource("`client/cli/mod.ts`"), ["1 client/cli/mod.ts is not there"]);
  assertEquals(inSource("\n * `walk.ts`\n * `../../mod.ts`"), [
    "2 walk.ts is not there",
    "3 ../../mod.ts is not there",
  ]);
  assertEquals(inDocument("See\n`server/tree.ts`"), ["2 server/tree.ts is not there"]);
});

Deno.test("what a program finds beside itself is there", () => {
  const beside = (text: string): string[] =>
    problemsInSource({ path: "client/cli/run.ts", text }, checkout).map(({ line, what }) => `${line} ${what}`);
  assertEquals(beside('f(new URL("../mod.ts", import.meta.url), import.meta.resolve("./run.ts"));'), []);
  assertEquals(beside('f(new URL("../../", import.meta.url), new URL("../../../x/", import.meta.url));'), []);
  assertEquals(beside('import.meta.resolve("./no_such_file.ts")'), []);
  assertEquals(beside('a;\nf(new URL("../cli.ts", import.meta.url));'), ["2 ../cli.ts is not there"]);
  assertEquals(beside('import.meta.resolve("./gone.ts")'), ["1 ./gone.ts is not there"]);
});

Deno.test("links lead to files and headings", () => {
  assertEquals(inDocument("[a](protocol/02-api.md) [b](#what-is-done-and-what-isnt) [c](https://example.org/x)"), []);
  assertEquals(inDocument("[a](protocol)\n[b](none.md)"), ["2 the link to none.md leads nowhere"]);
  assertEquals(inDocument("[b](#none)"), ["1 docs/guide.md has no heading #none"]);
});

Deno.test("sheets cite each other by number", () => {
  const sheet = "docs/protocol/02-api.md";
  assertEquals(inDocument("Forms: 02 §3, §A4.", sheet), []);
  assertEquals(inDocument("x\nForms: 02 §3, §8. And 07 §1", sheet), [
    "2 sheet 02 has no section 8",
    "2 there is no sheet 07",
  ]);
});

Deno.test("commands of documents are tasks", () => {
  assertEquals(
    inDocument("`deno task client join`, `npx -y deno@2.9.6 task client`, `deno task\nbench:federation`"),
    [],
  );
  assertEquals(inDocument("x\n`deno task wallet`"), ["2 there is no task wallet"]);
});
