/**
 * A Bitcoin transaction that the federation makes: what it spends, and how guardians sign and finish it together.
 * BIP143 over `wsh(sortedmulti)` inputs, each with its own tweak. Follows fedimint-walletv2-server 0.13.0 (`lib.rs`).
 */
import type { BitcoinOutPoint, BitcoinTransaction, TxOut } from "../../../core/bitcoin/mod.ts";
import {
  bitcoinTransaction,
  bitcoinTxidOf,
  multisigWitness,
  segwitSighashes,
  SEQUENCE_REPLACEABLE,
  SIGHASH_ALL,
  sortedMultisigScript,
} from "../../../core/bitcoin/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { compareBytes, concat, fromHex } from "../../../core/bytes.ts";
import { ecdsaSign, ecdsaToDer, ecdsaVerify } from "../../../core/crypto/ecdsa.ts";
import { tweakSecretKey } from "../../../core/crypto/secp.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { list, struct, u64 } from "../../../core/encoding/mod.ts";
import type { BitcoinTxid, PeerId } from "../../../core/types/ids.ts";
import { sha256Hash } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import { satoshi } from "../config.ts";
import { CHECKABLE_KEPT } from "../limits.ts";
import type { MultisigKeys } from "../scripts.ts";
import { tweakedKeys, witnessScriptOf } from "../scripts.ts";

/** `spentTxOuts`: value and tweak of the output behind each input, in order. `fee` in sat. */
export const federationTx = struct("FederationTx", {
  tx: bitcoinTransaction,
  spentTxOuts: list(struct("SpentTxOut", { value: satoshi, tweak: sha256Hash })),
  vbytes: u64,
  fee: satoshi,
});
export type FederationTx = CodecType<typeof federationTx>;

/** Version 2, no lock time, every input replaceable: byte for byte the same on every guardian. */
export function unsignedTransaction(inputs: readonly BitcoinOutPoint[], outputs: readonly TxOut[]): BitcoinTransaction {
  return {
    version: 2,
    lockTime: 0,
    inputs: inputs.map((outPoint) => ({
      outPoint,
      scriptSig: new Uint8Array(0),
      sequence: SEQUENCE_REPLACEABLE,
      witness: [],
    })),
    outputs,
  };
}

function digestsOf(keys: MultisigKeys, { tx, spentTxOuts }: FederationTx): Bytes[] {
  return segwitSighashes(
    tx,
    spentTxOuts.map(({ value, tweak }) => ({ scriptCode: witnessScriptOf(keys, tweak), valueSat: value })),
  );
}

/** 64-byte signatures, one an input. @param secretKey 32 bytes, untweaked. Secret. */
export function signFederationTx(keys: MultisigKeys, unsigned: FederationTx, secretKey: Bytes): Bytes[] {
  const digests = digestsOf(keys, unsigned);
  return unsigned.spentTxOuts.map(({ tweak }, i) => ecdsaSign(digests[i]!, tweakSecretKey(secretKey, fromHex(tweak))));
}

/** What checking signatures of one transaction needs: an input's digest, and every guardian's tweaked key for it. */
type Checkable = readonly { readonly digest: Bytes; readonly keys: ReadonlyMap<PeerId, Bytes> }[];

function checkable(keys: MultisigKeys, unsigned: FederationTx): Checkable {
  const digests = digestsOf(keys, unsigned);
  return unsigned.spentTxOuts.map(({ tweak }, i) => ({ digest: digests[i]!, keys: tweakedKeys(keys, tweak) }));
}

function holds(inputs: Checkable, signatures: readonly Bytes[], peer: PeerId): boolean {
  return inputs.every(({ digest, keys }, i) => ecdsaVerify(signatures[i]!, digest, keys.get(peer)!));
}

/**
 * Verifies guardians' items: as many signatures as inputs, each valid for the guardian's tweaked key. What all
 * signatures of a transaction share is computed once, since a single guardian may send any number of wrong ones, and it
 * is most of the work.
 */
export class SignatureChecker {
  readonly #keys: MultisigKeys;
  /** The newest last. */
  readonly #known = new Map<BitcoinTxid, Checkable>();

  constructor(keys: MultisigKeys) {
    this.#keys = keys;
  }

  verify(txid: BitcoinTxid, unsigned: FederationTx, signatures: readonly Bytes[], peer: PeerId): boolean {
    if (signatures.length !== unsigned.spentTxOuts.length) return false;
    return holds(this.#known.get(txid) ?? this.#compute(txid, unsigned), signatures, peer);
  }

  #compute(txid: BitcoinTxid, unsigned: FederationTx): Checkable {
    const computed = checkable(this.#keys, unsigned);
    this.#known.set(txid, computed);
    const [oldest] = this.#known.keys();
    if (this.#known.size > CHECKABLE_KEPT) this.#known.delete(oldest!);
    return computed;
  }
}

/** @param signatures of exactly a threshold of guardians, each verified */
export function finaliseFederationTx(
  keys: MultisigKeys,
  unsigned: FederationTx,
  signatures: ReadonlyMap<PeerId, readonly Bytes[]>,
): FederationTx {
  const { threshold } = numPeers(keys.size);
  assert(signatures.size === threshold, "a multisig is satisfied by exactly a threshold of signatures");
  const inputs = unsigned.tx.inputs.map((input, index) => {
    const tweaked = tweakedKeys(keys, unsigned.spentTxOuts[index]!.tweak);
    const inKeyOrder = [...signatures]
      .map(([peer, all]) => ({ key: tweaked.get(peer)!, signature: all[index]! }))
      .sort((a, b) => compareBytes(a.key, b.key))
      .map(({ signature }) => concat(ecdsaToDer(signature), Uint8Array.of(SIGHASH_ALL)));
    return { ...input, witness: multisigWitness(inKeyOrder, sortedMultisigScript(threshold, [...tweaked.values()])) };
  });
  const finished = { ...unsigned, tx: { ...unsigned.tx, inputs } };
  assert(bitcoinTxidOf(finished.tx) === bitcoinTxidOf(unsigned.tx), "a witness doesn't change a transaction's id");
  return finished;
}
