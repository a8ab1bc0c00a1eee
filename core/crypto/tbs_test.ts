import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { toHex } from "../bytes.ts";
import type { G1, G2, Scalar } from "./bls/mod.ts";
import { bls as own, scalarFromBigInt, scalarFromWide } from "./bls/mod.ts";
import { everyBls } from "./bls/testing/backends.ts";
import { commitmentOf, evaluateScalars, randomPolynomial } from "./polynomial.ts";
import {
  aggregatePublicKeys,
  blindMessage,
  combineShares,
  messageToPoint,
  messageToPointV1,
  publicKeyShareOf,
  signShare,
  unblind,
  verifyNote,
  verifyShare,
} from "./tbs.ts";
import { assertCode, seededBytes } from "./testing/mod.ts";

/** A dealt key for `total` guardians. */
function deal(total: number, threshold: number, random: ReturnType<typeof seededBytes>) {
  const polynomial = randomPolynomial(threshold, random);
  const secrets = Array.from({ length: total }, (_, peer) => evaluateScalars(polynomial, peer));
  return { secrets, publicKey: commitmentOf(own.g2, polynomial)[0]! };
}

/** `count` different peers of `total`. */
function choose(total: number, count: number, random: ReturnType<typeof seededBytes>): number[] {
  const order = Array.from({ length: total }, (_, peer) => ({ peer, key: toHex(random(8)) }));
  return order.sort((a, b) => a.key < b.key ? -1 : 1).slice(0, count).map(({ peer }) => peer);
}

Deno.test("any threshold of guardians signs a note blindly, and it verifies under the group's key alone", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 10 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (seed, total, part) => {
        const threshold = 1 + Math.floor(part * (total - 1));
        const random = seededBytes(seed);
        const { secrets, publicKey } = deal(total, threshold, random);
        const message = messageToPoint(random(33)), blindingKey = scalarFromWide(random(64));
        const blinded = blindMessage(message, blindingKey);
        const signers = choose(total, threshold, random);
        const shares = new Map<number, G1>(signers.map((peer) => [peer, signShare(blinded, secrets[peer]!)]));
        for (const [peer, share] of shares) {
          assertEquals(verifyShare(blinded, share, publicKeyShareOf(secrets[peer]!)), true);
          assertEquals(verifyShare(message, share, publicKeyShareOf(secrets[peer]!)), false);
        }
        const signature = unblind(combineShares(shares, threshold), blindingKey);
        assertEquals(verifyNote(message, signature, publicKey), true);
        assertEquals(verifyNote(messageToPoint(random(33)), signature, publicKey), false);
        const keys = new Map<number, G2>(signers.map((peer) => [peer, publicKeyShareOf(secrets[peer]!)]));
        assertEquals(aggregatePublicKeys(keys, threshold), publicKey);
      },
    ),
    { numRuns: 12 },
  );
});

Deno.test("all backends compute the same signature", () => {
  const random = seededBytes(5);
  const { secrets, publicKey } = deal(4, 3, random);
  const data = random(33), blindingKey = scalarFromWide(random(64));
  const results = everyBls.map((bls) => {
    const blinded = blindMessage(messageToPoint(data, bls), blindingKey, bls);
    const shares = new Map<number, G1>([0, 1, 3].map((peer) => [peer, signShare(blinded, secrets[peer]!, bls)]));
    const signature = unblind(combineShares(shares, 3, bls), blindingKey, bls);
    assertEquals(verifyNote(messageToPoint(data, bls), signature, bls.g2.decode(publicKey), bls), true);
    return [toHex(blinded), ...[...shares.values()].map(toHex), toHex(signature)];
  });
  for (const result of results) assertEquals(result, results[0]);
});

Deno.test("combining takes exactly the threshold, lowest peer first, in whatever order shares came", () => {
  const random = seededBytes(6);
  const { secrets } = deal(4, 3, random);
  const blinded = messageToPoint(random(33));
  const share = (peer: number): [number, G1] => [peer, signShare(blinded, secrets[peer]!)];
  const garbage: [number, G1] = [3, own.g1.generator];
  const expected = combineShares(new Map([share(0), share(1), share(2)]), 3);
  assertEquals(combineShares(new Map([garbage, share(2), share(0), share(1)]), 3), expected);
  assertEquals(combineShares(new Map([share(3), share(1), share(2)]), 3), expected);
});

Deno.test("too few shares and impossible peers are refused", () => {
  const point = own.g1.generator;
  assertCode("too_few", () => combineShares(new Map(), 1));
  assertCode("too_few", () => combineShares(new Map([[0, point], [1, point]]), 3));
  assertCode("too_few", () => combineShares(new Map([[0, point]]), 0));
  assertCode("too_few", () => aggregatePublicKeys(new Map(), 1));
  for (const peer of [-1, 0.5, Infinity, NaN]) {
    assertCode("bad_index", () => combineShares(new Map([[peer, point]]), 1));
  }
});

Deno.test("a single share is the signature, as it is", () => {
  const share = signShare(messageToPoint(new Uint8Array(33)), scalarFromBigInt(7n));
  for (const peer of [0, 5]) assertEquals(combineShares(new Map([[peer, share]]), 1), share);
});

Deno.test("infinity is signed, and verifies only against infinity", () => {
  const secret = scalarFromBigInt(9n),
    publicKey = publicKeyShareOf(secret),
    message = messageToPoint(new Uint8Array(33));
  for (const bls of everyBls) {
    const { infinity } = bls.g1;
    assertEquals(signShare(infinity, secret, bls), infinity);
    assertEquals(verifyNote(message, infinity, publicKey, bls), false);
    assertEquals(verifyNote(infinity, message, publicKey, bls), false);
    assertEquals(verifyShare(infinity, infinity, publicKey, bls), true);
    assertEquals(
      verifyNote(message, infinity, bls.g2.infinity, bls),
      true,
      "a key at infinity has every message signed",
    );
    assertEquals(verifyNote(message, message, bls.g2.infinity, bls), false);
  }
});

Deno.test("the blinding key zero can't be undone", () => {
  assertCode("bad_scalar", () => unblind(own.g1.generator, scalarFromBigInt(0n) as Scalar));
});

Deno.test("the two versions' messages differ for the same nonce", () => {
  const data = new Uint8Array(33).fill(2);
  assertEquals(toHex(messageToPoint(data)) === toHex(messageToPointV1(data)), false);
});
