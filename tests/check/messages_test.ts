/** Messages that the program doesn't have are found. */
import { assertEquals } from "@std/assert";
import { messageProblems } from "./messages.ts";

const SOURCES = [
  { path: "server/a.ts", text: "throw new E(`The disk with ${path} is nearly full: make room`);" },
  { path: "server/b.ts", text: 'log.warn("No usable Bitcoin node; deposits wait");' },
];

function found(rows: string): string[] {
  const document =
    `# Operating\n\n| \`Elsewhere it is no message\` | x |\n\n## What to do when\n\n${rows}\n\n## Later\n`;
  return messageProblems(document, SOURCES).map(({ line, what }) => `${line} ${what}`);
}

Deno.test("what a table explains is said by the program, but for what is left open", () => {
  assertEquals(
    found("| `The disk with … is nearly full` | a `longer text here` |\n| `No usable Bitcoin node` | b |"),
    [],
  );
  assertEquals(found("| `No usable Bitcoin node`, `The disk is overfull` | a |"), [
    "7 nothing says: The disk is overfull",
  ]);
  assertEquals(found("| `The disk with … is nearly empty` | a |"), ["7 nothing says: is nearly empty"]);
});
