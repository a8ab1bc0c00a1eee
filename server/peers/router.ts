/**
 * Between the links and whoever speaks with the other guardians now: first the ceremony, then each session's broadcast.
 * It keeps the order per guardian. The layer is unreliable by design: what can't be sent or delivered now is dropped, and the protocols
 * above repeat; only for a consumer that hasn't subscribed yet a few messages are held.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../actors/protocol.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import { HELD_MAX } from "./limits.ts";
import type { LinkRef } from "./link.ts";

/** What a consumer of peers' messages understands beside its own messages. */
export type PeerMessage = Cast<"peerMessage", { from: PeerId; message: P2pMessage }>;

export type RouterMessage =
  /** From now on messages go to `consumer`; what was held goes first. */
  | Cast<"subscribe", { consumer: ActorRef<PeerMessage> }>
  | Cast<"send", { to: PeerId | "all"; message: P2pMessage }>
  | Cast<"received", { from: PeerId; message: P2pMessage }>
  | Cast<"connection", { peer: PeerId; connected: boolean }>
  /** The other guardians that are connected now. */
  | Request<"connected", null, Set<PeerId>>;

export type RouterRef = ActorRef<RouterMessage>;

export type RouterArgs = { readonly links: ReadonlyMap<PeerId, LinkRef> };

type State = RouterArgs & {
  readonly connected: Set<PeerId>;
  readonly held: Map<PeerId, P2pMessage[]>;
  consumer: ActorRef<PeerMessage> | null;
};

type Context = ActorContext<RouterMessage>;

function deliverHeld(state: State, ctx: Context, consumer: ActorRef<PeerMessage>): void {
  for (const [from, messages] of state.held) {
    for (const message of messages) ctx.tell(consumer, "peerMessage", { from, message });
  }
  state.held.clear();
}

function hold(state: State, from: PeerId, message: P2pMessage): void {
  const messages = state.held.get(from) ?? [];
  if (messages.length < HELD_MAX) messages.push(message);
  state.held.set(from, messages);
}

export const router = defineActor<RouterMessage, RouterArgs, State>({
  name: "router",
  init: (_ctx, { links }) => ({ links, connected: new Set(), held: new Map(), consumer: null }),
  handle: {
    subscribe: (state, { consumer }, ctx) => {
      state.consumer = consumer;
      deliverHeld(state, ctx, consumer);
      return next(state);
    },
    send: (state, { to, message }, ctx) => {
      for (const [peer, link] of state.links) {
        if (to === "all" || to === peer) ctx.tell(link, "send", { message });
      }
      return next(state);
    },
    received: (state, { from, message }, ctx) => {
      if (state.consumer) ctx.tell(state.consumer, "peerMessage", { from, message });
      else hold(state, from, message);
      return next(state);
    },
    connection: (state, { peer, connected }) => {
      if (connected) state.connected.add(peer);
      else state.connected.delete(peer);
      return next(state);
    },
    connected: (state) => reply(state, new Set(state.connected)),
  },
  inspect: (state) => ({ connected: state.connected.size, of: state.links.size }),
});
