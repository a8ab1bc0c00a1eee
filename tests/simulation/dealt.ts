/**
 * Configs of a whole federation from a ceremony whose messages go from hand to hand: for tests that begin after setup.
 */
import { loggerFor } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import type { PeerSetupCode } from "../../core/types/setup_code.ts";
import { parseDkgVersion } from "../../core/types/dkg_version.ts";
import { FEDIMINT_VERSION } from "../../core/types/version.ts";
import type { ServerModules } from "../../server/modules.ts";
import { builtInModules } from "../../server/modules.ts";
import { generateConfig } from "../../server/setup/generate.ts";
import type { GuardianConfig } from "../../server/config/guardian_config.ts";
import type { CeremonyLinks } from "../../server/setup/rounds.ts";
import { Rounds } from "../../server/setup/rounds.ts";
import type { CeremonyParams } from "../../server/setup/setup.ts";

/** Messages between all pairs, in order. */
class Hub {
  readonly #queues = new Map<string, P2pMessage[]>();
  readonly #waiting = new Map<string, (message: P2pMessage) => void>();

  linksOf(self: PeerId, total: number): CeremonyLinks {
    return {
      send: (to, message) => {
        for (let peer = 0; peer < total; peer++) {
          if (peer !== self && (to === "all" || to === peer)) this.#put(`${self}>${peer}`, message);
        }
      },
      receive: (from) => this.#take(`${from}>${self}`),
    };
  }

  #put(key: string, message: P2pMessage): void {
    const waiting = this.#waiting.get(key);
    if (waiting) {
      this.#waiting.delete(key);
      waiting(message);
    } else this.#queues.set(key, [...this.#queues.get(key) ?? [], message]);
  }

  #take(key: string): Promise<P2pMessage> {
    const [message, ...rest] = this.#queues.get(key) ?? [];
    if (!message) return new Promise((resolve) => this.#waiting.set(key, resolve));
    this.#queues.set(key, rest);
    return Promise.resolve(message);
  }
}

export type DealtOptions = {
  readonly total: number;
  readonly modules: readonly string[];
  readonly roundsPerSession: number;
  /** Default: the program's. */
  readonly roundDelayMs?: number;
  /** Dice and certificates of each guardian. */
  readonly platformOf: (peer: PeerId) => Platform;
  /** Default: those that are built in. */
  readonly definitions?: ServerModules;
  /** Begins the names of guardians and of their machines. Default: `g`. */
  readonly name?: string;
};

export async function dealtConfigs(options: DealtOptions): Promise<GuardianConfig[]> {
  const { total, modules, roundsPerSession, platformOf, definitions = builtInModules, name = "g" } = options;
  const guardianName = (peer: PeerId): string => `${name}${peer}`;
  const ids = Array.from({ length: total }, (_, peer) => peer);
  const identities = await Promise.all(
    ids.map((peer) => platformOf(peer).network.makeTlsIdentity(`peer${guardianName(peer)}`)),
  );
  const peers = new Map<PeerId, PeerSetupCode>(ids.map((peer) => [peer, {
    name: guardianName(peer),
    endpoints: {
      tag: "Tcp",
      value: {
        apiUrl: `ws://${guardianName(peer)}:8174/`,
        p2pUrl: `fedimint://${guardianName(peer)}:8173`,
        cert: identities[peer]!.certificate,
      },
    },
    federationName: peer === 0 ? "simulated" : null,
    disableBaseFees: null,
    enabledModules: null,
    federationSize: peer === 0 ? total : null,
    network: "regtest",
    fedimintVersion: parseDkgVersion(FEDIMINT_VERSION),
  }]));
  const hub = new Hub();
  return await Promise.all(ids.map(async (identity) => {
    const params: CeremonyParams = {
      identity,
      tls: identities[identity]!,
      peers,
      federationName: "simulated",
      disableBaseFees: false,
      modules: [...modules].sort(),
      network: "regtest",
    };
    const platform = platformOf(identity);
    const rounds = new Rounds({
      identity,
      peers: numPeers(total),
      links: hub.linksOf(identity, total),
      dice: platform.dice,
    });
    const log = loggerFor(`dealer/${identity}`, () => {});
    const config = await generateConfig({
      params,
      rounds,
      definitions,
      platform,
      log,
      testEnvironment: true,
    });
    const { consensus, local } = config;
    return {
      ...config,
      consensus: { ...consensus, broadcastRoundsPerSession: roundsPerSession },
      local: { ...local, broadcastRoundDelayMs: options.roundDelayMs ?? local.broadcastRoundDelayMs },
    };
  }));
}
