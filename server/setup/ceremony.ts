/**
 * The ceremony as an actor: takes the other guardians' messages from the links, waits until all are connected,
 * generates the config. It runs once; a failure is told to whoever started it and ends the guardian's process, as in
 * the reference: it begins setup anew when it is started again.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../actors/protocol.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { P2pMessage, ReceivedP2pMessage } from "../../core/types/p2p_message.ts";
import { openP2pMessage } from "../../core/types/p2p_message.ts";
import type { AnyServerModuleDefinition } from "../../modules/contract/server.ts";
import type { PeerMessage, RouterRef } from "../peers/router.ts";
import { SetupError } from "../config/error.ts";
import { generateConfig } from "./generate.ts";
import type { GuardianConfig } from "../config/guardian_config.ts";
import { Inbox } from "./inbox.ts";
import { GUARDIAN_NAME_MAX, SILENCE_TOLD_MAX_MS, SILENCE_TOLD_MS } from "./limits.ts";
import type { CeremonyLinks } from "./rounds.ts";
import { Rounds } from "./rounds.ts";
import type { CeremonyParams } from "./setup.ts";

const CONNECTED_POLL_MS = 250;

export type CeremonyMessage =
  | PeerMessage
  /** The finished config, once; or why it failed. */
  | Request<"result", null, Result<GuardianConfig, string>>
  | Cast<"poll", null>
  | Cast<"connected", { peers: Result<Set<PeerId>, unknown> }>
  /** `progress` as it was `afterMs` ago. */
  | Cast<"watch", { afterMs: number; progress: number }>
  | Cast<"finished", { outcome: Result<GuardianConfig, unknown> }>;

export type CeremonyRef = ActorRef<CeremonyMessage>;

export type CeremonyArgs = {
  readonly params: CeremonyParams;
  readonly definitions: ReadonlyMap<string, AnyServerModuleDefinition>;
  /** Null for a federation of one. */
  readonly router: RouterRef | null;
  readonly testEnvironment: boolean;
};

type State = {
  readonly args: CeremonyArgs;
  readonly inbox: Inbox;
  readonly askers: ReplyTo<Result<GuardianConfig, string>>[];
  readonly result: Result<GuardianConfig, string> | null;
  /** Whose links are up, until all are. */
  readonly connected: ReadonlySet<PeerId>;
  readonly started: boolean;
};

type Context = ActorContext<CeremonyMessage>;

/** Told to everybody who asks or has asked; the first result counts. */
function finish(state: State, ctx: Context, result: Result<GuardianConfig, string>): State {
  if (state.result) return state;
  for (const asker of state.askers) ctx.reply(asker, result);
  return { ...state, askers: [], result };
}

function progressOf({ connected, inbox }: State): number {
  return connected.size + inbox.received;
}

/** Whom the ceremony waits for, and in which step; nobody while it computes. */
function awaitedBy({ args: { params }, started, inbox, connected }: State): Map<PeerId, string> {
  if (started) return inbox.awaited;
  const missing = [...params.peers.keys()].filter((peer) => peer !== params.identity && !connected.has(peer));
  return new Map(missing.map((peer) => [peer, "connection"]));
}

/** A guardian that is silent keeps all others waiting, as in the reference: whoever runs them must see which. */
function tellSilence(state: State, ctx: Context): void {
  const { peers } = state.args.params;
  const awaited = awaitedBy(state);
  if (awaited.size === 0) return;
  // a code's name is as long as whoever made it likes
  const guardians = [...awaited.keys()].map((peer) => `${peer} (${peers.get(peer)!.name.slice(0, GUARDIAN_NAME_MAX)})`);
  const what = state.started
    ? "The ceremony waits for messages of these guardians; if one has failed or was restarted, stop all and set up again"
    : "The ceremony waits for a connection to these guardians; all must have started it";
  ctx.log.warn(what, { guardians: guardians.join(", "), step: [...new Set(awaited.values())].join(", ") });
}

/** What is asked for is decoded, and nothing else. @throws {SetupError} `peer_failed` */
function open(from: PeerId, message: ReceivedP2pMessage): P2pMessage {
  try {
    return openP2pMessage(message);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    throw new SetupError(
      { code: "peer_failed", peer: from, reason: "undecodable" },
      `Guardian ${from} sent what is no message of the ceremony (${
        errorText(thrown)
      }): all guardians must start setup again`,
    );
  }
}

export const ceremony = defineActor<CeremonyMessage, CeremonyArgs, State>({
  name: "ceremony",
  init: (ctx, args) => {
    if (args.router) ctx.tell(args.router, "subscribe", { consumer: ctx.self });
    ctx.after(0, { type: "poll", args: null });
    ctx.after(SILENCE_TOLD_MS, { type: "watch", args: { afterMs: SILENCE_TOLD_MS, progress: 0 } });
    return { args, inbox: new Inbox(), askers: [], result: null, connected: new Set(), started: false };
  },
  handle: {
    peerMessage: (state, { from, id, message }, ctx) => {
      if (state.args.router) ctx.tell(state.args.router, "taken", { from, id });
      if (state.result || state.inbox.put(from, message)) return next(state);
      const why = `Guardian ${from} sends more than the ceremony asks for: set up again without it`;
      return next(finish(state, ctx, err(why)));
    },
    poll: (state, _args, ctx) => {
      const { router } = state.args;
      const connected = router ? () => ctx.ask(router, "connected", null) : () => Promise.resolve(new Set<PeerId>());
      ctx.run(connected, (peers) => ({ type: "connected", args: { peers } }));
      return next(state);
    },
    connected: (state, { peers }, ctx) => {
      if (!peers.ok) throw peers.error;
      if (state.result) return next(state);
      const { params, router, definitions, testEnvironment } = state.args;
      if (peers.value.size < params.peers.size - 1) {
        ctx.after(CONNECTED_POLL_MS, { type: "poll", args: null });
        return next({ ...state, connected: peers.value });
      }
      const links: CeremonyLinks = {
        send: (to, message) => {
          if (router) ctx.tell(router, "send", { to, message });
        },
        receive: async (from, step) => open(from, await state.inbox.receive(from, step)),
      };
      const rounds = new Rounds({
        identity: params.identity,
        peers: numPeers(params.peers.size),
        links,
        dice: ctx.platform.dice,
      });
      ctx.run(
        () => generateConfig({ params, rounds, definitions, platform: ctx.platform, log: ctx.log, testEnvironment }),
        (outcome) => ({ type: "finished", args: { outcome } }),
      );
      return next({ ...state, connected: peers.value, started: true });
    },
    finished: (state, { outcome }, ctx) => {
      if (!outcome.ok && !(outcome.error instanceof SetupError)) throw outcome.error;
      return next(finish(state, ctx, outcome.ok ? ok(outcome.value) : err(errorText(outcome.error))));
    },
    watch: (state, { afterMs, progress }, ctx) => {
      if (state.result) return next(state);
      const isSilent = progressOf(state) === progress;
      if (isSilent) tellSilence(state, ctx);
      const nextMs = isSilent ? Math.min(2 * afterMs, SILENCE_TOLD_MAX_MS) : SILENCE_TOLD_MS;
      ctx.after(nextMs, { type: "watch", args: { afterMs: nextMs, progress: progressOf(state) } });
      return next(state);
    },
    result: (state, _args, _ctx, from) => {
      if (state.result) return reply(state, state.result);
      return next({ ...state, askers: [...state.askers, from] });
    },
  },
  inspect: (state) => ({ started: state.started, finished: state.result !== null }),
});
