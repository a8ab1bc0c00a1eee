import { assert, assertEquals } from "@std/assert";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import type { Bytes } from "../../../bytes.ts";
import { fromHex, toHex } from "../../../bytes.ts";
import { orNull } from "../../error.ts";
import { seededBytes } from "../../testing/mod.ts";
import type { BlsBackend } from "../backend.ts";
import type { Bls, G1, G2, Scalar } from "../mod.ts";
import { ORDER, scalarFromBigInt, scalarFromWide } from "../mod.ts";
import { fromLittleEndian } from "../scalar.ts";
import { everyBls, mcl, testWide } from "../testing/backends.ts";
import { LIMBS, NUMBER_BYTES } from "./limbs.ts";
import { KEPT_LINES_MAX, PAIRS_AT_ONCE } from "./miller.ts";
import { multiplyInG1, multiplyInG2 } from "./multiply.ts";
import { PART_BITS, PART_BYTES, X_SQUARED } from "./split_code.ts";
import { Numbers } from "./testing/numbers.ts";

const { Fp, Fp2 } = bls12_381.fields;
const Twist = bls12_381.G2.Point;
type Twist = InstanceType<typeof Twist>;

/** Where splitting, windows and digits end. */
const SCALARS: readonly bigint[] = [
  ...[0n, 1n, 2n, 15n, 16n, 17n, 31n, 32n, ORDER - 1n, ORDER - 2n, (ORDER - 1n) / 2n, (ORDER + 1n) / 2n],
  ...[X_SQUARED - 1n, X_SQUARED, X_SQUARED + 1n, 2n * X_SQUARED - 1n, X_SQUARED * (X_SQUARED - 2n), ORDER - X_SQUARED],
  ...[(1n << 64n) - 1n, 1n << 64n, (1n << 127n) - 1n, 1n << 127n, (1n << 128n) - 1n, 1n << 128n, (1n << 254n) - 1n],
];

function scalars(random: (size: number) => Bytes, count: number): Scalar[] {
  return [...SCALARS.map(scalarFromBigInt), ...Array.from({ length: count }, () => scalarFromWide(random(64)))];
}

testWide("products with scalars of every kind are those of mcl, in both groups, for points of either form", (wide) => {
  const random = seededBytes(1);
  for (const name of ["g1", "g2"] as const) {
    const own = wide[name] as Bls["g1"], other = mcl[name] as Bls["g1"];
    // decoded: Z is one; computed: it isn't
    const decoded = own.decode(Uint8Array.from(other.multiply(other.generator, scalarFromWide(random(64)))));
    const computed = own.add(decoded, own.generator);
    for (const scalar of scalars(random, 3)) {
      for (const point of [decoded, computed, own.infinity]) {
        const expected = toHex(other.multiply(other.decode(Uint8Array.from(point)), scalar));
        assertEquals(toHex(own.multiply(point, scalar)), expected);
        assertEquals(toHex(own.sumOfProducts([point], [scalar])), expected);
      }
    }
  }
});

testWide(
  "sums of products are those of mcl: equal points, opposite ones, infinity, zero and short scalars among them",
  (wide) => {
    const random = seededBytes(2);
    for (const name of ["g1", "g2"] as const) {
      const own = wide[name] as Bls["g1"], other = mcl[name] as Bls["g1"];
      for (const count of [2, 3, 10, 33]) {
        const points = Array.from({ length: count }, () => other.multiply(other.generator, scalarFromWide(random(64))));
        points[1] = other.negate(points[0]!);
        if (count > 2) points[2] = points[0]!;
        if (count > 3) points[3] = other.infinity;
        for (const bytes of [8, 16, 32]) {
          const factors = points.map(() => scalarFromBigInt(fromLittleEndian(random(bytes))));
          if (bytes === 8) factors[1] = factors[0]!;
          const mine = points.map((point) => own.decode(Uint8Array.from(point)));
          assertEquals(toHex(own.sumOfProducts(mine, factors)), toHex(other.sumOfProducts(points, factors)));
        }
      }
    }
  },
);

testWide("a scalar's two parts make it again, and stay as short as multiplication takes them", () => {
  const { machine } = new Numbers(1), out = machine.reserve(2 * PART_BYTES), at = machine.reserve(32);
  for (const scalar of scalars(seededBytes(3), 200)) {
    machine.bytes.set(scalar, at);
    machine.run.split(out, at);
    const [rest, quotient] = [0, PART_BYTES].map((offset) =>
      fromLittleEndian(machine.bytes.slice(out + offset, out + offset + PART_BYTES))
    ) as [bigint, bigint];
    assertEquals(rest + quotient * X_SQUARED, fromLittleEndian(scalar));
    assert(rest < 1n << BigInt(PART_BITS) && rest < 4n * X_SQUARED && quotient < 1n << 128n);
  }
});

testWide("multiplication leaves nothing of the scalar, of the table or of what it added in memory", (wide) => {
  const random = seededBytes(4), secret = scalarFromWide(random(64));
  for (const group of ["g1", "g2"] as const) {
    const { machine } = new Numbers(1), pointBytes = (group === "g1" ? 3 : 6) * NUMBER_BYTES;
    const point = machine.reserve(pointBytes), into = machine.reserve(pointBytes);
    const multiply = group === "g1" ? multiplyInG1(machine) : multiplyInG2(machine);
    const raw = wide.backend[group] as BlsBackend["g1"], base = raw.multiply(raw.generator, scalarFromWide(random(64)));
    machine.write(point, base as never);
    const before = machine.bytes.slice();
    multiply(into, point, secret);
    const inUse = (address: number) => address >= into && address < into + pointBytes;
    const changed: number[] = [];
    machine.bytes.forEach((byte, i) => {
      if (byte !== 0 && byte !== before[i] && !inUse(i)) changed.push(i);
    });
    // what isn't wiped is what splitting, and products of numbers, have no frame for
    assertEquals(changed, []);
    const product = machine.read(into, pointBytes) as never;
    assertEquals(toHex(raw.encode(product)), toHex(raw.encode(raw.multiply(base, secret))));
  }
});

/** Both groups' flags on 381 random bits, a third of them points of the curve. */
testWide("what one backend refuses the others refuse: random bytes with every combination of flags", () => {
  const random = seededBytes(5);
  let taken = 0;
  for (const [name, size, count] of [["g1", 48, 60], ["g2", 96, 24]] as const) {
    for (let i = 0; i < count; i++) {
      const bytes = random(size);
      bytes[0] = bytes[0]! & 0x1f | i % 8 << 5;
      if (i % 3 === 0) bytes.copyWithin(size - 4, 0, 4);
      const verdicts = everyBls.map((bls) => orNull(() => (bls[name] as Bls["g1"]).decode(bytes.slice())) !== null);
      assert(verdicts.every((verdict) => verdict === verdicts[0]), toHex(bytes));
      if (verdicts[0]) taken++;
    }
  }
  assertEquals(taken, 0, "random points of the curves don't lie in the groups");
});

/** The twist's cofactor, and its prime factors but for the largest. */
const TWIST_COFACTOR =
  0x5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef21537e293a6691ae1616ec6e786f0c70cf1c38e31c7238e5n;
const SMALL_PRIMES = [13n, 23n, 2713n, 11_953n, 262_069n];

function times(point: Twist, factor: bigint): Twist {
  let sum = Twist.ZERO;
  for (const bit of factor.toString(2)) {
    sum = sum.double();
    if (bit === "1") sum = sum.add(point);
  }
  return sum;
}

/** Some point of the twist, nearly always outside the group. */
function anyTwistPoint(random: (size: number) => Bytes): Twist {
  for (;;) {
    const number = () => Fp.create(BigInt(`0x${toHex(random(48))}`));
    const x = { c0: number(), c1: number() };
    try {
      return Twist.fromAffine({ x, y: Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), { c0: 4n, c1: 4n })) });
    } catch {
      // noble says by an error that there is no root
    }
  }
}

function compressed(point: Twist): Bytes {
  const { x, y } = point.toAffine(), sign = y.c1 === 0n ? y.c0 : y.c1;
  const flags = sign > Fp.ORDER / 2n ? 5n : 4n;
  return fromHex(((flags << 381n) | x.c1).toString(16).padStart(96, "0") + x.c0.toString(16).padStart(96, "0"));
}

testWide(
  "points of the twist outside G2 are refused, those of small order among them, and with a part in G2",
  (wide) => {
    const random = seededBytes(6), strays: Twist[] = [anyTwistPoint(random), anyTwistPoint(random)];
    for (const prime of SMALL_PRIMES) {
      let cofactor = TWIST_COFACTOR;
      while (cofactor % prime === 0n) cofactor /= prime;
      for (;;) {
        let point = times(anyTwistPoint(random), ORDER * cofactor);
        if (point.is0()) continue;
        while (!times(point, prime).is0()) point = times(point, prime);
        strays.push(point);
        break;
      }
    }
    for (const stray of strays) {
      const inGroup = Twist.BASE.multiply(BigInt(`0x${toHex(random(31))}`));
      assertEquals(toHex(wide.g2.decode(compressed(inGroup))), toHex(compressed(inGroup)));
      for (const point of [stray, stray.negate(), stray.add(inGroup)]) {
        for (const bls of [wide, mcl]) assertEquals(orNull(() => bls.g2.decode(compressed(point))), null);
      }
    }
  },
);

testWide(
  "products of pairings are one when exponents add up to zero, for up to 12 pairs, and by one off they are not",
  (wide) => {
    const random = seededBytes(7), { g1, g2 } = wide;
    for (const count of [1, 2, 3, 5, 11]) {
      const pairs: [G1, G2][] = [];
      let sum = 0n;
      for (let i = 0; i < count; i++) {
        const [a, b] = [scalarFromWide(random(64)), scalarFromWide(random(64))];
        pairs.push([g1.multiply(g1.generator, a), g2.multiply(g2.generator, b)]);
        sum += fromLittleEndian(a) * fromLittleEndian(b);
      }
      const closing = g1.multiply(g1.generator, scalarFromBigInt(-sum)), off = g1.add(closing, g1.generator);
      for (const [last, expected] of [[closing, true], [off, false], [g1.negate(closing), false]] as const) {
        assertEquals(wide.pairingProductIsOne([...pairs, [last, g2.generator]]), expected);
        const same = pairs.map(([p, q]) => [mcl.g1.decode(p.slice()), mcl.g2.decode(q.slice())] as const);
        assertEquals(
          mcl.pairingProductIsOne([...same, [mcl.g1.decode(last.slice()), mcl.g2.generator]]),
          expected,
        );
      }
    }
  },
);

testWide("more pairs than are in memory together make the same product as few", (wide) => {
  const { g1, g2 } = wide, count = 2 * PAIRS_AT_ONCE + 1;
  const pair = [g1.generator, g2.generator] as const, minus = g1.negate(g1.generator);
  const all = g1.multiply(minus, scalarFromBigInt(BigInt(count)));
  const pairs = Array.from({ length: count }, () => pair);
  assertEquals(wide.pairingProductIsOne([...pairs, [all, g2.generator]]), true);
  assertEquals(wide.pairingProductIsOne([...pairs, [all, g2.generator], pair]), false);
});

testWide("a point of G2 whose lines were dropped for newer ones pairs as before", (wide) => {
  const { g1, g2 } = wide, two = scalarFromBigInt(2n);
  const first = g2.multiply(g2.generator, two), p = g1.multiply(g1.generator, two), minus = g1.negate(p);
  let newest = first;
  for (let i = 0; i < KEPT_LINES_MAX + 2; i++) {
    assertEquals(wide.pairingProductIsOne([[p, newest], [minus, newest]]), true);
    newest = g2.add(newest, g2.generator);
  }
  assertEquals(wide.pairingProductIsOne([[p, g2.generator], [g1.negate(g1.generator), first]]), true);
});

testWide("lists longer than memory at first are summed, and what was at hand before still is", (wide) => {
  const { g1 } = wide, points = Array.from({ length: 1100 }, () => g1.generator);
  const one = scalarFromBigInt(1n);
  assertEquals(
    g1.sumOfProducts(points, points.map(() => one)),
    g1.multiply(g1.generator, scalarFromBigInt(BigInt(points.length))),
  );
  assertEquals(g1.raw.encode(g1.raw.generator), g1.generator);
  assertEquals((g1.raw.generator as unknown as BigInt64Array).length, 3 * LIMBS);
});
