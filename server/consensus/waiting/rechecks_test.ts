import { assertEquals } from "@std/assert";
import type { Dyn } from "../../../core/types/dyn.ts";
import type { KnownItem } from "../../../core/types/session.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { RECHECK_ALL_MS, RECHECKS_MAX } from "../limits.ts";
import type { Rechecked } from "./rechecks.ts";
import { needsOf, Rechecks } from "./rechecks.ts";

const MINT = 0, WALLET = 1;
/** Of an entry's last check, and of what is accepted after it. */
const CHECKED_MS = 1_000, ACCEPTED_MS = 1_001;

function dynOf(instance: number, name: number): Dyn {
  return { instance, body: Uint8Array.of(name) };
}

function transactionOf(inputs: readonly Dyn[], outputs: readonly Dyn[] = []): Transaction {
  const signatures = { tag: "NaiveMultisig" as const, value: [] };
  return { inputs: [...inputs], outputs: [...outputs], nonce: new Uint8Array(8), signatures };
}

function itemOf(inputs: readonly Dyn[], outputs: readonly Dyn[] = []): KnownItem {
  return { tag: "Transaction", value: transactionOf(inputs, outputs) };
}

function waitingOf(inputs: readonly Dyn[], outputs: readonly Dyn[] = [], checkedMs = CHECKED_MS): Rechecked {
  return { needs: needsOf(transactionOf(inputs, outputs)), checkedMs, stale: false };
}

function rechecks(): Rechecks {
  return new Rechecks((instance) => instance === MINT);
}

/** Which of the waiting ones are due soon after these were accepted. */
function dueAfter(items: readonly KnownItem[], waiting: readonly Rechecked[]): number[] {
  const checks = rechecks();
  checks.accepted(items, waiting, ACCEPTED_MS);
  return checks.due(waiting, ACCEPTED_MS).map((entry) => waiting.indexOf(entry));
}

Deno.test("inputs that stand alone are touched by the same input, those of other modules by anything of their module", () => {
  const waiting = () => [
    waitingOf([dynOf(MINT, 1), dynOf(MINT, 2)], [dynOf(MINT, 3)]),
    waitingOf([dynOf(MINT, 4)], [dynOf(WALLET, 5)]),
    waitingOf([dynOf(WALLET, 6)], [dynOf(MINT, 7)]),
  ];
  assertEquals(dueAfter([itemOf([dynOf(MINT, 9)], [dynOf(MINT, 1)])], waiting()), []);
  assertEquals(dueAfter([itemOf([dynOf(MINT, 9), dynOf(MINT, 2)])], waiting()), [0]);
  assertEquals(dueAfter([itemOf([dynOf(MINT, 9)], [dynOf(WALLET, 1)])], waiting()), [1, 2]);
  assertEquals(dueAfter([{ tag: "Module", value: dynOf(WALLET, 1) }], waiting()), [1, 2]);
  assertEquals(dueAfter([{ tag: "Module", value: dynOf(MINT, 1) }], waiting()), [0, 1, 2]);
  assertEquals(dueAfter([itemOf([dynOf(WALLET, 1)]), itemOf([dynOf(MINT, 1)])], waiting()), [0, 1, 2]);
});

Deno.test("what was touched stays due until a check of it has begun, and once it has, nothing is open", () => {
  const checks = rechecks(), entry = waitingOf([dynOf(MINT, 1)]);
  assertEquals(checks.isOpen([entry]), false, "nothing was accepted");
  assertEquals(checks.accepted([itemOf([dynOf(MINT, 1)])], [entry], ACCEPTED_MS), true);
  for (let i = 0; i < 2; i++) assertEquals(checks.due([entry], ACCEPTED_MS + i), [entry]);
  assertEquals(checks.isOpen([entry]), true);
  [entry.stale, entry.checkedMs] = [false, ACCEPTED_MS + 2];
  assertEquals([checks.due([entry], ACCEPTED_MS + 10 * RECHECK_ALL_MS), checks.isOpen([entry])], [[], false]);
});

Deno.test("what nothing is known to have touched is checked again after a while, each in its turn, so many at a time", () => {
  const checks = rechecks();
  const count = 3 * RECHECKS_MAX;
  const waiting = Array.from({ length: count }, (_, i) => waitingOf([dynOf(MINT, i)], [], CHECKED_MS - i));
  const never = waitingOf([dynOf(MINT, 1)], [], -Infinity);
  checks.accepted([itemOf([dynOf(MINT, 255)])], waiting, CHECKED_MS);
  assertEquals(checks.due(waiting, CHECKED_MS - count + RECHECK_ALL_MS), []);
  const seen: Rechecked[] = [];
  let nowMs = CHECKED_MS + RECHECK_ALL_MS;
  for (; checks.isOpen([never, ...waiting]); nowMs += 1) {
    const due = checks.due([never, ...waiting], nowMs);
    assertEquals(due.length, RECHECKS_MAX);
    for (const entry of due) entry.checkedMs = nowMs;
    seen.push(...due);
  }
  assertEquals(seen, waiting.toReversed(), "each once, the longest unchecked first");
});

Deno.test("nothing is remembered for transactions that are yet to be checked: they see what was accepted", () => {
  const checks = rechecks(), entry = waitingOf([dynOf(MINT, 1)], [], -Infinity);
  assertEquals(checks.accepted([itemOf([dynOf(MINT, 1)])], [entry], ACCEPTED_MS), false);
  entry.checkedMs = ACCEPTED_MS;
  assertEquals(checks.due([entry], ACCEPTED_MS), []);
});
