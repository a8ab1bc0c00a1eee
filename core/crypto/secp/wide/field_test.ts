import { assert, assertEquals } from "@std/assert";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { seededBytes } from "../../testing/mod.ts";
import { fieldOf, testForms } from "../testing/forms.ts";
import { modP, rawNumber, readNumber, testWide } from "../testing/wide.ts";
import { BOUND_MAX, FOLD, NUMBER_BYTES, ORDER, P } from "./limbs.ts";
import { Machine, POINT_BYTES } from "./machine.ts";
import { BETA, bigFrom, LAMBDA, splitScalar } from "./scalar.ts";

const EDGES = [0n, 1n, 2n, FOLD - 1n, FOLD, P - FOLD, P - 2n, P - 1n, P >> 1n, (1n << 208n) - 1n, 1n << 255n];
/** Not reduced: what is read from outside is below p, what is computed needn't be. */
const BEYOND = [P, P + 1n, (1n << 256n) - 1n, 1n << 256n];

function randomNumbers(seed: number, count: number): bigint[] {
  const random = seededBytes(seed);
  return Array.from({ length: count }, () => bigFrom(random(32)));
}

testForms(
  "numbers of the field are added, multiplied, squared and made normal as bigints are, edges with edges",
  (form) => {
    const { at, write, value, run } = fieldOf(form);
    const values = [...EDGES, ...BEYOND, ...randomNumbers(1, 40)];
    for (const a of values) {
      write(0, a);
      run.sqr(at(2), at(0));
      assertEquals(value(2), modP(a * a));
      run.sqrTimes(at(2), at(0), 5);
      assertEquals(value(2), modP(modP(a ** 4n) ** 8n));
      run.neg(at(2), at(0));
      assertEquals(value(2), modP(-a));
      assertEquals(run.isZero(at(0)), modP(a) === 0n ? 1 : 0);
      for (const b of values) {
        write(1, b);
        run.mul(at(2), at(0), at(1));
        assertEquals(value(2), modP(a * b));
        run.mulMul(at(2), at(0), at(1), at(0), at(0));
        assertEquals(value(2), modP(a * b + a * a));
        run.add(at(2), at(0), at(1));
        assertEquals(value(2), modP(a + b));
        run.sub(at(2), at(0), at(1));
        assertEquals(value(2), modP(a - b));
        assertEquals(run.isZero(at(2)), modP(a - b) === 0n ? 1 : 0);
      }
    }
  },
);

testForms("an inverse is one, and a root is one of a square; zero's are zero", (form) => {
  const { at, write, value, run } = fieldOf(form), { Fp } = secp256k1.Point;
  for (const a of [...EDGES, ...BEYOND, ...randomNumbers(6, 40)]) {
    write(0, a);
    run.inverse(at(1), at(0));
    assertEquals(value(1), modP(a) === 0n ? 0n : Fp.inv(modP(a)));
    run.sqr(at(1), at(0));
    run.power(at(2), at(1));
    assert([modP(a), modP(-a)].includes(value(2)));
  }
});

testForms(
  "limbs as large as bounds allow, of either sign, give the right products, within the bound of a product",
  (form) => {
    const { at, raw, value, limit, limbsOf, run } = fieldOf(form), { limbs, productMax } = form;
    const isWithin = (i: number) => {
      for (const [limb, is] of limbsOf(i).entries()) {
        assert(is < limit(limb) && is > -limit(limb), `limb ${limb} of a product stays within its bound`);
      }
    };
    const write = (i: number, bound: number, signs: number) => {
      for (let limb = 0; limb < limbs; limb++) {
        const most = BigInt(bound) * limit(limb) - 1n;
        limbsOf(i)[limb] = (signs >> limb & 1) === 1 ? -most : most;
      }
    };
    const root = Math.floor(Math.sqrt(productMax)), patterns = seededBytes(8)(40);
    const signs = [0, 2 ** limbs - 1, 0x155, 0x2aa, ...Array.from(patterns, (byte) => byte * 2 + byte % 3)];
    for (const a of signs) {
      for (const b of signs) {
        // as in sums of points, too: a product with a number that grew on the way
        for (const [one, other] of [[root, root], [1, Math.min(productMax, BOUND_MAX)]] as const) {
          write(0, one, a);
          write(1, other, b);
          run.mul(at(2), at(0), at(1));
          assertEquals(value(2), modP(raw(0) * raw(1)));
          isWithin(2);
        }
      }
      write(0, root, a);
      run.sqr(at(2), at(0));
      assertEquals(value(2), modP(raw(0) ** 2n));
      isWithin(2);
    }
  },
);

testWide("a point is lifted from its x, with the even y, exactly where there is one", () => {
  const machine = new Machine(), point = machine.reserve(POINT_BYTES), x = machine.reserve(NUMBER_BYTES);
  const random = randomNumbers(2, 60).map(modP);
  let points = 0;
  for (const value of [...EDGES, ...random]) {
    machine.writeNumber(x, value);
    const exists = machine.run.lift(point, x) === 1;
    const square = modP(value ** 3n + 7n), { Fp } = secp256k1.Point;
    assertEquals(exists, square === 0n || Fp.pow(square, (P - 1n) / 2n) === 1n, `x = ${value}`);
    if (!exists) continue;
    points++;
    const y = modP(rawNumber(machine, point + NUMBER_BYTES)), root = Fp.sqrt(square);
    assertEquals([rawNumber(machine, point), y], [value, (root & 1n) === 0n ? root : P - root]);
    assertEquals(rawNumber(machine, point + 2 * NUMBER_BYTES), 1n);
  }
  assert(points > 10 && points < 60, "both kinds were tried");
});

testWide("points are added and doubled as noble does it: the same, opposite and infinite ones, too", () => {
  const machine = new Machine(), { run } = machine, { Point } = secp256k1;
  const [a, b, out] = [machine.reserve(POINT_BYTES), machine.reserve(POINT_BYTES), machine.reserve(POINT_BYTES)];
  const scratch = machine.reserve(NUMBER_BYTES);
  type SecpPoint = InstanceType<typeof Point>;
  const write = (into: number, p: SecpPoint, z: bigint) => {
    if (p.is0()) return machine.writeInfinity(into);
    const { x, y } = p.toAffine();
    for (const [i, value] of [modP(x * z), modP(y * z), z].entries()) {
      machine.writeNumber(into + i * NUMBER_BYTES, value);
    }
  };
  const read = (): SecpPoint => {
    const [x, y, z] = [0, 1, 2].map((i) => readNumber(machine, out + i * NUMBER_BYTES, scratch).normal) as [
      bigint,
      bigint,
      bigint,
    ];
    assertEquals(run.isZero(out + 2 * NUMBER_BYTES), z === 0n ? 1 : 0);
    if (z === 0n) return Point.ZERO;
    const inverse = Point.Fp.inv(z);
    return Point.fromAffine({ x: modP(x * inverse), y: modP(y * inverse) });
  };
  const scalars = [1n, 2n, 3n, ORDER - 1n, LAMBDA, ...randomNumbers(3, 4).map((k) => k % ORDER)];
  const points = [Point.ZERO, ...scalars.map((k) => Point.BASE.multiply(k))];
  const [z1, z2] = randomNumbers(4, 2).map(modP) as [bigint, bigint];
  for (const p of points) {
    write(a, p, z1);
    run.pointDouble(out, a);
    assert(read().equals(p.double()));
    for (const q of points) {
      write(b, q, z2);
      run.pointAdd(out, a, b);
      assert(read().equals(p.add(q)));
      if (q.is0()) continue;
      write(b, q, 1n);
      run.pointAddAffine(out, a, b);
      assert(read().equals(p.add(q)));
    }
  }
});

testWide("a scalar's halves are short and make it up again; β turns a point as λ multiplies it", () => {
  const { Point } = secp256k1, base = Point.BASE.toAffine();
  assertEquals(Point.BASE.multiply(LAMBDA).toAffine(), { x: modP(base.x * BETA), y: base.y });
  const near = [LAMBDA, ORDER >> 1n, ORDER / 3n].flatMap((k) => [k - 1n, k, k + 1n]);
  for (const k of [0n, 1n, 2n, ORDER - 1n, ORDER - 2n, ...near, ...randomNumbers(5, 500).map((x) => x % ORDER)]) {
    const [one, other] = splitScalar(k).map(({ bytes, sign }) => BigInt(sign) * toBig(bytes)) as [bigint, bigint];
    assertEquals(((one + other * LAMBDA - k) % ORDER + ORDER) % ORDER, 0n);
    for (const half of [one, other]) assert(half < 1n << 128n && half > -(1n << 128n));
  }
});

/** Of little-endian bytes. */
function toBig(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
}
