/**
 * A million operations of the field that our own secp256k1 computes in, each compared with bigints: numbers of random
 * size, near the ends of limbs and of the prime, and limbs as large and as negative as bounds allow.
 */
import { assertEquals } from "@std/assert";
import { modP, rawNumber, testWide } from "../../core/crypto/secp/testing/wide.ts";
import { LIMBS, NUMBER_BYTES, P } from "../../core/crypto/secp/wide/limbs.ts";
import { Machine } from "../../core/crypto/secp/wide/machine.ts";
import { fieldNumbers } from "../../core/crypto/testing/field_numbers.ts";
import { seededBytes } from "../../core/crypto/testing/mod.ts";

const ROUNDS = 170_000, SEED = 1;
/** Products of two sums of two have bounds of 4 · 180² / 2^15 of the most. */
const BOUND = 90n;

testWide("a million operations of secp256k1's field come out as bigints have it", () => {
  const machine = new Machine(), { run } = machine, first = machine.reserve(6 * NUMBER_BYTES);
  const at = (i: number) => first + i * NUMBER_BYTES;
  const { byte, number } = fieldNumbers(seededBytes(SEED), P);
  let operations = 0;
  const check = (index: number, expected: bigint): void => {
    operations++;
    const difference = rawNumber(machine, at(index)) - expected;
    if (difference % P !== 0n) assertEquals(modP(rawNumber(machine, at(index))), modP(expected), `${operations}`);
  };
  /** A number below p, with multiples of others' limbs added: what its limbs stand for. */
  const write = (index: number): bigint => {
    machine.writeNumber(at(index), number());
    const more = byte() % 4 === 0 ? BigInt(byte() % 2 === 0 ? 1 : -1) * (BOUND - 1n) : 0n;
    for (let i = 0; i < LIMBS; i++) {
      machine.words[at(index) / 8 + i]! += more * ((1n << (i === LIMBS - 1 ? 48n : 52n)) - BigInt(byte()));
    }
    return rawNumber(machine, at(index));
  };
  for (let round = 0; round < ROUNDS; round++) {
    const a = write(0), b = write(1), c = write(2);
    run.mul(at(4), at(0), at(1));
    check(4, a * b);
    run.sqr(at(4), at(2));
    check(4, c * c);
    run.mulMul(at(4), at(0), at(1), at(1), at(2));
    check(4, a * b + b * c);
    run.sub5(at(5), at(0), at(2));
    check(5, a - c);
    run.mul(at(4), at(5), at(1));
    check(4, (a - c) * b);
    run.normal(at(4), at(5));
    operations++;
    assertEquals(rawNumber(machine, at(4)), modP(a - c));
  }
  assertEquals(operations >= 1_000_000, true);
});
