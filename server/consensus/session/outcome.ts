/**
 * One session's way from ordered units to a signed outcome. fedimint-server `consensus/engine.rs`
 * (`complete_signed_session_outcome`); docs/protocol/03-consensus.md §B4, §B5.
 *
 * 1. *collecting*: each ordered unit of a round below the session's limit is decoded, its items go to the engine one by
 * one.
 * 2. *signing*: the first unit at or beyond the limit ends collecting. We sign the header, our units carry the
 *    signature, and we take the others' signatures from the units that follow until a threshold is there.
 * 3. *done*: the outcome goes to `sessions`. A signed outcome that came from a peer ends either phase at once.
 *
 * One that is too large to come as a whole comes in pieces: from the first on, what is ordered is left aside
 * (*adopting*).
 */
import type { ActorContext } from "../../../actors/actor.ts";
import { defineActor, next, reply, stop } from "../../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../../actors/protocol.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { assert } from "../../../core/assert.ts";
import { equalBytes, toHex } from "../../../core/bytes.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import { DecodeError } from "../../../core/encoding/mod.ts";
import { errorText } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { headerOf } from "../../../core/types/session.ts";
import type { Adopting } from "./adopt.ts";
import { adopt, adoptPiece, beginAdopting, differFrom, seal } from "./adopt.ts";
import { decodeBatch } from "./batch.ts";
import type { EngineRef, Sealed } from "../engine/engine.ts";
import type { FetchedOutcome } from "./fetched_outcome.ts";
import type { FetchedEnd } from "../pieces/fetched_piece.ts";
import type { MempoolRef } from "../waiting/mempool.ts";
import type { SessionsRef } from "./sessions.ts";
import type { ConsensusSettings } from "../settings.ts";
import type { Modules } from "../engine/transaction.ts";

/** A unit as the broadcast orders it: the same sequence on every guardian. */
export type OrderedUnit = {
  readonly round: number;
  readonly creator: PeerId;
  readonly data:
    | { readonly kind: "batch"; readonly bytes: Bytes }
    | { readonly kind: "signature"; readonly signature: Bytes }
    | null;
};

export type OutcomeMessage =
  /** Which life of this actor it is. The order is counted from its beginning, so a life takes only what was ordered for it. */
  | Request<"life", null, number>
  | Cast<"ordered", { life: number; units: readonly OrderedUnit[] }>
  /** A peer's signed outcome of this session; its signatures were checked by whoever fetched it. */
  | Cast<"recovered", { outcome: FetchedOutcome }>
  /**
   * A peer's signed outcome of this session whose items come in pieces; `shortest`: the fewest first items under its root. Everything was
   * checked by whoever fetched it. The position of the item that is wanted; null when nothing is.
   */
  | Request<"takeEnd", { end: FetchedEnd; shortest: number }, number | null>
  /** Its items from the position that is wanted, encoded; `waiting`: of the tree up to the last of them. As `takeEnd`. */
  | Request<"takeItems", { items: readonly Bytes[]; waiting: readonly Bytes[] }, number | null>;

export type OutcomeRef = ActorRef<OutcomeMessage>;

export type OutcomeArgs = {
  readonly session: number;
  readonly settings: ConsensusSettings;
  readonly keychain: Keychain;
  readonly modules: Modules;
  readonly engine: EngineRef;
  readonly mempool: MempoolRef;
  readonly sessions: SessionsRef;
};

type Signing = {
  readonly kind: "signing";
  readonly sealed: Sealed;
  readonly header: Bytes;
  readonly signatures: ReadonlyMap<PeerId, Bytes>;
};
/** Our items can't be signed; the federation's outcome is waited for. */
type Waiting = { readonly kind: "waiting"; readonly position: number };
type Phase = { readonly kind: "collecting"; readonly position: number } | Waiting | Adopting | Signing;

type State = OutcomeArgs & { readonly life: number; readonly phase: Phase };
type Context = ActorContext<OutcomeMessage>;

async function collect(state: State, ctx: Context, position: number, unit: OrderedUnit): Promise<number> {
  if (unit.data?.kind !== "batch") return position;
  const { creator: peer } = unit;
  if (peer === state.settings.identity) ctx.tell(state.mempool, "batchOrdered", { session: state.session });
  const batch = decodeBatch(state.modules, unit.data.bytes);
  if (batch instanceof DecodeError) {
    ctx.log.warn("A peer's batch does not decode and counts as empty", { peer, error: errorText(batch) });
    return position;
  }
  if (batch.items.length + batch.unknown === 0) return position;
  const args = {
    session: state.session,
    position,
    items: batch.items.map((item) => ({ item, peer })),
    creator: peer,
  };
  const { accepted } = await ctx.ask(state.engine, "process", args, { deadlineMs: Infinity });
  return position + accepted;
}

async function beginSigning(state: State, ctx: Context, position: number): Promise<Signing | Waiting> {
  const sealed = await seal(ctx, state, position);
  if (!sealed) {
    // a database of another life, or a broken one: what the federation signs will tell
    ctx.log.error("The store has items that did not come again: nothing is signed", {
      session: state.session,
      position,
    });
    return { kind: "waiting", position };
  }
  const header = headerOf(state.session, sealed.root);
  const signature = state.keychain.sign(header);
  ctx.log.info("All items of the session are processed, signing", { session: state.session, items: position });
  ctx.tell(state.mempool, "sign", { session: state.session, signature });
  return { kind: "signing", sealed, header, signatures: new Map([[state.settings.identity, signature]]) };
}

function addSignature(state: State, ctx: Context, phase: Signing, unit: OrderedUnit): Signing {
  if (unit.data?.kind !== "signature" || phase.signatures.has(unit.creator)) return phase;
  if (!state.keychain.verify(unit.creator, phase.header, unit.data.signature)) {
    ctx.log.error("A peer signed another outcome of this session: guardians disagree", {
      session: state.session,
      peer: unit.creator,
      header: toHex(phase.header),
    });
    return phase;
  }
  return { ...phase, signatures: new Map([...phase.signatures, [unit.creator, unit.data.signature]]) };
}

function finish(state: State, ctx: Context, sealed: Sealed, signatures: ReadonlyMap<PeerId, Bytes>) {
  ctx.tell(state.sessions, "completed", { session: state.session, sealed, signatures });
  return stop(state);
}

/** As `finish` and `disagree`, for who asked: no more is wanted. */
function answered<S>(step: S, ctx: Context, from: ReplyTo<number | null>): S {
  ctx.reply(from, null);
  return step;
}

/** A threshold signed what isn't ours: nothing that this guardian does can mend that. */
function disagree(state: State, ctx: Context, reason: string) {
  ctx.tell(state.sessions, "disagreed", { session: state.session, reason });
  return stop(state);
}

/** What `takeEnd` and `takeItems` come to. */
function afterAdopting(
  state: State,
  ctx: Context,
  from: ReplyTo<number | null>,
  adopted: Adopting | Sealed | string,
  { signatures }: FetchedEnd,
) {
  if (typeof adopted === "string") return answered(disagree(state, ctx, adopted), ctx, from);
  if ("root" in adopted) return answered(finish(state, ctx, adopted, signatures), ctx, from);
  return reply({ ...state, phase: adopted }, adopted.position);
}

export const outcome = defineActor<OutcomeMessage, OutcomeArgs, State>({
  name: "outcome",
  init: (ctx, args) => ({
    ...args,
    life: ctx.platform.dice.below(2 ** 31),
    phase: { kind: "collecting", position: 0 },
  }),
  handle: {
    life: (state) => reply(state, state.life),
    ordered: async (state, { life, units }, ctx) => {
      if (life !== state.life) return next(state);
      let { phase } = state;
      for (const unit of units) {
        if (phase.kind === "collecting" && unit.round < state.settings.roundsPerSession) {
          phase = { kind: "collecting", position: await collect(state, ctx, phase.position, unit) };
          continue;
        }
        if (phase.kind === "waiting" || phase.kind === "adopting") continue;
        const ended = phase.kind === "collecting"
          ? await beginSigning(state, ctx, phase.position)
          : addSignature(state, ctx, phase, unit);
        phase = ended;
        if (ended.kind === "signing" && ended.signatures.size >= state.settings.peers.threshold) {
          return finish(state, ctx, ended.sealed, ended.signatures);
        }
      }
      return next({ ...state, phase });
    },
    recovered: async (state, { outcome: recovered }, ctx) => {
      const { signatures, root } = recovered;
      if (state.phase.kind === "signing") {
        // ours, not theirs: the root doesn't tell copies of the last items
        const { sealed } = state.phase;
        if (equalBytes(sealed.root, root)) return finish(state, ctx, sealed, signatures);
        return disagree(state, ctx, differFrom(sealed, recovered));
      }
      const adopted = await adopt(ctx, state, recovered);
      return typeof adopted === "string" ? disagree(state, ctx, adopted) : finish(state, ctx, adopted, signatures);
    },
    takeEnd: async (state, { end, shortest }, ctx, from) => {
      if (state.phase.kind !== "signing") {
        return afterAdopting(state, ctx, from, await beginAdopting(ctx, state, end, shortest), end);
      }
      const { sealed } = state.phase;
      const ours = equalBytes(sealed.root, end.root) ? sealed : differFrom(sealed, end);
      return afterAdopting(state, ctx, from, ours, end);
    },
    takeItems: async (state, { items, waiting }, ctx, from) => {
      const { phase } = state;
      assert(phase.kind === "adopting", "items come after their end was taken");
      return afterAdopting(state, ctx, from, await adoptPiece(ctx, state, phase, { items, waiting }), phase.end);
    },
  },
  inspect: (state) => ({
    session: state.session,
    phase: state.phase.kind,
    items: state.phase.kind === "signing" ? state.phase.sealed.items : state.phase.position,
    signatures: state.phase.kind === "signing" ? state.phase.signatures.size : 0,
  }),
});
