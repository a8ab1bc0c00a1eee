/** Payments of wallets so rich that a transaction holds too few of their largest notes. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { TRANSACTION_BYTES_MAX } from "../../../core/types/transaction.ts";
import type { Counts, Purse } from "./balancing.ts";
import { countOf, countsOf, exactNotes, issueCostMsat, valueOf, worthOf } from "./balancing.ts";
import { exchangesFor } from "./exchanges.ts";
import type { FeeConsensus } from "../fees.ts";
import { BASE_FEES, NO_FEES } from "../fees.ts";
import { EMPTY_BYTES, OUTPUT_BYTES } from "../limits.ts";
import { balanceMerging, merged } from "./merging.ts";

const LARGEST = 41;

/** One exchange, with the merges before it; null when none of them can be made. */
function exchanged(held: Counts, amountMsat: bigint, fees: FeeConsensus): Counts | null {
  const purse: Purse = { held, underWay: new Map() };
  for (const { issue } of exchangesFor(held, amountMsat)) {
    const costMsat = issue.reduce((sum, denomination) => sum + issueCostMsat(denomination, fees), 0n);
    const roomBytes = TRANSACTION_BYTES_MAX - EMPTY_BYTES - issue.length * OUTPUT_BYTES;
    const paid = balanceMerging(purse, 0n, costMsat, { fees, roomBytes, spending: "wallet" });
    if (!paid.ok) continue;
    const { spend, issue: change } = paid.value.balanced;
    return merged(paid.value.rounds.reduce((now: Counts, round) => merged(now, round), held), [
      { spend, issue: [...issue, ...change] },
    ]);
  }
  return null;
}

/** Exchanges until the amount can be paid exactly. @returns how many it took */
function rounds(start: Counts, amountMsat: bigint, fees: FeeConsensus): number {
  let held = start;
  for (let round = 0; round < 10; round++) {
    if (exactNotes(held, amountMsat)) return round;
    const after = exchanged(held, amountMsat, fees);
    assert(after, "an exchange can be made");
    held = after;
  }
  throw new Error("it never becomes exact");
}

Deno.test("of all that there is in the largest notes any part can be paid", () => {
  for (const count of [321, 400, 1_000, 5_000]) {
    const held = new Map([[LARGEST, count]]);
    for (const fees of [BASE_FEES, NO_FEES]) {
      const top = (valueOf(held) - 20_000_000n) / 512n * 512n;
      for (const amountMsat of [top, top - 512n, 330n << 41n, (320n << 41n) + 512n, 512n]) {
        if (amountMsat > top) continue;
        assert(rounds(held, amountMsat, fees) <= 1, `${count} notes, ${amountMsat} msat`);
      }
    }
  }
});

Deno.test("rich wallets pay what they have, less fees, after a few exchanges; what is exchanged is what is missing", () => {
  const wallets = fc.record({ "39": fc.nat(500), "40": fc.nat(1_000), "41": fc.integer({ min: 100, max: 2_000 }) });
  const small = fc.dictionary(fc.integer({ min: 5, max: 35 }).map(String), fc.integer({ min: 1, max: 60 }), {
    maxKeys: 8,
  });
  fc.assert(
    fc.property(wallets, small, fc.double({ min: 0.3, max: 1, noNaN: true }), fc.constantFrom(BASE_FEES, NO_FEES), (
      large,
      little,
      part,
      fees,
    ) => {
      const held = new Map(Object.entries({ ...large, ...little }).map(([d, n]) => [Number(d), n]));
      const most = worthOf(held, fees) - 10_000_000n;
      const amountMsat = (BigInt(Math.floor(Number(most) * part)) / 512n + 1n) * 512n;
      if (amountMsat > most) return;
      assert(rounds(held, amountMsat, fees) <= 3);
    }),
    { numRuns: 300 },
  );
});

Deno.test("what is exchanged: all of it, or what is missing", () => {
  const held = new Map([[LARGEST, 400], [10, 1], [5, 7]]);
  const [whole, missing] = exchangesFor(held, (350n << 41n) + 1_024n + 512n);
  assertEquals([whole.issue.length, whole.notes], [352, 352]);
  assertEquals([missing!.issue, missing!.notes], [[9], 352]);
  assertEquals(countOf(countsOf(missing!.issue)), 1);
  assertEquals(exchangesFor(new Map([[20, 3]]), 512n).length, 1);
});
