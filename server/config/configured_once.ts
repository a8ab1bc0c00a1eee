/** A guardian's config with its modules decoded: of a large federation this takes most of a start, and is done once. */
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { AnyServerModuleDefinition } from "../../modules/contract/server.ts";
import type { ConfiguredModule, GuardianConfig } from "./guardian_config.ts";
import { configuredModules } from "./guardian_config.ts";

export class ConfiguredOnce {
  readonly #definitions: ReadonlyMap<string, AnyServerModuleDefinition>;
  #last: { readonly config: GuardianConfig; readonly modules: Map<ModuleInstanceId, ConfiguredModule> } | null = null;

  constructor(definitions: ReadonlyMap<string, AnyServerModuleDefinition>) {
    this.#definitions = definitions;
  }

  /** @throws {SetupError} as `configuredModules` does */
  modulesOf(config: GuardianConfig): ReadonlyMap<ModuleInstanceId, ConfiguredModule> {
    if (this.#last?.config !== config) this.#last = { config, modules: configuredModules(config, this.#definitions) };
    return this.#last.modules;
  }
}
