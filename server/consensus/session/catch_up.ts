/**
 * Asks every other guardian for the signed outcome of the running session, all the time: it is how the last `f`
 * guardians end each session, and how one that was away catches up. One that is too large for the usual answer is asked
 * for in the shorter form, and one that is larger than any answer is fetched by `pieces`.
 * docs/protocol/03-consensus.md §B5.
 */
import type { ActorContext } from "../../../actors/actor.ts";
import { defineActor, next } from "../../../actors/actor.ts";
import type { Cast } from "../../../actors/protocol.ts";
import type { RpcError, RpcRef } from "../../../actors/rpc/mod.ts";
import { backOffMs, MESSAGE_BYTES_MAX, REQUEST_TIMEOUT, RESPONSE_TOO_BIG } from "../../../actors/rpc/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { DecodeError, moduleEncodedBase64Bytes, moduleEncodedBytes, Reader } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { errorText } from "../../../core/result.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { FetchedOutcome } from "./fetched_outcome.ts";
import { checkOutcome } from "./fetched_outcome.ts";
import { CHECK_PATIENCE_MS, OUTCOMES_HELD_MIN } from "../limits.ts";
import type { OutcomeRef } from "./outcome.ts";
import type { PiecesRef } from "../pieces/pieces.ts";
import type { Modules } from "../engine/transaction.ts";

/** Waits until the session is over; its answer is hex. */
const WAITING_METHOD = "await_signed_session_outcome";
/** Does not wait; its answer is base64, so half as many bytes again fit into one. */
const SHORT_METHOD = "signed_session_status";
/** A guardian cuts a long poll after 60 s; a little more tells a cut from a dead connection. */
const CALL_TIMEOUT_MS = 65_000;
/** Of `SessionStatusV2`. */
const SESSION_COMPLETE = 2n;
const RETRY = { minMs: 250, maxMs: 10_000 };

export type CatchUpMessage =
  | Cast<"answered", { peer: PeerId; short: boolean; answer: Result<Json, RpcError> }>
  | Cast<"checked", { told: Told; checked: Result<FetchedOutcome | string, unknown> }>
  /** A check takes long, if it still goes on. */
  | Cast<"slow", { told: Told }>
  | Cast<"ask", { peer: PeerId }>;

export type CatchUpArgs = {
  readonly session: number;
  readonly peers: NumPeers;
  readonly keychain: Keychain;
  readonly modules: Modules;
  readonly outcome: OutcomeRef;
  /** Fetches what no answer holds. */
  readonly pieces: PiecesRef;
  /** Connections to the other guardians' APIs. */
  readonly guardians: ReadonlyMap<PeerId, RpcRef>;
};

/** An outcome as a guardian has told it. `short`: in the shorter form. */
type Told = { readonly peer: PeerId; readonly short: boolean; readonly json: Json; started: boolean };

type State = CatchUpArgs & {
  readonly failures: Map<PeerId, number>;
  /**
   * In order of arrival, those that are being checked first. At a session's end all guardians tell the same, so one
   * check will do, and the next begins when it fails; but a false one may take seconds, so it begins beside it when it
   * takes long.
   */
  readonly told: Set<Told>;
  /** Doubtful outcomes by root and number of items, and who told each: an honest guardian tells what was signed. */
  readonly doubtful: Map<string, Set<PeerId>>;
  /** Aborted when an outcome was found. */
  readonly checks: AbortController;
  found: boolean;
};
type Context = ActorContext<CatchUpMessage>;

/** The signed outcome in a status, encoded. @throws {DecodeError} */
function completeStatus(json: Json): Bytes {
  const reader = new Reader(moduleEncodedBase64Bytes(json, MESSAGE_BYTES_MAX));
  if (reader.bigSize() !== SESSION_COMPLETE) reader.fail("invalid", "The session is not complete");
  const outcome = reader.sized();
  reader.end();
  return outcome;
}

async function read({ json, short }: Told, state: State, ctx: Context, signal: AbortSignal) {
  try {
    const encoded = short ? completeStatus(json) : moduleEncodedBytes(json);
    return await checkOutcome(encoded, { ...state, clock: ctx.platform.clock, signal });
  } catch (thrown) {
    if (thrown instanceof DecodeError) return errorText(thrown);
    throw thrown;
  }
}

/** Begins the next check, if something is there to be checked. */
function checkNext(state: State, ctx: Context): void {
  for (const told of state.told) {
    if (told.started) continue;
    told.started = true;
    ctx.run(
      (signal) => read(told, state, ctx, AbortSignal.any([signal, state.checks.signal])),
      (checked) => ({ type: "checked", args: { told, checked } }),
    );
    ctx.after(CHECK_PATIENCE_MS, { type: "slow", args: { told } });
    return;
  }
}

/** What is doubtful counts when so many tell it that an honest one does. */
function isCredible({ doubtful, peers }: State, peer: PeerId, outcome: FetchedOutcome): boolean {
  if (!outcome.isDoubtful) return true;
  const key = `${toHex(outcome.root)} ${outcome.told}`;
  const by = (doubtful.get(key) ?? new Set()).add(peer);
  doubtful.set(key, by);
  return by.size >= peers.oneHonest;
}

function isChecking({ told }: State): boolean {
  for (const { started } of told) if (started) return true;
  return false;
}

function askPeer(state: State, ctx: Context, peer: PeerId, short = false): void {
  const ref = state.guardians.get(peer)!;
  const args = {
    method: short ? SHORT_METHOD : WAITING_METHOD,
    params: [{ auth: null, params: state.session }],
    timeoutMs: CALL_TIMEOUT_MS,
  };
  ctx.run(() => ctx.ask(ref, "call", args, { deadlineMs: CALL_TIMEOUT_MS * 2 }), (outcome) => ({
    type: "answered",
    args: {
      peer,
      short,
      answer: outcome.ok
        ? outcome.value
        : { ok: false, error: { kind: "transport", message: errorText(outcome.error) } },
    },
  }));
}

export const catchUp = defineActor<CatchUpMessage, CatchUpArgs, State>({
  name: "catch_up",
  init: (ctx, args) => {
    const state: State = {
      ...args,
      failures: new Map(),
      told: new Set(),
      doubtful: new Map(),
      checks: new AbortController(),
      found: false,
    };
    for (const peer of args.guardians.keys()) askPeer(state, ctx, peer);
    return state;
  },
  handle: {
    ask: (state, { peer }, ctx) => {
      if (!state.found) askPeer(state, ctx, peer);
      return next(state);
    },
    answered: (state, { peer, short, answer }, ctx) => {
      if (state.found) return next(state);
      if (!answer.ok) {
        const { error } = answer;
        if (error.kind === "server" && error.code === RESPONSE_TOO_BIG) {
          if (!short) {
            askPeer(state, ctx, peer, true);
            return next(state);
          }
          // it is asked for all of it later, too, as that costs nothing
          ctx.tell(state.pieces, "tooBig", { peer });
        }
        // a long poll that was cut is asked again soon: nothing failed; but not at once, as an evil guardian may cut
        // all of them
        const cut = error.kind === "server" && error.code === REQUEST_TIMEOUT;
        const failures = cut ? 0 : state.failures.get(peer) ?? 0;
        state.failures.set(peer, cut ? 0 : failures + 1);
        ctx.after(backOffMs(RETRY, failures, ctx.platform.dice), { type: "ask", args: { peer } });
        return next(state);
      }
      // one more than evil guardians can tell: a true one has its place
      if (state.told.size >= Math.max(OUTCOMES_HELD_MIN, state.peers.oneHonest)) {
        ctx.after(RETRY.maxMs, { type: "ask", args: { peer } });
        return next(state);
      }
      state.told.add({ peer, short, json: answer.value, started: false });
      if (!isChecking(state)) checkNext(state, ctx);
      return next(state);
    },
    slow: (state, { told }, ctx) => {
      if (!state.found && state.told.has(told)) checkNext(state, ctx);
      return next(state);
    },
    checked: (state, { told, checked }, ctx) => {
      if (state.found) return next(state);
      if (!checked.ok) throw checked.error;
      state.told.delete(told);
      if (typeof checked.value === "string") {
        // final for this peer and session: honest guardians don't change a signed outcome
        ctx.log.warn("A guardian's session outcome is refused", {
          peer: told.peer,
          session: state.session,
          reason: checked.value,
        });
        if (!isChecking(state)) checkNext(state, ctx);
        return next(state);
      }
      if (!isCredible(state, told.peer, checked.value)) {
        ctx.log.info("A guardian's session outcome may be another than was signed: others are asked, too", {
          peer: told.peer,
          session: state.session,
        });
        if (!isChecking(state)) checkNext(state, ctx);
        return next(state);
      }
      state.found = true;
      state.told.clear();
      state.doubtful.clear();
      state.checks.abort();
      ctx.tell(state.outcome, "recovered", { outcome: checked.value });
      return next(state);
    },
  },
});
