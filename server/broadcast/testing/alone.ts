/** For tests: guardian 0 of four alone, who hears what the test says. */
import { assert } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { encode } from "../../../core/encoding/codec.ts";
import { step } from "../broadcast.ts";
import { fedimintDelays } from "../delays.ts";
import type { Keychain } from "../keychain.ts";
import type { NetworkData, UnitMessage } from "../messages.ts";
import { decodeMessage, encodeMessage, newestUnitResponse } from "../messages.ts";
import type { BroadcastEffect, BroadcastEvent, BroadcastState, CopySign } from "../state.ts";
import { createBroadcast } from "../state.ts";
import { fastKeychains, seedOf } from "./network.ts";
import type { SignedUnit, UnitData } from "../graph/unit.ts";

const keychains = fastKeychains(4);

/** With a disk that works when the test says so. */
export class Alone {
  readonly state: BroadcastState;
  readonly effects: BroadcastEffect[] = [];
  nowMs = 0;
  #unsaved = 0;

  constructor(
    options: {
      readonly creates?: boolean;
      readonly firstMs?: number;
      readonly askNewest?: boolean;
      readonly inDoubt?: boolean;
      readonly backup?: readonly Bytes[];
      /** Guardian 0's. */
      readonly keychain?: Keychain;
    } = {},
  ) {
    const delays = fedimintDelays({ roundDelayMs: 50, roundsPerSession: 100, testEnvironment: false });
    const creationMs = options.creates ? delays.creationMs : () => options.firstMs ?? Number.MAX_SAFE_INTEGER;
    this.state = createBroadcast({
      session: 7n,
      peers: 4,
      keychain: options.keychain ?? keychains[0]!,
      roundMax: 300,
      delays: { ...delays, creationMs },
      seed: seedOf(1),
      askNewest: options.askNewest ?? false,
      inDoubt: options.inDoubt ?? false,
    });
    this.step({ type: "start", nowMs: 0, backup: options.backup ?? [] });
  }

  step(event: BroadcastEvent): BroadcastEffect[] {
    const { effects } = step(this.state, event);
    this.effects.push(...effects);
    for (const effect of effects) if (effect.type === "save") this.#unsaved += effect.records.length;
    return [...effects];
  }

  save(): BroadcastEffect[] {
    const count = this.#unsaved;
    this.#unsaved = 0;
    return this.step({ type: "saved", nowMs: this.nowMs, count });
  }

  data(data: UnitData | null): BroadcastEffect[] {
    return this.step({ type: "data", nowMs: this.nowMs, data });
  }

  receive(from: number, message: NetworkData): string[] {
    return this.receiveBytes(from, encodeMessage(message));
  }

  receiveBytes(from: number, bytes: Bytes): string[] {
    return talk(this.step({ type: "received", nowMs: this.nowMs, from, bytes }));
  }

  unit(from: number, unit: SignedUnit): string[] {
    return this.receive(from, { tag: "units", value: { tag: "newUnit", value: unit } });
  }

  ask(from: number, value: UnitMessage): string[] {
    return this.receive(from, { tag: "units", value });
  }

  /** What a guardian says of our newest unit; `salt` default of our question. */
  answerNewest(responder: number, unit: SignedUnit | null, salt = this.state.askedSalt ?? 0n): string[] {
    const response = { requester: 0, responder, unit, salt };
    const signature = keychains[responder]!.sign(encode(newestUnitResponse, response));
    return this.ask(responder, { tag: "responseNewest", value: { response, signature } });
  }

  /** Signs of another process with our key, in order. */
  signs(): CopySign[] {
    return this.effects.flatMap((effect) => effect.type === "copy" ? [effect.sign] : []);
  }

  /** Lets time pass, timers firing. */
  wait(durationMs: number): BroadcastEffect[] {
    this.nowMs += durationMs;
    return this.step({ type: "timer", nowMs: this.nowMs, id: this.state.timer?.id ?? 0 });
  }
}

/** What was sent, as `to: kind detail`. */
export function talk(effects: readonly BroadcastEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.type !== "send") return [];
    const message = decodeMessage(effect.bytes);
    assert(message.ok);
    const { tag, value } = message.value.value;
    const detail = tag === "newUnit" || tag === "responseCoord"
      ? ` ${value.round}.${value.creator}`
      : tag === "requestCoord"
      ? ` ${value.coord.round}.${value.coord.creator}`
      : tag === "responseParents"
      ? ` ${value.parents.map((unit) => `${unit.round}.${unit.creator}`).join()}`
      : "";
    return [`${effect.to}: ${tag}${detail}`];
  });
}
