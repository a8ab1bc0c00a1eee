import { assert, assertEquals } from "@std/assert";
import { decode } from "../../../core/encoding/codec.ts";
import { fastKeychains, makeUnit } from "../testing/network.ts";
import type { SignedUnit } from "./unit.ts";
import { signedUnit } from "./unit.ts";
import { UnitStore } from "./unit_store.ts";

const keychains = fastKeychains(4);

function roundsOf(count: number): SignedUnit[] {
  const units: SignedUnit[] = [];
  for (let round = 0, parents: SignedUnit[] = []; round < count; round++) {
    parents = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round, creator, parents }));
    units.push(...parents);
  }
  return units;
}

function saidBy(unit: SignedUnit) {
  const { round, creator, mask, combinedHash, data, session, signature, hash, key, parentCreators, bytes } = unit;
  const fields = { round, creator, mask, combinedHash, data, session, signature, hash, key, parentCreators };
  return { ...fields, bytes: bytes.slice() };
}

Deno.test("a session's units take little more than their encodings: those of thousands of rounds share buffers", () => {
  const store = new UnitStore(4), units = roundsOf(1_000);
  const bytes = units.reduce((sum, { bytes }) => sum + bytes.length, 0);
  for (const unit of units) store.add(unit);
  const buffers = new Set(units.map(({ bytes }) => bytes.buffer));
  const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert(held < 1.02 * bytes + 16_384, `${held} bytes are held for ${bytes}`);
  assert(buffers.size < units.length / 80, `${buffers.size} buffers for ${units.length} units`);
});

Deno.test("a unit says the same wherever its encoding is, and after its hash has been put away", () => {
  const store = new UnitStore(4), parents = roundsOf(1);
  const datas = [null, { kind: "batch", bytes: new Uint8Array(300).fill(7) }, {
    kind: "signature",
    signature: new Uint8Array(64).fill(9),
  }] as const;
  for (const [creator, data] of datas.entries()) {
    const unit = makeUnit({ keychains, round: 1, creator, parents, data }), before = saidBy(unit);
    store.add(unit);
    assertEquals(saidBy(unit), before);
    unit.settle();
    assertEquals(saidBy(unit), before);
    assertEquals(saidBy(decode(signedUnit, unit.bytes)), before);
  }
});

Deno.test("a large unit keeps the buffer that it came in", () => {
  const unit = makeUnit({ keychains, round: 0, creator: 0, data: { kind: "batch", bytes: new Uint8Array(1_024) } });
  const { buffer } = unit.bytes;
  new UnitStore(4).add(unit);
  assertEquals(unit.bytes.buffer, buffer);
  assertEquals(buffer.byteLength, unit.bytes.length);
});
