/**
 * A member's graph gives the recorded heads and order, whatever the order in which units reach the election; from its
 * backup too.
 */
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex, toHex } from "../../core/bytes.ts";
import { alephHash } from "../../core/crypto/keychain.ts";
import { decode, encode } from "../../core/encoding/codec.ts";
import { Reader } from "../../core/encoding/io.ts";
import { backupRecord } from "../../server/broadcast/own/backup.ts";
import { step } from "../../server/broadcast/broadcast.ts";
import type { DagUnit } from "../../server/broadcast/graph/dag.ts";
import type { SeededDice } from "../../server/broadcast/dice.ts";
import { Extender } from "../../server/broadcast/order/extender.ts";
import type { OrderedUnit } from "../../server/broadcast/state.ts";
import { createBroadcast } from "../../server/broadcast/state.ts";
import { type SignedUnit, signedUnit, unitData } from "../../server/broadcast/graph/unit.ts";
import type { Life, Ordered, Recording } from "./recording.ts";
import { keychainOf } from "./recording.ts";
import { replayDelays } from "./settings.ts";

export const SHUFFLES = 20;

/** All units of the recording as vertices, by unit number. */
export function verticesOf(recording: Recording): DagUnit[] {
  const byHash = new Map<string, DagUnit>();
  return recording.units.map(({ bytes, hash, parents }) => {
    const found = (parents ?? []).flatMap((parent) => parent === null ? [] : [byHash.get(parent)!]);
    const vertex = { unit: decode(signedUnit, fromHex(bytes)), parents: found };
    byHash.set(hash, vertex);
    return vertex;
  });
}

/** A random order in which parents come before their children. */
function shuffle(vertices: readonly DagUnit[], dice: SeededDice): DagUnit[] {
  const known = new Set(vertices);
  const open = new Map<DagUnit, number>();
  const children = new Map<DagUnit, DagUnit[]>();
  const ready: DagUnit[] = [];
  for (const vertex of vertices) {
    const parents = vertex.parents.filter((parent) => known.has(parent));
    open.set(vertex, parents.length);
    for (const parent of parents) children.set(parent, [...children.get(parent) ?? [], vertex]);
    if (parents.length === 0) ready.push(vertex);
  }
  const order: DagUnit[] = [];
  while (ready.length > 0) {
    const at = dice.below(ready.length);
    const vertex = ready[at]!;
    ready[at] = ready.at(-1)!;
    ready.pop();
    order.push(vertex);
    for (const child of children.get(vertex) ?? []) {
      open.set(child, open.get(child)! - 1);
      if (open.get(child) === 0) ready.push(child);
    }
  }
  return order;
}

function textOf({ creator, round, dataHex }: Ordered): string {
  return `${round}.${creator} ${dataHex}`;
}

function textOfUnit({ creator, round, data }: OrderedUnit): string {
  return textOf({ creator, round, unit: null, dataHex: data && toHex(encode(unitData, data)) });
}

/** Says where two lists part, or null. */
function difference(found: readonly unknown[], expected: readonly unknown[]): string | null {
  const at = Array.from({ length: Math.max(found.length, expected.length) }).findIndex((_, i) =>
    found[i] !== expected[i]
  );
  return at < 0 ? null : `at ${at}: ${found[at]} instead of ${expected[at]} (${found.length} of ${expected.length})`;
}

export function checkOrders(life: Life, vertices: readonly DagUnit[], threshold: number, dice: SeededDice): string[] {
  const recorded = life.extender.map((number) => vertices[number]!);
  const heads = life.heads.map((number) => vertices[number]!.unit.key);
  const ordered = life.ordered.map(textOf);
  const units = life.ordered.map(({ unit }) => unit === null ? null : vertices[unit]!.unit.key);
  for (let run = 0; run <= SHUFFLES; run++) {
    const extender = new Extender(threshold);
    const batches = (run === 0 ? recorded : shuffle(recorded, dice)).flatMap((vertex) => extender.add(vertex));
    const found = batches.flatMap((batch) => batch.units.map(({ unit }) => unit));
    const fault = difference(batches.map(({ head }) => head.unit.key), heads) ??
      difference(found.map(textOfUnit), ordered) ??
      difference(found.map(({ key }, i) => units[i] === null ? null : key), units);
    if (fault) return [`${life.name}, ${run === 0 ? "recorded order" : `shuffle ${run}`}: ${fault}`];
  }
  return [];
}

function splitBackup(hex: string): SignedUnit[] {
  const reader = new Reader(fromHex(hex));
  const units: SignedUnit[] = [];
  while (reader.remaining > 0) units.push(signedUnit.read(reader));
  return units;
}

/** Starts the whole machine from the backup; it holds a prefix of the life's graph, so it orders a prefix. */
export function checkBackup(recording: Recording, life: Life): string[] {
  if (life.backup === null) return [];
  const units = splitBackup(life.backup);
  const written = toHex(concat(...units.map(({ bytes }) => bytes)));
  if (written !== life.backup) return [`${life.name}: backup encodes to other bytes`];
  const state = createBroadcast({
    session: recording.session,
    peers: recording.meta.n,
    keychain: keychainOf(recording, life.member),
    roundMax: recording.roundMax,
    delays: replayDelays,
    seed: new Uint8Array(16),
    askNewest: false,
    inDoubt: false,
  });
  const backup = units.map((value): Bytes => encode(backupRecord, { tag: "unit", value }));
  const { effects } = step(state, { type: "start", nowMs: 0, backup });
  const failed = effects.find((effect) => effect.type === "failed");
  if (failed) return [`${life.name}: ${failed.message} ${JSON.stringify(failed.facts)}`];
  const found = effects.flatMap((effect) => effect.type === "ordered" ? effect.units : []).map(textOfUnit);
  const saved = new Set(units.map(({ key }) => key));
  const isWhole = life.extender.every((number) => saved.has(recording.units[number]!.hash));
  const expected = life.ordered.map(textOf);
  const fault = difference(found, isWhole ? expected : expected.slice(0, found.length));
  const own = units.filter(({ creator }) => creator === life.member).map(({ round }) => round + 1);
  // when others are ahead it has begun the next unit already
  const startRound = state.creator.round - state.preUnits.length;
  if (!fault && startRound !== Math.max(0, ...own) && !state.store.isForker(life.member)) {
    return [`${life.name}: continues in round ${startRound}`];
  }
  return fault ? [`${life.name}, from its backup: ${fault}`] : [];
}

/**
 * The simplified session header of the recordings: session u64 BE ‖ H(creator and bytes of each batch before the first
 * unit at or beyond the session's rounds).
 */
export function checkHeader(recording: Recording, life: Life): string[] {
  const roundsPerSession = recording.meta.config?.roundsPerSession;
  if (life.header === null || roundsPerSession === undefined) return [];
  const end = life.ordered.findIndex(({ round }) => round >= roundsPerSession);
  const parts = life.ordered.slice(0, end).flatMap(({ creator, dataHex }) => {
    const data = dataHex === null ? null : decode(unitData, fromHex(dataHex));
    return data?.kind === "batch" ? [Uint8Array.of(creator), data.bytes] : [];
  });
  const session = new Uint8Array(8);
  new DataView(session.buffer).setBigUint64(0, recording.session);
  const header = concat(session, alephHash(concat(...parts)));
  if (toHex(header) !== life.header) return [`${life.name}: header differs`];
  const keychain = keychainOf(recording, life.member);
  const signers = new Set([life.member]);
  for (const { creator, dataHex } of life.ordered.slice(end)) {
    const data = dataHex === null ? null : decode(unitData, fromHex(dataHex));
    if (data?.kind === "signature" && keychain.verify(creator, header, data.signature)) signers.add(creator);
  }
  const missing = life.signers.filter((signer) => !signers.has(signer));
  return missing.length > 0 ? [`${life.name}: no signature of the header by ${missing}`] : [];
}
