/**
 * What the tests of this folder share: guardians whose messages go from hand to hand, with one that may lie; dealt
 * configs.
 */
import { loggerFor } from "../../../actors/logger.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { P2pMessage } from "../../../core/types/p2p_message.ts";
import type { PeerSetupCode } from "../../../core/types/setup_code.ts";
import { parseDkgVersion } from "../../../core/types/dkg_version.ts";
import { FEDIMINT_VERSION } from "../../../core/types/version.ts";
import { seededDice } from "../../../modules/contract/testing/mod.ts";
import { dealtConfigs } from "../../../tests/simulation/dealt.ts";
import { builtInModules } from "../../modules.ts";
import { generateConfig } from "../generate.ts";
import type { GuardianConfig } from "../../config/guardian_config.ts";
import { Rounds } from "../rounds.ts";
import type { CeremonyParams, SetupSettings } from "../setup.ts";

export const LIAR = 3;
const TOTAL = 4;
const GUARDIANS = Array.from({ length: TOTAL }, (_, peer) => peer);

export const SETTINGS: SetupSettings = {
  apiUrl: "ws://g0:8174/",
  p2pUrl: "fedimint://g0:8173",
  network: "regtest",
  defaultModules: ["meta"],
  availableModules: ["meta", "mintv2"],
  disableBaseFees: false,
};

/** Dice, and certificates that are only told apart. */
export function setupPlatform(seed: number): Platform {
  const absent = (): never => {
    throw new Error("This test has only dice and certificates");
  };
  const makeTlsIdentity = () =>
    Promise.resolve({ certificate: Uint8Array.of(seed), privateKey: Uint8Array.of(0xaa, seed) });
  return {
    dice: seededDice(seed + 1),
    network: { makeTlsIdentity } as unknown as Platform["network"],
    get clock(): never {
      return absent();
    },
    get files(): never {
      return absent();
    },
    get threads(): never {
      return absent();
    },
  };
}

export function dealtMeta(): Promise<GuardianConfig[]> {
  return dealtConfigs({ total: TOTAL, modules: ["meta"], roundsPerSession: 200, platformOf: setupPlatform });
}

export function peerCode(peer: PeerId, changes: Partial<PeerSetupCode> = {}): PeerSetupCode {
  return {
    name: `g${peer}`,
    endpoints: {
      tag: "Tcp",
      value: { apiUrl: `ws://g${peer}:8174/`, p2pUrl: `fedimint://g${peer}:8173`, cert: Uint8Array.of(peer) },
    },
    federationName: null,
    disableBaseFees: null,
    enabledModules: null,
    federationSize: null,
    network: "regtest",
    fedimintVersion: parseDkgVersion(FEDIMINT_VERSION),
    ...changes,
  };
}

export function paramsOf(identity: PeerId): CeremonyParams {
  return {
    identity,
    tls: { certificate: Uint8Array.of(identity), privateKey: Uint8Array.of(0xaa, identity) },
    peers: new Map(GUARDIANS.map((peer) => [peer, peerCode(peer)])),
    federationName: "test",
    disableBaseFees: false,
    modules: ["meta"],
    network: "regtest",
  };
}

/** What the liar sends instead of its `index`-th message to `to`. */
export type Lie = (message: P2pMessage, index: number, to: PeerId) => readonly P2pMessage[];

/** The rounds of four guardians; all but the liar are honest. */
export function roundsWith(lie: Lie = (message) => [message]): Rounds[] {
  const queues = new Map<string, P2pMessage[]>();
  const waiting = new Map<string, (message: P2pMessage) => void>();
  const sent = new Map<string, number>();
  const put = (key: string, message: P2pMessage): void => {
    const waiter = waiting.get(key);
    waiting.delete(key);
    if (waiter) waiter(message);
    else queues.set(key, [...queues.get(key) ?? [], message]);
  };
  const send = (from: PeerId, to: PeerId, message: P2pMessage): void => {
    const key = `${from}>${to}`;
    const index = sent.get(key) ?? 0;
    sent.set(key, index + 1);
    for (const told of from === LIAR ? lie(message, index, to) : [message]) put(key, told);
  };
  return GUARDIANS.map((identity) =>
    new Rounds({
      identity,
      peers: numPeers(TOTAL),
      dice: seededDice(identity + 1),
      links: {
        send: (to, message) => {
          for (const peer of GUARDIANS) {
            if (peer !== identity && (to === "all" || to === peer)) send(identity, peer, message);
          }
        },
        receive: (from) => {
          const message = queues.get(`${from}>${identity}`)?.shift();
          if (message) return Promise.resolve(message);
          return new Promise((resolve) => waiting.set(`${from}>${identity}`, resolve));
        },
      },
    })
  );
}

/** All four generate a config; the outcome of guardian 0. The others may be left waiting, as one that is left alone. */
export function generateWith(
  lie?: Lie,
  change: (params: CeremonyParams) => CeremonyParams = (params) => params,
  modules: readonly string[] = ["meta"],
): Promise<GuardianConfig> {
  const outcomes = roundsWith(lie).map((rounds) => {
    const params = { ...paramsOf(rounds.identity), modules };
    const outcome = generateConfig({
      params: rounds.identity === LIAR ? change(params) : params,
      rounds,
      definitions: builtInModules,
      platform: setupPlatform(rounds.identity),
      log: loggerFor(`ceremony/${rounds.identity}`, () => {}),
      testEnvironment: true,
    });
    outcome.catch(() => {});
    return outcome;
  });
  return outcomes[0]!;
}
