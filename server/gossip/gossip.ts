/**
 * Carries what guardians say about themselves to the others: all that is known to everybody, again and again, and at
 * once when our own changes. So a guardian whose URL has changed is found by those that can't reach it any more.
 * docs/protocol/02-api.md §6.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { RpcRef } from "../../actors/rpc/mod.ts";
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import type { ActorChild } from "../../actors/supervisor.ts";
import { child } from "../../actors/supervisor.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import { apiAnnouncementSubmission } from "../../core/types/api_announcement.ts";
import { guardianMetadataSubmission } from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { announcements, guardianMetadata } from "../api/db.ts";

/** Others that were started together with us come up meanwhile. */
const FIRST_DELAY_MS = 5_000;
const REPEAT_MS = 600_000;
const FAILED_MS = 60_000;
const FAILED_TEST_MS = 3_000;
const CALL_TIMEOUT_MS = 30_000;

export type GossipMessage =
  | Cast<"send", null>
  | Cast<"sent", { complete: Result<boolean, unknown> }>
  | Cast<"ownChanged", { outcome: Result<void, unknown> }>;

export type GossipArgs = {
  readonly store: StoreView;
  /** Our own record: a change is sent at once. */
  readonly ownKey: Uint8Array;
  readonly method: string;
  /** Params of a submission for everything known. */
  readonly submissions: (tx: ReadTx) => Promise<Json[]>;
  readonly guardians: ReadonlyMap<PeerId, RpcRef>;
  readonly testEnvironment: boolean;
};

type State = GossipArgs & {
  readonly sending: boolean;
  /** It has changed while we were sending. */
  readonly again: boolean;
  readonly timer: number | null;
};
type Context = ActorContext<GossipMessage>;

function watchOwn({ store, ownKey }: GossipArgs, ctx: Context): void {
  ctx.run((signal) => store.changed(ownKey, signal), (outcome) => ({ type: "ownChanged", args: { outcome } }));
}

type Submitted = "taken" | "refused" | "unreachable";

async function submit(state: State, ctx: Context, peer: PeerId, ref: RpcRef, submission: Json): Promise<Submitted> {
  const params = [{ auth: null, params: submission }];
  const args = { method: state.method, params, timeoutMs: CALL_TIMEOUT_MS };
  const answer = await ctx.ask(ref, "call", args, { deadlineMs: 2 * CALL_TIMEOUT_MS });
  // an older guardian doesn't know of such statements
  if (answer.ok || answer.error.kind === "method_not_found") return "taken";
  ctx.log.debug("A guardian did not take a statement", { peer, method: state.method, reason: answer.error.message });
  return answer.error.kind === "server" ? "refused" : "unreachable";
}

/** @returns whether every guardian has taken everything */
async function submitAll(state: State, ctx: Context): Promise<boolean> {
  const submissions = await readDurable(state.store, state.submissions);
  const results = await Promise.all(
    [...state.guardians].map(async ([peer, ref]) => {
      let complete = true;
      for (const submission of submissions) {
        const submitted = await submit(state, ctx, peer, ref, submission);
        if (submitted !== "taken") complete = false;
        // the rest would wait for the same connection
        if (submitted === "unreachable") break;
      }
      return complete;
    }),
  );
  return !results.includes(false);
}

function startSending(state: State, ctx: Context): State {
  if (state.timer !== null) ctx.cancel(state.timer);
  ctx.run(() => submitAll(state, ctx), (complete) => ({ type: "sent", args: { complete } }));
  return { ...state, sending: true, again: false, timer: null };
}

function sendAfter(state: State, ctx: Context, delayMs: number): State {
  return { ...state, sending: false, timer: ctx.after(delayMs, { type: "send", args: null }) };
}

const gossip = defineActor<GossipMessage, GossipArgs, State>({
  name: "gossip",
  init: (ctx, args) => {
    watchOwn(args, ctx);
    const state: State = { ...args, sending: false, again: false, timer: null };
    return sendAfter(state, ctx, FIRST_DELAY_MS);
  },
  handle: {
    send: (state, _args, ctx) => next(state.sending ? state : startSending(state, ctx)),
    sent: (state, { complete }, ctx) => {
      if (!complete.ok) ctx.log.warn("Statements could not be sent", { reason: errorText(complete.error) });
      if (state.again) return next(startSending(state, ctx));
      const failedMs = state.testEnvironment ? FAILED_TEST_MS : FAILED_MS;
      return next(sendAfter(state, ctx, complete.ok && complete.value ? REPEAT_MS : failedMs));
    },
    ownChanged: (state, { outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      watchOwn(state, ctx);
      return next(state.sending ? { ...state, again: true } : startSending(state, ctx));
    },
  },
  inspect: ({ method, sending }) => ({ method, sending }),
});

/** One for announcements, one for metadata. */
export function gossipChildren(
  options: {
    readonly store: StoreView;
    readonly identity: PeerId;
    readonly guardians: ReadonlyMap<PeerId, RpcRef>;
    readonly testEnvironment: boolean;
  },
): ActorChild[] {
  const { identity, ...common } = options;
  const announcementArgs: GossipArgs = {
    ...common,
    ownKey: announcements.key(identity),
    method: "submit_api_announcement",
    submissions: async (tx) =>
      [...await announcements.all(tx)].map(([peerId, signedApiAnnouncement]) =>
        apiAnnouncementSubmission.toJson({ peerId, signedApiAnnouncement })
      ),
  };
  const metadataArgs: GossipArgs = {
    ...common,
    ownKey: guardianMetadata.key(identity),
    method: "submit_guardian_metadata",
    submissions: async (tx) =>
      [...await guardianMetadata.all(tx)].map(([peerId, signedGuardianMetadata]) =>
        guardianMetadataSubmission.toJson({ peerId, signedGuardianMetadata })
      ),
  };
  return [
    child(gossip, { id: "announcements", args: announcementArgs }),
    child(gossip, { id: "metadata", args: metadataArgs }),
  ];
}
