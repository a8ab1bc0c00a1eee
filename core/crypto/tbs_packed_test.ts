import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvariantError } from "../assert.ts";
import type { Bytes } from "../bytes.ts";
import { callsOf } from "../testing/calls.ts";
import type { Bls } from "./bls/mod.ts";
import { everyBls, noble } from "./bls/testing/backends.ts";
import { randomScalar } from "./bls/mod.ts";
import { ChaChaRng } from "./chacha_rng.ts";
import { messageSeed, messageToPoint, publicKeyShareOf, signShare } from "./tbs.ts";
import { verifyGroups } from "./tbs_batch.ts";
import type { PointCheck } from "./tbs_packed.ts";
import { packGroups, readVerdicts, verifyPacked } from "./tbs_packed.ts";

const rng = new ChaChaRng(new Uint8Array(32).fill(9)), randomBytes = (size: number): Bytes => rng.bytes(size);
const fast = everyBls[0]!;

/** Signatures of three keys. */
function checksOf(count: number, bls: Bls): PointCheck[] {
  const secrets = [1, 2, 3].map(() => randomScalar(rng));
  const keys = secrets.map((secret) => publicKeyShareOf(secret, bls));
  return Array.from({ length: count }, (_, i) => {
    const nonce = randomBytes(36).slice(0, 33);
    const signature = bls.g1.decode(Uint8Array.from(signShare(messageToPoint(nonce, bls), secrets[i % 3]!, bls)));
    return { publicKey: keys[i % 3]!, signature, seed: messageSeed(nonce) };
  });
}

/** There and back, as over a channel to another thread. */
function verdictsThere(groups: readonly (readonly PointCheck[])[], bls: Bls) {
  const packed = structuredClone(packGroups(groups, randomBytes, bls));
  return readVerdicts(structuredClone(verifyPacked(packed, bls)), groups.length);
}

Deno.test("packed groups get the verdicts of groups that weren't, wherever the bad signatures are", () => {
  const good = checksOf(24, fast);
  const mark = fc.oneof({ weight: 10, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
  fc.assert(
    fc.property(fc.array(fc.array(mark, { maxLength: 4 }), { maxLength: 6 }), (plan) => {
      let at = 0;
      const groups = plan.map((marks) =>
        marks.map((isBad): PointCheck => ({
          ...good[at % 24]!,
          signature: good[(at++ + (isBad ? 1 : 0)) % 24]!.signature,
        }))
      );
      assertEquals(verdictsThere(groups, fast), verifyGroups(groups, randomBytes, fast));
    }),
    { numRuns: 10 },
  );
});

Deno.test("one bad signature among 1,000 is found, and its group alone fails", () => {
  const checks = checksOf(1_000, fast);
  const groups = Array.from({ length: 100 }, (_, i) => checks.slice(10 * i, 10 * i + 10));
  groups[61]![7] = { ...groups[61]![7]!, signature: groups[61]![6]!.signature };
  assertEquals(verdictsThere(groups, fast), groups.map((_, i) => i === 61 ? "fails" : "holds"));
});

Deno.test("every backend packs points, infinity among them, and doesn't decode them again", () => {
  for (const bls of everyBls) {
    const [a, b] = checksOf(2, bls) as [PointCheck, PointCheck];
    const groups = [[a, b], [], [{ ...a, signature: bls.g1.infinity }], [{ ...b, publicKey: bls.g2.infinity }]];
    const packed = structuredClone(packGroups(groups, randomBytes, bls));
    using decoded = callsOf(bls.backend.g1, "decode", bls.backend.g1.decode);
    const verdicts = readVerdicts(verifyPacked(packed, bls), 4);
    assertEquals(verdicts, ["holds", "holds", "fails", "fails"], bls.backend.name);
    assertEquals(decoded.args, []);
    assertEquals(bls.g1.unpack(bls.g1.pack([a.signature, bls.g1.infinity])), [a.signature, bls.g1.infinity]);
    assertEquals(bls.g2.unpack(bls.g2.pack([a.publicKey])), [a.publicKey]);
  }
});

Deno.test("a key that many signatures are under is packed once", () => {
  const packed = packGroups([checksOf(30, fast)], randomBytes, fast);
  assertEquals(packed.keys.length, 3 * (96 + fast.backend.g2.packedSize));
});

Deno.test("what was packed over another backend is refused", () => {
  const packed = packGroups([checksOf(1, fast)], randomBytes, fast);
  assertThrows(() => verifyPacked(packed, noble), InvariantError, "another backend");
});

Deno.test("what can't be the verdicts of so many groups is none", () => {
  assertEquals(readVerdicts(Uint8Array.of(1, 0, 2), 3), ["holds", "fails", "unknown"]);
  for (const rubbish of [null, undefined, "1", [1, 1], Uint8Array.of(1), Uint8Array.of(1, 1, 1), Uint8Array.of(1, 3)]) {
    assertEquals(readVerdicts(rubbish, 2), null);
  }
});
