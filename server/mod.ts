/**
 * A guardian as a library: for programs that run one with modules of their own, or in a simulated world. `main.ts` is the one that takes
 * fedimintd's flags and variables.
 *
 * @module
 */
export { Guardian } from "./guardian.ts";
export type { GuardianOptions } from "./guardian.ts";
export { openDatabase } from "./database.ts";
export { builtInModules } from "./modules.ts";
export type { ServerModules } from "./modules.ts";
export type { BackendSettings, BitcoindSettings, BitcoinSettings } from "./bitcoin/actor.ts";
export type { SetupSettings } from "./setup/setup.ts";
export type { Inspection } from "../actors/system.ts";

// what a guardian is given: `realPlatform` is this machine's own
export { realPlatform } from "../actors/platform/real.ts";
export type { Report } from "../actors/platform/real.ts";

// why it ends
export { SetupError } from "./config/error.ts";
export { CopyError } from "./consensus/session/copy_error.ts";
export { ConsensusError } from "./consensus/engine/disagreement.ts";
export { DiskError } from "./disk_watch.ts";
export { ActorError } from "../actors/error.ts";
export { StoreError } from "../actors/store/error.ts";
