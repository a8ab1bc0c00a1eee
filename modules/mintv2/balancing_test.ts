import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Balanced, Holdings } from "./balancing.ts";
import { balance, exactNotes, issueCostMsat } from "./balancing.ts";
import type { Denomination } from "./denomination.ts";
import { CLIENT_DENOMINATIONS, denominationAmount } from "./denomination.ts";
import type { FeeConsensus } from "./fees.ts";
import { BASE_FEES, feeOf, NO_FEES } from "./fees.ts";

const SMALLEST = CLIENT_DENOMINATIONS[0]!;
const FEES: readonly FeeConsensus[] = [NO_FEES, BASE_FEES, { base: 100n, partsPerMillion: 1_000n }];

/** Notes are their names. */
function held(counts: readonly number[]): Holdings<string> {
  return new Map(counts.map((count, i) => {
    const denomination = SMALLEST + i;
    return [denomination, Array.from({ length: count }, (_, n) => `${denomination}/${n}`)];
  }));
}

const sum = (denominations: readonly Denomination[]): bigint =>
  denominations.reduce((msat, denomination) => msat + denominationAmount(denomination), 0n);

const holdings = fc.array(fc.nat(9), { maxLength: 14 }).map(held);
const amountMsat = fc.bigInt(0n, 20_000_000n);

function feesOf({ spend, issue }: Balanced<string>, fees: FeeConsensus): bigint {
  return [...spend.map(({ denomination }) => denomination), ...issue].reduce(
    (msat, denomination) => msat + feeOf(fees, denominationAmount(denomination)),
    0n,
  );
}

Deno.test("what comes in is what goes out, with all fees and what is burned; notes are spent once and are the wallet's", () => {
  fc.assert(
    fc.property(holdings, amountMsat, amountMsat, fc.constantFrom(...FEES), (notes, inputMsat, outputMsat, fees) => {
      const balanced = balance(notes, inputMsat, outputMsat, fees);
      if (!balanced) return;
      const spent = balanced.spend.map(({ denomination }) => denomination);
      assertEquals(
        inputMsat + sum(spent),
        outputMsat + sum(balanced.issue) + feesOf(balanced, fees) + balanced.burnedMsat,
      );
      assert(balanced.burnedMsat >= 0n && balanced.burnedMsat < issueCostMsat(SMALLEST, fees));
      for (const { denomination, note } of balanced.spend) assert(notes.get(denomination)!.includes(note));
      assertEquals(new Set(balanced.spend.map(({ note }) => note)).size, balanced.spend.length);
    }),
  );
});

Deno.test("a payment is refused only when all notes together don't pay for it", () => {
  fc.assert(fc.property(holdings, amountMsat, fc.constantFrom(...FEES), (notes, outputMsat, fees) => {
    let worthMsat = 0n;
    for (const [denomination, { length }] of notes) {
      const valueMsat = denominationAmount(denomination);
      worthMsat += BigInt(length) * (valueMsat - feeOf(fees, valueMsat));
    }
    assertEquals(balance(notes, 0n, outputMsat, fees) !== null, worthMsat >= outputMsat);
  }));
});

Deno.test("a transaction that must stand alone spends nothing of the wallet", () => {
  fc.assert(fc.property(holdings, amountMsat, fc.constantFrom(...FEES), (notes, inputMsat, fees) => {
    const balanced = balance(notes, inputMsat, 0n, fees, "nothing")!;
    assertEquals(balanced.spend, []);
    assertEquals(inputMsat, sum(balanced.issue) + feesOf(balanced, fees) + balanced.burnedMsat);
  }));
  assertEquals(balance(held([0, 0, 0, 0, 0, 0, 5]), 1_000n, 1_001n, NO_FEES, "nothing"), null);
});

Deno.test("an empty wallet gets three notes of each denomination, the small ones first", () => {
  const balanced = balance(held([]), 100_000n, 0n, BASE_FEES)!;
  for (const small of [0, 1, 2, 3]) {
    assert(balanced.issue.filter((denomination) => denomination === SMALLEST + small).length >= 3);
  }
});

Deno.test("notes for an exact amount add up to it, or there are none", () => {
  fc.assert(fc.property(holdings, fc.bigInt(1n, 40_000n), (notes, steps) => {
    const wantedMsat = steps * denominationAmount(SMALLEST);
    const chosen = exactNotes(notes, wantedMsat);
    if (chosen) assertEquals(sum(chosen.map(({ denomination }) => denomination)), wantedMsat);
  }));
});
