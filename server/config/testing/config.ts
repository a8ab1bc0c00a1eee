/** A federation's config for tests, without modules. */
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { CORE_CONSENSUS_VERSION } from "../../../core/types/version.ts";
import type { GuardianConfig } from "../guardian_config.ts";

export function secretKeyOf(peer: PeerId): Bytes {
  return new Uint8Array(32).fill(peer + 1);
}

export function configUrl(peer: PeerId): string {
  return `ws://g${peer}:8174/`;
}

/** Config of one of four guardians, without modules. */
export function testConfig(identity: PeerId = 0, total = 4): GuardianConfig {
  const peers = Array.from({ length: total }, (_, peer) => peer);
  const byPeer = <T>(value: (peer: PeerId) => T): Map<PeerId, T> => new Map(peers.map((peer) => [peer, value(peer)]));
  return {
    consensus: {
      codeVersion: "0.13",
      version: CORE_CONSENSUS_VERSION,
      broadcastPublicKeys: byPeer((peer) => publicKeyOf(secretKeyOf(peer))),
      broadcastRoundsPerSession: 200,
      apiEndpoints: byPeer((peer) => ({ url: configUrl(peer), name: `g${peer}` })),
      irohEndpoints: new Map(),
      tlsCerts: byPeer(() => "00"),
      modules: new Map(),
      meta: new Map([["federation_name", "test"]]),
    },
    local: {
      p2pEndpoints: byPeer((peer) => ({ url: `fedimint://g${peer}:8173`, name: `g${peer}` })),
      identity,
      maxConnections: 1_000,
      broadcastRoundDelayMs: 50,
    },
    private: {
      tlsKey: "00",
      irohApiSk: null,
      irohP2pSk: null,
      broadcastSecretKey: secretKeyOf(identity),
      modules: new Map(),
    },
  };
}
