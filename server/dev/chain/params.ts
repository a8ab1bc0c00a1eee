/**
 * The rules of Bitcoin's regtest chain, and the relay policy of its nodes. Source: Bitcoin Core
 * `kernel/chainparams.cpp`, `consensus/`, `policy/`.
 */
import type { BlockHeader } from "../../../core/bitcoin/mod.ts";

/** Every block has this target: half of all hashes meet it, and it never changes. */
export const BITS = 0x207fffff;
export const TARGET = 0x7fffffn << 232n;
/** 2^256 / (target + 1): what one block adds to the chain's work. */
export const BLOCK_WORK = (1n << 256n) / (TARGET + 1n);
export const DIFFICULTY_TEXT = "4.656542373906925e-10";
/** BIP9 without a deployment. */
export const BLOCK_VERSION = 0x20000000;
/** BIP65: blocks of an older version are refused from height 1 on. */
export const BLOCK_VERSION_LEAST = 4;
/** A block's time must pass the median of so many before it. */
export const MEDIAN_TIME_BLOCKS = 11;
/** How far a block's time may be ahead of the clock. */
export const FUTURE_SECONDS_MAX = 2 * 60 * 60;

const SUBSIDY_FIRST_SAT = 5_000_000_000n;
const SUBSIDY_HALVING_BLOCKS = 150;
export const COINBASE_MATURITY_BLOCKS = 100;

export const BLOCK_WEIGHT_MAX = 4_000_000;
/** What our own blocks hold at most; Core leaves as much for header and coinbase. */
export const TEMPLATE_WEIGHT_MAX = BLOCK_WEIGHT_MAX - 8_000;
export const BLOCK_SIGOPS_COST_MAX = 80_000;
/** The rest is the coinbase's. */
export const TEMPLATE_SIGOPS_COST_MAX = BLOCK_SIGOPS_COST_MAX - 400;
export const WITNESS_SCALE = 4;

/** BIP68: bits of a sequence that is a relative lock time. */
export const SEQUENCE_DISABLED = 1 << 31;
export const SEQUENCE_IS_TIME = 1 << 22;
export const SEQUENCE_MASK = 0xffff;
/** Lock times below are heights, the others seconds. */
export const LOCK_TIME_THRESHOLD = 500_000_000;

export const TX_WEIGHT_STANDARD_MAX = 400_000;
/** CVE-2017-12842: a transaction of 64 bytes can pass for an inner node of a merkle tree. */
export const TX_STRIPPED_BYTES_LEAST = 65;
export const TX_SIGOPS_COST_STANDARD_MAX = 16_000;
export const SCRIPT_SIG_BYTES_STANDARD_MAX = 1_650;
export const WITNESS_SCRIPT_BYTES_STANDARD_MAX = 3_600;
export const WITNESS_ITEMS_STANDARD_MAX = 100;
export const WITNESS_ITEM_BYTES_STANDARD_MAX = 80;
export const P2SH_SIGOPS_STANDARD_MAX = 15;
export const DATA_CARRIER_BYTES_MAX = 83;
/** One satoshi a virtual byte. */
export const RELAY_FEE_SAT_PER_KVB = 1_000n;
/** A signature operation counts as so many virtual bytes at least. */
export const VBYTES_PER_SIGOP = 20;
/** Unconfirmed transactions that depend on each other, the one itself included. */
export const CHAIN_LENGTH_MAX = 25;
export const CHAIN_VBYTES_MAX = 101_000;
/** What one transaction may put out of the mempool. */
export const REPLACED_MAX = 100;
/** A greatest sequence that signals a replacement (BIP125); who reads it wants to know, nobody needs it. */
export const SEQUENCE_SIGNAL_MAX = 0xffff_fffd;
/** Room for about 75 full blocks; a faucet's users never fill it, and memory stays bounded. */
export const MEMPOOL_VBYTES_MAX = 75_000_000;

/** One call mines at most as many: they become durable in one commit, and the chain answers nobody meanwhile. */
export const GENERATE_BLOCKS_MAX = 5_000;
/**
 * The blocks whose scripts are run again when the chain is loaded. One input takes 10 ms, so checking all would take
 * hours.
 */
export const LOAD_SCRIPT_BLOCKS = 100;

export const GENESIS_HASH = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
const GENESIS_MERKLE_ROOT = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
export const GENESIS_HEADER: BlockHeader = {
  version: 1,
  prevBlockhash: "0".repeat(64),
  merkleRoot: GENESIS_MERKLE_ROOT,
  time: 1_296_688_602,
  bits: BITS,
  nonce: 2,
};
/** The first coinbase, the same on every network. Nobody can spend it: it never enters the set of coins. */
export const GENESIS_COINBASE_HEX =
  "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d" +
  "04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e" +
  "64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909" +
  "a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";

/** Coins a block makes, without fees. */
export function subsidySat(height: number): bigint {
  const halvings = Math.floor(height / SUBSIDY_HALVING_BLOCKS);
  return halvings >= 64 ? 0n : SUBSIDY_FIRST_SAT >> BigInt(halvings);
}
