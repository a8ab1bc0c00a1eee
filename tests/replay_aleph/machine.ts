/**
 * A recorded member once more: the whole machine gets what the member received, in the same sequence, and must build the same graph in
 * the same order, give the same answers and ask for the same units. Its own units are put in where the member's graph got them.
 *
 * For members with one life that did not fork. Threads and timers of the reference decide when it asks again and whether an answer
 * that comes with a unit makes asking needless, so requests are compared as sets, within what that leaves open.
 */
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { decode } from "../../core/encoding/codec.ts";
import { backupRecord } from "../../server/broadcast/backup.ts";
import { step } from "../../server/broadcast/broadcast.ts";
import { accept } from "../../server/broadcast/intake.ts";
import { decodeMessage } from "../../server/broadcast/messages.ts";
import type { BroadcastEvent, BroadcastState } from "../../server/broadcast/state.ts";
import { createBroadcast } from "../../server/broadcast/state.ts";
import type { SignedUnit } from "../../server/broadcast/unit.ts";
import { verticesOf } from "./order.ts";
import type { Life, Recording } from "./recording.ts";
import { keychainOf } from "./recording.ts";
import { replayDelays } from "./settings.ts";

type Sent = { readonly to: number | "all"; readonly bytes: Bytes };

/** A machine whose disk is immediate. */
let member_ = 0;
class Replay {
  readonly state: BroadcastState;
  readonly sent: Sent[] = [];
  readonly graph: string[] = [];
  #nowMs = 0;

  constructor(recording: Recording, member: number) { member_ = member;
    this.state = createBroadcast({
      session: recording.session,
      peers: recording.meta.n,
      keychain: keychainOf(recording, member),
      roundMax: recording.roundMax,
      delays: replayDelays,
      seed: new Uint8Array(16),
      askNewest: false,
    });
    this.#step({ type: "start", nowMs: 0, backup: [] });
  }

  #step(event: BroadcastEvent): void {
    let saved = 0;
    for (const effect of step(this.state, event).effects) {
      if (effect.type === "send") this.sent.push(effect);
      if (effect.type === "warn") console.log('     warn', member_, this.#nowMs, effect.message, JSON.stringify(effect.facts));
      if (effect.type === "failed") throw new Error(effect.message);
      if (effect.type !== "save") continue;
      saved += effect.records.length;
      for (const bytes of effect.records) {
        const record = decode(backupRecord, bytes);
        if (record.tag === "unit") this.graph.push(record.value.key);
      }
    }
    if (saved > 0) this.#step({ type: "saved", nowMs: event.nowMs, count: saved });
  }

  receive(nowMs: number, from: number, bytes: Bytes): void {
    this.#nowMs = nowMs;
    this.#step({ type: "received", nowMs, from, bytes });
  }

  own(unit: SignedUnit): void {
    accept(this.state, unit);
    this.#step({ type: "timer", nowMs: this.#nowMs, id: 0 });
  }
}

const ANSWERS = new Set(["ResponseCoord", "ResponseParents", "ForkAlert"]);

function replay(recording: Recording, life: Life): { replay: Replay; stuckAt: number } {
  const { member } = life;
  const vertices = verticesOf(recording);
  const run = new Replay(recording, member);
  const received = recording.messages.filter(({ to, seq }) => to === member && seq !== null).sort((a, b) => a.seq! - b.seq!);
  const put = new Set<number>();
  const putOwn = (): void => {
    for (;;) {
      const number = life.extender[run.graph.length];
      if (number === undefined || vertices[number]!.unit.creator !== member || put.has(number)) return;
      put.add(number);
      run.own(vertices[number]!.unit);
    }
  };
  putOwn();
  for (const m of received) { run.receive(m.received!, m.from, m.bytes); putOwn(); }
  return { replay: run, stuckAt: run.graph.length };
}
export function checkMachines(recording: Recording): { faults: string[]; figures: string } {
  const faults: string[] = [];
  let count = 0;
  if (recording.messages.length===0) return {faults, figures: "no machine"};
  for (const life of recording.lives) {
    if (life.name !== `member ${life.member}` || recording.meta.forkers.includes(life.member) || recording.meta.crash?.member === life.member) continue;
    count++;
    const { replay: run } = replay(recording, life);
    const expected = life.extender.map((n) => recording.units[n]!.hash);
    const at = expected.findIndex((h, i) => run.graph[i] !== h);
    console.log(life.name, "graph", run.graph.length, "of", expected.length, at < 0 ? "same" : `differs at ${at}`, "set", new Set(expected).symmetricDifference(new Set(run.graph)).size);
    // answers
    const kinds: Record<string, string> = { responseCoord: "ResponseCoord", responseParents: "ResponseParents", requestCoord: "RequestCoord", requestParents: "RequestParents", forkAlert: "ForkAlert", requestAlert: "AlertRequest", responseNewest: "ResponseNewest" };
    const ours: Record<string, string[]> = {};
    for (const s of run.sent) { const d = decodeMessage(s.bytes); if (!d.ok) throw 1; const k = kinds[d.value.value.tag]; if (k) (ours[k] ??= []).push(`${["RequestCoord","RequestParents"].includes(k) ? "" : s.to}:${toHex(s.bytes)}`); }
    const theirs: Record<string, string[]> = {};
    for (const m of recording.messages) if (m.from === life.member) (theirs[m.kind] ??= []).push(`${["RequestCoord","RequestParents"].includes(m.kind) ? "" : m.to}:${toHex(m.bytes)}`);
    for (const k of Object.values(kinds)) {
      const a = ours[k] ?? [], b = theirs[k] ?? [];
      const sa = new Set(a), sb = new Set(b);
      if (a.length + b.length > 0) console.log("   ", k, "ours", a.length, "theirs", b.length, "distinct", sa.size, sb.size, "only ours", sa.difference(sb).size, "only theirs", sb.difference(sa).size);
    }
  }
  return { faults, figures: `${count} machines` };
}
