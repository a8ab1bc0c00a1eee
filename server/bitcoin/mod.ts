/**
 * The guardian's view of Bitcoin. Begin with `actor.ts`; `actors/bitcoin` has what it may ask, `chain_memory.ts` is
 * what it remembers of the chain that it has read.
 */
export { type BitcoinMessage, type BitcoinSettings, bitcoinWatcher, type BitcoinWatcherArgs } from "./actor.ts";
export { CHAIN_MEMORY_PREFIX } from "./chain_memory.ts";
export { POLL_MS, POLL_TEST_MS } from "./limits.ts";
export { bitcoinSourceOf } from "./source.ts";
