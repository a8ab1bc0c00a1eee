/**
 * Wallets of thousands of notes, by counts: whatever is done with them, they stay usable, and what they give can be
 * redeemed.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { TRANSACTION_BYTES_MAX } from "../../../core/types/transaction.ts";
import type { Counts, Purse, Terms } from "./balancing.ts";
import { balance, balancedBytes, countOf, countsOf, exactNotes, valueOf, worthOf } from "./balancing.ts";
import { CLIENT_DENOMINATIONS } from "../denomination.ts";
import { BASE_FEES, NO_FEES } from "../fees.ts";
import { INPUT_BYTES, MERGED_NOTES_MAX, MERGES_AT_ONCE, OUTPUT_BYTES, REDEEMED_NOTES_MAX } from "../limits.ts";
import { balanceMerging, merged, mergesFor } from "./merging.ts";
import { dealt } from "./parts.ts";

const NOTHING: Counts = new Map();
const PAYMENT: Terms = { fees: BASE_FEES, roomBytes: TRANSACTION_BYTES_MAX - 200, spending: "wallet" };

function redeeming(notes: number): Terms {
  return { ...PAYMENT, roomBytes: PAYMENT.roomBytes - notes * INPUT_BYTES, spending: "nothing" };
}

/** What a wallet holds after a transaction. */
function after(held: Counts, spend: Counts, issue: readonly number[]): Counts {
  return merged(held, [{ spend, issue }]);
}

/** The denominations of each text that these notes make. */
function texts(chosen: Counts): number[][] {
  const notes = [...chosen].flatMap(([denomination, count]) => Array.from({ length: count }, () => ({ denomination })));
  return dealt(notes).map((part) => part.map(({ denomination }) => denomination));
}

/** What a text must be worth at the least to make a note, and to leave it after its fee. */
const REDEEMABLE_MSAT = 1_024n;

/**
 * Redeems it in a transaction of its own, unless it is refused as worth less than its fees.
 * @returns the receiver's notes
 */
function redeemed(held: Counts, notes: readonly number[]): Counts {
  if (worthOf(countsOf(notes), BASE_FEES) < REDEEMABLE_MSAT) return held;
  const balanced = balance(
    { held, underWay: NOTHING },
    worthOf(countsOf(notes), BASE_FEES),
    0n,
    redeeming(notes.length),
  );
  assert(balanced.ok, "a text is redeemable");
  assert(balanced.value.issue.length > 0);
  assert(balancedBytes(balanced.value) + notes.length * INPUT_BYTES <= TRANSACTION_BYTES_MAX - 200);
  return after(held, NOTHING, balanced.value.issue);
}

type Step = { readonly kind: "receive" | "spend" | "pay"; readonly part: number; readonly notes: readonly number[] };
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("receive", "spend", "pay"),
  part: fc.double({ min: 0.001, max: 1, noNaN: true }),
  notes: fc.array(fc.integer({ min: 9, max: 30 }), { minLength: 1, maxLength: REDEEMED_NOTES_MAX }),
});
const wallets = fc.array(fc.nat(2_000), { minLength: 1, maxLength: 30 }).map((counts) => {
  let left = 10_000;
  return new Map(counts.map((count, i): [number, number] => {
    const some = Math.min(count, left);
    left -= some;
    return [CLIENT_DENOMINATIONS[i]!, some];
  }));
});

/** `part` of what there is is paid: all that there is without what merging and paying cost. */
function pay(held: Counts, part: number): Counts {
  const wantedMsat = BigInt(Math.floor(Number(worthOf(held, BASE_FEES)) * part / 3));
  if (wantedMsat === 0n) return held;
  const paid = balanceMerging({ held, underWay: NOTHING }, 0n, wantedMsat, PAYMENT);
  assert(paid.ok, "a third of what the notes are worth can be paid, whatever they are");
  let now = held;
  for (const round of paid.value.rounds) {
    assert(round.length <= MERGES_AT_ONCE);
    for (const { spend, issue } of round) {
      assert(countOf(spend) <= MERGED_NOTES_MAX);
      assert(countOf(spend) * INPUT_BYTES + issue.length * OUTPUT_BYTES <= PAYMENT.roomBytes);
    }
    now = merged(now, round);
  }
  assert(balancedBytes(paid.value.balanced) <= PAYMENT.roomBytes);
  return after(now, paid.value.balanced.spend, paid.value.balanced.issue);
}

function spend(held: Counts, part: number): Counts {
  const amountMsat = BigInt(Math.floor(Number(valueOf(held)) * part / 512)) * 512n;
  const chosen = exactNotes(held, amountMsat);
  if (!chosen) return held;
  const parts = texts(chosen);
  for (const notes of parts) {
    if (parts.length > 1) assert(worthOf(countsOf(notes), BASE_FEES) >= REDEEMABLE_MSAT, "no text is too small");
    redeemed(NOTHING, notes);
  }
  return after(held, chosen, []);
}

Deno.test("a wallet of up to ten thousand notes stays usable whatever is done with it, and each text can be redeemed", () => {
  fc.assert(
    fc.property(wallets, fc.array(step, { maxLength: 12 }), (start, steps) => {
      let held: Counts = start;
      for (const { kind, part, notes } of steps) {
        if (kind === "receive") held = redeemed(held, notes);
        else held = kind === "spend" ? spend(held, part) : pay(held, part);
        for (const count of held.values()) assert(count >= 0);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("ten thousand of the smallest notes pay for what they are worth less their fees", () => {
  const held = new Map([[9, 10_000]]);
  const purse: Purse = { held, underWay: NOTHING };
  const { fees } = PAYMENT;
  // each costs 100 of 512 msat to spend, and again when the merged ones are spent
  const paid = balanceMerging(purse, 0n, worthOf(held, fees) * 9n / 10n, PAYMENT);
  assert(paid.ok);
  assert(paid.value.rounds.length <= 6, `${paid.value.rounds.length} rounds`);
  assertEquals(balanceMerging(purse, 0n, worthOf(held, fees), PAYMENT), { ok: false, error: "insufficient" });
  // without fees all of it can be paid
  assert(balanceMerging(purse, 0n, valueOf(held), { ...PAYMENT, fees: NO_FEES }).ok);
});

Deno.test("merges are made only where they are worth it", () => {
  assertEquals(mergesFor({ held: new Map([[9, 3], [10, 3]]), underWay: NOTHING }, 1_000n, BASE_FEES), []);
  assertEquals(mergesFor({ held: NOTHING, underWay: NOTHING }, 1_000n, BASE_FEES), []);
});

Deno.test("a wallet with some notes of every denomination is merged too", () => {
  const held = new Map(CLIENT_DENOMINATIONS.map((denomination) => [denomination, 13]));
  const paid = balanceMerging({ held, underWay: NOTHING }, 0n, worthOf(held, BASE_FEES) - 1_000_000n, PAYMENT);
  assert(paid.ok && paid.value.rounds.length > 0);
});
