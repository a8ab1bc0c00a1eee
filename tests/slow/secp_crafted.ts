/**
 * Twelve thousand Schnorr signatures that were crafted against our own verifier, alone, by tables of their keys, and in
 * batches of every size, each judged as libsecp256k1 does, and those beyond its range as noble.
 */
import { assert, assertEquals } from "@std/assert";
import { fastestSecp } from "../../core/crypto/secp/fastest.ts";
import { craftedChecks } from "../../core/crypto/secp/testing/crafted.ts";
import { judgeByTables, testWide } from "../../core/crypto/secp/testing/wide.ts";
import { loadSchnorr } from "../../core/crypto/secp/wide/schnorr.ts";
import { firstInvalid } from "../../core/crypto/schnorr.ts";
import { seededBytes } from "../../core/crypto/testing/mod.ts";

const COUNT = 12_000, BATCHES = 400;
/** Has no divisor with the number of ways in which they are spoilt. */
const TABLED_EVERY = 5;

testWide("twelve thousand crafted signatures, alone and in batches, are judged as libsecp256k1 does", () => {
  const { allHold } = loadSchnorr(), byTable = judgeByTables(), random = seededBytes(2);
  const pick = (below: number): number => new DataView(random(4).buffer).getUint32(0) % below;
  const checks = craftedChecks(COUNT, 1, 2).map((check, i) => {
    const { signature, digest, xOnly } = check;
    const holds = fastestSecp.schnorrVerify(signature, digest, xOnly);
    assertEquals(allHold([check]), holds);
    // a table for each takes its time
    if (i % TABLED_EVERY === 0) assertEquals(byTable(check), holds);
    assert(holds || check.isSpoilt);
    return { ...check, publicKey: xOnly, holds };
  });
  const good = checks.filter(({ holds }) => holds), bad = checks.filter(({ holds }) => !holds);
  for (let batch = 0; batch < BATCHES; batch++) {
    // few different ones, so that points meet
    const few = Array.from({ length: 1 + pick(12) }, () => good[pick(good.length)]!);
    const list = Array.from({ length: 1 + pick(150) }, () => few[pick(few.length)]!);
    for (let spoilt = pick(3); spoilt > 0; spoilt--) list[pick(list.length)] = bad[pick(bad.length)]!;
    const first = list.findIndex(({ holds }) => !holds);
    assertEquals(allHold(list), first < 0);
    assertEquals(firstInvalid(list), first < 0 ? null : first);
  }
});
