/** What the broadcast knows, what it is told (events) and what it wants done (effects). */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/codec.ts";
import { Schedule } from "../../core/schedule.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { Alerts } from "./forks/alerts.ts";
import { Budget } from "./requests/budget.ts";
import type { BackupRecord } from "./own/backup.ts";
import { backupRecord } from "./own/backup.ts";
import type { PreUnit } from "./own/creator.ts";
import { Creator } from "./own/creator.ts";
import { Dag } from "./graph/dag.ts";
import type { Delays } from "./delays.ts";
import { SeededDice } from "./dice.ts";
import { Dissemination } from "./requests/disseminate.ts";
import { Extender } from "./order/extender.ts";
import type { Keychain } from "./keychain.ts";
import { SignatureChecks } from "./keychain.ts";
import { PEERS_MAX } from "./limits.ts";
import type { NetworkData, SignedAlert } from "./messages.ts";
import { encodeMessage } from "./messages.ts";
import { MulticastState } from "./forks/multicast.ts";
import type { NewestCollection } from "./own/newest.ts";
import { Requests } from "./requests/requests.ts";
import { Saves } from "./own/saves.ts";
import type { SignedUnit, UnitCoord, UnitData } from "./graph/unit.ts";
import type { StoredUnit } from "./graph/unit_store.ts";
import { UnitStore } from "./graph/unit_store.ts";
import { Validator } from "./graph/validator.ts";

export type BroadcastConfig = {
  readonly session: bigint;
  /** Number of guardians; the keychain's index is ours. */
  readonly peers: number;
  readonly keychain: Keychain;
  /** Highest round whose units are valid; one below it is the last that is created. */
  readonly roundMax: number;
  readonly delays: Delays;
  /** 16 bytes for choices that need not be secret. */
  readonly seed: Uint8Array;
  /**
   * Ask everybody for our newest unit before creating one: in a session that may have begun before the process started.
   * See newest.ts.
   */
  readonly askNewest: boolean;
  /**
   * Our key has signed, not long ago, what this process didn't create: ask, and watch for another process with our key.
   */
  readonly inDoubt: boolean;
};

/** `nowMs` is any clock that doesn't go back. Before `start` nothing else may come. */
export type BroadcastEvent =
  /** What was saved in this session, in its order: records, some of them joined. */
  | { readonly type: "start"; readonly nowMs: number; readonly backup: readonly Bytes[] }
  | { readonly type: "received"; readonly nowMs: number; readonly from: number; readonly bytes: Bytes }
  | { readonly type: "timer"; readonly nowMs: number; readonly id: number }
  /** The next `count` records of `save` effects are on disk. */
  | { readonly type: "saved"; readonly nowMs: number; readonly count: number }
  /** The answer to the oldest `requestData`. */
  | { readonly type: "data"; readonly nowMs: number; readonly data: UnitData | null }
  /** From now on nothing happens any more. */
  | { readonly type: "stop"; readonly nowMs: number };

export type OrderedUnit = { readonly round: number; readonly creator: number; readonly data: UnitData | null };

export type CopySign =
  /** Our newest unit gets newer while we create none: the other process goes on, and this instance has stopped. */
  | "at_work"
  /** A unit of ours turned up that we didn't create and that wasn't there when we began. None of ours follows. */
  | "unknown_unit"
  /** Two units of ours for one place. None of ours follows. */
  | "fork"
  /** A guardian answers a question about our newest unit that we haven't asked. Only its word says so. */
  | "asked";

export type BroadcastEffect =
  /** `all` = every other guardian. An answer is sent when nothing of our own waits. */
  | { readonly type: "send"; readonly to: number | "all"; readonly bytes: Bytes; readonly isAnswer: boolean }
  /** Replaces the timer before it. */
  | { readonly type: "setTimer"; readonly id: number; readonly delayMs: number }
  /** To be appended to the backup in this order; `saved` comes back once they are durable. */
  | { readonly type: "save"; readonly records: readonly Bytes[] }
  /** What our next unit shall carry, at most 50,000 bytes. */
  | { readonly type: "requestData" }
  | { readonly type: "ordered"; readonly units: readonly OrderedUnit[] }
  | { readonly type: "warn"; readonly message: string; readonly facts: { readonly [name: string]: string | number } }
  /** Our key may be at work elsewhere. */
  | { readonly type: "copy"; readonly sign: CopySign; readonly facts: { readonly [name: string]: string | number } }
  /** The backup is damaged: this instance takes no part in the session. */
  | { readonly type: "failed"; readonly message: string; readonly facts: { readonly [name: string]: string | number } };

/** What is due at some time. */
export type Task =
  | { readonly kind: "create"; readonly round: number }
  | { readonly kind: "stall"; readonly round: number; readonly times: number }
  | { readonly kind: "coord"; readonly key: number; readonly tries: number }
  | { readonly kind: "parents"; readonly key: string; readonly tries: number }
  | { readonly kind: "rebroadcast"; readonly creator: number }
  | { readonly kind: "multicast"; readonly bytes: Bytes; readonly times: number }
  | { readonly kind: "newest" }
  | { readonly kind: "alerted" }
  | { readonly kind: "save" };

/** How many of the units were checked, and then taken. */
export type AlertedUnits = { readonly units: readonly SignedUnit[]; checked: number; taken: number };

export type Saving =
  | { readonly kind: "unit"; readonly stored: StoredUnit }
  | { readonly kind: "alert"; readonly signed: SignedAlert };

/** `isKnown`: when we began, nobody had shown us a unit of ours that our backup lacks. */
export type OwnUnits = { readonly firstRound: number; readonly isKnown: boolean; readonly sinceMs: number };

/** Mutable, for speed: `step` changes it in place. */
export type BroadcastState = {
  readonly config: BroadcastConfig;
  readonly identity: number;
  readonly peers: NumPeers;
  readonly others: readonly number[];
  readonly checks: SignatureChecks;
  readonly validator: Validator;
  readonly store: UnitStore;
  readonly dag: Dag;
  readonly extender: Extender;
  readonly creator: Creator;
  readonly alerts: Alerts;
  /** Of confirmed alerts, not all checked or taken yet. */
  readonly alerted: AlertedUnits[];
  readonly multicast: MulticastState;
  readonly dissemination: Dissemination;
  readonly coordRequests: Requests<number, UnitCoord>;
  readonly parentsRequests: Requests<string, SignedUnit>;
  /** What is due later. Nothing is cancelled: who takes a task out checks whether it still matters. */
  readonly tasks: Schedule<Task>;
  readonly dice: SeededDice;
  readonly budget: Budget;
  newest: NewestCollection | null;
  /** Of our question about our newest unit in this life. */
  askedSalt: bigint | null;
  /** Of what we create in this life; null before we begin. */
  own: OwnUnits | null;
  /** No more units of ours in this session. */
  isSilenced: boolean;
  readonly toldSigns: Set<CopySign>;
  /** Units of ours whose data was requested, the oldest first. */
  readonly preUnits: PreUnit[];
  /** The round of ours whose waiting is watched. */
  watchedRound: number;
  /** Accusations that are on disk and not told in this life. */
  readonly alertsToTell: SignedAlert[];
  /** By forker: what we multicast about it. At most two messages for each guardian's alert. */
  readonly announced: Map<number, Bytes[]>;
  /** guardian:forker → when the guardian was reminded of the forker. */
  readonly remindedMs: Map<string, number>;
  /** Records that wait to be saved. */
  readonly saves: Saves;
  /** What they are records of, also of those that are being saved; the oldest first. */
  readonly saving: Saving[];
  phase: "new" | "running" | "stopped";
  nowMs: number;
  timer: { readonly id: number; readonly dueMs: number } | null;
  timers: number;
  /** Of the present step. */
  effects: BroadcastEffect[];
  ordered: OrderedUnit[];
};

export function createBroadcast(config: BroadcastConfig): BroadcastState {
  assert(config.peers >= 1 && config.peers <= PEERS_MAX, "the number of guardians is within the bounds of masks");
  const { index } = config.keychain;
  assert(Number.isInteger(index) && index >= 0 && index < config.peers, "our own index is a guardian's");
  const peers = numPeers(config.peers);
  const { total, threshold } = peers;
  const checks = new SignatureChecks(config.keychain);
  return {
    config,
    identity: index,
    peers,
    others: Array.from({ length: total }, (_, peer) => peer).filter((peer) => peer !== index),
    checks,
    validator: new Validator(checks, config.session, peers, config.roundMax),
    store: new UnitStore(total),
    dag: new Dag(total),
    extender: new Extender(threshold),
    creator: new Creator({ peers: total, threshold, identity: index, endRound: config.roundMax }),
    alerts: new Alerts(checks, config.session),
    alerted: [],
    multicast: new MulticastState(config.keychain, checks, total, threshold),
    dissemination: new Dissemination(),
    coordRequests: new Requests(),
    parentsRequests: new Requests(),
    tasks: new Schedule(),
    dice: new SeededDice(config.seed),
    budget: new Budget(total),
    newest: null,
    askedSalt: null,
    own: null,
    isSilenced: false,
    toldSigns: new Set(),
    preUnits: [],
    watchedRound: -1,
    alertsToTell: [],
    announced: new Map(),
    remindedMs: new Map(),
    saves: new Saves(),
    saving: [],
    phase: "new",
    nowMs: -Infinity,
    timer: null,
    timers: 0,
    effects: [],
    ordered: [],
  };
}

function isPeer(state: BroadcastState, index: number): boolean {
  return index < state.peers.total && index !== state.identity;
}

/** To nobody when `to` isn't another guardian: an index taken from a message may be anything. */
export function send(state: BroadcastState, to: number | "all", message: NetworkData): void {
  sendBytes(state, to, encodeMessage(message));
}

export function sendBytes(state: BroadcastState, to: number | "all", bytes: Bytes): void {
  if (to === "all" || isPeer(state, to)) state.effects.push({ type: "send", to, bytes, isAnswer: false });
}

/** What another guardian asked for: whatever else is to be sent goes first. */
export function sendAnswer(state: BroadcastState, to: number, bytes: Bytes): void {
  state.effects.push({ type: "send", to, bytes, isAnswer: true });
}

export function schedule(state: BroadcastState, delayMs: number, task: Task): void {
  state.tasks.add(state.nowMs + delayMs, task);
}

export function warn(state: BroadcastState, message: string, facts: { [name: string]: string | number }): void {
  state.effects.push({ type: "warn", message, facts });
}

/** Each sign is told once a session. */
export function tellCopy(state: BroadcastState, sign: CopySign, facts: { [name: string]: string | number }): void {
  if (state.toldSigns.has(sign)) return;
  state.toldSigns.add(sign);
  state.effects.push({ type: "copy", sign, facts: { session: `${state.config.session}`, ...facts } });
}

export function save(state: BroadcastState, saving: Saving): void {
  const record: BackupRecord = saving.kind === "unit"
    ? { tag: "unit", value: saving.stored.unit }
    : { tag: "alert", value: saving.signed };
  state.saving.push(saving);
  const isUrgent = saving.kind === "alert" || saving.stored.unit.creator === state.identity;
  if (state.saves.add(encode(backupRecord, record), isUrgent, state.nowMs)) scheduleSave(state, state.saves.dueMs);
}

/** `dueMs`: when to look. */
export function scheduleSave(state: BroadcastState, dueMs: number): void {
  state.tasks.add(dueMs, { kind: "save" });
}

/** A message of `from` that was good for nothing; the first in a while is logged. */
export function useless(state: BroadcastState, from: number, reason: string): void {
  if (state.budget.useless(from)) warn(state, "Useless message from a guardian", { from, reason });
}

/** An own unit that isn't on disk yet must not leave: after a crash another one could take its place. */
export function mayLeave(state: BroadcastState, stored: StoredUnit): boolean {
  return stored.unit.creator !== state.identity || (stored.durable && !stored.withheld);
}
