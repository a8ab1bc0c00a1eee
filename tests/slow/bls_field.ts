/**
 * A million operations of the field that our own BLS12-381 computes in, each compared with bigints: numbers of random
 * size, near the ends of limbs, of the prime and of what bounds allow.
 */
import { assertEquals } from "@std/assert";
import { fieldNumbers } from "../../core/crypto/testing/field_numbers.ts";
import { seededBytes } from "../../core/crypto/testing/mod.ts";
import { testWide } from "../../core/crypto/bls/testing/backends.ts";
import { modP, P, R } from "../../core/crypto/bls/wide/limbs.ts";
import { Numbers, powerP } from "../../core/crypto/bls/wide/testing/numbers.ts";

const ROUNDS = 166_000, SEED = 1;
const R_INVERSE = powerP(modP(R), P - 2n);

testWide("a million operations of the field come out as bigints have it", () => {
  const numbers = new Numbers(8), { run } = numbers.machine, at = (i: number) => numbers.at(i);
  const { byte, number } = fieldNumbers(seededBytes(SEED), P);
  const multiples = (): bigint => BigInt(byte() % 43 - 21);
  let operations = 0;
  const check = (index: number, expected: bigint): void => {
    operations++;
    const difference = numbers.raw(index) - expected;
    if (difference % P !== 0n) assertEquals(modP(numbers.raw(index)), modP(expected), `operation ${operations}`);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const values = [0, 1, 2, 3].map((i) => {
      const value = number() + multiples() * P;
      numbers.putRaw(i, value);
      return value;
    }) as [bigint, bigint, bigint, bigint];
    const [a, b, c, d] = values;
    run.mul(at(4), at(0), at(1));
    check(4, a * b * R_INVERSE);
    run.sqr(at(4), at(2));
    check(4, c * c * R_INVERSE);
    run.mulPair(at(4), at(0), at(2));
    check(4, (a * c - b * d) * R_INVERSE);
    check(5, (a * d + b * c) * R_INVERSE);
    run.reduce(at(4), at(3));
    check(4, d);
    run.add7(at(5), at(0), at(3));
    run.normal(at(4), at(5));
    operations++;
    assertEquals(numbers.raw(4), modP(a + d));
    if (round % 16 !== 0) continue;
    run.invert(at(4), at(4));
    run.mul(at(5), at(4), at(5));
    check(5, modP(a + d) === 0n ? 0n : R);
  }
  assertEquals(operations, 6 * ROUNDS + Math.ceil(ROUNDS / 16));
});
