/**
 * For tests: Schnorr signatures as somebody makes them who knows how they are verified: keys, nonces and numbers for
 * which points meet, cancel or are infinity in the midst of a sum, and signatures that are wrong by one step.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { Bytes } from "../../../bytes.ts";
import { concat, utf8 } from "../../../bytes.ts";
import { seededBytes } from "../../testing/mod.ts";
import type { SchnorrCheck } from "../backend.ts";
import { ORDER, P } from "../wide/limbs.ts";
import { bigFrom, LAMBDA } from "../wide/scalar.ts";

const { BASE } = secp256k1.Point;
const tag = sha256(utf8("BIP0340/challenge"));

/** Of points that tables hold, that φ turns into each other, and at the ends. */
const SPECIAL = [
  ...[1n, 2n, 3n, 5n, 7n, 13n, 15n, 16n, 17n, 31n, 63n, 127n, 128n, 129n],
  ...[LAMBDA, LAMBDA * LAMBDA % ORDER, LAMBDA + 1n, 2n ** 128n, 2n ** 128n - 1n, (ORDER + 1n) / 2n],
];

/** Big-endian. */
function scalarBytes(value: bigint): Bytes {
  return Uint8Array.fromHex(value.toString(16).padStart(64, "0")) as Bytes;
}

function modulo(value: bigint): bigint {
  const rest = value % ORDER;
  return rest < 0n ? rest + ORDER : rest;
}

type Keyed = { readonly x: bigint; readonly scalar: bigint };

/** The point of a scalar, and the scalar of that with the even y. */
function evenPoint(scalar: bigint): Keyed {
  const { x, y } = BASE.multiply(scalar).toAffine();
  return { x, scalar: (y & 1n) === 0n ? scalar : ORDER - scalar };
}

/** All that a signature is made of. */
type Made = {
  readonly r: bigint;
  readonly s: bigint;
  readonly key: Keyed;
  readonly nonce: Keyed;
  readonly digest: Bytes;
};
/** What is told instead. */
type Spoiling = (made: Made, random: () => bigint) => { r: bigint; s: bigint; x: bigint };

function challengeOf(r: bigint, x: bigint, digest: Bytes): bigint {
  return modulo(bigFrom(sha256(concat(tag, tag, scalarBytes(r), scalarBytes(x), digest))));
}

const SPOILING: readonly Spoiling[] = [
  ({ r, s, key: { x } }) => ({ r, s: modulo(-s), x }),
  ({ r, s, key: { x } }) => ({ r, s: modulo(s + 1n), x }),
  // the nonce's point has an odd y; the key's has
  ({ r, s, key: { x }, nonce }) => ({ r, s: modulo(s - 2n * nonce.scalar), x }),
  ({ r, s, key: { x, scalar }, digest }) => ({ r, s: modulo(s - 2n * challengeOf(r, x, digest) * scalar), x }),
  // the nonce is 0: s·G − e·P is infinity, whatever r is
  ({ r, key: { x, scalar }, digest }) => ({ r, s: modulo(challengeOf(r, x, digest) * scalar), x }),
  ({ key: { x, scalar }, digest }) => ({ r: x, s: modulo(challengeOf(x, x, digest) * scalar), x }),
  // R is the key's point, or the other's scalar is taken
  ({ s, key: { x } }) => ({ r: x, s, x }),
  ({ r, key: { x, scalar } }) => ({ r, s: scalar, x }),
  ({ r, key: { x }, nonce: { scalar } }) => ({ r, s: scalar, x }),
  // at the ends of ranges and beyond
  ({ r, key: { x } }) => ({ r, s: 0n, x }),
  ({ r, key: { x } }) => ({ r, s: ORDER - 1n, x }),
  ({ r, s, key: { x } }) => ({ r, s: s + ORDER < 1n << 256n ? s + ORDER : ORDER, x }),
  ({ s, key: { x } }) => ({ r: 0n, s, x }),
  ({ s, key: { x } }, random) => ({ r: P + random() % ((1n << 256n) - P), s, x }),
  ({ s, key: { x } }, random) => ({ r: ORDER + random() % (P - ORDER), s, x }),
  ({ r, s }, random) => ({ r, s, x: P + random() % ((1n << 256n) - P) }),
  ({ r, s }, random) => ({ r, s, x: ORDER + random() % (P - ORDER) }),
  ({ r, s }) => ({ r, s, x: 0n }),
  // numbers of any kind: no points, for half of them
  ({ s, key: { x } }, random) => ({ r: random(), s, x }),
  ({ r, s }, random) => ({ r, s, x: random() }),
  ({ r, s, key: { x } }, random) => ({ r, s: s ^ 1n << random() % 256n, x }),
];

/** How many ways there are to spoil a signature. */
export const SPOILINGS: number = SPOILING.length;

export type Crafted = SchnorrCheck & { readonly isSpoilt: boolean };

/** @param spoiltOneIn every so many is spoilt, in each way by turns; `Infinity` for none */
export function craftedChecks(count: number, seed: number, spoiltOneIn: number): Crafted[] {
  const bytes = seededBytes(seed), random = (): bigint => bigFrom(bytes(32));
  const pick = <T>(list: readonly T[]): T => list[Number(random() % BigInt(list.length))]!;
  const scalar = (): bigint => {
    const value = pick([() => pick(SPECIAL), () => 1n + random() % (ORDER - 1n)])();
    return pick([value, ORDER - value]);
  };
  return Array.from({ length: count }, (_, i) => {
    const key = evenPoint(scalar());
    // of its own, or such that R is a multiple of P: in its table, its opposite, φ of it
    const nonce = evenPoint(pick([scalar, () => modulo(key.scalar * scalar())])());
    const digest = pick([() => bytes(32), () => new Uint8Array(32), () => new Uint8Array(32).fill(255)])() as Bytes;
    const r = nonce.x, s = modulo(nonce.scalar + challengeOf(r, key.x, digest) * key.scalar);
    const isSpoilt = i % spoiltOneIn === spoiltOneIn - 1;
    const made = { r, s, key, nonce, digest };
    const spoil = SPOILING[Math.floor(i / spoiltOneIn) % SPOILING.length]!;
    const { r: rOut, s: sOut, x } = isSpoilt ? spoil(made, random) : { r, s, x: key.x };
    const signature = concat(scalarBytes(rOut), scalarBytes(sOut));
    return { signature, digest, xOnly: scalarBytes(x), isSpoilt };
  });
}
