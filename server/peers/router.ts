/**
 * Between the links and whoever speaks with the other guardians now: first the ceremony, then each session's broadcast.
 * It keeps the order per guardian. The layer is unreliable by design: what can't be sent or delivered now is dropped,
 * and the protocols above repeat; only for a consumer that hasn't subscribed yet a few messages are held.
 *
 * A consumer has one message of each guardian at a time: it says when it has taken it, and the guardian's link hands on
 * the next. So guardians have their turns, whatever one of them sends, and a consumer that takes its time with one
 * holds back that one alone.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../actors/protocol.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { P2pMessage, ReceivedP2pMessage } from "../../core/types/p2p_message.ts";
import { HELD_BYTES_MAX, HELD_MAX } from "./limits.ts";

/**
 * What a consumer of peers' messages understands beside its own messages. It answers each by `taken`, now or when it
 * likes.
 */
export type PeerMessage = Cast<"peerMessage", { from: PeerId; id: number; message: ReceivedP2pMessage }>;

/** What a link understands of the router. */
export type RoutedMessage =
  | Cast<"send", { message: P2pMessage; isAnswer: boolean }>
  /** The consumer is done with the message of this number: the next one may come. */
  | Cast<"taken", { id: number }>
  /** Whoever was to take a message may be gone, with the message: the next one may come. */
  | Cast<"again", null>;

export type RouterMessage =
  /** From now on messages go to `consumer`; what was held goes first. */
  | Cast<"subscribe", { consumer: ActorRef<PeerMessage> }>
  /** An answer to what a guardian asked for waits behind all else; default false. */
  | Cast<"send", { to: PeerId | "all"; message: P2pMessage; isAnswer?: boolean }>
  | Cast<"received", { from: PeerId; id: number; message: ReceivedP2pMessage }>
  /** The consumer is done with a message. */
  | Cast<"taken", { from: PeerId; id: number }>
  /** The consumer has ended, `subscription` tells which. */
  | Cast<"ended", { subscription: number }>
  | Cast<"connection", { peer: PeerId; connected: boolean }>
  /** The other guardians that are connected now. */
  | Request<"connected", null, Set<PeerId>>;

export type RouterRef = ActorRef<RouterMessage>;

/** What others have told the router once and would not tell it again: it outlives a crash. */
export type RouterMemory = { readonly connected: Set<PeerId>; consumer: ActorRef<PeerMessage> | null };

export function routerMemory(): RouterMemory {
  return { connected: new Set(), consumer: null };
}

export type RouterArgs = {
  readonly links: ReadonlyMap<PeerId, ActorRef<RoutedMessage>>;
  readonly memory: RouterMemory;
};

type Held = { readonly messages: ReceivedP2pMessage[]; bytes: number };
type State = RouterArgs & { readonly held: Map<PeerId, Held>; subscriptions: number };

type Context = ActorContext<RouterMessage>;

/** Nobody waits for these to be taken: they were when they were held. */
const HELD_ID = -1;

function deliverHeld(state: State, ctx: Context, consumer: ActorRef<PeerMessage>): void {
  for (const [from, { messages }] of state.held) {
    for (const message of messages) ctx.tell(consumer, "peerMessage", { from, id: HELD_ID, message });
  }
  state.held.clear();
}

/** About so many bytes of a message are kept with it. */
export function bytesOfPeerMessage(message: ReceivedP2pMessage): number {
  switch (message.tag) {
    case "Sealed":
      return message.value.payload.length;
    case "Aleph":
    case "Encodable":
      return message.value.length;
    case "Default":
      return message.value.bytes.length;
    default:
      return 0;
  }
}

function hold(state: State, from: PeerId, message: ReceivedP2pMessage): void {
  const held = state.held.get(from) ?? { messages: [], bytes: 0 };
  state.held.set(from, held);
  const bytes = bytesOfPeerMessage(message);
  if (held.messages.length >= HELD_MAX || held.bytes + bytes > HELD_BYTES_MAX) return;
  held.messages.push(message);
  held.bytes += bytes;
}

/** From now on messages go to `consumer`, until it ends. */
function follow(state: State, ctx: Context, consumer: ActorRef<PeerMessage>): void {
  const subscription = ++state.subscriptions;
  ctx.monitor(consumer, () => ({ type: "ended", args: { subscription } }));
}

function giveBack(state: State, ctx: Context, from: PeerId, id: number): void {
  const link = state.links.get(from);
  if (link) ctx.tell(link, "taken", { id });
}

/** Messages that the consumer before had are not taken any more. */
function offerAgain(state: State, ctx: Context): void {
  for (const link of state.links.values()) ctx.tell(link, "again", null);
}

export const router = defineActor<RouterMessage, RouterArgs, State>({
  name: "router",
  init: (ctx, args) => {
    const state: State = { ...args, held: new Map(), subscriptions: 0 };
    if (args.memory.consumer) {
      follow(state, ctx, args.memory.consumer);
      // what was on its way through the life before may be lost
      offerAgain(state, ctx);
    }
    return state;
  },
  handle: {
    subscribe: (state, { consumer }, ctx) => {
      state.memory.consumer = consumer;
      follow(state, ctx, consumer);
      deliverHeld(state, ctx, consumer);
      offerAgain(state, ctx);
      return next(state);
    },
    ended: (state, { subscription }, ctx) => {
      if (subscription !== state.subscriptions) return next(state);
      state.memory.consumer = null;
      offerAgain(state, ctx);
      return next(state);
    },
    send: (state, { to, message, isAnswer = false }, ctx) => {
      for (const [peer, link] of state.links) {
        if (to === "all" || to === peer) ctx.tell(link, "send", { message, isAnswer });
      }
      return next(state);
    },
    received: (state, { from, id, message }, ctx) => {
      const { consumer } = state.memory;
      if (consumer) ctx.tell(consumer, "peerMessage", { from, id, message });
      else {
        hold(state, from, message);
        giveBack(state, ctx, from, id);
      }
      return next(state);
    },
    taken: (state, { from, id }, ctx) => {
      giveBack(state, ctx, from, id);
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
