import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Bytes } from "../../bytes.ts";
import { fromHex, toHex } from "../../bytes.ts";
import { assertCode, flipBit, seededBytes } from "../testing/mod.ts";
import { ChaChaRng } from "../chacha_rng.ts";
import { ORDER, randomG1, scalarFromBigInt, scalarFromWide } from "./mod.ts";
import type { Bls, G1, G2, Scalar } from "./mod.ts";
import type { CurvePoint } from "./backend.ts";
import { nextCurvePoint } from "./random_g1.ts";
import { randomG2 } from "./random_g2.ts";
import { everyBls, mcl, noble } from "./testing/backends.ts";

const PRIME = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;

function scalars(seed: number, count: number): Scalar[] {
  const random = seededBytes(seed);
  return Array.from({ length: count }, () => scalarFromWide(random(64)));
}

function infinityOf(size: number): Bytes {
  return Uint8Array.from({ length: size }, (_, i) => i === 0 ? 0xc0 : 0);
}

Deno.test("all BLS backends have the same generators and infinity", () => {
  for (const { g1, g2 } of everyBls) {
    assertEquals(toHex(g1.generator).slice(0, 16), "97f1d3a73197d794");
    assertEquals(toHex(g2.generator).slice(0, 16), "93e02b6052719f60");
    assertEquals(g1.infinity, infinityOf(48) as G1);
    assertEquals(g2.infinity, infinityOf(96) as G2);
  }
  assertEquals(mcl.g1.generator, noble.g1.generator);
  assertEquals(mcl.g2.generator, noble.g2.generator);
});

Deno.test("all BLS backends add, negate and multiply alike, zero and infinity included", () => {
  const zero = scalarFromBigInt(0n), minusOne = scalarFromBigInt(-1n);
  for (const [a, b] of [scalars(1, 2), scalars(2, 2), [zero, minusOne], [minusOne, minusOne]] as [Scalar, Scalar][]) {
    for (const name of ["g1", "g2"] as const) {
      const [first, ...others] = everyBls.map((bls) => {
        const group = bls[name] as Bls["g1"];
        const [p, q] = [group.multiply(group.generator, a), group.multiply(group.generator, b)];
        const results = [p, q, group.add(p, q), group.add(p, p), group.add(p, group.negate(p)), group.add()];
        const products = [group.multiply(p, b), group.multiply(group.infinity, a), group.multiply(p, zero)];
        const sums = [group.sumOfProducts([p, q], [b, a]), group.sumOfProducts([], []), group.negate(group.infinity)];
        return [...results, ...products, ...sums].map(toHex);
      });
      for (const other of others) assertEquals(other, first);
    }
  }
});

Deno.test("a sum of products is the same as adding products one by one, for one and for more than a backend takes at a time", () => {
  for (const { backend, g1, g2 } of everyBls.filter((bls) => bls !== noble)) {
    for (const count of [1, 2, 33, 513]) {
      const factors = scalars(count, count), ids = scalars(count + 1, count);
      const points = ids.map((id) => g1.multiply(g1.generator, id));
      const sum = factors.reduce((total, factor, i) => total + number(factor) * number(ids[i]!), 0n);
      const expected = g1.multiply(g1.generator, scalarFromBigInt(sum));
      assertEquals(g1.sumOfProducts(points, factors), expected, `${count} points with ${backend.name}`);
    }
    const two = scalars(5, 2), points = two.map((id) => g2.multiply(g2.generator, id));
    const sum = scalarFromBigInt(number(two[0]!) ** 2n + number(two[1]!) ** 2n);
    assertEquals(g2.sumOfProducts(points, two), g2.multiply(g2.generator, sum));
  }
});

function number(scalar: Scalar): bigint {
  return BigInt(`0x${toHex(scalar.slice().reverse())}`);
}

Deno.test("every point decodes to itself in all backends, and only in its one encoding", () => {
  const random = seededBytes(3);
  for (let i = 0; i < 12; i++) {
    const scalar = scalarFromWide(random(64));
    for (const name of ["g1", "g2"] as const) {
      const point = toHex(mcl[name].multiply(mcl[name].generator as never, scalar));
      for (const bls of everyBls) {
        assertEquals(toHex(bls[name].decode(fromHex(point))), point);
        // the three flag bits: compression, infinity, sign; only the sign may change, and then it is another point
        assertCode("bad_point", () => bls[name].decode(flipBit(fromHex(point), 7)));
        assertCode("bad_point", () => bls[name].decode(flipBit(fromHex(point), 6)));
        assertNotEquals(toHex(bls[name].decode(flipBit(fromHex(point), 5))), point);
        assertCode("bad_length", () => bls[name].decode(fromHex(point).slice(1)));
        assertCode("bad_length", () => bls[name].decode(fromHex(`${point}00`)));
      }
    }
  }
});

Deno.test("an x that is not reduced is refused in both groups", () => {
  // a point whose x leaves room for x + p in 381 bits
  let found = 0;
  for (let i = 1n; found < 3; i++) {
    const point = mcl.g1.multiply(mcl.g1.generator, scalarFromBigInt(i));
    const x = BigInt(`0x${toHex(point)}`) & ((1n << 381n) - 1n);
    if (x + PRIME >= 1n << 381n) continue;
    found++;
    const flags = (BigInt(point[0]! >> 5)) << 381n;
    const unreduced = fromHex((flags | (x + PRIME)).toString(16).padStart(96, "0"));
    for (const { g1 } of everyBls) assertCode("bad_point", () => g1.decode(unreduced));
  }
  // in G2 the second half holds c0: the same trap
  for (let i = 1n;; i++) {
    const point = mcl.g2.multiply(mcl.g2.generator, scalarFromBigInt(i));
    const c0 = BigInt(`0x${toHex(point.slice(48))}`);
    if (c0 + PRIME >= 1n << 384n) continue;
    const unreduced = Uint8Array.of(...point.slice(0, 48), ...fromHex((c0 + PRIME).toString(16).padStart(96, "0")));
    for (const { g2 } of everyBls) assertCode("bad_point", () => g2.decode(unreduced));
    break;
  }
});

Deno.test("infinity is accepted as c0 00… and refused in any other form", () => {
  for (const { g1, g2 } of everyBls) {
    for (const [group, size] of [[g1, 48], [g2, 96]] as const) {
      assertEquals(group.isInfinity(group.decode(infinityOf(size)) as never), true);
      for (const first of [0x00, 0x40, 0x80, 0xa0, 0xe0]) {
        assertCode("bad_point", () => group.decode(Uint8Array.of(first, ...infinityOf(size).slice(1))));
      }
      for (const at of [1, 47, size - 1]) {
        const dirty = infinityOf(size);
        dirty[at] = 1;
        assertCode("bad_point", () => group.decode(dirty));
      }
    }
  }
});

Deno.test("points of the curve outside the group are refused: of full order, and of order 3", () => {
  for (let i = 0; i < 10; i++) {
    // all but noble encode any point of the curve, noble none outside the group
    const outside = mcl.backend.g1.encode(nextCurvePoint(mcl.backend, new ChaChaRng(seededBytes(i)(32))) as never);
    for (const { g1 } of everyBls) assertCode("bad_point", () => g1.decode(outside));
  }
  // (0, ±2) has order 3; flags are 80 and a0
  for (const first of [0x80, 0xa0]) {
    const orderThree = Uint8Array.of(first, ...new Uint8Array(47));
    for (const { g1 } of everyBls) assertCode("bad_point", () => g1.decode(orderThree));
  }
  // a point of the group plus one of order 3: the smallest stray component there is
  const raw = mcl.backend.g1, stray = mcl.backend.curvePoint(new Uint8Array(96), false)!; // x = 0
  const sum = raw.encode(raw.add(raw.generator, stray as never));
  for (const { g1 } of everyBls) assertCode("bad_point", () => g1.decode(sum));
});

/** Compressed form without the group check that noble's own encoding makes. */
function affine(bls: Bls, point: CurvePoint): string {
  if (bls.backend.name !== "noble") return toHex(bls.backend.g1.encode(point as never));
  const { x, y } = (point as never as { toAffine(): { x: bigint; y: bigint } }).toAffine();
  const flags = y > PRIME / 2n ? 5n : 4n;
  return ((flags << 381n) | x).toString(16).padStart(96, "0");
}

Deno.test("curve points are the same in all backends, and a sum cleared once equals the sum of cleared points", () => {
  const random = seededBytes(11);
  const seeds = Array.from({ length: 20 }, () => random(32));
  const factors = scalars(12, seeds.length);
  const lists = everyBls.map((bls) => {
    const points = seeds.map((seed) => nextCurvePoint(bls.backend, new ChaChaRng(seed)));
    return { bls, points, affine: points.map((point) => affine(bls, point)) };
  });
  const cleared = seeds.map((seed) => toHex(randomG1(noble, new ChaChaRng(seed))));
  for (const { bls, points, affine } of lists) {
    assertEquals(affine, lists[0]!.affine);
    if (bls === noble) continue; // a second of its time
    const once = bls.g1.close(bls.backend.clearCofactor(bls.backend.sumOfCurvePoints(points, factors)));
    assertEquals(once, bls.g1.sumOfProducts(seeds.map((seed) => randomG1(bls, new ChaChaRng(seed))), factors));
    assertEquals(seeds.map((seed) => toHex(randomG1(bls, new ChaChaRng(seed)))), cleared);
  }
});

Deno.test("a point of G2 from a generator is the same with all backends", () => {
  for (let i = 0; i < 3; i++) {
    const seed = seededBytes(20 + i)(32), expected = toHex(randomG2(noble, new ChaChaRng(seed)));
    for (const bls of everyBls) assertEquals(toHex(randomG2(bls, new ChaChaRng(seed))), expected);
  }
});

Deno.test("pairings are bilinear, and infinity is a factor one", () => {
  const [a, b] = scalars(13, 2);
  for (const bls of everyBls) {
    const { g1, g2 } = bls;
    const ab = scalarFromBigInt(number(a!) * number(b!));
    const p = g1.multiply(g1.generator, a!), q = g2.multiply(g2.generator, b!);
    const product = g1.negate(g1.multiply(g1.generator, ab));
    assertEquals(bls.pairingProductIsOne([[p, q], [product, g2.generator]]), true);
    assertEquals(bls.pairingProductIsOne([[p, q], [product, q]]), false);
    assertEquals(bls.pairingProductIsOne([[p, q], [product, g2.generator], [g1.infinity, q], [p, g2.infinity]]), true);
    assertEquals(bls.pairingProductIsOne([[g1.infinity, q]]), true);
    assertEquals(bls.pairingProductIsOne([[p, g2.infinity]]), true);
    assertEquals(bls.pairingProductIsOne([]), true);
    assertEquals(bls.pairingProductIsOne([[p, q]]), false);
  }
});

Deno.test("bytes that only claim to be a point are checked on first use", () => {
  const point = mcl.g1.multiply(mcl.g1.generator, scalarFromBigInt(5n));
  const copy = structuredClone(point);
  assertEquals(mcl.g1.add(copy, mcl.g1.infinity), point);
  const forged = Uint8Array.of(0x80, ...new Uint8Array(47)) as Bytes as G1;
  assertCode("bad_point", () => mcl.g1.multiply(forged, scalarFromBigInt(2n)));
  assertCode("bad_point", () => mcl.pairingProductIsOne([[forged, mcl.g2.generator]]));
});

Deno.test("a decoded point doesn't change when the caller reuses the bytes", () => {
  const buffer = Uint8Array.from(mcl.g1.generator);
  const point = mcl.g1.decode(buffer);
  buffer.fill(0);
  assertEquals(point, mcl.g1.generator);
});

Deno.test("multiplying by the order gives infinity", () => {
  for (const { g1 } of everyBls) {
    assertEquals(g1.add(g1.multiply(g1.generator, scalarFromBigInt(ORDER - 1n)), g1.generator), g1.infinity);
  }
  assert(scalarFromBigInt(ORDER).every((byte) => byte === 0));
});
