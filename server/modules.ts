/** The server modules that come with this program, and which of them a new federation gets. */
import type { AnyServerModuleDefinition } from "../modules/contract/server.ts";
import { metaServer } from "../modules/meta/server.ts";
import { mintv2Server } from "../modules/mintv2/server.ts";
import { unknownServer } from "../modules/unknown/server.ts";
import { walletv2Server } from "../modules/walletv2/server.ts";

const definitions: readonly AnyServerModuleDefinition[] = [metaServer, mintv2Server, unknownServer, walletv2Server];

/** All of them, by kind. */
export const builtInModules: ReadonlyMap<string, AnyServerModuleDefinition> = new Map(
  definitions.map((definition) => [definition.kind, definition]),
);

/** Kinds of a new federation whose leader chooses none. `isSet`: an environment switch, undefined when it isn't given. */
export function defaultModules(isSet: (name: string) => boolean | undefined): string[] {
  const enabled: Record<string, boolean> = {
    meta: !(isSet("FM_DISABLE_META_MODULE") ?? false),
    mintv2: isSet("FM_ENABLE_MODULE_MINTV2") ?? true,
    unknown: isSet("FM_USE_UNKNOWN_MODULE") ?? false,
    walletv2: isSet("FM_ENABLE_MODULE_WALLETV2") ?? true,
  };
  return [...builtInModules.keys()].filter((kind) => enabled[kind]).sort();
}
