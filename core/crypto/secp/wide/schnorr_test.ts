import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { flipBit, seededBytes } from "../../testing/mod.ts";
import { hasWideArithmetic } from "../../wasm/probe.ts";
import type { SchnorrCheck } from "../backend.ts";
import { fastestSecp, readySecp } from "../fastest.ts";
import { HOLDING, REFUSED } from "../known_answers.ts";
import { nobleSecp } from "../noble.ts";
import { craftedChecks, scalarBytes, SPOILINGS } from "../testing/crafted.ts";
import { judgeByTables, signedChecks, testWide } from "../testing/wide.ts";
import { ORDER, P } from "./limbs.ts";
import { bigFrom } from "./scalar.ts";
import { KEYS_WITH_TABLE_MAX, loadSchnorr, PART_MAX } from "./schnorr.ts";

await readySecp();
const verifier = hasWideArithmetic() ? loadSchnorr() : null;
const allHold = (checks: readonly SchnorrCheck[]): boolean => verifier!.allHold(checks);
const byTable = hasWideArithmetic() ? judgeByTables() : () => false;
const byNoble = ({ signature, digest, xOnly }: SchnorrCheck): boolean =>
  nobleSecp.schnorrVerify(signature, digest, xOnly);
const byBackend = ({ signature, digest, xOnly }: SchnorrCheck): boolean =>
  fastestSecp.schnorrVerify(signature, digest, xOnly);

function withS(check: SchnorrCheck, change: bigint): SchnorrCheck {
  const signature = Uint8Array.from(check.signature);
  signature.set(scalarBytes(((bigFrom(signature.subarray(32)) + change) % ORDER + ORDER) % ORDER), 32);
  return { ...check, signature };
}

testWide("BIP340's vectors hold and are refused, alone, by tables of their keys, and at every place of a batch", () => {
  assertEquals(HOLDING.map((good) => allHold([good])), HOLDING.map(byNoble));
  assert(HOLDING.every(byNoble) && HOLDING.every(byTable) && allHold(HOLDING) && allHold([]));
  for (const [what, bad] of REFUSED) {
    assertEquals([byNoble(bad), allHold([bad]), byTable(bad)], [false, false, false], what);
    for (let at = 0; at <= HOLDING.length; at++) assert(!allHold(HOLDING.toSpliced(at, 0, bad)), what);
  }
});

testWide("one signature is judged as by noble and libsecp256k1, whichever bit is turned over", () => {
  const [check, other] = signedChecks(2, 11) as [SchnorrCheck, SchnorrCheck];
  for (const good of [check, other]) assert(allHold([good]) && byTable(good) && byNoble(good));
  for (let bit = 0; bit < 1024; bit += 7) {
    const changed = bit < 512
      ? { ...check, signature: flipBit(check.signature, bit) }
      : bit < 768
      ? { ...check, digest: flipBit(check.digest, bit - 512) }
      : { ...check, xOnly: flipBit(check.xOnly, bit - 768) };
    assertEquals([allHold([changed]), byTable(changed), byBackend(changed)], [false, false, false]);
  }
  assert(!allHold([{ ...check, xOnly: other.xOnly }]));
});

testWide("numbers at and beyond the ends of their ranges are judged as by noble", () => {
  const [check] = signedChecks(1, 12) as [SchnorrCheck];
  const ends = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, P - 1n, P, P + 1n, (1n << 256n) - 1n].map(scalarBytes);
  const [r, s] = [check.signature.subarray(0, 32), check.signature.subarray(32)];
  for (const end of ends) {
    const changed = [
      { ...check, signature: Uint8Array.of(...end, ...s) },
      { ...check, signature: Uint8Array.of(...r, ...end) },
      { ...check, signature: Uint8Array.of(...end, ...end) },
      { ...check, xOnly: end },
    ];
    for (const bad of changed) {
      assertEquals([allHold([bad]), byTable(bad), byNoble(bad), allHold([check, bad])], [false, false, false, false]);
    }
  }
});

testWide("keys and signatures that come several times in a batch, or all from one key, hold", () => {
  const random = seededBytes(13), secret = random(32), xOnly = nobleSecp.publicKeyOf(secret).slice(1);
  const ofOne = Array.from({ length: 5 }, () => {
    const digest = random(32);
    return { digest, signature: nobleSecp.schnorrSign(digest, secret, random(32)), xOnly };
  });
  assert(allHold(ofOne) && allHold([...ofOne, ...ofOne]));
  assert(!allHold([...ofOne, { ...ofOne[0]!, digest: random(32) }]));
});

testWide("errors that cancel each other are refused: nobody knows the factors before the batch is made", () => {
  const checks = signedChecks(4, 14);
  for (const change of [1n, 12_345n, ORDER - 1n]) {
    for (const [i, j] of [[0, 1], [1, 2], [2, 0]] as const) {
      const bad = checks.with(i, withS(checks[i]!, change)).with(j, withS(checks[j]!, -change));
      assert(!allHold(bad), `s of ${i} and ${j}`);
    }
  }
  // in the batch with the first factor alone, 1, what is off by a constant must show as well
  assert(!allHold(checks.with(0, withS(checks[0]!, 1n))));
});

testWide("a bad one is seen at the ends of each part of a long list", () => {
  const few = signedChecks(8, 15), count = 2 * PART_MAX + 3;
  const many = Array.from({ length: count }, (_, i) => few[i % few.length]!);
  assert(allHold(many));
  for (const at of [0, PART_MAX - 1, PART_MAX, 2 * PART_MAX, count - 1]) {
    assert(!allHold(many.with(at, withS(many[at]!, 1n))), `${at}`);
  }
});

testWide("a batch is refused exactly when one of it is, and each as by the backend in use", () => {
  const good = signedChecks(6, 16), random = seededBytes(17);
  const kinds: readonly ((check: SchnorrCheck) => SchnorrCheck)[] = [
    (check) => check,
    (check) => check,
    (check) => check,
    (check) => withS(check, 1n),
    (check) => withS(check, -2n * bigFrom(check.signature.subarray(32))),
    (check) => ({ ...check, digest: random(32) }),
    (check) => ({ ...check, signature: Uint8Array.of(...random(32), ...check.signature.subarray(32)) }),
    (check) => ({ ...check, xOnly: good[0]!.signature.slice(0, 32) }),
  ];
  const item = fc.tuple(fc.nat(good.length - 1), fc.nat(kinds.length - 1));
  fc.assert(
    fc.property(fc.array(item, { maxLength: 5 }), (items) => {
      const checks = items.map(([which, kind]) => kinds[kind]!(good[which]!));
      const alone = checks.map((check) => allHold([check]));
      assertEquals(alone, checks.map(byBackend));
      assertEquals(allHold(checks), alone.every((holds) => holds));
    }),
    { numRuns: 60 },
  );
});

testWide(
  "crafted keys and nonces, whose points meet, cancel and are infinity in the midst of sums, are judged right",
  () => {
    const checks = craftedChecks(12 * SPOILINGS, 18, 4);
    for (const [i, check] of checks.entries()) {
      assertEquals([allHold([check]), byTable(check)], [byBackend(check), byBackend(check)], `${i}`);
      if (!check.isSpoilt) assert(byBackend(check), `${i}`);
    }
    const good = checks.filter((check) => !check.isSpoilt);
    for (const bad of checks.filter((check) => !byBackend(check))) assert(!allHold([good[0]!, bad, good[1]!]));
    // one after the other, all together, one of them 128 times
    assert(allHold(good) && allHold(Array(128).fill(good[5])));
  },
);

testWide("so many keys have a table, each made once; what is no key has none", () => {
  const fresh = loadSchnorr(), checks = signedChecks(KEYS_WITH_TABLE_MAX + 1, 19);
  const last = checks.pop()!;
  for (const [, { xOnly }] of REFUSED.slice(0, 1)) assertEquals(fresh.keyVerifier(xOnly), null);
  assertEquals([fresh.keyVerifier(scalarBytes(P)), fresh.keyVerifier(scalarBytes(P + 1n))], [null, null]);
  const made = checks.map(({ xOnly }) => fresh.keyVerifier(xOnly)!);
  for (const [i, { signature, digest }] of checks.entries()) {
    assertEquals(made.map((holds) => holds(signature, digest)), made.map((_, j) => i === j));
  }
  assertEquals(fresh.keyVerifier(last.xOnly), null);
  assert(fresh.keyVerifier(checks[3]!.xOnly) === made[3] && fresh.allHold([last, ...checks]));
});
