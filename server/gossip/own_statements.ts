/**
 * Finds out what this guardian has said of itself before it says anything new. One that was restored from its config
 * files alone has forgotten where it moved since: a statement made afresh, with a newer time, would call everybody back
 * to the old address. So the others are asked for our own statements, and only what nobody has is signed. What one
 * honest guardian was told it has told all others: once as many have answered as must have one honest among them, there
 * is nothing more to learn.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { RpcRef } from "../../actors/rpc/mod.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { DecodeError, isJsonObject } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { signedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { GuardianConfig } from "../config/guardian_config.ts";
import { commitTaken, ensureOwnStatements, takeAnnouncement, takeMetadata } from "./statements.ts";

const ASK_AGAIN_MS = 5_000;
const ASK_AGAIN_TEST_MS = 250;
const CALL_TIMEOUT_MS = 15_000;
/** So often nobody new has answered when it is told. */
const TOLD_AFTER = 12;

export type OwnStatementsMessage =
  | Cast<"ask", null>
  | Cast<"asked", { peer: PeerId; known: Result<boolean, unknown> }>
  | Cast<"ensured", { outcome: Result<unknown, unknown> }>;

export type OwnStatementsArgs = {
  readonly store: StoreView;
  readonly config: GuardianConfig;
  /** The others. */
  readonly guardians: ReadonlyMap<PeerId, RpcRef>;
  readonly testEnvironment: boolean;
};

type State = OwnStatementsArgs & {
  /** Who has told what it knows of us. */
  readonly heard: ReadonlySet<PeerId>;
  /** Of the present round, who has not answered yet. */
  readonly pending: number;
  readonly rounds: number;
  readonly done: boolean;
};
type Context = ActorContext<OwnStatementsMessage>;

/**
 * Our own statement in an answer; null when there is none, also for what can't be one. Of the rest nothing is decoded.
 */
function ownIn<T>(answer: Json, identity: PeerId, codec: Codec<T>): T | null {
  const own = isJsonObject(answer) && Object.hasOwn(answer, String(identity)) ? answer[String(identity)] : undefined;
  if (own === undefined) return null;
  try {
    return codec.fromJson(own);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return null;
    throw thrown;
  }
}

/** Null when it could not be asked; a guardian too old for such statements knows none. */
async function listOf(ctx: Context, ref: RpcRef, method: string): Promise<Json | null> {
  const args = { method, params: [{ auth: null, params: null }], timeoutMs: CALL_TIMEOUT_MS };
  const answer = await ctx.ask(ref, "call", args, { deadlineMs: 2 * CALL_TIMEOUT_MS });
  if (answer.ok) return answer.value;
  return answer.error.kind === "method_not_found" ? {} : null;
}

/** @returns whether this guardian has told all that it knows of us */
async function learnFrom({ store, config, guardians }: State, ctx: Context, peer: PeerId): Promise<boolean> {
  const { identity } = config.local, ref = guardians.get(peer)!;
  const announced = await listOf(ctx, ref, "api_announcements");
  const described = announced === null ? null : await listOf(ctx, ref, "guardian_metadata");
  if (announced === null || described === null) return false;
  const announcement = ownIn(announced, identity, signedApiAnnouncement);
  const metadata = ownIn(described, identity, signedGuardianMetadata);
  if (announcement) {
    const submission = { peerId: identity, signedApiAnnouncement: announcement };
    await commitTaken(store, (tx) => takeAnnouncement(tx, config.consensus, submission));
  }
  if (metadata) {
    const submission = { peerId: identity, signedGuardianMetadata: metadata };
    await commitTaken(
      store,
      (tx) => takeMetadata(tx, config.consensus, submission, ctx.platform.clock.nowMs() / 1_000),
    );
  }
  return true;
}

/** How many of the others must have answered. */
function enough({ guardians, config }: OwnStatementsArgs): number {
  return Math.min(guardians.size, numPeers(config.consensus.apiEndpoints.size).oneHonest);
}

function ensure(state: State, ctx: Context): State {
  const { store, config } = state;
  ctx.run(
    () => ensureOwnStatements(store, config, ctx.platform),
    (outcome) => ({ type: "ensured", args: { outcome } }),
  );
  return { ...state, done: true };
}

function ask(state: State, ctx: Context): State {
  const unheard = [...state.guardians.keys()].filter((peer) => !state.heard.has(peer));
  for (const peer of unheard) {
    ctx.run(() => learnFrom(state, ctx, peer), (known) => ({ type: "asked", args: { peer, known } }));
  }
  return { ...state, pending: unheard.length, rounds: state.rounds + 1 };
}

export const ownStatements = defineActor<OwnStatementsMessage, OwnStatementsArgs, State>({
  name: "own_statements",
  init: (ctx, args) => {
    const state: State = { ...args, heard: new Set(), pending: 0, rounds: 0, done: false };
    return enough(args) === 0 ? ensure(state, ctx) : ask(state, ctx);
  },
  handle: {
    ask: (state, _args, ctx) => next(state.done ? state : ask(state, ctx)),
    asked: (state, { peer, known }, ctx) => {
      if (!known.ok && !(known.error instanceof ActorError)) throw known.error;
      const heard = known.ok && known.value ? new Set([...state.heard, peer]) : state.heard;
      const after = { ...state, heard, pending: state.pending - 1 };
      if (after.done) return next(after);
      if (heard.size >= enough(state)) return next(ensure(after, ctx));
      if (after.pending > 0) return next(after);
      if (after.rounds % TOLD_AFTER === 0) {
        ctx.log.info("Waiting for other guardians before this one says where it is", { heard: heard.size });
      }
      ctx.after(state.testEnvironment ? ASK_AGAIN_TEST_MS : ASK_AGAIN_MS, { type: "ask", args: null });
      return next(after);
    },
    ensured: (state, { outcome }) => {
      if (!outcome.ok) throw outcome.error;
      return next(state);
    },
  },
  inspect: ({ heard, done }) => ({ heard: heard.size, done }),
});
