/**
 * Verifies BIP340 signatures, one or many at once ("Batch Verification" there): Σ aᵢ·(Rᵢ + eᵢ·Pᵢ) = (Σ aᵢ·sᵢ)·G with
 * R and P lifted from their x, for random factors aᵢ of 128 bits, the first one 1. One alone has no factor, and the
 * equation is then exactly BIP340's: R is the finite point with the signature's x and an even y.
 *
 * Factors come of a hash of everything: of the challenges, which are hashes of R, P and the digest, and of each s. So
 * all guardians come to the same verdict, and who wants another one has to find a batch of 2^−128.
 *
 * Keys whose signatures come again and again, guardians', have a table of their own (`point_table.ts`): then
 * s·G − e·P is a sum of 95 points without doublings, and is compared with R. That costs half.
 *
 * All points are public, and so is the time it takes. Formulas are complete (`curve_code.ts`): nothing depends on which
 * points meet. A signature in a batch costs two roots (a fifth of its time), a table of multiples of R and one of P,
 * and 64 additions; doublings are shared.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ChaChaRng } from "../../chacha_rng.ts";
import type { Address } from "../../wasm/memory.ts";
import type { Summing, Term } from "../../wasm/sum.ts";
import { addTerms, fillOddMultiples, ODD_MULTIPLES, oddMultiples, termOf } from "../../wasm/sum.ts";
import { toHex } from "../../../bytes.ts";
import type { KeyVerifier, SchnorrCheck, SchnorrVerifier } from "../backend.ts";
import { NUMBER_BYTES, ORDER, P } from "./limbs.ts";
import { Machine, POINT_BYTES } from "./machine.ts";
import { PointTable } from "./point_table.ts";
import type { Half } from "./scalar.ts";
import { BETA, bigFrom, halfOf, splitScalar } from "./scalar.ts";

/** Signatures of one sum; longer lists are summed in parts, so that their tables stay in the processor's cache. */
export const PART_MAX = 64;
/** Of a signature: multiples of R, of P and of φ(P). */
const TABLES_BYTES = 3 * ODD_MULTIPLES * POINT_BYTES;
/** The generator's table is made once, and larger. */
const GENERATOR_WIDTH = 8;
const FACTOR_BYTES = 16;
/** Bits of windows: a key's table has 67 kB, the generator's for it 110 kB. */
const KEY_WINDOW_BITS = 5, GENERATOR_WINDOW_BITS = 6;
/** Keys that get a table. More than a federation has guardians; keys beyond it are verified as any others. */
export const KEYS_WITH_TABLE_MAX = 32;

const tag = sha256(new TextEncoder().encode("BIP0340/challenge"));
const challengePrefix = sha256.create().update(tag).update(tag);

type Parsed = {
  readonly r: bigint;
  readonly s: bigint;
  readonly x: bigint;
  readonly challenge: Uint8Array;
  readonly signature: Uint8Array;
};

/** Null for what is out of range. */
function parse({ signature, digest, xOnly }: SchnorrCheck): Parsed | null {
  const r = bigFrom(signature), s = bigFrom(signature.subarray(32)), x = bigFrom(xOnly);
  if (r >= P || x >= P || s >= ORDER) return null;
  const challenge = challengePrefix.clone().update(signature.subarray(0, 32)).update(xOnly).update(digest).digest();
  return { r, s, x, challenge, signature };
}

/** The first is 1, which is as good as any other. */
function factorsOf(parsed: readonly Parsed[]): bigint[] {
  if (parsed.length === 1) return [1n];
  const all = sha256.create();
  for (const { challenge, signature } of parsed) all.update(challenge).update(signature.subarray(32));
  const random = new ChaChaRng(all.digest()).bytes(parsed.length * FACTOR_BYTES);
  const view = new DataView(random.buffer, random.byteOffset);
  return parsed.map((_, i) => {
    const at = i * FACTOR_BYTES;
    return i === 0 ? 1n : view.getBigUint64(at, true) | view.getBigUint64(at + 8, true) << 64n;
  });
}

/** A machine assembled, and the generator's tables made: some milliseconds, when the first signature is verified. */
export function loadSchnorr(): SchnorrVerifier {
  const machine = new Machine(), { run } = machine;
  const summing: Summing = {
    add: run.pointAdd,
    double: run.pointDouble,
    negate: (into, a) => {
      run.copy15(into, a);
      run.neg5(into + NUMBER_BYTES, a + NUMBER_BYTES);
    },
    pointBytes: POINT_BYTES,
  };
  const beta = machine.reserve(NUMBER_BYTES), x = machine.reserve(NUMBER_BYTES);
  const out = machine.reserve(POINT_BYTES), spare = machine.reserve(POINT_BYTES);
  machine.writeNumber(beta, BETA);

  /** φ of each point of a table, behind it. */
  const turn = (table: Address, count: number): void => {
    for (let i = 0; i < count; i++) {
      const from = table + i * POINT_BYTES, to = table + (count + i) * POINT_BYTES;
      run.copy15(to, from);
      run.mul(to, to, beta);
    }
  };
  const fill = (table: Address, count: number): void => fillOddMultiples(table, count, spare, summing);
  /** The products of a point and its φ by the halves of a scalar. */
  const halves = (table: Address, count: number, scalar: bigint, width?: number): Term[] => {
    const term = ({ bytes, sign }: Half, at: Address): Term => termOf(at, bytes, width, sign);
    const [one, other] = splitScalar(scalar);
    return [term(one, table), term(other, table + count * POINT_BYTES)];
  };

  const base = machine.reserve(POINT_BYTES);
  machine.writeNumber(base, secp256k1.Point.BASE.x);
  machine.writeNumber(base + NUMBER_BYTES, secp256k1.Point.BASE.y);
  machine.writeNumber(base + 2 * NUMBER_BYTES, 1n);
  const generatorCount = oddMultiples(GENERATOR_WIDTH);
  const generator = machine.reserve(2 * generatorCount * POINT_BYTES);
  run.copy15(generator, base);
  fill(generator, generatorCount);
  turn(generator, generatorCount);

  const lift = (into: Address, value: bigint): boolean => {
    machine.writeNumber(x, value);
    return run.lift(into, x) === 1;
  };

  const partHolds = (parsed: readonly Parsed[]): boolean => {
    const factors = factorsOf(parsed), tables = machine.list(parsed.length * TABLES_BYTES);
    const terms: Term[] = [];
    let sum = 0n;
    for (const [i, { r, s, x, challenge }] of parsed.entries()) {
      const factor = factors[i]!, ofR = tables + i * TABLES_BYTES, ofP = ofR + ODD_MULTIPLES * POINT_BYTES;
      if (!lift(ofR, r) || !lift(ofP, x)) return false;
      // the first one's factor is 1: no other multiple of R is needed
      if (i > 0) fill(ofR, ODD_MULTIPLES);
      fill(ofP, ODD_MULTIPLES);
      turn(ofP, ODD_MULTIPLES);
      terms.push(termOf(ofR, halfOf(factor).bytes));
      for (const half of halves(ofP, ODD_MULTIPLES, factor * bigFrom(challenge) % ORDER)) terms.push(half);
      sum += factor * s;
    }
    const rest = sum % ORDER;
    const ofG = halves(generator, generatorCount, rest === 0n ? 0n : ORDER - rest, GENERATOR_WIDTH);
    for (const half of ofG) terms.push(half);
    machine.writeInfinity(out);
    addTerms(out, terms, spare, summing);
    return run.isZero(out + 2 * NUMBER_BYTES) === 1;
  };

  const allHold = (checks: readonly SchnorrCheck[]): boolean => {
    const parsed: Parsed[] = [];
    for (const check of checks) {
      const one = parse(check);
      if (one === null) return false;
      parsed.push(one);
    }
    for (let from = 0; from < parsed.length; from += PART_MAX) {
      if (!partHolds(parsed.slice(from, from + PART_MAX))) return false;
    }
    return true;
  };

  let ofGenerator: PointTable | null = null;
  const ofKeys = new Map<string, KeyVerifier>();

  const keyVerifier = (xOnly: Uint8Array): KeyVerifier | null => {
    const name = toHex(xOnly), known = ofKeys.get(name);
    if (known !== undefined) return known;
    const xOfKey = bigFrom(xOnly);
    if (ofKeys.size >= KEYS_WITH_TABLE_MAX || xOfKey >= P || !lift(out, xOfKey)) return null;
    const key = Uint8Array.from(xOnly), ofKey = new PointTable(machine, out, KEY_WINDOW_BITS);
    ofGenerator ??= new PointTable(machine, base, GENERATOR_WINDOW_BITS);
    const byGenerator = ofGenerator;
    const holds: KeyVerifier = (signature, digest) => {
      const parsed = parse({ signature, digest, xOnly: key });
      if (parsed === null || !lift(spare, parsed.r)) return false;
      machine.writeInfinity(out);
      byGenerator.add(out, signature.subarray(32), 1);
      ofKey.add(out, parsed.challenge, -1);
      // infinity, which R isn't, doesn't become it by taking R away
      run.neg5(spare + NUMBER_BYTES, spare + NUMBER_BYTES);
      run.pointAddAffine(out, out, spare);
      return run.isZero(out + 2 * NUMBER_BYTES) === 1;
    };
    ofKeys.set(name, holds);
    return holds;
  };
  return { name: "wide", batches: true, allHold, keyVerifier };
}
