/** Telling and learning who has forked. `fedimint-aleph-bft` alerts/service.rs; docs/protocol/03-consensus.md §A9. */
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { answerAlert, asksForItself } from "../requests/answers.ts";
import { takeAlertedUnits } from "./alerted.ts";
import { detectFork } from "../intake.ts";
import { REMIND_INTERVAL_MS } from "../limits.ts";
import type { Alert, AlertMessage, Multicast, SignedAlert } from "../messages.ts";
import { alertHash, encodeMessage } from "../messages.ts";
import type { MulticastOutcome } from "./multicast.ts";
import type { BroadcastState } from "../state.ts";
import { schedule, send, sendAnswer, sendBytes, useless } from "../state.ts";

/** Tells the accusations that have been saved since. */
export function tellAlerts(state: BroadcastState): void {
  for (let signed = state.alertsToTell.shift(); signed !== undefined; signed = state.alertsToTell.shift()) {
    const hash = alertHash(signed.alert);
    state.alerts.addOwn(signed, hash);
    send(state, "all", { tag: "alert", value: { tag: "forkAlert", value: signed } });
    handleMulticast(state, signed.alert, hash, state.multicast.start(hash));
  }
}

function handleMulticast(state: BroadcastState, alert: Alert, hash: Bytes, outcome: MulticastOutcome): void {
  if (outcome.announce) {
    const bytes = encodeMessage({
      tag: "alert",
      value: { tag: "multicast", value: { sender: state.identity, message: outcome.announce } },
    });
    const forker = alert.proof.first.creator;
    state.announced.set(forker, [...state.announced.get(forker) ?? [], bytes]);
    repeatMulticast(state, bytes, 0);
  }
  if (outcome.confirmed) takeAlertedUnits(state, state.alerts.confirm(hash));
}

export function repeatMulticast(state: BroadcastState, bytes: Bytes, times: number): void {
  sendBytes(state, "all", bytes);
  schedule(state, state.config.delays.multicastMs(times), { kind: "multicast", bytes, times: times + 1 });
}

export function receiveAlertMessage(state: BroadcastState, from: number, message: AlertMessage): void {
  switch (message.tag) {
    case "forkAlert":
      return receiveAlert(state, from, message.value);
    case "multicast":
      if (!asksForItself(state, from, message.value.sender)) return;
      return receiveMulticast(state, from, message.value.message);
    case "requestAlert":
      if (!asksForItself(state, from, message.value.asker)) return;
      return answerAlert(state, from, message.value.hash);
  }
}

function receiveAlert(state: BroadcastState, from: number, signed: SignedAlert): void {
  const { alert } = signed;
  const outcome = state.alerts.receive(signed);
  if (outcome.kind === "stale") return;
  if (outcome.kind === "refused") return useless(state, from, "alert is invalid");
  // marked before its units can be confirmed
  if (outcome.kind === "recorded") detectFork(state, alert.proof);
  // who accuses has learnt of the fork just now, or has restarted: repetitions may have become rare
  if (alert.sender === from) remind(state, from, alert.proof.first.creator);
  // whoever brings what we know did nothing wrong: somebody may have asked it in our name
  if (outcome.kind === "known") return;
  if (outcome.kind === "kept") {
    if (alert.sender === from) useless(state, from, "another alert of this sender counts");
    return;
  }
  handleMulticast(state, alert, outcome.hash, state.multicast.start(outcome.hash));
}

/**
 * Sends all that we multicast about a forker to one guardian again, now and then: its answers may bring alerts that
 * make us remind it.
 */
function remind(state: BroadcastState, peer: number, forker: number): void {
  const pair = `${peer}:${forker}`;
  if (state.nowMs - (state.remindedMs.get(pair) ?? -Infinity) < REMIND_INTERVAL_MS) return;
  state.remindedMs.set(pair, state.nowMs);
  for (const [i, bytes] of (state.announced.get(forker) ?? []).entries()) {
    if (state.budget.answers(peer, `announced ${forker} ${i}`, bytes.length)) sendAnswer(state, peer, bytes);
  }
}

/** Whoever speaks of an alert has it. */
function askForAlert(state: BroadcastState, peer: number, hash: Bytes): void {
  const request: AlertMessage = { tag: "requestAlert", value: { asker: state.identity, hash } };
  const bytes = encodeMessage({ tag: "alert", value: request });
  if (state.budget.answers(peer, `request ${toHex(hash)}`, bytes.length)) sendAnswer(state, peer, bytes);
}

function receiveMulticast(state: BroadcastState, from: number, message: Multicast): void {
  const { hash } = message.value;
  const signed = state.alerts.byHash(hash);
  if (!signed) {
    if (message.tag === "multisignedHash") {
      if (!state.multicast.isComplete(hash, message.value.signatures)) {
        return useless(state, from, "bad multisignature");
      }
      state.alerts.await(hash);
    }
    return askForAlert(state, from, hash);
  }
  if (message.tag === "signedHash" && !state.alerts.counts(signed.alert, hash)) return;
  const outcome = state.multicast.receive(message);
  if (!outcome.valid) return useless(state, from, "bad signature of an alert's hash");
  handleMulticast(state, signed.alert, hash, outcome);
}
