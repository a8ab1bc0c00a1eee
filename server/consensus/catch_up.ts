/**
 * Asks every other guardian for the signed outcome of the running session, all the time: it is how the last `f` guardians end each
 * session, and how one that was away catches up. One that is larger than any answer is fetched by `pieces`. Sheet "consensus" B5.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { ActorRef, Cast } from "../../actors/protocol.ts";
import type { RpcError, RpcRef } from "../../actors/rpc/mod.ts";
import { backOffMs, REQUEST_TIMEOUT, RESPONSE_TOO_BIG } from "../../actors/rpc/mod.ts";
import type { Keychain } from "../broadcast/keychain.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, moduleEncodedBytes } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { FetchedOutcome } from "./fetched_outcome.ts";
import { checkOutcome } from "./fetched_outcome.ts";
import type { OutcomeRef } from "./outcome.ts";
import type { PiecesRef } from "./pieces.ts";
import type { Modules } from "./transaction.ts";

const METHOD = "await_signed_session_outcome";
/** A guardian cuts a long poll after 60 s; a little more tells a cut from a dead connection. */
const CALL_TIMEOUT_MS = 65_000;
const RETRY = { minMs: 250, maxMs: 10_000 };

export type CatchUpMessage =
  | Cast<"answered", { peer: PeerId; answer: Result<Json, RpcError> }>
  | Cast<"checked", { peer: PeerId; checked: Result<FetchedOutcome | string, unknown> }>
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

type State = CatchUpArgs & {
  readonly failures: Map<PeerId, number>;
  /** Answers in order of arrival; the first is being checked. At a session's end all guardians give the same: one check will do. */
  readonly answers: { readonly peer: PeerId; readonly json: Json }[];
  found: boolean;
};
type Context = ActorContext<CatchUpMessage>;

async function read(json: Json, state: State, ctx: Context): Promise<FetchedOutcome | string> {
  try {
    return await checkOutcome(moduleEncodedBytes(json), { ...state, clock: ctx.platform.clock });
  } catch (thrown) {
    if (thrown instanceof DecodeError) return errorText(thrown);
    throw thrown;
  }
}

function checkFirst(state: State, ctx: Context): void {
  const [first] = state.answers;
  if (!first) return;
  const { peer, json } = first;
  ctx.run(() => read(json, state, ctx), (checked) => ({ type: "checked", args: { peer, checked } }));
}

function askPeer(state: State, ctx: Context, peer: PeerId): void {
  const ref = state.guardians.get(peer)!;
  const args = { method: METHOD, params: [{ auth: null, params: state.session }], timeoutMs: CALL_TIMEOUT_MS };
  ctx.run(() => ctx.ask(ref, "call", args, { deadlineMs: CALL_TIMEOUT_MS * 2 }), (outcome) => ({
    type: "answered",
    args: {
      peer,
      answer: outcome.ok
        ? outcome.value
        : { ok: false, error: { kind: "transport", message: errorText(outcome.error) } },
    },
  }));
}

export const catchUp = defineActor<CatchUpMessage, CatchUpArgs, State>({
  name: "catch_up",
  init: (ctx, args) => {
    const state: State = { ...args, failures: new Map(), answers: [], found: false };
    for (const peer of args.guardians.keys()) askPeer(state, ctx, peer);
    return state;
  },
  handle: {
    ask: (state, { peer }, ctx) => {
      if (!state.found) askPeer(state, ctx, peer);
      return next(state);
    },
    answered: (state, { peer, answer }, ctx) => {
      if (state.found) return next(state);
      if (!answer.ok) {
        const { error } = answer;
        // it has the outcome; it is asked for it all the same, as that costs nothing
        if (error.kind === "server" && error.code === RESPONSE_TOO_BIG) ctx.tell(state.pieces, "tooBig", { peer });
        // a long poll that was cut is asked again soon: nothing failed; but not at once, as an evil guardian may cut all of them
        const cut = error.kind === "server" && error.code === REQUEST_TIMEOUT;
        const failures = cut ? 0 : state.failures.get(peer) ?? 0;
        state.failures.set(peer, cut ? 0 : failures + 1);
        ctx.after(backOffMs(RETRY, failures, ctx.platform.dice), { type: "ask", args: { peer } });
        return next(state);
      }
      if (state.answers.push({ peer, json: answer.value }) === 1) checkFirst(state, ctx);
      return next(state);
    },
    checked: (state, { peer, checked }, ctx) => {
      if (!checked.ok) throw checked.error;
      state.answers.shift();
      if (typeof checked.value === "string") {
        // final for this peer and session: honest guardians don't change a signed outcome
        ctx.log.warn("A guardian's session outcome is refused", {
          peer,
          session: state.session,
          reason: checked.value,
        });
        checkFirst(state, ctx);
        return next(state);
      }
      state.found = true;
      state.answers.length = 0;
      ctx.tell(state.outcome, "recovered", { outcome: checked.value });
      return next(state);
    },
  },
});

export type CatchUpRef = ActorRef<CatchUpMessage>;
