import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { encode } from "../../../core/encoding/codec.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { BackupRecord } from "./backup.ts";
import { backupRecord, joinRecords, loadBackup } from "./backup.ts";
import type { Keychain } from "../keychain.ts";
import { SignatureChecks } from "../keychain.ts";
import { SAVED_ENTRY_BYTES_MAX, VARIANT_CHOICES_MAX } from "../limits.ts";
import type { SignedAlert } from "../messages.ts";
import { alertHash } from "../messages.ts";
import { batchOf, fastKeychains, makeUnit } from "../testing/network.ts";
import { SignedUnit } from "../graph/unit.ts";
import { Validator } from "../graph/validator.ts";

const keychains = fastKeychains(4);
const first = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 0, creator }));
const variant = makeUnit({ keychains, round: 0, creator: 3, data: batchOf("other") });
const second = [0, 1, 2].map((creator) => makeUnit({ keychains, round: 1, creator, parents: first }));
const onVariant = makeUnit({ keychains, round: 1, creator: 3, parents: [first[0]!, first[1]!, variant] });
const alert = { sender: 0, proof: { first: variant, second: first[3]! }, legitUnits: [first[3]!] };
const accusation: SignedAlert = { alert, signature: keychains[0]!.sign(alertHash(alert)) };

function load(records: readonly Bytes[], keychain: Keychain = keychains[0]!): ReturnType<typeof loadBackup> {
  const checks = new SignatureChecks(keychain);
  return loadBackup(records, 0, 7n, new Validator(checks, 7n, numPeers(4), 20), checks);
}

function recordOf(value: SignedUnit | SignedAlert): Bytes {
  const record: BackupRecord = value instanceof SignedUnit ? { tag: "unit", value } : { tag: "alert", value };
  return encode(backupRecord, record);
}

function faultOf(...values: (SignedUnit | SignedAlert)[]): string {
  const loaded = load(values.map(recordOf));
  assert(!loaded.ok);
  return `${loaded.error.code} ${loaded.error.record}`;
}

Deno.test("a backup gives back its units with parents, variants of forkers and accusations included, each once", () => {
  const values = [...first, variant, accusation, ...second, onVariant, ...first];
  const loaded = load(values.map(recordOf));
  assert(loaded.ok);
  const { units, startRound, alerts } = loaded.value;
  assertEquals(units.map(({ unit }) => unit.key), [...first, variant, ...second, onVariant].map(({ key }) => key));
  assertEquals(units.at(-1)!.parents, [first[0]!, first[1]!, variant].map(({ key }) => key));
  assertEquals(startRound, 2);
  assertEquals(alerts.map(({ alert }) => alert.proof.first.key), [variant.key]);
  const empty = load([]);
  assert(empty.ok && empty.value.startRound === 0 && empty.value.units.length === 0);
});

Deno.test("records that were saved together come back as those that were saved one by one", () => {
  const records = [...first, variant, accusation, ...second, onVariant].map(recordOf);
  const expected = load(records);
  for (const size of [1, 2, 3, records.length]) {
    const entries: Bytes[] = [];
    for (let at = 0; at < records.length; at += size) entries.push(...joinRecords(records.slice(at, at + size)));
    assertEquals(entries.length, Math.ceil(records.length / size));
    assertEquals(load(entries), expected);
  }
  // what a version before has saved of a session that goes on
  assertEquals(load([...records.slice(0, 4), ...joinRecords(records.slice(4))]), expected);
});

Deno.test("an entry is as long as the database takes at once, but for a record that is longer by itself", () => {
  assertEquals(joinRecords([]), []);
  const sizes = [10_000, 22_000, 1, 50_000, 31_999, 1, 1];
  const joined = joinRecords(sizes.map((size) => new Uint8Array(size)));
  assertEquals(joined.map(({ length }) => length), [32_000, 1, 50_000, SAVED_ENTRY_BYTES_MAX, 1]);
});

Deno.test("only units that no later one vouches for cost a signature check", () => {
  let count = 0;
  const counting = {
    ...keychains[0]!,
    verify: (...args: Parameters<Keychain["verify"]>) => {
      count++;
      return keychains[0]!.verify(...args);
    },
  };
  assert(load([...first, ...second].map(recordOf), counting).ok);
  assertEquals(count, 3);
});

Deno.test("each kind of damage is noticed", () => {
  const { bytes } = first[0]!;
  const cut = encode(backupRecord, { tag: "unit", value: first[0]! }).slice(0, -1);
  const damaged = load([cut]);
  assertEquals(damaged.ok || damaged.error.code, "malformed");
  assert(bytes.length > 0);
  // within an entry, at its end and behind it
  const [whole] = joinRecords(first.map(recordOf)) as [Bytes];
  for (const entry of [whole.slice(0, -1), Uint8Array.of(...whole, 0), Uint8Array.of(...whole, 9), new Uint8Array(0)]) {
    const loaded = load([recordOf(first[0]!), entry]);
    assert(!loaded.ok && loaded.error.code === "malformed");
  }
  assertEquals(faultOf(makeUnit({ keychains, round: 0, creator: 1, session: 6n })), "invalid_unit 0");
  assertEquals(faultOf(...first.slice(1), second[0]!), "missing_parent 3");
  assertEquals(faultOf(second[0]!, ...first), "missing_parent 0");
  assertEquals(faultOf(...first, new SignedUnit(second[0]!, first[0]!.signature)), "bad_signature 4");
  const changed = new SignedUnit({ ...fieldsOf(first[2]!), data: batchOf("changed") }, first[2]!.signature);
  assertEquals(faultOf(first[0]!, first[1]!, changed, first[3]!, second[0]!), "missing_parent 4");
  assertEquals(faultOf(first[0]!, changed), "bad_signature 1");
});

Deno.test("so many variants that nobody could try them all are damage", () => {
  const many = fastKeychains(13);
  const checks = new SignatureChecks(many[0]!);
  const variants = ["a", "b"].map((text) =>
    many.map((_, creator) => makeUnit({ keychains: many, round: 0, creator, data: batchOf(text) }))
  );
  assert(2 ** many.length > VARIANT_CHOICES_MAX);
  for (const [parents, isOk] of [[variants[0]!, true], [variants[1]!, false]] as const) {
    const child = makeUnit({ keychains: many, round: 1, creator: 0, parents });
    const records = [...variants.flat(), child].map(recordOf);
    assertEquals(loadBackup(records, 0, 7n, new Validator(checks, 7n, numPeers(13), 20), checks).ok, isOk);
  }
});

Deno.test("an accusation of another guardian, or of nobody who forked, is damage", () => {
  const foreign = { alert: { ...alert, sender: 1 }, signature: keychains[1]!.sign(alertHash({ ...alert, sender: 1 })) };
  assertEquals(faultOf(foreign), "bad_alert 0");
  assertEquals(faultOf({ ...accusation, signature: first[0]!.signature }), "bad_alert 0");
  const noFork = { ...alert, proof: { first: first[3]!, second: first[3]! } };
  assertEquals(faultOf({ alert: noFork, signature: keychains[0]!.sign(alertHash(noFork)) }), "bad_alert 0");
});

function fieldsOf(
  { round, creator, mask, combinedHash, data, session }: SignedUnit,
): ConstructorParameters<typeof SignedUnit>[0] {
  return { round, creator, mask, combinedHash, data, session };
}
