import { assertEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { fromHex, toHex } from "../../../core/bytes.ts";
import { decode, encode } from "../../../core/encoding/codec.ts";
import { DecodeError } from "../../../core/encoding/error.ts";
import { fastKeychains, makeUnit } from "../testing/network.ts";
import { hash32, membersOf, nodeMap } from "../scale.ts";
import { combineHashes, type SignedUnit, signedUnit, unitData } from "./unit.ts";

const NO_PARENTS = "ef82132bdf90777115c2a17ba81b1f9ed1d8ff5dec91456a82cf81ee4f92c6db";
const HASHES_OF_ROUND_0 = [
  "4bc74dd62924ba67d0370e4b5d4f962b752b746941f50a230629e368251eb809",
  "dbeed31a20381dc7a04a1d7ebe1fe30f9627d3b9dbc54a718e54fba510c74c21",
  "b26ab12d899144b0d8e7836894d681e0807c43cc2d22cf47024004d668e82e2c",
  "4bb83d0f7c616b45999be797ec2ff62ea1d83e128259f9b6b091175bb377f0e4",
];

function withoutSignature(unit: SignedUnit): string {
  return toHex(encode(signedUnit, unit).subarray(0, -64));
}

Deno.test("worked values of the sheet: no parents, and the unit of round 0 in session 0", () => {
  const none: (Bytes | null)[] = [null, null, null, null];
  assertEquals(toHex(encode(nodeMap(hash32), none)), "1000000000");
  assertEquals(toHex(combineHashes(none)), NO_PARENTS);
  const unit = makeUnit({ keychains: fastKeychains(4), round: 0, creator: 0, session: 0n });
  assertEquals(withoutSignature(unit), `0000${"00".repeat(8)}040000000400${NO_PARENTS}00${"00".repeat(8)}`);
  assertEquals(unit.key, "d5fe0220fd20c00d503788e33a71a71013d3892a642055e71d3a75ebf87c61c3");
});

Deno.test("worked values of the sheet: round 0 of session 7, and a unit on three of them", () => {
  const keychains = fastKeychains(4);
  const first = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 0, creator }));
  assertEquals(first.map((unit) => unit.key), HASHES_OF_ROUND_0);
  const parents = [first[0]!, first[1]!, first[3]!];
  const unit = makeUnit({
    keychains,
    round: 1,
    creator: 3,
    parents,
    data: { kind: "batch", bytes: new Uint8Array(1) },
  });
  const combined = "6779dedd60c1429d0e1871dd94d14e05c3de47dc5c09daa2602e5e56c0e75d82";
  assertEquals(withoutSignature(unit), `0100030000000000000004000000` + `04d0${combined}01000400` + `0700000000000000`);
  assertEquals(unit.key, "9f7383c9b13776553c458fd27185df216b9684b278dad5ffdd88a5f64064d910");
  assertEquals(unit.parentCreators, [0, 1, 3]);
});

Deno.test("a unit decodes to what it was and keeps its payload once, inside its encoding", () => {
  const payload = new Uint8Array(50_000).map((_, i) => i);
  const keychains = fastKeychains(4);
  const unit = makeUnit({ keychains, round: 0, creator: 2, data: { kind: "batch", bytes: payload } });
  const again = decode(signedUnit, unit.bytes);
  assertEquals(again.bytes, unit.bytes);
  assertEquals([again.round, again.creator, again.session, membersOf(again.mask)], [0, 2, 7n, []]);
  assertEquals(again.data, { kind: "batch", bytes: payload });
  assertEquals(again.data?.kind === "batch" && again.data.bytes.buffer, again.bytes.buffer);
  const signed = { kind: "signature", signature: new Uint8Array(64).fill(9) } as const;
  assertEquals(toHex(encode(unitData, signed)), "01" + "09".repeat(64));
  const withSignature = makeUnit({ keychains, round: 0, creator: 2, data: signed });
  assertEquals(decode(signedUnit, withSignature.bytes).data, signed);
});

Deno.test("a unit that is cut, prolonged or of unknown data is refused", () => {
  const { bytes } = makeUnit({ keychains: fastKeychains(4), round: 0, creator: 0 });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decode(signedUnit, bytes.subarray(0, length)), DecodeError);
  }
  assertThrows(() => decode(signedUnit, fromHex(toHex(bytes) + "00")), DecodeError);
  assertThrows(() => decode(unitData, fromHex("02")), DecodeError, "no variant 2");
});
