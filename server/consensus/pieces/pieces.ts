/**
 * Fetches the signed outcome of the running session in pieces, when a guardian has told that it is larger than any
 * answer: the end of it first, which a threshold must have signed, then the last piece, which proves how many items
 * there are, then all from the first that we lack. Nothing is kept beside what `outcome` has accepted, so a restart
 * goes on where that ends.
 *
 * One guardian is asked at a time, the fastest, and a further one when it is late. Whoever tells something false is not
 * asked again.
 *
 * Whoever tells them may be evil, and the only one who has them: it may know all signatures first and keep its own
 * back. So nobody waits for pieces: what is ordered goes on meanwhile, and a session ends by what comes first.
 */
import type { ActorContext } from "../../../actors/actor.ts";
import { defineActor, next } from "../../../actors/actor.ts";
import { ActorError } from "../../../actors/error.ts";
import type { ActorRef, Cast } from "../../../actors/protocol.ts";
import type { RpcError, RpcRef } from "../../../actors/rpc/mod.ts";
import { equalBytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { DecodeError } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, errorText, ok } from "../../../core/result.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import type { FetchedEnd, FetchedPiece } from "./fetched_piece.ts";
import { checkEnd, checkPiece } from "./fetched_piece.ts";
import { PIECE_PATIENCE_MS, PIECE_REST_MS, PIECE_TIMEOUT_MS } from "../limits.ts";
import type { OutcomeRef } from "../session/outcome.ts";
import { PieceSources } from "./piece_sources.ts";
import { pieceRequest, SESSION_END_METHOD, SESSION_PIECE_METHOD } from "./session_pieces.ts";
import type { Modules } from "../engine/transaction.ts";

export type PiecesMessage =
  /**
   * The guardian has the outcome, and can't tell it as a whole. Again does nothing while it is asked, or has told its
   * end.
   */
  | Cast<"tooBig", { peer: PeerId }>
  | Cast<"endTold", { peer: PeerId; answer: Result<Json, RpcError> }>
  | Cast<"pieceTold", { asked: Asked; answer: Result<Json, RpcError> }>
  | Cast<"checked", { asked: Asked; tookMs: number; checked: Result<Checked, unknown> }>
  /** By `outcome`. */
  | Cast<"taken", { outcome: Result<number | null, unknown> }>
  | Cast<"rested", { peer: PeerId }>
  /** A piece has been waited for. */
  | Cast<"late", { asked: Asked }>;

export type PiecesRef = ActorRef<PiecesMessage>;

export type PiecesArgs = {
  readonly session: number;
  readonly peers: NumPeers;
  readonly keychain: Keychain;
  readonly modules: Modules;
  readonly outcome: OutcomeRef;
  /** Connections to the other guardians' APIs. */
  readonly guardians: ReadonlyMap<PeerId, RpcRef>;
};

type Checked = Result<FetchedPiece, string>;

/** A piece that was asked for. `want`: for which of the things that were wanted, one after the other. */
type Asked = {
  readonly peer: PeerId;
  readonly end: FetchedEnd;
  readonly position: number;
  readonly want: number;
  readonly atMs: number;
  /** It has neither come nor taken long. */
  awaited: boolean;
};

/**
 * `idle`: nobody has told an end yet. `last`: the last piece is wanted. `items`: the one at a position is. `given`:
 * `outcome` has something and says what is wanted next. `over`: nothing is.
 */
type Stage =
  | { readonly kind: "idle" | "given" | "over" }
  | { readonly kind: "last" }
  | { readonly kind: "items"; readonly position: number };

type State = PiecesArgs & {
  /** Those who told an end that a threshold signed. */
  readonly sources: PieceSources;
  /** Asked for their end now. */
  readonly askedForEnd: Set<PeerId>;
  /** Those who told something false. */
  readonly refused: Set<PeerId>;
  /** Those who know no pieces: official guardians. */
  readonly withoutPieces: Set<PeerId>;
  stage: Stage;
  /** Counts stages. */
  want: number;
  /** Guardians that were asked for what is wanted now, and whose answers are awaited. */
  awaited: number;
  /** An answer is being checked. */
  checking: boolean;
  /** The last piece, held until it is its turn. */
  last: FetchedPiece | null;
};
type Context = ActorContext<PiecesMessage>;

async function call(
  state: State,
  ctx: Context,
  peer: PeerId,
  method: string,
  params: Json,
): Promise<Result<Json, RpcError>> {
  const args = { method, params: [{ auth: null, params }], timeoutMs: PIECE_TIMEOUT_MS };
  return await ctx.ask(state.guardians.get(peer)!, "call", args, { deadlineMs: 2 * PIECE_TIMEOUT_MS });
}

/** What could not even be asked counts as not answered. */
function answerOf(outcome: Result<Result<Json, RpcError>, unknown>): Result<Json, RpcError> {
  return outcome.ok ? outcome.value : err({ kind: "transport", message: errorText(outcome.error) });
}

function refuse(state: State, ctx: Context, peer: PeerId, reason: string): void {
  state.refused.add(peer);
  state.sources.remove(peer);
  ctx.log.warn("A guardian's piece of the session is refused", { peer, session: state.session, reason });
}

function enter(state: State, stage: Stage): void {
  state.stage = stage;
  state.want++;
  state.awaited = 0;
}

/** Asks one more guardian for what is wanted, if one is free. */
function askSomebody(state: State, ctx: Context): void {
  const { stage, want } = state;
  if (stage.kind !== "last" && stage.kind !== "items") return;
  const found = state.sources.ask(stage.kind === "last" ? null : stage.position);
  if (!found) return;
  const { peer, end } = found;
  const position = stage.kind === "last" ? end.told - 1 : stage.position;
  const asked: Asked = { peer, end, position, want, atMs: ctx.platform.clock.monotonicMs(), awaited: true };
  const params = pieceRequest.toJson({ session: state.session, position });
  ctx.run(
    () => call(state, ctx, peer, SESSION_PIECE_METHOD, params),
    (outcome) => ({ type: "pieceTold", args: { asked, answer: answerOf(outcome) } }),
  );
  state.awaited++;
  ctx.after(PIECE_PATIENCE_MS, { type: "late", args: { asked } });
}

/** Somebody is free, or nobody will answer soon who was asked. */
function askIfNobody(state: State, ctx: Context): void {
  if (state.awaited === 0 && !state.checking) askSomebody(state, ctx);
}

function awaitNoMore(state: State, asked: Asked): void {
  if (asked.awaited && asked.want === state.want) state.awaited--;
  asked.awaited = false;
}

async function check(state: State, ctx: Context, { end, position }: Asked, json: Json): Promise<Checked> {
  try {
    return ok(await checkPiece(json, end, position, { ...state, clock: ctx.platform.clock }));
  } catch (thrown) {
    if (thrown instanceof DecodeError) return err(errorText(thrown));
    throw thrown;
  }
}

function tellOutcome(state: State, ctx: Context, ask: () => Promise<number | null>): void {
  enter(state, { kind: "given" });
  ctx.run(ask, (outcome) => ({ type: "taken", args: { outcome } }));
}

function give(state: State, ctx: Context, position: number, { from, items, tree }: FetchedPiece): void {
  const args = { items: items.slice(position - from), waiting: tree.waiting };
  tellOutcome(state, ctx, () => ctx.ask(state.outcome, "takeItems", args, { deadlineMs: Infinity }));
}

/** A good piece that is wanted goes on to `outcome`; of the last one what it says of the whole. */
function use(state: State, ctx: Context, piece: FetchedPiece, end: FetchedEnd): void {
  if (state.stage.kind === "items") return give(state, ctx, state.stage.position, piece);
  state.last = piece;
  const args = { end, shortest: piece.tree.shortest() };
  tellOutcome(state, ctx, () => ctx.ask(state.outcome, "takeEnd", args, { deadlineMs: Infinity }));
}

export const pieces = defineActor<PiecesMessage, PiecesArgs, State>({
  name: "pieces",
  init: (_ctx, args) => ({
    ...args,
    sources: new PieceSources(),
    askedForEnd: new Set(),
    refused: new Set(),
    withoutPieces: new Set(),
    stage: { kind: "idle" },
    want: 0,
    awaited: 0,
    checking: false,
    last: null,
  }),
  handle: {
    tooBig: (state, { peer }, ctx) => {
      const known = state.sources.endOf(peer) !== undefined || state.refused.has(peer) || state.askedForEnd.has(peer);
      if (state.stage.kind === "over" || known) return next(state);
      state.askedForEnd.add(peer);
      ctx.run(
        () => call(state, ctx, peer, SESSION_END_METHOD, state.session),
        (outcome) => ({ type: "endTold", args: { peer, answer: answerOf(outcome) } }),
      );
      return next(state);
    },
    endTold: (state, { peer, answer }, ctx) => {
      state.askedForEnd.delete(peer);
      if (!answer.ok) {
        if (answer.error.kind === "method_not_found" && !state.withoutPieces.has(peer)) {
          state.withoutPieces.add(peer);
          ctx.log.info("The session is larger than any answer, and this guardian can't tell it in pieces", {
            peer,
            session: state.session,
          });
        }
        return next(state);
      }
      try {
        const end = checkEnd(answer.value, state);
        const { root } = state.sources;
        if (root && !equalBytes(root, end.root)) {
          // more than f guardians are evil, or have lost their keys
          refuse(state, ctx, peer, "A threshold signed another outcome, too");
          return next(state);
        }
        state.sources.add(peer, end);
      } catch (thrown) {
        if (!(thrown instanceof DecodeError)) throw thrown;
        refuse(state, ctx, peer, errorText(thrown));
        return next(state);
      }
      if (state.stage.kind === "idle") enter(state, { kind: "last" });
      askIfNobody(state, ctx);
      return next(state);
    },
    pieceTold: (state, { asked, answer }, ctx) => {
      const { peer, want, atMs } = asked;
      const isWanted = want === state.want;
      awaitNoMore(state, asked);
      state.sources.answered(peer);
      if (!answer.ok) {
        state.sources.rest(peer, true);
        ctx.after(PIECE_REST_MS, { type: "rested", args: { peer } });
        askIfNobody(state, ctx);
        return next(state);
      }
      if (!isWanted || state.checking) return next(state); // another one was faster
      state.checking = true;
      const tookMs = ctx.platform.clock.monotonicMs() - atMs;
      ctx.run(
        () => check(state, ctx, asked, answer.value),
        (checked) => ({ type: "checked", args: { asked, tookMs, checked } }),
      );
      return next(state);
    },
    checked: (state, { asked: { peer, end, position }, tookMs, checked }, ctx) => {
      if (!checked.ok) throw checked.error;
      state.checking = false;
      if (checked.value.ok) {
        const piece = checked.value.value;
        const bytes = piece.items.slice(position - piece.from).reduce((sum, { length }) => sum + length, 0);
        state.sources.gave(peer, bytes, tookMs);
        use(state, ctx, piece, end);
      } else {
        refuse(state, ctx, peer, checked.value.error);
        askIfNobody(state, ctx);
      }
      return next(state);
    },
    taken: (state, { outcome }, ctx) => {
      if (!outcome.ok) {
        // it has stopped: the session's outcome came another way
        const isOver = outcome.error instanceof ActorError &&
          (outcome.error.code === "down" || outcome.error.code === "no_actor");
        if (!isOver) throw outcome.error;
      }
      const position = outcome.ok ? outcome.value : null;
      if (position === null) {
        enter(state, { kind: "over" });
        state.last = null;
        return next(state);
      }
      const { last } = state;
      if (last && position >= last.from) give(state, ctx, position, last);
      else {
        enter(state, { kind: "items", position });
        askSomebody(state, ctx);
      }
      return next(state);
    },
    rested: (state, { peer }, ctx) => {
      state.sources.rest(peer, false);
      askIfNobody(state, ctx);
      return next(state);
    },
    late: (state, { asked }, ctx) => {
      if (asked.awaited) state.sources.late(asked.peer);
      awaitNoMore(state, asked);
      askIfNobody(state, ctx);
      return next(state);
    },
  },
  inspect: (state) => ({ stage: state.stage.kind, sources: state.sources.size, refused: state.refused.size }),
});
