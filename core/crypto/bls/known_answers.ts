/**
 * Known answers that a backend of our own must give before it is used: a broken compiler or a processor that errs shows
 * here, and not in a signature. A few milliseconds.
 */
import { fromHex, toHex } from "../../bytes.ts";
import { orNull } from "../error.ts";
import type { BlsBackend, RawGroup } from "./backend.ts";
import { GENERATORS } from "./generators.ts";
import { BLOCK_BYTES } from "./random_point.ts";
import { scalarFromBigInt } from "./scalar.ts";

const FACTOR = 0x2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091an, OTHER_FACTOR = 0x0102030405060708n;

/** Of the generators times `FACTOR`, as noble and mcl compute them. */
const PRODUCTS = {
  G1: "b66d1a51877c5d345973348689c8928768652212cd014957d26c800ca2e81e6268f3f1c6fb294d0c87a1c5995054084e",
  G2: "8487bd6bc46c701b00535ed31e881505962df2188870491f0ab8a7bf5ca8ad87fdfa40ff3794589f05fb105ecd003a85" +
    "19864abd856993e6842eea23a58a62db1420a9c5d11e1281dd708a4ec2e9faddd9d762b96969e82d113085ffd5d46a23",
} as const;

/** The first byte of a block that counts up from 1, and the point that comes of it. */
const BLOCK_FIRST = 5;
const BLOCK_POINT = "a2572eabe5c533567a4e92ae06e8655f660e77005a2f6a8e5eceb9ff424acd990221645b2e6cfb077ba0390ea0288624";

/**
 * What no decoder may take: x = p, which is zero but not reduced; no point of the curve; a point of order three, in G2
 * one outside the group; infinity with a bit more.
 */
const BAD_POINTS = {
  G1: [
    "9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    `8${"0".repeat(94)}1`,
    `8${"0".repeat(95)}`,
    `c${"0".repeat(94)}1`,
  ],
  G2: [
    `9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab${"0".repeat(96)}`,
    `8${"0".repeat(191)}`,
    `8${"0".repeat(190)}1`,
    `c${"0".repeat(190)}1`,
  ],
} as const;

/** What a backend gets wrong first, or null. */
export function findFault(backend: BlsBackend): string | null {
  const { g1, g2 } = backend;
  const fault = faultOfGroup("G1", g1) ?? faultOfGroup("G2", g2);
  if (fault !== null) return fault;
  const block = Uint8Array.from({ length: BLOCK_BYTES }, (_, i) => i === 0 ? BLOCK_FIRST : i + 1);
  const point = backend.curvePoint(block, true);
  if (point === null || toHex(g1.encode(backend.clearCofactor(point))) !== BLOCK_POINT) return "a point of a block";
  const a = scalarFromBigInt(FACTOR), b = scalarFromBigInt(OTHER_FACTOR);
  const p = g1.multiply(g1.generator, a), q = g2.multiply(g2.generator, b);
  const both = g1.negate(g1.multiply(p, b));
  if (!backend.pairingProductIsOne([[p, q], [both, g2.generator]])) return "a pairing that is one";
  if (backend.pairingProductIsOne([[p, q], [both, q]])) return "a pairing that isn't one";
  return null;
}

function faultOfGroup<P>(name: "G1" | "G2", group: RawGroup<P>): string | null {
  const product = group.multiply(group.generator, scalarFromBigInt(FACTOR));
  if (toHex(group.encode(group.generator)) !== GENERATORS[name]) return `the generator of ${name}`;
  if (toHex(group.encode(product)) !== PRODUCTS[name]) return `a product in ${name}`;
  if (toHex(group.encode(group.decode(fromHex(PRODUCTS[name])))) !== PRODUCTS[name]) return `a point of ${name}`;
  const last = group.multiply(group.generator, scalarFromBigInt(-1n));
  if (!group.isInfinity(group.add(last, group.generator))) return `a sum that is infinity in ${name}`;
  const sum = group.sumOfProducts([product, last], [scalarFromBigInt(1n), scalarFromBigInt(FACTOR)]);
  if (!group.isInfinity(sum)) return `a sum of products in ${name}`;
  const taken = BAD_POINTS[name].filter((bad) => orNull(() => group.decode(fromHex(bad))) !== null);
  return taken.length === 0 ? null : `a bad point of ${name}`;
}
