import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { G2, Scalar } from "./bls/mod.ts";
import { bls as own, scalarFromBigInt } from "./bls/mod.ts";
import { everyBls } from "./bls/testing/backends.ts";
import { fromLittleEndian } from "./bls/scalar.ts";
import { messageSeed, messageSeedV1, messageToPoint, pointOfSeed, publicKeyShareOf, signShare } from "./tbs.ts";
import type { SignatureCheck } from "./tbs_batch.ts";
import { allSignaturesHold, batchFactor, verifyGroups, verifySignatures } from "./tbs_batch.ts";
import { flipBit, seededBytes } from "./testing/mod.ts";
import { callsOf } from "../testing/calls.ts";

const keys: { secret: Scalar; publicKey: G2 }[] = [11n, 12n, 13n, 14n].map((n) => {
  const secret = scalarFromBigInt(n ** 50n);
  return { secret, publicKey: publicKeyShareOf(secret) };
});

/** A valid signature over a seed (both versions) or a point, under one of the keys. */
function valid(random: ReturnType<typeof seededBytes>, i: number): SignatureCheck {
  const { secret, publicKey } = keys[i % keys.length]!, nonce = random(33);
  const seed = i % 5 === 0 ? messageSeedV1(nonce) : messageSeed(nonce);
  const message = pointOfSeed(seed), signature = signShare(message, secret);
  return i % 3 === 0 ? { publicKey, signature, message } : { publicKey, signature, seed };
}

/** Of every kind. */
const pool = Array.from({ length: 40 }, (_, i) => valid(seededBytes(i), i));

/** Ways to be invalid. */
const breakages: ((check: SignatureCheck, random: ReturnType<typeof seededBytes>) => SignatureCheck)[] = [
  (check) => ({ ...check, signature: flipBit(check.signature, 300) }),
  (check) => ({ ...check, signature: flipBit(check.signature, 5) }), // the sign of y
  (check) => ({ ...check, signature: own.g1.infinity }),
  (check) => ({ ...check, signature: check.signature.slice(1) }),
  (check) => ({ ...check, signature: new Uint8Array(0) }),
  (check) => ({ ...check, publicKey: publicKeyShareOf(scalarFromBigInt(99n)) }),
  (check, random) => ({ publicKey: check.publicKey, signature: check.signature, seed: random(32) }),
  (check, random) => ({ ...check, signature: signShare(messageToPoint(random(33)), scalarFromBigInt(5n)) }),
];

Deno.test("a batch with any number of bad signatures names exactly those", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(fc.option(fc.nat(breakages.length - 1), { nil: null, freq: 4 }), { maxLength: 40 }),
      (seed, plan) => {
        const random = seededBytes(seed);
        const checks = plan.map((breakage, i) => {
          const good = pool[(seed + i) % pool.length]!;
          return breakage === null ? good : breakages[breakage]!(good, random);
        });
        const bad = plan.flatMap((breakage, i) => breakage === null ? [] : [i]);
        assertEquals(verifySignatures(checks, random), bad);
        assertEquals(allSignaturesHold(checks, random), bad.length === 0);
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("two forgeries that cancel each other are both found", () => {
  const random = seededBytes(2), [a, b] = [valid(random, 1), valid(random, 5)];
  // σ₁ + D and σ₂ − D under one key: without random factors the sum would be right
  const delta = own.g1.multiply(own.g1.generator, scalarFromBigInt(77n));
  const plus = own.g1.add(own.g1.decode(a.signature), delta);
  const minus = own.g1.add(own.g1.decode(b.signature), own.g1.negate(delta));
  assertEquals(a.publicKey, b.publicKey);
  assertEquals(verifySignatures([{ ...a, signature: plus }, { ...b, signature: minus }], random), [0, 1]);
});

Deno.test("swapped signatures of two notes are both found", () => {
  const random = seededBytes(3), [a, b] = [valid(random, 1), valid(random, 5)];
  const swapped = [{ ...a, signature: b.signature }, { ...b, signature: a.signature }];
  assertEquals(verifySignatures(swapped, random), [0, 1]);
});

Deno.test("a signature with a stray component of small order is found", () => {
  const random = seededBytes(4), good = valid(random, 1);
  const { g1 } = own.backend;
  const orderThree = own.backend.curvePoint(new Uint8Array(96), false)!; // x = 0
  const stray = g1.encode(g1.add(g1.decode(good.signature), orderThree as never));
  assertEquals(verifySignatures([good, { ...good, signature: stray }, good], random), [1]);
});

Deno.test("all backends find the same bad ones in a batch", () => {
  const random = seededBytes(5);
  const checks = Array.from(
    { length: 6 },
    (_, i) => i === 2 || i === 3 ? breakages[i]!(valid(random, i), random) : valid(random, i),
  );
  for (const bls of everyBls) assertEquals(verifySignatures(checks, random, bls), [2, 3]);
});

Deno.test("an empty batch is valid, and a key at infinity behaves as with one signature", () => {
  const random = seededBytes(6), seed = random(32), publicKey = own.g2.infinity;
  assertEquals(verifySignatures([], random), []);
  assertEquals(verifySignatures([{ publicKey, seed, signature: own.g1.infinity }], random), []);
  assertEquals(verifySignatures([{ publicKey, seed, signature: own.g1.generator }], random), [0]);
});

Deno.test("factors are never zero, and all of one batch differ", () => {
  assertEquals(fromLittleEndian(batchFactor(new Uint8Array(16))), 1n);
  const random = seededBytes(7);
  const factors = new Set(Array.from({ length: 1000 }, () => fromLittleEndian(batchFactor(random(16)))));
  assertEquals(factors.size, 1000);
  assert(!factors.has(0n));
});

Deno.test("dice that always roll zero still find a bad signature among good ones", () => {
  const random = seededBytes(8), zeros = (size: number) => new Uint8Array(size);
  const checks = [valid(random, 1), breakages[0]!(valid(random, 2), random), valid(random, 4)];
  assertEquals(verifySignatures(checks, zeros), [1]);
});

/** Products of pairings that `body` computes. */
function productsOf(body: () => void): number {
  using products = callsOf(own.backend, "pairingProductIsOne", own.backend.pairingProductIsOne);
  body();
  return products.args.length;
}

Deno.test("verdicts on groups are those of each signature alone, wherever and however many the bad ones are", () => {
  const random = seededBytes(11);
  const group = fc.array(fc.option(fc.nat(breakages.length - 1), { nil: null, freq: 12 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(group, { maxLength: 10 }), (plan) => {
      const groups = plan.map((broken, at) =>
        broken.map((breakage, i) => {
          const good = pool[(at + i) % pool.length]!;
          return breakage === null ? good : breakages[breakage]!(good, random);
        })
      );
      const right = plan.map((group) => group.every((breakage) => breakage === null) ? "holds" : "fails");
      const verdicts = verifyGroups(groups, random);
      // nothing is ever said that isn't so, and all is said where one group is bad
      assertEquals(verdicts.map((verdict, i) => verdict === "unknown" ? right[i] : verdict), right);
      if (right.filter((verdict) => verdict === "fails").length <= 1) assertEquals(verdicts, right);
    }),
    { numRuns: 8 },
  );
});

Deno.test("one bad group among a thousand is found by 2·log2(n) products, and any number of bad ones costs no more", () => {
  const random = seededBytes(9), good = valid(random, 3), bad = breakages[7]!(good, random);
  const right = (count: number, at: number) => Array(count).fill("holds").with(at, "fails");
  for (const [count, at] of [[1_000, 777], [16, 0], [16, 7], [16, 15]] as const) {
    const groups = Array.from({ length: count }, (_, i) => i === at ? [good, bad] : [good]);
    const products = productsOf(() => assertEquals(verifyGroups(groups, random), right(count, at)));
    assert(products <= 1 + 2 * Math.ceil(Math.log2(count)), `${products} products for one of ${count}`);
  }
  const good16 = Array.from({ length: 16 }, () => [good]);
  assertEquals(productsOf(() => assertEquals(verifyGroups(good16, random), Array(16).fill("holds"))), 1);
  const products = productsOf(() => {
    const verdicts = verifyGroups(good16.map(() => [bad]), random);
    assert(!verdicts.includes("holds") && verdicts.includes("unknown"));
  });
  assert(products <= 1 + 2 * 4, `${products} products for bad ones alone`);
});

Deno.test("groups without signatures hold, and no groups need no product", () => {
  const random = seededBytes(10), bad = breakages[7]!(valid(random, 1), random);
  assertEquals(productsOf(() => assertEquals(verifyGroups([], random), [])), 0);
  assertEquals(verifyGroups([[], [bad], []], random), ["holds", "fails", "holds"]);
  // what is no point at all fails without a product
  const none = productsOf(() =>
    assertEquals(verifyGroups([[{ ...bad, signature: new Uint8Array(48) }]], random), ["fails"])
  );
  assertEquals(none, 0);
});
