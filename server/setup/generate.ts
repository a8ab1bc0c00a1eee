/**
 * The ceremony from the first checksum to the finished config. fedimint-server `config/mod.rs` (`distributed_gen`);
 * docs/protocol/03-consensus.md §D2.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { assert } from "../../core/assert.ts";
import { toHex } from "../../core/bytes.ts";
import { isSecretKey, publicKeyOf } from "../../core/crypto/secp.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { JsonWithKind } from "../../core/types/json_with_kind.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import type { ServerConfigConsensus, ServerModuleConsensusConfig } from "../../core/types/server_config.ts";
import { consensusConfigHash, ROUNDS_PER_SESSION_DEFAULT } from "../../core/types/server_config.ts";
import { dkgCompatibility, parseDkgVersion } from "../../core/types/dkg_version.ts";
import type { PeerSetupCode } from "../../core/types/setup_code.ts";
import { setupChecksum } from "../../core/types/setup_code.ts";
import { CORE_CONSENSUS_VERSION, FEDIMINT_VERSION } from "../../core/types/version.ts";
import type { AnyServerModuleDefinition } from "../../modules/contract/server.ts";
import type { GuardianConfig } from "../config/guardian_config.ts";
import type { Rounds } from "./rounds.ts";
import type { CeremonyParams } from "./setup.ts";

/** Rounds a session in a test federation: about 10 s. */
const ROUNDS_PER_SESSION_TEST = 200;
const MAX_CONNECTIONS = 1_000;
const ROUND_DELAY_MS = 50;

export type GenerateOptions = {
  readonly params: CeremonyParams;
  readonly rounds: Rounds;
  readonly definitions: ReadonlyMap<string, AnyServerModuleDefinition>;
  readonly platform: Platform;
  readonly log: Logger;
  readonly testEnvironment: boolean;
};

/** Every guardian runs this at the same time. @throws {SetupError} when a peer fails; nothing has been written then */
export async function generateConfig(options: GenerateOptions): Promise<GuardianConfig> {
  const { params, rounds, definitions, platform, log } = options;
  await rounds.compareChecksum(setupChecksum(new Map(params.peers)), "set of setup codes");
  log.info("All guardians have the same setup codes", { guardians: params.peers.size });

  let broadcastSecretKey = platform.dice.bytes(32);
  while (!isSecretKey(broadcastSecretKey)) broadcastSecretKey = platform.dice.bytes(32);
  rounds.begin("broadcast keys");
  const broadcastPublicKeys = await rounds.exchange(publicKey, publicKeyOf(broadcastSecretKey));

  const modules = new Map<ModuleInstanceId, ServerModuleConsensusConfig>();
  const privateModules = new Map<ModuleInstanceId, JsonWithKind>();
  for (const [instance, kind] of params.modules.entries()) {
    const definition = definitions.get(kind);
    assert(definition, "setup takes only modules that this program has");
    log.info("Generating a module's keys", { kind, instance });
    rounds.begin(`module ${instance} (${kind})`);
    const generated = await definition.distributedGen(rounds, params, platform);
    const config = encode(definition.codecs.config, generated.config);
    modules.set(instance, { kind, version: definition.consensusVersion, config });
    privateModules.set(instance, { kind, value: definition.privateConfig.toJson(generated.privateConfig) });
  }

  const consensus = assemble(options, broadcastPublicKeys, modules);
  await rounds.compareChecksum(consensusConfigHash(consensus), "config");
  log.info("All guardians have the same config: the ceremony is complete");
  return {
    consensus,
    local: {
      p2pEndpoints: new Map(
        [...params.peers].map(([peer, code]) => [peer, { url: tcp(code).p2pUrl, name: code.name }]),
      ),
      identity: params.identity,
      maxConnections: MAX_CONNECTIONS,
      broadcastRoundDelayMs: ROUND_DELAY_MS,
    },
    private: {
      tlsKey: toHex(params.tls.privateKey),
      irohApiSk: null,
      irohP2pSk: null,
      broadcastSecretKey,
      modules: privateModules,
    },
  };
}

function tcp({ endpoints }: PeerSetupCode) {
  assert(endpoints.tag === "Tcp", "setup takes only guardians that are reached by TCP");
  return endpoints.value;
}

function assemble(
  { params, testEnvironment }: GenerateOptions,
  broadcastPublicKeys: ServerConfigConsensus["broadcastPublicKeys"],
  modules: ServerConfigConsensus["modules"],
): ServerConfigConsensus {
  return {
    codeVersion: dkgCompatibility(parseDkgVersion(FEDIMINT_VERSION)),
    version: CORE_CONSENSUS_VERSION,
    broadcastPublicKeys,
    broadcastRoundsPerSession: testEnvironment ? ROUNDS_PER_SESSION_TEST : ROUNDS_PER_SESSION_DEFAULT,
    apiEndpoints: new Map([...params.peers].map(([peer, code]) => [peer, { url: tcp(code).apiUrl, name: code.name }])),
    irohEndpoints: new Map(),
    tlsCerts: new Map([...params.peers].map(([peer, code]) => [peer, toHex(tcp(code).cert)])),
    modules,
    meta: new Map([["federation_name", params.federationName]]),
  };
}
