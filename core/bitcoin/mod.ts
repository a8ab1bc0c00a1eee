/** Bitcoin's own types: transactions, blocks, scripts, addresses, multisig, signature hashes. */
export {
  type AddressError,
  addressFromScript,
  parseAddress,
  type ParsedAddress,
  scriptFromAddress,
} from "./address.ts";
export { uncheckedAddress } from "./address_codec.ts";
export { type Block, block, blockHashOf, type BlockHeader, blockHeader, merkleRootOf } from "./block.ts";
export {
  type Descriptor,
  descriptorChecksum,
  descriptorScript,
  descriptorText,
  parseDescriptor,
} from "./descriptor.ts";
export { bitcoinDescriptor } from "./descriptor_codec.ts";
export { legacyNetwork } from "./legacy_network.ts";
export {
  extractMatches,
  makeMerkleTree,
  type MerkleMatch,
  type PartialMerkleTree,
  partialMerkleTree,
  proofBlock,
  type TxOutProof,
  txOutProof,
} from "./merkle_proof.ts";
export { MULTISIG_KEYS_MAX, multisigWitness, p2wshOf, sortedKeys, sortedMultisigScript } from "./multisig.ts";
export {
  BITCOIN_NETWORKS,
  type BitcoinNetwork,
  bitcoinNetwork,
  isBitcoinNetwork,
  magicOfNetwork,
  networkOfMagic,
} from "./network.ts";
export { compactSize, u32Le, u64Le } from "./primitives.ts";
export { type Psbt, psbt, type PsbtMap, psbtOf, type PsbtPair } from "./psbt.ts";
export {
  bitcoinScript,
  dustLimitSat,
  hash160,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wshScript,
  type ScriptKind,
  scriptKind,
  sha256d,
  witnessProgramScript,
  witnessVersion,
} from "./script.ts";
export { p2wpkhScriptCode, segwitSighashes, SIGHASH_ALL, type SpentOutput } from "./sighash.ts";
export {
  type BitcoinOutPoint,
  bitcoinOutPoint,
  bitcoinOutPointText,
  type BitcoinTransaction,
  bitcoinTransaction,
  bitcoinTransactionHex,
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
