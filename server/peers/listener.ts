/** Accepts connections of the other guardians: who one is, its certificate says, byte for byte. Strangers are closed at once. */
import { defineActor, next } from "../../actors/actor.ts";
import type { Address, ByteStream, Listener, TlsIdentity } from "../../actors/platform/platform.ts";
import type { ActorRef, Cast } from "../../actors/protocol.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { Handover } from "./handover.ts";
import { ARRIVED_MAX } from "./limits.ts";
import type { LinkRef } from "./link.ts";

export type ListenerMessage = Cast<"connected", { id: number; certificate: Bytes; remote: Address }>;

export type ListenerArgs = {
  readonly bind: Address;
  readonly identity: TlsIdentity;
  /** The other guardians' certificates (DER). */
  readonly certificates: ReadonlyMap<PeerId, Bytes>;
  readonly links: ReadonlyMap<PeerId, LinkRef>;
  readonly handover: Handover<ByteStream>;
};

type State = {
  readonly args: ListenerArgs;
  readonly peerOf: ReadonlyMap<string, PeerId>;
  readonly listener: Listener;
  /** In the handover until their turn comes. */
  readonly arrived: Set<number>;
};

export const peerListener = defineActor<ListenerMessage, ListenerArgs, State>({
  name: "listener",
  init: async (ctx, args) => {
    const peerOf = new Map([...args.certificates].map(([peer, certificate]) => [toHex(certificate), peer]));
    const arrived = new Set<number>();
    const listener = await ctx.platform.network.listenTls(
      { ...args.bind, identity: args.identity },
      (stream, remote) => {
        if (ctx.signal.aborted || arrived.size >= ARRIVED_MAX) return stream.close();
        const id = args.handover.put(stream);
        arrived.add(id);
        ctx.tell(ctx.self, "connected", { id, certificate: stream.peerCertificate, remote });
      },
    );
    // also after a crash, where nothing is terminated: the next life listens at the same address
    ctx.signal.addEventListener("abort", () => {
      for (const id of arrived) args.handover.take(id)?.close();
      void listener.close();
    }, { once: true });
    ctx.log.info("Listening for guardians", { address: `${listener.address.hostname}:${listener.address.port}` });
    return { args, peerOf, listener, arrived };
  },
  handle: {
    connected: (state, { id, certificate, remote }, ctx) => {
      state.arrived.delete(id);
      const peer = state.peerOf.get(toHex(certificate));
      const link = peer === undefined ? undefined : state.args.links.get(peer);
      if (link) {
        ctx.tell(link, "accepted", { id });
      } else {
        state.args.handover.take(id)?.close();
        ctx.log.warn("Connection with an unknown certificate refused", { remote: remote.hostname });
      }
      return next(state);
    },
  },
  terminate: async (state) => {
    state.args.handover.clear((stream) => stream.close());
    await state.listener.close();
  },
  // twice, as those of a life before may still wait
  mailbox: { max: 2 * ARRIVED_MAX, full: "refuse" },
});

export type PeerListenerRef = ActorRef<ListenerMessage>;
