import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { bls, scalarFromBigInt } from "../../core/crypto/bls/mod.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import { decode, DecodeError, encode, encodeHex, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import { mintInput, mintOutput, note } from "./common.ts";
import { CLIENT_DENOMINATIONS, CONSENSUS_DENOMINATIONS, denominationAmount } from "./denomination.ts";
import { BASE_FEES, feeConsensus, feeOf, NO_FEES } from "./fees.ts";

/** Points and keys for properties: some multiple of the generator. */
const point = fc.bigInt(1n, 2n ** 64n).map((factor) => bls.g1.multiply(bls.g1.generator, scalarFromBigInt(factor)));
const publicKey = fc.uint8Array({ minLength: 31, maxLength: 31 }).map((b) => publicKeyOf(Uint8Array.of(1, ...b)));

Deno.test("inputs and outputs survive encoding and JSON, 82 and 65 bytes of body", () => {
  fc.assert(
    fc.property(
      fc.nat(255),
      publicKey,
      point,
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (d, nonce, g1, bytes) => {
        const input = { tag: "V0", value: { note: { denomination: d, nonce, signature: g1 } } } as const;
        const output = { tag: "V0", value: { denomination: d, nonce: g1, tweak: Uint8Array.from(bytes) } } as const;
        assertEquals(encodeHex(mintInput, input).slice(0, 4), "0052");
        assertEquals(encodeHex(mintOutput, output).slice(0, 4), "0041");
        assertEquals(decode(mintInput, encode(mintInput, input)), input);
        assertEquals(decode(mintOutput, encode(mintOutput, output)), output);
        assertEquals(mintInput.fromJson(parseJson(stringifyJson(mintInput.toJson(input)))), input);
        assertEquals(mintOutput.fromJson(parseJson(stringifyJson(mintOutput.toJson(output)))), output);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("a note whose nonce or signature is no point of its curve does not decode", () => {
  const good = encode(note, {
    denomination: 9,
    nonce: publicKeyOf(new Uint8Array(32).fill(1)),
    signature: bls.g1.generator,
  });
  decode(note, good);
  const bad = [
    // not on secp256k1: x = 5
    [1, Uint8Array.of(2, ...new Array(31).fill(0), 5)],
    // uncompressed tag
    [1, Uint8Array.of(4)],
    // infinity with a stray bit, x ≥ p, a point outside the group
    [34, Uint8Array.of(0xe0, ...new Array(47).fill(0))],
    [34, Uint8Array.of(0x9f, ...new Array(47).fill(0xff))],
    [34, Uint8Array.of(0x80, ...new Array(46).fill(0), 4)],
  ] as const;
  for (const [at, bytes] of bad) {
    const changed = good.slice();
    changed.set(bytes, at);
    assertThrows(() => decode(note, changed), DecodeError);
  }
});

Deno.test("denominations are 2^0 to 2^41 msat, clients ask for 2^9 and more", () => {
  assertEquals(CONSENSUS_DENOMINATIONS.map(denominationAmount).at(-1), 2_199_023_255_552n);
  assertEquals([CONSENSUS_DENOMINATIONS.length, CLIENT_DENOMINATIONS.length, CLIENT_DENOMINATIONS[0]], [42, 33, 9]);
  assertEquals(denominationAmount(63), 2n ** 63n);
  for (const exponent of [64, 255, -1, 0.5]) assertThrows(() => denominationAmount(exponent), RangeError);
});

Deno.test("the fee is the base and the rounded-down rate, and never overflows", () => {
  assertEquals(feeOf(BASE_FEES, 2n ** 41n), 100n);
  assertEquals(feeOf(NO_FEES, 2n ** 41n), 0n);
  const dearest = { base: 100n, partsPerMillion: 1_000n };
  assertEquals([999n, 1_000n, 1_000_000n].map((value) => feeOf(dearest, value)), [100n, 101n, 1_100n]);
  assertEquals(feeOf(dearest, U64_MAX), U64_MAX / 1_000_000n + 100n);
});

Deno.test("no other fees than none, or 100 msat and up to 1,000 ppm, are read from bytes or JSON", () => {
  fc.assert(fc.property(
    fc.oneof(fc.constantFrom(0n, 100n), fc.bigInt(0n, U64_MAX)),
    fc.oneof(fc.bigInt(0n, 1_001n), fc.bigInt(0n, U64_MAX)),
    (base, partsPerMillion) => {
      const fees = { base, partsPerMillion };
      const allowed = base === 100n ? partsPerMillion <= 1_000n : base === 0n && partsPerMillion === 0n;
      const read = [
        () => decode(feeConsensus, encode(feeConsensus, fees)),
        () => feeConsensus.fromJson(feeConsensus.toJson(fees)),
      ];
      for (const attempt of read) {
        if (allowed) assertEquals(attempt(), fees);
        else assertThrows(attempt, DecodeError);
      }
    },
  ));
});
