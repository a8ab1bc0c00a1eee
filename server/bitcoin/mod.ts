/** The guardian's view of Bitcoin. */
export {
  type BackendSettings,
  type BitcoindSettings,
  type BitcoinMessage,
  type BitcoinSettings,
  bitcoinWatcher,
  type BitcoinWatcherArgs,
} from "./actor.ts";
export { CHAIN_MEMORY_PREFIX } from "./chain_memory.ts";
export { networkOfChain } from "./chain_id.ts";
export { POLL_MS, POLL_TEST_MS } from "./limits.ts";
export { bitcoinSourceOf } from "./source.ts";
