/** The client modules that come with this program. */
import type { AnyClientModuleDefinition } from "../modules/contract/client.ts";

export const builtInModules: readonly AnyClientModuleDefinition[] = [];
