/** The client modules that come with this program. */
import type { AnyClientModuleDefinition } from "../modules/contract/client.ts";
import type { Registered } from "../modules/contract/registry.ts";
import { builtIn, registryOf } from "../modules/contract/registry.ts";
import { lnClient } from "../modules/ln/client.ts";
import { lnv2Client } from "../modules/lnv2/client.ts";
import { metaClient } from "../modules/meta/client.ts";
import { mintv2Client } from "../modules/mintv2/client.ts";
import { walletv2Client } from "../modules/walletv2/client.ts";

/** The built-in ones and these. @throws {ModuleError} `duplicate_kind` */
export function clientModules(
  loaded: readonly Registered<AnyClientModuleDefinition>[] = [],
): readonly AnyClientModuleDefinition[] {
  return [
    ...registryOf([...builtIn([lnClient, lnv2Client, metaClient, mintv2Client, walletv2Client]), ...loaded]).values(),
  ];
}

/** All that come with this program. */
export const builtInModules: readonly AnyClientModuleDefinition[] = clientModules();
