/** An embedded regtest chain for people without a Bitcoin node. */
export type { DevchainMessage, DevchainSettings } from "./actor.ts";
export { DevchainError } from "./error.ts";
export { devchainTree, type DevchainTreeSettings } from "./tree.ts";
