/**
 * Accepts connections of the other guardians: who one is, its certificate says, byte for byte. Strangers are closed at
 * once, before anything of theirs is read. Of a guardian's connections that wait for their turn the newest counts.
 */
import { defineActor, next } from "../../actors/actor.ts";
import type { Address, ByteStream, Listener, TlsIdentity } from "../../actors/platform/platform.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { Handover } from "../../actors/handover.ts";
import { STRANGERS_TOLD_MS } from "./limits.ts";
import type { LinkRef } from "./link.ts";

export type ListenerMessage =
  | Cast<"connected", { peer: PeerId; id: number }>
  /** Tells of strangers that came since, and when some came goes on telling. */
  | Cast<"tellStrangers", null>;

export type ListenerArgs = {
  readonly bind: Address;
  readonly identity: TlsIdentity;
  /** The other guardians' certificates (DER). */
  readonly certificates: ReadonlyMap<PeerId, Bytes>;
  /** Names or addresses of their machines. */
  readonly hostnames: readonly string[];
  readonly links: ReadonlyMap<PeerId, LinkRef>;
  readonly handover: Handover<ByteStream>;
};

type State = {
  readonly args: ListenerArgs;
  readonly listener: Listener;
  /** In the handover until their turn comes. */
  readonly arrived: Map<PeerId, number>;
  readonly strangers: Strangers;
};

/** Whose connections were refused and not told of yet. */
type Strangers = { count: number; last: string; isTelling: boolean };

export const peerListener = defineActor<ListenerMessage, ListenerArgs, State>({
  name: "listener",
  init: async (ctx, args) => {
    const peerOf = new Map([...args.certificates].map(([peer, certificate]) => [toHex(certificate), peer]));
    const arrived = new Map<PeerId, number>();
    const strangers: Strangers = { count: 0, last: "", isTelling: false };
    const refuse = (remote: Address): void => {
      strangers.count++;
      strangers.last = remote.hostname;
      if (strangers.isTelling) return;
      strangers.isTelling = true;
      ctx.tell(ctx.self, "tellStrangers", null);
    };
    const listener = await ctx.platform.network.listenTls(
      {
        ...args.bind,
        identity: args.identity,
        isKnown: (certificate) => peerOf.has(toHex(certificate)),
        expected: args.hostnames,
      },
      (stream, remote) => {
        if (ctx.signal.aborted) return stream.close();
        const peer = peerOf.get(toHex(stream.peerCertificate));
        if (peer === undefined) {
          stream.close();
          return refuse(remote);
        }
        const before = arrived.get(peer);
        if (before !== undefined) args.handover.take(before)?.close();
        const id = args.handover.put(stream);
        arrived.set(peer, id);
        // one that came before and waits is told of already, and finds this one
        if (before === undefined) ctx.tell(ctx.self, "connected", { peer, id });
      },
    );
    // also after a crash, where nothing is terminated: the next life listens at the same address
    ctx.signal.addEventListener("abort", () => {
      for (const id of arrived.values()) args.handover.take(id)?.close();
      void listener.close();
    }, { once: true });
    ctx.log.info("Listening for guardians", { address: `${listener.address.hostname}:${listener.address.port}` });
    return { args, listener, arrived, strangers };
  },
  handle: {
    connected: (state, { peer, id }, ctx) => {
      // none after a crash: it was closed then
      const newest = state.arrived.get(peer) ?? id;
      state.arrived.delete(peer);
      const link = state.args.links.get(peer);
      if (link) ctx.tell(link, "accepted", { id: newest });
      else state.args.handover.take(newest)?.close();
      return next(state);
    },
    tellStrangers: (state, _args, ctx) => {
      const { strangers } = state;
      strangers.isTelling = strangers.count > 0;
      if (!strangers.isTelling) return next(state);
      const facts = { connections: strangers.count, remote: strangers.last };
      ctx.log.warn("Connection with an unknown certificate refused", facts);
      strangers.count = 0;
      ctx.after(STRANGERS_TOLD_MS, { type: "tellStrangers", args: null });
      return next(state);
    },
  },
  terminate: async (state) => {
    state.args.handover.clear((stream) => stream.close());
    await state.listener.close();
  },
});
