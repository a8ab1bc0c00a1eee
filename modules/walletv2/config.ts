/**
 * Configs of the walletv2 module: what guardians agree on and clients get. Follows fedimint-walletv2-common 0.13.0
 * (`config.rs`).
 */
import { assert } from "../../core/assert.ts";
import { bitcoinNetwork, MULTISIG_KEYS_MAX } from "../../core/bitcoin/mod.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec, CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, map, mapCodec, struct, u64, unit } from "../../core/encoding/mod.ts";
import { amount, U64_MAX } from "../../core/types/amount.ts";
import { peerId } from "../../core/types/ids.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { publicKey, secretKey } from "../../core/types/keys.ts";
import { numPeers } from "../../core/types/num_peers.ts";

/** Satoshi as they stand in this module's types (BigSize; JSON a number). */
export const satoshi: Codec<bigint> = mapCodec(u64, "bitcoin::Amount", { decode: (sat) => sat, encode: (sat) => sat });

export const feeConsensus = struct("FeeConsensus", { base: amount, partsPerMillion: u64 });
export type FeeConsensus = CodecType<typeof feeConsensus>;

/** 100 sat an input and an output, nothing relative. The reference's generation knows no other. */
const BASE_FEES: FeeConsensus = { base: 100_000n, partsPerMillion: 0n };

/** ⌊msat · ppm / 10^6⌋ + base, where the product stays at 2^64 − 1 when it is larger. */
export function feeMsatOf(fees: FeeConsensus, amountMsat: bigint): bigint {
  const product = amountMsat * fees.partsPerMillion;
  return (product > U64_MAX ? U64_MAX : product) / 1_000_000n + fees.base;
}

/** The same on guardians and for clients. */
export const walletConfig = struct("WalletConfigConsensus", {
  /** Every guardian's key of the multisig, before tweaking. */
  bitcoinPks: map(peerId, publicKey),
  descriptor: closedEnum("WalletDescriptor", { Wsh: unit }),
  sendTxVbytes: u64,
  receiveTxVbytes: u64,
  /** sat per 1,000 vbytes; the least fee rate doubles from here with every transaction that is not confirmed. */
  feerateBase: u64,
  /** Least amount that a user can send on chain, sat. */
  dustLimit: satoshi,
  feeConsensus,
  network: bitcoinNetwork,
});
export type WalletConfig = CodecType<typeof walletConfig>;

/** A guardian's secret key, 32 bytes. JSON only. */
export const walletPrivateConfig = struct("WalletConfigPrivate", { bitcoinSk: secretKey });
export type WalletPrivateConfig = CodecType<typeof walletPrivateConfig>;

const FEERATE_BASE = 250n;
const DUST_LIMIT_SAT = 10_000n;

/**
 * Weight of the witness of a `wsh(sortedmulti(k, n keys))` input: miniscript's `max_weight_to_satisfy`. The numbers are
 * consensus: they overestimate a signature by a byte.
 */
export function satisfactionWeight(total: number): number {
  const { threshold } = numPeers(total);
  const smallNumber = (value: number): number => value <= 16 ? 1 : 2;
  const script = smallNumber(threshold) + 1 + smallNumber(total) + 34 * total;
  const scriptLength = script < 253 ? 1 : 3;
  return scriptLength + script + 1 + 73 * threshold;
}

/** vbytes of the two kinds of transaction that the federation makes. n = 4: 228 and 316. */
function transactionVbytes(total: number): { readonly send: bigint; readonly receive: bigint } {
  const overhead = 4 * 4 + 1 + 1 + 4 + 4 + 4 * 4;
  const input = 32 * 4 + 4 * 4 + 4 + 4 * 4 + satisfactionWeight(total);
  const output = 8 * 4 + 4 + 34 * 4;
  const vbytes = (weight: number): bigint => BigInt(Math.ceil(weight / 4));
  return { send: vbytes(overhead + input + 2 * output), receive: vbytes(overhead + 2 * input + output) };
}

export function newWalletConfig(bitcoinPks: ReadonlyMap<PeerId, Bytes>, network: BitcoinNetwork): WalletConfig {
  assert(bitcoinPks.size <= MULTISIG_KEYS_MAX, "Bitcoin's multisig takes 20 keys: no federation has more guardians");
  const { send, receive } = transactionVbytes(bitcoinPks.size);
  return {
    bitcoinPks: new Map(bitcoinPks),
    descriptor: { tag: "Wsh", value: null },
    sendTxVbytes: send,
    receiveTxVbytes: receive,
    feerateBase: FEERATE_BASE,
    dustLimit: DUST_LIMIT_SAT,
    feeConsensus: BASE_FEES,
    network,
  };
}
