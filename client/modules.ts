/** The client modules that come with this program. */
import type { AnyClientModuleDefinition } from "../modules/contract/client.ts";
import { metaClient } from "../modules/meta/client.ts";
import { mintv2Client } from "../modules/mintv2/client.ts";
import { walletv2Client } from "../modules/walletv2/client.ts";

/** All of them. */
export const builtInModules: readonly AnyClientModuleDefinition[] = [metaClient, mintv2Client, walletv2Client];
