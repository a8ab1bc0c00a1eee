/**
 * A million operations of the field that our own secp256k1 computes in, in either form, each compared with bigints:
 * numbers of random size, near the ends of limbs and of the prime, and limbs as large and as negative as bounds allow.
 */
import { assertEquals } from "@std/assert";
import { fieldOf, testForms } from "../../core/crypto/secp/testing/forms.ts";
import { modP } from "../../core/crypto/secp/testing/wide.ts";
import { P } from "../../core/crypto/secp/wide/limbs.ts";
import { fieldNumbers } from "../../core/crypto/testing/field_numbers.ts";
import { seededBytes } from "../../core/crypto/testing/mod.ts";

const ROUNDS = 170_000, SEED = 1;

testForms("a million operations of secp256k1's field come out as bigints have it", (form) => {
  const { at, raw, limbsOf, run, ...field } = fieldOf(form), { limbs, limbBits, highBits } = form;
  // a sum of products, one with a difference, has a bound of four times the square of this
  const bound = BigInt(Math.floor(Math.sqrt(form.productMax / 4)));
  const { byte, number } = fieldNumbers(seededBytes(SEED), P);
  let operations = 0;
  const check = (index: number, expected: bigint): void => {
    operations++;
    if ((raw(index) - expected) % P !== 0n) assertEquals(modP(raw(index)), modP(expected), `${operations}`);
  };
  /** A number below p, with multiples of others' limbs added: what its limbs stand for. */
  const write = (index: number): bigint => {
    field.write(index, number());
    const more = byte() % 4 === 0 ? BigInt(byte() % 2 === 0 ? 1 : -1) * (bound - 1n) : 0n;
    for (let i = 0; i < limbs; i++) {
      limbsOf(index)[i]! += more * ((1n << BigInt(i === limbs - 1 ? highBits : limbBits)) - BigInt(byte()));
    }
    return raw(index);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const a = write(0), b = write(1), c = write(2);
    run.mul(at(4), at(0), at(1));
    check(4, a * b);
    run.sqr(at(4), at(2));
    check(4, c * c);
    run.mulMul(at(4), at(0), at(1), at(1), at(2));
    check(4, a * b + b * c);
    run.sub(at(5), at(0), at(2));
    check(5, a - c);
    run.mul(at(4), at(5), at(1));
    check(4, (a - c) * b);
    run.normal(at(4), at(5));
    operations++;
    assertEquals(raw(4), modP(a - c));
  }
  assertEquals(operations >= 1_000_000, true);
});
