/**
 * The ceremony as an actor: takes the other guardians' messages from the links, waits until all are connected, generates the config.
 * It runs once; a failure is told to whoever started it, and setup begins anew.
 */
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../actors/protocol.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import type { AnyServerModuleDefinition } from "../../modules/contract/server.ts";
import type { PeerMessage, RouterRef } from "../peers/router.ts";
import { SetupError } from "./error.ts";
import { generateConfig } from "./generate.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { WAITING_MESSAGES_MAX } from "./limits.ts";
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
  | Cast<"finished", { outcome: Result<GuardianConfig, unknown> }>;

export type CeremonyRef = ActorRef<CeremonyMessage>;

export type CeremonyArgs = {
  readonly params: CeremonyParams;
  readonly definitions: ReadonlyMap<string, AnyServerModuleDefinition>;
  /** Null for a federation of one. */
  readonly router: RouterRef | null;
  readonly testEnvironment: boolean;
};

/** One queue a peer, and at most one who waits for it. */
class Inbox {
  readonly #queues = new Map<PeerId, P2pMessage[]>();
  readonly #waiting = new Map<PeerId, (message: P2pMessage) => void>();

  /** False when a peer sends more than any honest one. */
  put(from: PeerId, message: P2pMessage): boolean {
    const waiting = this.#waiting.get(from);
    if (waiting) {
      this.#waiting.delete(from);
      waiting(message);
      return true;
    }
    const queue = this.#queues.get(from) ?? [];
    if (queue.length >= WAITING_MESSAGES_MAX) return false;
    queue.push(message);
    this.#queues.set(from, queue);
    return true;
  }

  receive(from: PeerId): Promise<P2pMessage> {
    const message = this.#queues.get(from)?.shift();
    if (message) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.set(from, resolve));
  }
}

type State = {
  readonly args: CeremonyArgs;
  readonly inbox: Inbox;
  readonly askers: ReplyTo<Result<GuardianConfig, string>>[];
  readonly result: Result<GuardianConfig, string> | null;
  readonly started: boolean;
};

export const ceremony = defineActor<CeremonyMessage, CeremonyArgs, State>({
  name: "ceremony",
  init: (ctx, args) => {
    if (args.router) ctx.tell(args.router, "subscribe", { consumer: ctx.self });
    ctx.after(0, { type: "poll", args: null });
    return { args, inbox: new Inbox(), askers: [], result: null, started: false };
  },
  handle: {
    peerMessage: (state, { from, message }, ctx) => {
      if (!state.inbox.put(from, message)) {
        ctx.log.warn("A guardian sends more than the ceremony asks for", { peer: from });
      }
      return next(state);
    },
    poll: (state, _args, ctx) => {
      const { router } = state.args;
      const connected = router ? () => ctx.ask(router, "connected", null) : () => Promise.resolve(new Set<PeerId>());
      ctx.run(connected, (peers) => ({ type: "connected", args: { peers } }));
      return next(state);
    },
    connected: (state, { peers }, ctx) => {
      if (!peers.ok) throw peers.error;
      const { params, router, definitions, testEnvironment } = state.args;
      if (peers.value.size < params.peers.size - 1) {
        ctx.after(CONNECTED_POLL_MS, { type: "poll", args: null });
        return next(state);
      }
      const links: CeremonyLinks = {
        send: (to, message) => {
          if (router) ctx.tell(router, "send", { to, message });
        },
        receive: (from) => state.inbox.receive(from),
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
      return next({ ...state, started: true });
    },
    finished: (state, { outcome }, ctx) => {
      if (!outcome.ok && !(outcome.error instanceof SetupError)) throw outcome.error;
      const result = outcome.ok ? ok(outcome.value) : err(errorText(outcome.error));
      for (const asker of state.askers) ctx.reply(asker, result);
      return next({ ...state, askers: [], result });
    },
    result: (state, _args, _ctx, from) => {
      if (state.result) return reply(state, state.result);
      return next({ ...state, askers: [...state.askers, from] });
    },
  },
  inspect: (state) => ({ started: state.started, finished: state.result !== null }),
});
