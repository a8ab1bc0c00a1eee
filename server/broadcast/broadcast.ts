/**
 * AlephBFT: guardians agree on one order of everybody's units. This is the whole protocol as a pure step function: what
 * happens goes in as an event, what is to be done comes out as effects; clock, dice, disk and wire are the caller's.
 * `fedimint-aleph-bft` 0.36 as fedimint 0.13 uses it; docs/protocol/03-consensus.md §A.
 *
 * A message's way: `decodeMessage` → intake.ts (checked by validator.ts, kept in unit_store.ts, parents found by
 * dag.ts) → extender.ts (election.ts, order.ts) → `ordered`. Our own units: creator.ts → produce.ts → intake.ts →
 * `save` → `saved` → sent. Beside: asking.ts and answers.ts for what was lost, accuse.ts (alerts.ts, multicast.ts) for
 * forks, disseminate.ts for blackouts.
 */
import { assert, unreachable } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { receiveAlertMessage, repeatMulticast, tellAlerts } from "./forks/accuse.ts";
import { nextAlertedUnits } from "./forks/alerted.ts";
import { answerCoord, answerNewest, answerParents, asksForItself } from "./requests/answers.ts";
import { askForCoord, askForParents } from "./requests/asking.ts";
import { loadBackup } from "./own/backup.ts";
import { ignoringCostUs, messageBytesMax, messageCostUs } from "./cost.ts";
import {
  detectFork,
  receiveParents,
  receiveUnit,
  recordsSaved,
  restoreAlert,
  restoreUnit,
  sendUnit,
} from "./intake.ts";
import { LATE_ANSWER_MS } from "./limits.ts";
import type { NewestUnitResponse, UnitMessage } from "./messages.ts";
import { decodeMessage } from "./messages.ts";
import { advanceCreator, askNewest, beginCreating, breakStall, concludeNewest, packUnit } from "./own/produce.ts";
import type { BroadcastEffect, BroadcastEvent, BroadcastState, Task } from "./state.ts";
import { schedule, scheduleSave, tellCopy, useless } from "./state.ts";

export type Stepped = { readonly state: BroadcastState; readonly effects: readonly BroadcastEffect[] };

/** One event. The state is changed in place and returned. */
export function step(state: BroadcastState, event: BroadcastEvent): Stepped {
  if (state.phase === "stopped") return { state, effects: [] };
  assert((event.type === "start") === (state.phase === "new"), "the broadcast is started first, and once");
  state.nowMs = Math.max(state.nowMs, event.nowMs);
  state.budget.tick(state.nowMs);
  handle(state, event);
  if (state.phase === "running") {
    settle(state);
    runDueTasks(state);
    if (isRunning(state)) setTimer(state);
  }
  return { state, effects: takeEffects(state) };
}

/**
 * Charges a guardian for a message before the step that handles it. `bytes` = how long it is, for one that is none of
 * ours and will be ignored.
 * @returns 0 when it may be handled, else after how many milliseconds to ask again: until then the guardian is not read
 */
export function admit(state: BroadcastState, nowMs: number, from: number, message: Bytes | { bytes: number }): number {
  if (!state.others.includes(from)) return 0;
  state.budget.tick(Math.max(state.nowMs, nowMs));
  const isOurs = message instanceof Uint8Array;
  return state.budget.admit(
    from,
    isOurs ? messageCostUs(message, state.peers.total) : ignoringCostUs(message.bytes),
  );
}

/** Charges a guardian for what its units have cost beside their messages: it is read on when that is paid. */
export function charge(state: BroadcastState, nowMs: number, creator: number, costUs: number): void {
  if (!state.others.includes(creator)) return;
  state.budget.tick(Math.max(state.nowMs, nowMs));
  state.budget.spend(creator, costUs);
}

/** A step may end it: when another process is found at work with our key. */
function isRunning({ phase }: BroadcastState): boolean {
  return phase === "running";
}

function handle(state: BroadcastState, event: BroadcastEvent): void {
  switch (event.type) {
    case "start":
      return start(state, event.backup);
    case "received":
      return receive(state, event.from, event.bytes);
    case "timer":
      if (event.id === state.timer?.id) state.timer = null;
      return;
    case "saved":
      return recordsSaved(state, event.count);
    case "data":
      return packUnit(state, event.data);
    case "stop":
      state.phase = "stopped";
      return;
    default:
      return unreachable(event);
  }
}

function start(state: BroadcastState, records: readonly Bytes[]): void {
  const loaded = loadBackup(records, state.identity, state.config.session, state.validator, state.checks);
  if (!loaded.ok) {
    state.phase = "stopped";
    const { code, record, detail } = loaded.error;
    state.effects.push({
      type: "failed",
      message: "Backup of the session is damaged",
      facts: { code, record, detail },
    });
    return;
  }
  state.phase = "running";
  for (const alert of loaded.value.alerts) restoreAlert(state, alert);
  const proofs = loaded.value.units.map((unit) => restoreUnit(state, unit)).filter((proof) => proof !== null);
  for (const proof of proofs) detectFork(state, proof);
  if (!state.store.isForker(state.identity)) beginCreating(state, loaded.value.startRound);
}

function receive(state: BroadcastState, from: number, bytes: Bytes): void {
  if (!state.others.includes(from)) return;
  if (bytes.length > messageBytesMax(bytes, state.peers.total)) {
    return useless(state, from, "message is longer than any of its kind");
  }
  const message = decodeMessage(bytes);
  if (!message.ok) return useless(state, from, message.error);
  const data = message.value;
  if (data.tag === "units") receiveUnitMessage(state, from, data.value);
  else receiveAlertMessage(state, from, data.value);
}

function receiveUnitMessage(state: BroadcastState, from: number, message: UnitMessage): void {
  switch (message.tag) {
    case "newUnit":
    case "responseCoord":
      return receiveUnit(state, from, message.value);
    case "requestCoord":
      if (!asksForItself(state, from, message.value.asker)) return;
      return answerCoord(state, from, message.value.coord);
    case "requestParents":
      if (!asksForItself(state, from, message.value.asker)) return;
      return answerParents(state, from, message.value.hash);
    case "responseParents":
      return receiveParents(state, from, message.value.hash, message.value.parents);
    case "requestNewest":
      if (!asksForItself(state, from, message.value.asker)) return;
      return answerNewest(state, from, message.value.salt);
    case "responseNewest": {
      const { response, signature } = message.value;
      if (!state.newest) return heedAnswer(state, from, response);
      const verdict = state.newest.receive(from, response, signature);
      if (verdict === "refused") return useless(state, from, "answer about our newest unit is invalid");
      if (verdict === "stale") return;
      // the way back to our own past: its parents will be asked for, and theirs
      if (response.unit) receiveUnit(state, from, response.unit);
      return;
    }
    default:
      return unreachable(message);
  }
}

/**
 * An answer about our newest unit while we ask for none: to our own question it may be late, or to one of a life
 * before.
 */
function heedAnswer(state: BroadcastState, from: number, { requester, salt }: NewestUnitResponse): void {
  if (requester !== state.identity || salt === state.askedSalt || !state.own) return;
  if (state.nowMs - state.own.sinceMs >= LATE_ANSWER_MS) tellCopy(state, "asked", { from });
}

/** What follows from the event at once: accusations, the end of asking, units of ours. */
function settle(state: BroadcastState): void {
  tellAlerts(state);
  concludeNewest(state);
  advanceCreator(state);
}

function runDueTasks(state: BroadcastState): void {
  while (isRunning(state)) {
    const task = state.tasks.take(state.nowMs);
    if (task === undefined) return;
    runTask(state, task);
    settle(state);
  }
}

function runTask(state: BroadcastState, task: Task): void {
  switch (task.kind) {
    case "create":
      return state.creator.delayOver(task.round);
    case "stall":
      return breakStall(state, task.round, task.times);
    case "coord":
      return askForCoord(state, task.key, task.tries);
    case "parents":
      return askForParents(state, task.key, task.tries);
    case "rebroadcast": {
      const nextMs = state.nowMs + state.config.delays.rebroadcastMs(state.dice.fraction());
      const { unit, againMs } = state.dissemination.due(task.creator, state.nowMs, nextMs);
      if (unit) sendUnit(state, unit);
      return schedule(state, againMs - state.nowMs, task);
    }
    case "multicast":
      return repeatMulticast(state, task.bytes, task.times);
    case "newest":
      return askNewest(state);
    case "alerted":
      return nextAlertedUnits(state);
    case "save": {
      const againMs = state.saves.due(state.nowMs);
      if (againMs !== null) scheduleSave(state, againMs);
      return;
    }
    default:
      return unreachable(task);
  }
}

/**
 * A timer that fires too early is set again, and beyond 2^31 ms some clocks fire at once: rounds after a session get
 * that slow.
 */
const TIMER_MAX_MS = 2 ** 30;

/** One timer, for the earliest task; a later one is set when it fires. */
function setTimer(state: BroadcastState): void {
  const dueMs = state.tasks.nextMs;
  if (dueMs === undefined || (state.timer && state.timer.dueMs <= dueMs)) return;
  state.timer = { id: ++state.timers, dueMs };
  state.effects.push({
    type: "setTimer",
    id: state.timer.id,
    delayMs: Math.min(Math.max(0, dueMs - state.nowMs), TIMER_MAX_MS),
  });
}

/** Saving comes first: what is ordered in this step stands on it. */
function takeEffects(state: BroadcastState): BroadcastEffect[] {
  const effects: BroadcastEffect[] = [];
  const carries = state.ordered.some(({ data }) => data !== null);
  if (carries) state.saves.hurry();
  const records = state.saves.take();
  if (records.length > 0) effects.push({ type: "save", records });
  for (const effect of state.effects) effects.push(effect);
  if (state.ordered.length > 0) effects.push({ type: "ordered", units: state.ordered });
  state.effects = [];
  state.ordered = [];
  return effects;
}
