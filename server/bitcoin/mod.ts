/** The guardian's view of Bitcoin. */
export {
  type BackendSettings,
  type BitcoindSettings,
  type BitcoinMessage,
  type BitcoinSettings,
  bitcoinWatcher,
} from "./actor.ts";
export { BitcoinError } from "./error.ts";
export { networkOfChain } from "./chain_id.ts";
export { POLL_MS, POLL_TEST_MS } from "./limits.ts";
export { bitcoinSourceOf } from "./source.ts";
