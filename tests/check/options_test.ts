/** Flags and variables that no program has are found. */
import { assertEquals } from "@std/assert";
import { optionProblems } from "./options.ts";

const SOURCES = [
  { path: "server/a.ts", text: 'program.option("--data-dir <folder>", "x"); env("FM_DATA_DIR");' },
  { path: "client/b.ts", text: 'shown(["connect"], { flags: ["federation_id"] });' },
];

function found(text: string, path = "docs/operating.md"): string[] {
  return optionProblems([{ path, text }], SOURCES).map(({ line, what }) => `${line} ${what}`);
}

Deno.test("flags and variables in a document's code are a program's", () => {
  assertEquals(found("`--data-dir`, `FM_DATA_DIR`, `--federation-id ID`, `FM_ENABLE_MODULE_BOUNTY=1`"), []);
  assertEquals(found("a\n`client --data-dirr x` and `FM_DATA_DIRS`"), [
    "2 no program has --data-dirr",
    "2 no program has FM_DATA_DIRS",
  ]);
  assertEquals(found("```\nguardian \\\n  --data DIR\n```\n"), ["3 no program has --data"]);
});

Deno.test("what is no code, or is another program's, is left alone", () => {
  assertEquals(found("a dash -- and text--with-dashes, --no-code"), []);
  assertEquals(found("`podman run --detach`", "docs/service.md"), []);
  assertEquals(found("`fedimint-cli --other`", "docs/protocol/02b-cli.md"), []);
});
