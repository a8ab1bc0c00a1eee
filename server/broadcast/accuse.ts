/** Telling and learning who has forked. `fedimint-aleph-bft` alerts/service.rs; sheet "consensus" A9. */
import type { Bytes } from "../../core/bytes.ts";
import { answer } from "./answers.ts";
import { detectFork, receiveAlertedUnits } from "./intake.ts";
import { ALERT_BYTES_MAX } from "./limits.ts";
import type { AlertMessage, ForkProof, Multicast, SignedAlert } from "./messages.ts";
import { alertHash, encodeMessage } from "./messages.ts";
import type { MulticastOutcome } from "./multicast.ts";
import type { BroadcastState } from "./state.ts";
import { mayLeave, schedule, send, sendBytes, useless } from "./state.ts";
import type { SignedUnit } from "./unit.ts";

/** Accuses everybody whose fork has been saved since. */
export function tellForks(state: BroadcastState): void {
  for (let proof = state.forks.shift(); proof !== undefined; proof = state.forks.shift()) tellFork(state, proof);
}

function tellFork(state: BroadcastState, proof: ForkProof): void {
  // a unit of ours that nobody has seen is no fork yet, and must not become one by being shown as its proof
  const isSecret = ({ key }: SignedUnit): boolean => {
    const stored = state.store.byKey(key);
    return stored !== undefined && !mayLeave(state, stored);
  };
  if (isSecret(proof.first) || isSecret(proof.second)) return;
  const legitUnits = legitUnitsOf(state, proof);
  const alert = { sender: state.identity, proof, legitUnits };
  const hash = alertHash(alert);
  const signed: SignedAlert = { alert, signature: state.config.keychain.sign(hash) };
  state.alerts.addOwn(signed, hash);
  send(state, "all", { tag: "alert", value: { tag: "forkAlert", value: signed } });
  handleMulticast(state, hash, state.multicast.start(hash));
}

/** What we accepted of a forker, ascending by round; what doesn't fit into a message is left out, the oldest first: that others have. */
function legitUnitsOf(state: BroadcastState, { first, second }: ForkProof): SignedUnit[] {
  const units: SignedUnit[] = [];
  let bytes = first.bytes.length + second.bytes.length;
  for (const stored of state.store.unitsOf(first.creator).toReversed()) {
    if (!mayLeave(state, stored)) continue;
    bytes += stored.unit.bytes.length;
    if (bytes > ALERT_BYTES_MAX) break;
    units.push(stored.unit);
  }
  return units.reverse();
}

function handleMulticast(state: BroadcastState, hash: Bytes, outcome: MulticastOutcome): void {
  if (outcome.announce) {
    const bytes = encodeMessage({
      tag: "alert",
      value: { tag: "multicast", value: { sender: state.identity, message: outcome.announce } },
    });
    repeatMulticast(state, bytes, 0);
  }
  if (outcome.confirmed) receiveAlertedUnits(state, state.alerts.confirm(hash));
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
      return receiveMulticast(state, from, message.value.sender, message.value.message);
    case "requestAlert": {
      const { asker, hash } = message.value;
      const signed = state.alerts.byHash(hash);
      if (signed) answer(state, from, asker, { tag: "alert", value: { tag: "forkAlert", value: signed } });
      return;
    }
  }
}

function receiveAlert(state: BroadcastState, from: number, signed: SignedAlert): void {
  const outcome = state.alerts.receive(signed);
  if (outcome.kind === "refused") return useless(state, from, "alert is invalid");
  if (outcome.kind === "kept") return useless(state, from, "alert is known, or another of this sender counts");
  // marked before its units can be confirmed
  detectFork(state, signed.alert.proof);
  handleMulticast(state, outcome.hash, state.multicast.start(outcome.hash));
}

function receiveMulticast(state: BroadcastState, from: number, sender: number, message: Multicast): void {
  const { hash } = message.value;
  const signed = state.alerts.byHash(hash);
  if (!signed) {
    if (message.tag === "multisignedHash") {
      if (!state.multicast.isComplete(hash, message.value.signatures)) {
        return useless(state, from, "bad multisignature");
      }
      state.alerts.await(hash);
    }
    const request: AlertMessage = { tag: "requestAlert", value: { asker: state.identity, hash } };
    return send(state, sender, { tag: "alert", value: request });
  }
  if (message.tag === "signedHash" && !state.alerts.counts(signed.alert, hash)) return;
  const outcome = state.multicast.receive(message);
  if (!outcome.valid) return useless(state, from, "bad signature of an alert's hash");
  handleMulticast(state, hash, outcome);
}
