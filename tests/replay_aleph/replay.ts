/** The machine on an immediate disk, with everything noted that it does. */
import type { Bytes } from "../../core/bytes.ts";
import { decode } from "../../core/encoding/codec.ts";
import { backupRecord } from "../../server/broadcast/own/backup.ts";
import { step } from "../../server/broadcast/broadcast.ts";
import { accept } from "../../server/broadcast/intake.ts";
import type { BroadcastEvent, BroadcastState, OrderedUnit } from "../../server/broadcast/state.ts";
import { createBroadcast } from "../../server/broadcast/state.ts";
import type { SignedUnit } from "../../server/broadcast/graph/unit.ts";
import type { Recording } from "./recording.ts";
import { keychainOf } from "./recording.ts";
import { replayDelays } from "./settings.ts";

export class Replay {
  readonly state: BroadcastState;
  readonly sent: { readonly to: number | "all"; readonly bytes: Bytes }[] = [];
  /** Hashes of the units in its graph, in order. */
  readonly graph: string[] = [];
  readonly ordered: OrderedUnit[] = [];
  #nowMs = 0;

  constructor(recording: Recording, member: number) {
    this.state = createBroadcast({
      session: recording.session,
      peers: recording.meta.n,
      keychain: keychainOf(recording, member),
      roundMax: recording.roundMax,
      delays: replayDelays,
      seed: new Uint8Array(16),
      askNewest: false,
      inDoubt: false,
    });
    this.#step({ type: "start", nowMs: 0, backup: [] });
  }

  #step(event: BroadcastEvent): void {
    let saved = 0;
    // what is saved tells what is in the graph, so it must not wait for a unit of ours
    this.state.saves.hurry();
    for (const effect of step(this.state, event).effects) {
      if (effect.type === "send") this.sent.push(effect);
      if (effect.type === "ordered") this.ordered.push(...effect.units);
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
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#step({ type: "received", nowMs: this.#nowMs, from, bytes });
  }

  /** A unit that the recorded member created. */
  own(unit: SignedUnit): void {
    accept(this.state, unit);
    this.#step({ type: "timer", nowMs: this.#nowMs, id: 0 });
  }
}
