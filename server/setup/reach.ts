/**
 * Tests the P2P addresses of the guardians that the ceremony waits for, and names those that can't be reached: the
 * ceremony itself waits without end, as in the reference, and a wrong address in a setup code is the likeliest reason.
 * No keys are made before all are connected.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Network } from "../../actors/platform/platform.ts";
import { NetworkError } from "../../actors/platform/error.ts";
import type { Cast } from "../../actors/protocol.ts";
import { equalBytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { RouterRef } from "../peers/router.ts";
import type { PeerAddress } from "../peers/tree.ts";
import { certificateName } from "../peers/tree.ts";
import { GUARDIAN_NAME_MAX, REACH_FIRST_MS, REACH_MAX_MS, REACH_TIMEOUT_MS } from "./limits.ts";
import { addressesOfCodes } from "../config/peer_addresses.ts";
import type { CeremonyParams } from "./setup.ts";

export type ReachMessage =
  | Cast<"look", { afterMs: number }>
  | Cast<"looked", { afterMs: number; missing: Result<PeerId[], unknown> }>
  | Cast<"tried", { peer: PeerId; trouble: Result<string | null, unknown> }>;

export type ReachArgs = { readonly params: CeremonyParams; readonly router: RouterRef };

type State = ReachArgs & { readonly addresses: ReadonlyMap<PeerId, PeerAddress> };
type Context = ActorContext<ReachMessage>;

function lookAfter(ctx: Context, afterMs: number): void {
  ctx.after(afterMs, { type: "look", args: { afterMs } });
}

/** Why the guardian can't be reached where its code says, or null. */
async function troubleWith(network: Network, { params }: State, address: PeerAddress): Promise<string | null> {
  const { hostname, port, name, certificate } = address;
  const options = { hostname, port, identity: params.tls, serverName: certificateName(name) };
  try {
    const stream = await network.dialTls({ ...options, timeoutMs: REACH_TIMEOUT_MS });
    const isKnown = equalBytes(stream.peerCertificate, certificate);
    stream.close();
    return isKnown
      ? null
      : "another certificate is shown there than the guardian's code has: its code may be an older one";
  } catch (thrown) {
    if (thrown instanceof NetworkError) return errorText(thrown);
    throw thrown;
  }
}

function textOf({ hostname, port }: PeerAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

export const reach = defineActor<ReachMessage, ReachArgs, State>({
  name: "reach",
  init: (ctx, args) => {
    lookAfter(ctx, REACH_FIRST_MS);
    return { ...args, addresses: addressesOfCodes(args.params.peers) };
  },
  handle: {
    look: (state, { afterMs }, ctx) => {
      ctx.run(async () => {
        const connected = await ctx.ask(state.router, "connected", null);
        return [...state.addresses.keys()].filter((peer) => peer !== state.params.identity && !connected.has(peer));
      }, (missing) => ({ type: "looked", args: { afterMs, missing } }));
      return next(state);
    },
    looked: (state, { afterMs, missing }, ctx) => {
      if (!missing.ok) throw missing.error;
      const { params: { identity }, addresses } = state;
      for (const peer of missing.value) {
        // it dials us; what it finds is in its own log
        const dialled = peer > identity ? addresses.get(peer)! : null;
        if (dialled) {
          const run = () => troubleWith(ctx.platform.network, state, dialled);
          ctx.run(run, (trouble) => ({ type: "tried", args: { peer, trouble } }));
        } else {
          ctx.log.warn(
            "A guardian has not connected to this one: it must have started, and reach this one's P2P address",
            {
              guardian: `${peer} (${addresses.get(peer)!.name.slice(0, GUARDIAN_NAME_MAX)})`,
              ourAddress: textOf(addresses.get(identity)!),
            },
          );
        }
      }
      // links that were lost again are the ceremony's to tell
      if (missing.value.length > 0) lookAfter(ctx, Math.min(2 * afterMs, REACH_MAX_MS));
      return next(state);
    },
    tried: (state, { peer, trouble }, ctx) => {
      if (!trouble.ok) throw trouble.error;
      if (trouble.value === null) return next(state);
      const address = state.addresses.get(peer)!;
      ctx.log.warn(
        "A guardian can't be reached at the P2P address of its setup code: it must have started, and be there",
        {
          guardian: `${peer} (${address.name.slice(0, GUARDIAN_NAME_MAX)})`,
          address: textOf(address),
          reason: trouble.value,
        },
      );
      return next(state);
    },
  },
});
