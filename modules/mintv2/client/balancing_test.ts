import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { TRANSACTION_BYTES_MAX } from "../../../core/types/transaction.ts";
import type { Balanced, Counts, Terms } from "./balancing.ts";
import { balance, balancedBytes, countOf, countsOf, exactNotes, issueCostMsat, valueOf, worthOf } from "./balancing.ts";
import type { Denomination } from "../denomination.ts";
import { CLIENT_DENOMINATIONS, denominationAmount } from "../denomination.ts";
import type { FeeConsensus } from "../fees.ts";
import { BASE_FEES, feeOf, NO_FEES } from "../fees.ts";
import { CONSOLIDATED_NOTES_MAX } from "../limits.ts";

const SMALLEST = CLIENT_DENOMINATIONS[0]!;
const FEES: readonly FeeConsensus[] = [NO_FEES, BASE_FEES, { base: 100n, partsPerMillion: 1_000n }];
const NOTHING: Counts = new Map();
const ROOM_BYTES = TRANSACTION_BYTES_MAX;

function held(counts: readonly number[]): Counts {
  return new Map(counts.map((count, i) => [SMALLEST + i, count]));
}

function terms(fees: FeeConsensus, change: Partial<Terms> = {}): Terms {
  return { fees, roomBytes: ROOM_BYTES, spending: "wallet", ...change };
}

const issued = ({ issue }: Balanced): bigint => valueOf(countsOf(issue));

const fewNotes = fc.array(fc.nat(9), { maxLength: 14 }).map(held);
const manyNotes = fc.array(fc.nat(1_000), { maxLength: 10 }).map(held);
const amountMsat = fc.bigInt(0n, 20_000_000n);

function feesOf({ spend, issue }: Balanced, fees: FeeConsensus): bigint {
  const each = (denomination: Denomination): bigint => feeOf(fees, denominationAmount(denomination));
  let msat = issue.reduce((sum, denomination) => sum + each(denomination), 0n);
  for (const [denomination, count] of spend) msat += each(denomination) * BigInt(count);
  return msat;
}

Deno.test("what comes in is what goes out, with all fees and what is burned; the notes are the wallet's, and fit", () => {
  fc.assert(
    fc.property(
      fc.oneof(fewNotes, manyNotes),
      fewNotes,
      amountMsat,
      amountMsat,
      fc.constantFrom(...FEES),
      (notes, underWay, inputMsat, outputMsat, fees) => {
        const balanced = balance({ held: notes, underWay }, inputMsat, outputMsat, terms(fees));
        if (!balanced.ok) return;
        assertEquals(
          inputMsat + valueOf(balanced.value.spend),
          outputMsat + issued(balanced.value) + feesOf(balanced.value, fees) + balanced.value.burnedMsat,
        );
        assert(balanced.value.burnedMsat >= 0n && balanced.value.burnedMsat < issueCostMsat(SMALLEST, fees));
        for (const [denomination, count] of balanced.value.spend) assert(count <= notes.get(denomination)!);
        assert(balancedBytes(balanced.value) <= ROOM_BYTES);
      },
    ),
  );
});

Deno.test("a payment is refused only when all notes together don't pay for it, or are too many", () => {
  fc.assert(
    fc.property(fc.oneof(fewNotes, manyNotes), amountMsat, fc.constantFrom(...FEES), (notes, outputMsat, fees) => {
      const balanced = balance({ held: notes, underWay: NOTHING }, 0n, outputMsat, terms(fees));
      assertEquals(!balanced.ok && balanced.error === "insufficient", worthOf(notes, fees) < outputMsat);
      if (balanced.ok || balanced.error === "insufficient") return;
      assertEquals(balanced.error, "fragmented");
      assert(countOf(notes) > 200);
    }),
  );
});

Deno.test("what comes in spends nothing of the wallet, and never makes it poorer", () => {
  fc.assert(
    fc.property(fewNotes, amountMsat, fc.constantFrom(...FEES), fc.constantFrom("wallet", "nothing"), (
      notes,
      inputMsat,
      fees,
      spending,
    ) => {
      const balanced = balance({ held: notes, underWay: NOTHING }, inputMsat, 0n, terms(fees, { spending }));
      assert(balanced.ok);
      assertEquals(countOf(balanced.value.spend), 0);
      assertEquals(inputMsat, issued(balanced.value) + feesOf(balanced.value, fees) + balanced.value.burnedMsat);
    }),
  );
  // 1,024 msat beside one large note
  const beside = balance({ held: new Map([[20, 1]]), underWay: NOTHING }, 1_024n - 100n, 0n, terms(BASE_FEES));
  assert(beside.ok);
  assertEquals([countOf(beside.value.spend), beside.value.issue, beside.value.burnedMsat], [0, [9], 312n]);
});

Deno.test("a transaction that must stand alone is refused rather than paid for", () => {
  const purse = { held: held([0, 0, 0, 0, 0, 0, 5]), underWay: NOTHING };
  assertEquals(balance(purse, 1_000n, 1_001n, terms(NO_FEES, { spending: "nothing" })), {
    ok: false,
    error: "insufficient",
  });
});

Deno.test("an empty wallet gets three notes of each denomination, the small ones first", () => {
  const balanced = balance({ held: NOTHING, underWay: NOTHING }, 100_000n, 0n, terms(BASE_FEES));
  assert(balanced.ok);
  for (const small of [0, 1, 2, 3]) {
    assert(balanced.value.issue.filter((denomination) => denomination === SMALLEST + small).length >= 3);
  }
});

Deno.test("notes that are being issued count: ten receives at once leave no more than one after the other", () => {
  const WHOLE_MSAT = 10_000_000n;
  let underWay: Counts = NOTHING;
  for (let i = 0; i < 10; i++) {
    const balanced = balance({ held: NOTHING, underWay }, WHOLE_MSAT, 0n, terms(BASE_FEES));
    assert(balanced.ok);
    if (i > 0) assert(balanced.value.issue.length < 20, `${balanced.value.issue.length} notes`);
    underWay = countsOf([...underWay].flatMap(([d, n]) => Array<number>(n).fill(d)).concat(balanced.value.issue));
  }
  assert(countOf(underWay) < 200, `${countOf(underWay)} notes`);
});

Deno.test("a payment puts a wallet of too many small notes in order, a bounded number at a time", () => {
  const purse = { held: new Map([[9, 400], [20, 5]]), underWay: NOTHING };
  const balanced = balance(purse, 0n, 1_000_000n, terms(BASE_FEES));
  assert(balanced.ok);
  assertEquals(balanced.value.spend.get(9), CONSOLIDATED_NOTES_MAX);
});

Deno.test("what leaves no room, and what needs too many notes, is told apart", () => {
  const purse = { held: held([2_000]), underWay: NOTHING };
  assertEquals(balance(purse, 0n, 300_000n, terms(BASE_FEES)), { ok: false, error: "fragmented" });
  assertEquals(balance(purse, 10_000n, 0n, terms(BASE_FEES, { roomBytes: 70 })), { ok: false, error: "no_room" });
});

Deno.test("notes for an exact amount add up to it, or there are none", () => {
  fc.assert(fc.property(fewNotes, fc.bigInt(1n, 40_000n), (notes, steps) => {
    const wantedMsat = steps * denominationAmount(SMALLEST);
    const chosen = exactNotes(notes, wantedMsat);
    if (!chosen) return;
    assertEquals(valueOf(chosen), wantedMsat);
    for (const [denomination, count] of chosen) assert(count <= notes.get(denomination)!);
  }));
});
