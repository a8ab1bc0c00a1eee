/** The server modules that come with this program, and which of all that it has a new federation gets. */
import type { Registered } from "../modules/contract/registry.ts";
import { builtIn, registryOf } from "../modules/contract/registry.ts";
import type { AnyServerModuleDefinition, SetupVariable } from "../modules/contract/server.ts";
import { lnServer } from "../modules/ln/server.ts";
import { lnv2Server } from "../modules/lnv2/server.ts";
import { metaServer } from "../modules/meta/server.ts";
import { mintv2Server } from "../modules/mintv2/server.ts";
import { unknownServer } from "../modules/unknown/server.ts";
import { walletv2Server } from "../modules/walletv2/server.ts";

/** By kind. */
export type ServerModules = ReadonlyMap<string, AnyServerModuleDefinition>;

/** The built-in ones and these. @throws {ModuleError} `duplicate_kind` */
export function serverModules(loaded: readonly Registered<AnyServerModuleDefinition>[] = []): ServerModules {
  const own = builtIn([lnServer, lnv2Server, metaServer, mintv2Server, unknownServer, walletv2Server]);
  return registryOf([...own, ...loaded]);
}

/** All that come with this program, by kind. */
export const builtInModules: ServerModules = serverModules();

/** The switch of a module in the environment. */
export function setupVariableOf(
  { kind, setupVariable }: Pick<AnyServerModuleDefinition, "kind" | "setupVariable">,
): SetupVariable {
  return setupVariable ?? { name: `FM_ENABLE_MODULE_${kind.toUpperCase().replaceAll("-", "_")}`, turns: "on" };
}

/**
 * Kinds of a new federation whose leader chooses none, sorted. `isSet`: an environment switch, undefined when it isn't
 * given.
 */
export function defaultModules(modules: ServerModules, isSet: (name: string) => boolean | undefined): string[] {
  const isEnabled = (definition: AnyServerModuleDefinition): boolean => {
    const { name, turns } = setupVariableOf(definition);
    const set = isSet(name);
    return set === undefined ? definition.enabledByDefault : set === (turns === "on");
  };
  return [...modules.values()].filter(isEnabled).map(({ kind }) => kind).sort();
}
