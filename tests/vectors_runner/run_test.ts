/** The runner itself: what is wrong, unknown or skipped in a vector file makes it fail. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeHex, encodeHex, u64 } from "../../core/encoding/mod.ts";
import type { Checker } from "./checker.ts";
import { runFile } from "./run.ts";

const checkNumbers: Checker = async (file, report) => {
  await report.each(file, "cases", (fields) => {
    report.equal("encoding", encodeHex(u64, fields.bigint("value")), fields.text("hex"));
  });
  await report.each(file, "rejects", (fields) => {
    const hex = fields.text("hex");
    return report.refused(hex, () => decodeHex(u64, hex));
  });
};

const CHECKERS = { "numbers.json": checkNumbers };
const GOOD = {
  file: "numbers.json",
  reference: "the reference",
  seed: 1,
  counts: { cases: 2, rejects: 1 },
  cases: [{ value: "1", hex: "01", name: "one" }, { value: 253, hex: "fd00fd" }],
  rejects: [{ hex: "fd0001", why: "not minimal", rust_error: "InvalidValue" }],
};

async function failures(file: unknown): Promise<string[]> {
  const result = await runFile("numbers.json", JSON.stringify(file), CHECKERS);
  return result.failures.map(({ where, text }) => `${where}: ${text}`);
}

async function assertOneFailure(file: unknown, text: string): Promise<void> {
  const found = await failures(file);
  assertEquals(found.length, 1, found.join("\n"));
  assertStringIncludes(found[0]!, text);
}

Deno.test("runner passes a file that is right", async () => {
  const result = await runFile("numbers.json", JSON.stringify(GOOD), CHECKERS);
  assertEquals(result, { file: "numbers.json", passed: 5, failures: [] });
});

Deno.test("runner names the case that is wrong and goes on with the others", async () => {
  const file = { ...GOOD, cases: [{ ...GOOD.cases[0], hex: "02" }, GOOD.cases[1]] };
  await assertOneFailure(file, `cases[0] "one": encoding: computed 01, expected 02`);
});

Deno.test("runner fails for an input that must be refused but is not", async () => {
  await assertOneFailure({ ...GOOD, rejects: [{ hex: "01" }] }, "01 was accepted but must be refused");
});

Deno.test("runner fails for a field that the checker did not read", async () => {
  const file = { ...GOOD, cases: [{ ...GOOD.cases[0], json: "1" }, GOOD.cases[1]] };
  await assertOneFailure(file, "Fields were not checked: json");
});

Deno.test("runner fails for a list or object that the checker did not read", async () => {
  await assertOneFailure({ ...GOOD, counts: { ...GOOD.counts, more: 0 }, more: [] }, "No checker read: more");
  await assertOneFailure({ ...GOOD, keys: { tag: "00" } }, "No checker read: keys");
});

Deno.test("runner fails when a list's length is not the announced one", async () => {
  await assertOneFailure({ ...GOOD, rejects: [] }, "counts.rejects differs");
  await assertOneFailure({ ...GOOD, counts: { ...GOOD.counts, gone: 3 } }, "Announced lists are missing: gone");
});

Deno.test("runner fails for a file without a checker, and for one that is no JSON", async () => {
  await assertOneFailure({ ...GOOD, file: "others.json" }, "No checker is registered for others.json");
  await assertOneFailure({ ...GOOD, file: "toString" }, "No checker is registered for toString");
  const broken = await runFile("numbers.json", "{", CHECKERS);
  assertEquals(broken.failures.length, 1);
});

Deno.test("runner does not take a bug of ours for a refusal", async () => {
  const buggy: Checker = (file, report) =>
    report.each(file, "rejects", (fields) => report.refused("input", () => fields.text("no such field")));
  const file = { ...GOOD, cases: undefined, counts: { rejects: 1 } };
  const result = await runFile("numbers.json", JSON.stringify(file), { "numbers.json": buggy });
  assertStringIncludes(result.failures[0]!.text, "has no field no such field");
});
