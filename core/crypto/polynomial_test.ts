import { assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "../assert.ts";
import { toHex } from "../bytes.ts";
import { bls, scalarFromBigInt } from "./bls/mod.ts";
import { flipBit, seededBytes } from "./testing/mod.ts";
import {
  commitmentHash,
  commitmentOf,
  evaluatePoints,
  evaluateScalars,
  randomPolynomial,
  shareFits,
  sumOfCommitments,
} from "./polynomial.ts";

Deno.test("evaluating commitments commutes with committing to evaluations, in both groups", () => {
  const random = seededBytes(1);
  for (const count of [1, 2, 5]) {
    const polynomial = randomPolynomial(count, random);
    for (const peer of [0, 1, 12, 65_535]) {
      const share = evaluateScalars(polynomial, peer);
      for (const group of [bls.g1, bls.g2] as unknown as [typeof bls.g1]) {
        const commitment = commitmentOf(group, polynomial);
        assertEquals(evaluatePoints(group, commitment, peer), group.multiply(group.generator, share));
        assertEquals(shareFits(group, commitment, share, peer), true);
        assertEquals(shareFits(group, commitment, share, peer + 1), count === 1);
        const wrong = scalarFromBigInt(BigInt(`0x${toHex(flipBit(share, 3).reverse())}`));
        assertEquals(shareFits(group, commitment, wrong, peer), false);
      }
    }
  }
});

Deno.test("small numbers: 3 + 2x + x² at peers 0, 1 and 2 is 6, 11 and 18", () => {
  const polynomial = [3n, 2n, 1n].map(scalarFromBigInt);
  assertEquals([0, 1, 2].map((peer) => evaluateScalars(polynomial, peer)), [6n, 11n, 18n].map(scalarFromBigInt));
});

Deno.test("commitments add up coefficient by coefficient", () => {
  const a = [1n, 2n].map(scalarFromBigInt), b = [5n, 7n].map(scalarFromBigInt);
  const sum = sumOfCommitments(bls.g1, [commitmentOf(bls.g1, a), commitmentOf(bls.g1, b)]);
  assertEquals(sum, commitmentOf(bls.g1, [6n, 9n].map(scalarFromBigInt)));
  assertThrows(() => sumOfCommitments(bls.g1, [sum, sum.slice(1)]), InvariantError);
});

Deno.test("a polynomial has at least one coefficient, and another hash for another order", () => {
  assertThrows(() => randomPolynomial(0, seededBytes(1)), InvariantError);
  const commitment = commitmentOf(bls.g1, [1n, 2n].map(scalarFromBigInt));
  assertEquals(toHex(commitmentHash(commitment)) === toHex(commitmentHash(commitment.toReversed())), false);
});
