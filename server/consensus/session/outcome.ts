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
 * One that is too large to come as a whole comes in pieces (*adopting*). Meanwhile what is ordered is taken as ever:
 * who tells pieces may be an evil guardian that keeps the others back, and we sign as soon as we could have signed
 * without it.
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
import type { AcceptedItem } from "../../../core/types/session.ts";
import { headerOf } from "../../../core/types/session.ts";
import type { Adopting } from "./adopt.ts";
import { adopt, adoptPiece, beginAdopting, differFrom, seal } from "./adopt.ts";
import type { Batch } from "./batch.ts";
import { decodeBatch } from "./batch.ts";
import type { EngineRef, Sealed } from "../engine/engine.ts";
import type { FetchedOutcome } from "./fetched_outcome.ts";
import type { FetchedEnd } from "../pieces/fetched_piece.ts";
import type { MempoolRef } from "../waiting/mempool.ts";
import type { SessionsRef } from "./sessions.ts";
import { UNITS_AHEAD_BYTES_MAX } from "../limits.ts";
import type { ConsensusSettings } from "../settings.ts";
import type { WastedWork } from "../wasted_work.ts";
import { undecodableUs } from "../wasted_work.ts";
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
  /**
   * Which life of this actor it is. The order is counted from its beginning, so a life takes only what was ordered for
   * it.
   */
  | Request<"life", null, number>
  | Cast<"ordered", { life: number; units: readonly OrderedUnit[] }>
  /** A peer's signed outcome of this session; its signatures were checked by whoever fetched it. */
  | Cast<"recovered", { outcome: FetchedOutcome }>
  /**
   * A peer's signed outcome of this session whose items come in pieces; `shortest`: the fewest first items under its
   * root. Everything was checked by whoever fetched it. The position of the item that is wanted; null when nothing is.
   */
  | Request<"takeEnd", { end: FetchedEnd; shortest: number }, number | null>
  /**
   * Its items from the position that is wanted, encoded; `waiting`: of the tree up to the last of them. As `takeEnd`.
   */
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
  readonly wasted: WastedWork;
};

type Signing = {
  readonly kind: "signing";
  readonly sealed: Sealed;
  readonly header: Bytes;
  readonly signatures: ReadonlyMap<PeerId, Bytes>;
};
/** Our items can't be signed; the federation's outcome is waited for. */
type Waiting = { readonly kind: "waiting"; readonly position: number };
type Phase = { readonly kind: "collecting"; readonly position: number } | Waiting | Signing;

type State = OutcomeArgs & { readonly life: number; readonly phase: Phase; readonly adopting: Adopting | null };
type Context = ActorContext<OutcomeMessage>;

/**
 * Decodes the batches of units that come next, up to some bytes, and has what is dear in their transactions checked
 * together.
 */
async function decodeAhead(
  state: State,
  ctx: Context,
  units: readonly OrderedUnit[],
): Promise<(Batch | DecodeError)[]> {
  const batches: (Batch | DecodeError)[] = [];
  let bytes = 0;
  for (const { round, data } of units) {
    if (round >= state.settings.roundsPerSession || bytes >= UNITS_AHEAD_BYTES_MAX) break;
    batches.push(data?.kind === "batch" ? decodeBatch(state.modules, data.bytes) : { items: [], unknown: 0 });
    bytes += data?.kind === "batch" ? data.bytes.length : 0;
  }
  const items = batches.map((batch, i) => batch instanceof DecodeError ? [] : itemsOf(batch, units[i]!.creator));
  // a unit alone is prepared when it is processed
  if (items.filter((some) => some.length > 0).length > 1) {
    const args = { session: state.session, items: items.flat() };
    await ctx.ask(state.engine, "prepare", args, { deadlineMs: Infinity, untilStop: true });
  }
  return batches;
}

function itemsOf({ items }: Batch, peer: PeerId): AcceptedItem[] {
  return items.map((item) => ({ item, peer }));
}

async function collect(
  state: State,
  ctx: Context,
  position: number,
  { creator: peer, data }: OrderedUnit,
  batch: Batch | DecodeError,
): Promise<number> {
  if (data?.kind !== "batch") return position;
  if (peer === state.settings.identity) ctx.tell(state.mempool, "batchOrdered", { session: state.session });
  if (batch instanceof DecodeError) {
    ctx.log.warn("A peer's batch does not decode and counts as empty", { peer, error: errorText(batch) });
    state.wasted.add(peer, undecodableUs(data.bytes.length));
    return position;
  }
  if (batch.items.length + batch.unknown === 0) return position;
  const args = {
    session: state.session,
    position,
    items: itemsOf(batch, peer),
    creator: peer,
  };
  const { accepted } = await ctx.ask(state.engine, "process", args, { deadlineMs: Infinity, untilStop: true });
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
  return reply({ ...state, adopting: adopted }, adopted.position);
}

/**
 * What we have signed, or would have, against what a threshold has: ours, or what differs. The root doesn't tell copies
 * of the last items.
 */
function ours(sealed: Sealed, signed: { readonly root: Bytes; readonly told: number }): Sealed | string {
  return equalBytes(sealed.root, signed.root) ? sealed : differFrom(sealed, signed);
}

/** All is processed: with signatures that were there already, it is the end. */
function afterSealing(state: State, ctx: Context, signing: Signing, end: FetchedEnd) {
  const sealed = ours(signing.sealed, end);
  return typeof sealed === "string" ? disagree(state, ctx, sealed) : finish(state, ctx, sealed, end.signatures);
}

export const outcome = defineActor<OutcomeMessage, OutcomeArgs, State>({
  name: "outcome",
  init: (ctx, args) => ({
    ...args,
    life: ctx.platform.dice.below(2 ** 31),
    phase: { kind: "collecting", position: 0 },
    adopting: null,
  }),
  handle: {
    life: (state) => reply(state, state.life),
    ordered: async (state, { life, units }, ctx) => {
      if (life !== state.life) return next(state);
      let { phase } = state;
      let ahead: (Batch | DecodeError)[] = [];
      for (const [i, unit] of units.entries()) {
        if (phase.kind === "collecting" && unit.round < state.settings.roundsPerSession) {
          if (ahead.length === 0) ahead = await decodeAhead(state, ctx, units.slice(i));
          phase = { kind: "collecting", position: await collect(state, ctx, phase.position, unit, ahead.shift()!) };
          continue;
        }
        if (phase.kind === "waiting") continue;
        const ended = phase.kind === "collecting"
          ? await beginSigning(state, ctx, phase.position)
          : addSignature(state, ctx, phase, unit);
        phase = ended;
        if (ended.kind === "signing" && state.adopting) return afterSealing(state, ctx, ended, state.adopting.end);
        if (ended.kind === "signing" && ended.signatures.size >= state.settings.peers.threshold) {
          return finish(state, ctx, ended.sealed, ended.signatures);
        }
      }
      return next({ ...state, phase });
    },
    recovered: async (state, { outcome: recovered }, ctx) => {
      const { phase } = state;
      const adopted = phase.kind === "signing" ? ours(phase.sealed, recovered) : await adopt(ctx, state, recovered);
      if (adopted instanceof DecodeError) {
        const facts = { session: state.session, error: errorText(adopted) };
        ctx.log.error("The session's outcome holds what this version can't decode: a later one is needed", facts);
        return next(state);
      }
      if (typeof adopted === "string") return disagree(state, ctx, adopted);
      return finish(state, ctx, adopted, recovered.signatures);
    },
    takeEnd: async (state, { end, shortest }, ctx, from) => {
      const { phase } = state;
      const begun = phase.kind === "signing" ? ours(phase.sealed, end) : await beginAdopting(ctx, state, end, shortest);
      return afterAdopting(state, ctx, from, begun, end);
    },
    takeItems: async (state, { items, waiting }, ctx, from) => {
      const { adopting } = state;
      assert(adopting, "items come after their end was taken");
      const adopted = await adoptPiece(ctx, state, adopting, { items, waiting });
      return afterAdopting(state, ctx, from, adopted, adopting.end);
    },
  },
  inspect: (state) => ({
    session: state.session,
    phase: state.phase.kind,
    adopting: state.adopting !== null,
    items: state.phase.kind === "signing" ? state.phase.sealed.items : state.phase.position,
    signatures: state.phase.kind === "signing" ? state.phase.signatures.size : 0,
  }),
});
