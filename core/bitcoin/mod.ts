/**
 * Bitcoin's own types: transactions, blocks, scripts, addresses, multisig, signature hashes. Begin with
 * `transaction.ts`.
 */
export { type AddressError, addressFromScript, parseAddress, scriptFromAddress } from "./address.ts";
export { uncheckedAddress } from "./address_codec.ts";
export { type Block, block, blockHashOf, type BlockHeader, blockHeader, merkleRootOf } from "./block.ts";
export { btcText, MONEY_MAX_SAT, satOfBtc } from "./btc.ts";
export { descriptorChecksum, descriptorScript, descriptorText, parseDescriptor } from "./descriptor.ts";
export { bitcoinDescriptor } from "./descriptor_codec.ts";
export { legacyNetwork } from "./legacy_network.ts";
export { partialMerkleTree, txOutProof } from "./merkle_proof.ts";
export { MULTISIG_KEYS_MAX, multisigWitness, p2wshOf, sortedKeys, sortedMultisigScript } from "./multisig.ts";
export { BITCOIN_NETWORKS, type BitcoinNetwork, bitcoinNetwork, isBitcoinNetwork } from "./network.ts";
export { compactSize } from "./primitives.ts";
export { psbt } from "./psbt.ts";
export {
  bitcoinScript,
  dustLimitSat,
  hash160,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wshScript,
  scriptKind,
  sha256d,
  witnessProgramScript,
} from "./script.ts";
export { p2wpkhScriptCode, segwitSighashes, SIGHASH_ALL } from "./sighash.ts";
export {
  type BitcoinOutPoint,
  bitcoinOutPoint,
  bitcoinOutPointText,
  type BitcoinTransaction,
  bitcoinTransaction,
  bitcoinTxidOf,
  bitcoinWtxidOf,
  encodeStripped,
  isCoinbase,
  parseBitcoinOutPoint,
  SEQUENCE_FINAL,
  SEQUENCE_REPLACEABLE,
  type TxIn,
  type TxOut,
  txOut,
  vbytesOf,
  weightOf,
} from "./transaction.ts";
