/** Which of a federation's modules this client knows. */
import type { ClientConfig } from "../../core/types/client_config.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";

export type Definitions = ReadonlyMap<ModuleInstanceId, AnyClientModuleDefinition>;

/** A module whose consensus version is another major's has a config that this client can't read. */
export function definitionsFor(config: ClientConfig, known: readonly AnyClientModuleDefinition[]): Definitions {
  const definitions = new Map<ModuleInstanceId, AnyClientModuleDefinition>();
  for (const [instance, { kind, version }] of config.modules) {
    const definition = known.find((candidate) =>
      candidate.kind === kind && candidate.consensusVersion.major === version.major
    );
    if (definition) definitions.set(instance, definition);
  }
  return definitions;
}
