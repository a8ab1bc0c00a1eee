/** Modules of a federation that this client can run: their configs read, their secrets derived, their APIs at hand. */
import type { Logger } from "../../actors/logger.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { ApiVersionSet } from "../../core/types/api_versions.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import type { ClientModuleEnv } from "../../modules/contract/client_env.ts";
import type { ConnectedFederationApi } from "../federation/api.ts";
import { decodedConfig, glancedConfig } from "./decoded_configs.ts";
import type { Definitions } from "./definitions.ts";
import type { ClientSecrets } from "./secrets.ts";
import { secretOfModule } from "./secrets.ts";

/** What a module is given whether it runs or recovers. */
// deno-lint-ignore no-explicit-any -- the module's own types are behind its definition
type Facts = Pick<ClientModuleEnv<any, never>, "instance" | "peers" | "config" | "secret" | "api" | "apiVersion">;

export type ReadableModule = {
  readonly definition: AnyClientModuleDefinition;
  readonly facts: Facts;
  /** 32 bytes, of its config. */
  readonly configHash: Bytes;
};

export type ModuleSources = {
  readonly config: ClientConfig;
  readonly versions: ApiVersionSet;
  readonly definitions: Definitions;
  readonly api: ConnectedFederationApi;
  readonly secrets: ClientSecrets;
  /** Hashes of configs that were decoded before (`configs_taken.ts`). */
  readonly taken: ReadonlyMap<ModuleInstanceId, Bytes>;
  readonly log: Logger;
  /** Nothing but a look: keys are used for nothing. */
  readonly onlyLooks: boolean;
};

/** In order of instances. Those without a common API version, or with a config that can't be read, are left out. */
export function readableModules(
  { config: { modules }, versions, definitions, api, secrets, taken, log, onlyLooks }: ModuleSources,
): ReadableModule[] {
  const readable: ReadableModule[] = [];
  for (const [instance, definition] of definitions) {
    const apiVersion = versions.modules.get(instance);
    const { body } = modules.get(instance)!.config;
    const config = (onlyLooks ? glancedConfig : decodedConfig)<unknown>(definition.config, body, taken.get(instance));
    // whoever made it, guardians agreed on it: it must not keep the other modules, and what is stored of them, from
    // their owner
    if (!config.ok) {
      log.error("A module's config can't be read: the module is left out", { instance, reason: config.error.message });
    }
    if (!apiVersion || !config.ok) continue;
    const facts: Facts = {
      instance,
      peers: numPeers(api.peerIds.length),
      config: config.value.value,
      secret: secretOfModule(secrets, instance),
      api: api.forModule(instance),
      apiVersion,
    };
    readable.push({ definition, facts, configHash: config.value.hash });
  }
  return readable;
}
