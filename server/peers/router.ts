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

/** What others have told the router once and would not tell it again: it outlives a crash. */
export type RouterMemory = { readonly connected: Set<PeerId>; consumer: ActorRef<PeerMessage> | null };

export function routerMemory(): RouterMemory {
  return { connected: new Set(), consumer: null };
}

export type RouterArgs = { readonly links: ReadonlyMap<PeerId, LinkRef>; readonly memory: RouterMemory };

type State = RouterArgs & { readonly held: Map<PeerId, P2pMessage[]> };

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
  init: (_ctx, args) => ({ ...args, held: new Map() }),
  handle: {
    subscribe: (state, { consumer }, ctx) => {
      state.memory.consumer = consumer;
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
      const { consumer } = state.memory;
      if (consumer) ctx.tell(consumer, "peerMessage", { from, message });
      else hold(state, from, message);
      return next(state);
    },
    connection: (state, { peer, connected }) => {
      if (connected) state.memory.connected.add(peer);
      else state.memory.connected.delete(peer);
      return next(state);
    },
    connected: (state) => reply(state, new Set(state.memory.connected)),
  },
  inspect: (state) => ({ connected: state.memory.connected.size, of: state.links.size }),
});
