/**
 * A guardian's whole config: what all share, what is its own, what is secret. Checks at every start. fedimint-server
 * `config/mod.rs`.
 */
import { equalBytes } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/secp.ts";
import { decode, DecodeError } from "../../core/encoding/mod.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import type { ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { clientConfigOf } from "../../core/types/server_config.ts";
import type { ServerConfigConsensus, ServerConfigLocal, ServerConfigPrivate } from "../../core/types/server_config.ts";
import type { AnyServerModuleDefinition } from "../../modules/contract/server.ts";
import { SetupError } from "./error.ts";

export type GuardianConfig = {
  readonly consensus: ServerConfigConsensus;
  readonly local: ServerConfigLocal;
  /** Secret. */
  readonly private: ServerConfigPrivate;
};

/** A module of the federation with its decoded configs. `privateConfig` is secret. */
export type ConfiguredModule = {
  readonly definition: AnyServerModuleDefinition;
  readonly config: unknown;
  readonly privateConfig: unknown;
};

/** Parts of the config that don't belong together. */
export function mismatch(message: string): SetupError {
  return new SetupError(
    { code: "config_mismatch", path: "" },
    `${message}. Restore the data directory of this guardian from a backup.`,
  );
}

/**
 * The three files are one guardian's. What is mixed up is named, so that its owner finds whose file it is.
 * @throws {SetupError} `config_mismatch`
 */
function checkOwner({ consensus, local, private: secret }: GuardianConfig): void {
  const publicKey = publicKeyOf(secret.broadcastSecretKey);
  const owner = [...consensus.broadcastPublicKeys].find(([, key]) => equalBytes(key, publicKey))?.[0];
  if (owner === local.identity) return;
  const called = (peer: PeerId): string => {
    const name = consensus.apiEndpoints.get(peer)?.name;
    return name === undefined ? `guardian ${peer}, whom consensus.json doesn't know` : `guardian ${peer} (${name})`;
  };
  const whose = owner === undefined ? "of no guardian of this federation" : `of ${called(owner)}`;
  throw mismatch(
    `Broadcast secret key doesn't match corresponding public key: private.json is ${whose}, ` +
      `local.json of ${called(local.identity)}`,
  );
}

/** @throws {SetupError} without the decoder's own words, which could quote a secret */
function decoded<T>(decode: () => T, message: string): T {
  try {
    return decode();
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    throw mismatch(message);
  }
}

function unsupported(kinds: readonly string[]): SetupError {
  const [has, them] = kinds.length === 1 ? ["a module of kind", "it"] : ["modules of kinds", "them"];
  return new SetupError(
    { code: "unsupported_module", kinds },
    `The federation has ${has} ${kinds.join(", ")}, and this program doesn't have ${them}: ` +
      `load ${them} with --module FILE (FM_MODULES), or run a version that has ${them}`,
  );
}

/**
 * Decodes the modules' configs and checks that everything belongs together: own keys, peer ids, each module's own
 * share.
 * @throws {SetupError} `config_mismatch` · `unsupported_module`
 */
export function configuredModules(
  config: GuardianConfig,
  definitions: ReadonlyMap<string, AnyServerModuleDefinition>,
): Map<ModuleInstanceId, ConfiguredModule> {
  const { consensus, local, private: secret } = config;
  checkOwner(config);
  const ids = [...consensus.apiEndpoints.keys()].sort((a, b) => a - b);
  if (ids.length === 0 || ids.some((id, i) => id !== i)) throw mismatch("Peer ids are not indexed from 0");
  const missing = [...consensus.modules.values()].map(({ kind }) => kind).filter((kind) => !definitions.has(kind));
  if (missing.length > 0) throw unsupported(missing);
  const modules = new Map<ModuleInstanceId, ConfiguredModule>();
  for (const [instance, { kind, config: bytes }] of consensus.modules) {
    const definition = definitions.get(kind)!;
    const stored = secret.modules.get(instance);
    if (!stored || stored.kind !== kind) throw mismatch(`The private config lacks module ${instance} of kind ${kind}`);
    const moduleConfig: unknown = decoded(
      () => decode(definition.codecs.config, bytes),
      `The shared config of module ${instance} (${kind}) is damaged`,
    );
    const privateConfig: unknown = decoded(
      () => definition.privateConfig.fromJson(stored.value),
      `The private config of module ${instance} (${kind}) is damaged`,
    );
    const valid = definition.validateConfig(moduleConfig, privateConfig, local.identity);
    if (!valid.ok) throw mismatch(`Module ${instance} (${kind}): ${valid.error}`);
    modules.set(instance, { definition, config: moduleConfig, privateConfig });
  }
  return modules;
}

/** What clients are given. */
export function clientConfigFor(
  config: GuardianConfig,
  modules: ReadonlyMap<ModuleInstanceId, ConfiguredModule>,
): ClientConfig {
  return clientConfigOf(config.consensus, (instance, { kind, version }) => {
    const { definition, config: moduleConfig } = modules.get(instance)!;
    return { kind, version, config: { instance, body: definition.getClientConfig(moduleConfig).bytes } };
  });
}

/**
 * What a guardian hands out: the client config, and an invite code that names itself.
 * @param apiSecret of a private federation; the invite code then holds it. Secret.
 */
export function handedOut(
  config: GuardianConfig,
  modules: ReadonlyMap<ModuleInstanceId, ConfiguredModule>,
  apiSecret: string | null,
): { readonly client: ClientConfig; readonly invite: string } {
  const client = clientConfigFor(config, modules);
  const { identity } = config.local;
  const { url } = config.consensus.apiEndpoints.get(identity)!;
  const federationId = federationIdOf(client.global.apiEndpoints);
  return { client, invite: formatInviteCode(newInviteCode({ url, peer: identity, federationId, apiSecret })) };
}
