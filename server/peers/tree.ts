/** The supervisor tree of the links between guardians. */
import type { Address, ByteStream, TlsIdentity } from "../../actors/platform/platform.ts";
import { refTo } from "../../actors/protocol.ts";
import type { SupervisorSpec } from "../../actors/supervisor.ts";
import { child, supervisor } from "../../actors/supervisor.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { Handover } from "../../actors/handover.ts";
import type { LinkRef } from "./link.ts";
import { link } from "./link.ts";
import { peerListener } from "./listener.ts";
import { CutShort } from "./repeats.ts";
import type { RouterMemory, RouterRef } from "./router.ts";
import { router } from "./router.ts";

/** Another guardian as a peer. */
export type PeerAddress = {
  readonly hostname: string;
  readonly port: number;
  readonly name: string;
  readonly certificate: Bytes;
};

export type PeersArgs = {
  /** Path of the supervisor above. */
  readonly parent: string;
  readonly self: PeerId;
  readonly identity: TlsIdentity;
  readonly bind: Address;
  /** The others, without ourselves. */
  readonly others: ReadonlyMap<PeerId, PeerAddress>;
  /** Whoever made it sees which of them are connected. */
  readonly memory: RouterMemory;
};

/**
 * DNS name in a guardian's certificate: every character that is not ASCII alphanumeric becomes `_`.
 * docs/protocol/03-consensus.md §C1.
 */
export function certificateName(guardianName: string): string {
  return `peer${guardianName.replace(/[^a-zA-Z0-9]/gu, "_")}`;
}

export function routerRef(parent: string): RouterRef {
  return refTo(`${parent}/peers/router`);
}

export function peersTree({ parent, self, identity, bind, others, memory }: PeersArgs): SupervisorSpec {
  const handover = new Handover<ByteStream>();
  const cutShort = new CutShort();
  const links = new Map<PeerId, LinkRef>(
    [...others.keys()].map((peer) => [peer, refTo(`${parent}/peers/link:${peer}`)]),
  );
  const certificates = new Map([...others].map(([peer, { certificate }]) => [peer, certificate]));
  const hostnames = [...others.values()].map(({ hostname }) => hostname);
  return supervisor("peers", {
    strategy: "one_for_one",
    intensity: 10, // a peer that sends garbage must not take the links to the others down
    periodMs: 10_000,
    children: [
      child(router, { args: { links, memory } }),
      ...[...others].map(([peer, { hostname, port, name, certificate }]) =>
        child(link, {
          id: `link:${peer}`,
          args: {
            peer,
            dials: self < peer,
            hostname,
            port,
            serverName: certificateName(name),
            certificate,
            identity,
            handover,
            router: routerRef(parent),
            cutShort,
          },
        })
      ),
      child(peerListener, { args: { bind, identity, certificates, hostnames, links, handover } }),
    ],
  });
}
