/**
 * A network of broadcasts in one thread, for tests and benches: simulated clock, wires that delay, lose and duplicate,
 * disks that take their time and lose what wasn't durable, guardians that crash, restart, lose their disk or run twice
 * with one key. One seed, one run.
 *
 * It watches every message: an honest guardian must never let out two different units for one place.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, utf8 } from "../../../core/bytes.ts";
import { alephHash, keychainSign, keychainTag, keychainVerifier } from "../../../core/crypto/keychain.ts";
import { publicKeyOf } from "../../../core/crypto/secp.ts";
import { equalBytes } from "../../../core/bytes.ts";
import { step } from "../broadcast.ts";
import type { Delays } from "../delays.ts";
import { fedimintDelays } from "../delays.ts";
import { SeededDice } from "../dice.ts";
import type { Keychain } from "../keychain.ts";
import type { NetworkData } from "../messages.ts";
import { decodeMessage, orderableUnits } from "../messages.ts";
import { subsetOf } from "../scale.ts";
import type { BroadcastEffect, BroadcastEvent, BroadcastState, CopySign, OrderedUnit } from "../state.ts";
import { createBroadcast } from "../state.ts";
import { Schedule } from "../../../core/schedule.ts";
import type { UnitData } from "../graph/unit.ts";
import { combineHashes, SignedUnit, unitHash } from "../graph/unit.ts";

/** Real keys and signatures; auxiliary randomness is fixed. */
export function realKeychains(peers: number): Keychain[] {
  const secrets = Array.from({ length: peers }, (_, peer) => alephHash(Uint8Array.of(peer)));
  const keys = secrets.map(publicKeyOf);
  const tag = keychainTag(keys), verify = keychainVerifier(tag, keys);
  return secrets.map((secret, index) => ({
    index,
    sign: (message) => keychainSign(tag, message, secret, new Uint8Array(32)),
    verify,
  }));
}

/** Signatures that anybody could make, for tests where nobody does: a hundred times as fast. */
export function fastKeychains(peers: number): Keychain[] {
  const signatureOf = (index: number, message: Uint8Array): Bytes => {
    const half = alephHash(concat(Uint8Array.of(index), message));
    return concat(half, half);
  };
  return Array.from({ length: peers }, (_, index) => ({
    index,
    sign: (message) => signatureOf(index, message),
    verify: (peer, message, signature) => peer < peers && equalBytes(signature, signatureOf(peer, message)),
  }));
}

export function seedOf(number: number): Uint8Array {
  const seed = new Uint8Array(16);
  new DataView(seed.buffer).setUint32(0, number, true);
  return seed;
}

export type SimulationOptions = {
  readonly keychains: readonly Keychain[];
  readonly seed: number;
  readonly roundMax?: number;
  readonly delays?: Delays;
  readonly session?: bigint;
  readonly wireMs?: readonly [number, number];
  /** Share of messages that are lost. */
  readonly loss?: number;
  readonly diskMs?: readonly [number, number];
  readonly data?: (guardian: Guardian) => UnitData | null;
  /** Return null to lose the message, or what arrives instead. */
  readonly tamper?: (from: Guardian, to: number, bytes: Bytes) => Bytes | null;
  /** False for benches: decoding every message once more costs. */
  readonly isWatched?: boolean;
  /** Guardians whose units may contradict each other. */
  readonly forkers?: readonly number[];
};

/** One running instance. Two of them may have one index: then the key runs twice. */
export type Guardian = {
  readonly index: number;
  /** Whom it can speak with; undefined = everybody. */
  readonly speaksTo: readonly number[] | undefined;
  readonly isSecond: boolean;
  state: BroadcastState | null;
  /** What survives a crash. */
  disk: Bytes[];
  unsaved: Bytes[];
  isSaving: boolean;
  /** How often records were given to the disk, in all lives. */
  saves: number;
  /** Counts lives: what was under way in an earlier one is lost. */
  life: number;
  ordered: OrderedUnit[];
  warnings: string[];
  failed: boolean;
  /** Signs of another process with its key, in order. */
  signs: CopySign[];
};

type Happening = {
  readonly guardian: Guardian;
  readonly life: number;
  readonly event: (nowMs: number) => BroadcastEvent;
};

function textOfUnit({ round, creator, data }: OrderedUnit): string {
  const text = data === null ? "-" : [...(data.kind === "batch" ? data.bytes : data.signature)].join();
  return `${round}.${creator}:${text}`;
}

function unitsIn(message: NetworkData): readonly SignedUnit[] {
  const units = orderableUnits(message), { tag, value } = message.value;
  return tag === "forkAlert" ? [value.alert.proof.first, value.alert.proof.second, ...units] : units;
}

export class Simulation {
  readonly guardians: Guardian[] = [];
  readonly dice: SeededDice;
  readonly sent: Map<string, number> = new Map();
  nowMs = 0;
  readonly #options: SimulationOptions;
  readonly #happenings = new Schedule<Happening>();
  readonly #unitAt = new Map<string, string>();
  readonly #session: bigint;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#session = options.session ?? 7n;
    this.dice = new SeededDice(seedOf(options.seed));
    options.keychains.forEach((_, index) => this.add(index));
  }

  get peers(): number {
    return this.#options.keychains.length;
  }

  add(index: number, speaksTo?: readonly number[], isSecond = false): Guardian {
    const guardian: Guardian = {
      index,
      speaksTo,
      isSecond,
      state: null,
      disk: [],
      unsaved: [],
      isSaving: false,
      saves: 0,
      life: 0,
      ordered: [],
      warnings: [],
      failed: false,
      signs: [],
    };
    this.guardians.push(guardian);
    return guardian;
  }

  start(guardian: Guardian, askNewest = false, inDoubt = false): void {
    const { keychains, roundMax = 1_000, delays } = this.#options;
    this.crash(guardian);
    guardian.ordered = [];
    guardian.state = createBroadcast({
      session: this.#session,
      peers: keychains.length,
      keychain: keychains[guardian.index]!,
      roundMax,
      delays: delays ?? fedimintDelays({ roundDelayMs: 50, roundsPerSession: roundMax, testEnvironment: true }),
      seed: seedOf(this.dice.below(2 ** 32)),
      askNewest,
      inDoubt,
    });
    const backup = [...guardian.disk];
    this.#handle(guardian, { type: "start", nowMs: this.nowMs, backup });
  }

  startAll(): void {
    for (const guardian of this.guardians) this.start(guardian);
  }

  /** What isn't durable, and what is under way to it, is gone. */
  crash(guardian: Guardian): void {
    guardian.life++;
    guardian.state = null;
    guardian.unsaved = [];
    guardian.isSaving = false;
  }

  /** Lets time pass. */
  run(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (let dueMs = this.#happenings.nextMs; dueMs !== undefined && dueMs <= endMs; dueMs = this.#happenings.nextMs) {
      this.nowMs = Math.max(this.nowMs, dueMs);
      const { guardian, life, event } = this.#happenings.take(dueMs)!;
      if (guardian.state && guardian.life === life) this.#handle(guardian, event(this.nowMs));
    }
    this.nowMs = endMs;
  }

  /** Delivers bytes as if `from` had sent them. */
  inject(from: number, to: Guardian, bytes: Bytes): void {
    if (to.state) this.#handle(to, { type: "received", nowMs: this.nowMs, from, bytes });
  }

  #after(guardian: Guardian, range: readonly [number, number], event: (nowMs: number) => BroadcastEvent): void {
    const delayMs = range[0] + this.dice.fraction() * (range[1] - range[0]);
    this.#happenings.add(this.nowMs + delayMs, { guardian, life: guardian.life, event });
  }

  #handle(guardian: Guardian, event: BroadcastEvent): void {
    for (const effect of step(guardian.state!, event).effects) this.#perform(guardian, effect);
  }

  #perform(guardian: Guardian, effect: BroadcastEffect): void {
    switch (effect.type) {
      case "send":
        return this.#send(guardian, effect.to, effect.bytes);
      case "setTimer":
        return this.#after(
          guardian,
          [effect.delayMs, effect.delayMs],
          (nowMs) => ({ type: "timer", nowMs, id: effect.id }),
        );
      case "save":
        return this.#save(guardian, effect.records);
      case "requestData": {
        const data = this.#options.data?.(guardian) ?? null;
        return this.#after(guardian, [0, 1], (nowMs) => ({ type: "data", nowMs, data }));
      }
      case "ordered":
        guardian.ordered.push(...effect.units);
        return;
      case "warn":
        guardian.warnings.push(`${effect.message} ${JSON.stringify(effect.facts)}`);
        return;
      case "copy":
        guardian.signs.push(effect.sign);
        return;
      case "failed":
        guardian.failed = true;
        guardian.warnings.push(`${effect.message} ${JSON.stringify(effect.facts)}`);
    }
  }

  /** Records become durable in their order, those that come while the disk is busy together. */
  #save(guardian: Guardian, records: readonly Bytes[]): void {
    guardian.saves++;
    guardian.unsaved.push(...records);
    if (!guardian.isSaving) this.#flush(guardian);
  }

  #flush(guardian: Guardian): void {
    const records = guardian.unsaved.splice(0);
    guardian.isSaving = records.length > 0;
    if (!guardian.isSaving) return;
    this.#after(guardian, this.#options.diskMs ?? [1, 5], (nowMs) => {
      guardian.disk.push(...records);
      this.#flush(guardian);
      return { type: "saved", nowMs, count: records.length };
    });
  }

  #send(from: Guardian, to: number | "all", bytes: Bytes): void {
    if (this.#options.isWatched ?? true) this.#watch(from, bytes);
    for (const guardian of this.guardians) {
      if (guardian.index === from.index || (to !== "all" && guardian.index !== to)) continue;
      if (from.speaksTo && !from.speaksTo.includes(guardian.index)) continue;
      // whom one instance speaks to hears that instance, not the other
      if (guardian.speaksTo && !guardian.speaksTo.includes(from.index)) continue;
      if (this.dice.fraction() < (this.#options.loss ?? 0)) continue;
      const arriving = this.#options.tamper ? this.#options.tamper(from, guardian.index, bytes) : bytes;
      if (arriving === null) continue;
      this.#after(guardian, this.#options.wireMs ?? [0, 3], (nowMs) => ({
        type: "received",
        nowMs,
        from: from.index,
        bytes: arriving,
      }));
    }
  }

  #watch(from: Guardian, bytes: Bytes): void {
    const message = decodeMessage(bytes);
    assert(message.ok, "guardians send what decodes");
    const { tag } = message.value.value;
    this.sent.set(tag, (this.sent.get(tag) ?? 0) + 1);
    for (const unit of unitsIn(message.value)) {
      if (this.#options.forkers?.includes(unit.creator)) continue;
      const place = `${unit.round}.${unit.creator}`;
      const known = this.#unitAt.get(place);
      assert(known === undefined || known === unit.key, `guardian ${from.index} lets out a second unit for ${place}`);
      this.#unitAt.set(place, unit.key);
    }
  }

  /** The longest of the orders; everybody's must be a beginning of it. */
  agreedOrder(guardians: readonly Guardian[] = this.guardians): string[] {
    const orders = guardians.map((guardian) => guardian.ordered.map(textOfUnit));
    const longest = orders.reduce((a, b) => a.length >= b.length ? a : b);
    for (const [i, order] of orders.entries()) {
      const at = order.findIndex((unit, position) => unit !== longest[position]);
      assert(at < 0, `guardian ${guardians[i]!.index} orders ${order[at]} instead of ${longest[at]} at ${at}`);
    }
    return longest;
  }
}

/** A unit as its creator would sign it. */
export function makeUnit(
  options: {
    readonly keychains: readonly Keychain[];
    readonly round: number;
    readonly creator: number;
    readonly parents?: readonly SignedUnit[];
    readonly data?: UnitData | null;
    readonly session?: bigint;
  },
): SignedUnit {
  const { keychains, round, creator, parents = [], data = null, session = 7n } = options;
  const slots = new Array<Bytes | null>(keychains.length).fill(null);
  for (const parent of parents) slots[parent.creator] = parent.hash;
  const mask = subsetOf(keychains.length, parents.map((parent) => parent.creator));
  const fields = { round, creator, mask, combinedHash: combineHashes(slots), data, session };
  return new SignedUnit(fields, keychains[creator]!.sign(unitHash(fields)));
}

export function batchOf(text: string): UnitData {
  return { kind: "batch", bytes: utf8(text) };
}
