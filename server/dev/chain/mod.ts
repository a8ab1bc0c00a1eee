/** An embedded regtest chain for people without a Bitcoin node. */
export type { DevchainMessage } from "./actor.ts";
export { devchainTree } from "./tree.ts";
