/**
 * Proofs that a block holds a transaction: the partial merkle tree of BIP37, and the block header it belongs to.
 * `bitcoin` crate, `merkle_tree/block.rs`; `fedimint-core/src/txoproof.rs`.
 *
 * The tree is walked depth first. A flag bit tells whether a node's part of the tree holds a match; if not, or at a
 * leaf, its hash follows.
 */
import type { Bytes } from "../bytes.ts";
import { concat, equalBytes, toHex } from "../bytes.ts";
import type { Codec, Reader } from "../encoding/mod.ts";
import { badJson, DecodeError, decodeHex, encodeHex, mapCodec, struct } from "../encoding/mod.ts";
import type { BitcoinTxid } from "../types/ids.ts";
import type { BlockHeader } from "./block.ts";
import { blockHeader } from "./block.ts";
import { readCount, u32Le, writeCompactSize } from "./primitives.ts";
import { sha256d } from "./script.ts";

/** As many transactions of 60 bytes as 4,000,000 weight units hold: more can't be in a block. */
const TRANSACTIONS_MAX = Math.floor(4_000_000 / 240);

export type PartialMerkleTree = {
  /** Of the whole block. */
  readonly transactions: number;
  /** 32 bytes each, in the order of the walk, not reversed. */
  readonly hashes: readonly Bytes[];
  /** Flag bits in the order of the walk, in whole bytes. */
  readonly bits: readonly boolean[];
};

function readBits(reader: Reader): boolean[] {
  const bytes = reader.raw(readCount(reader));
  return Array.from({ length: bytes.length * 8 }, (_, i) => (bytes[i >> 3]! >> (i & 7) & 1) === 1);
}

function packBits(bits: readonly boolean[]): Bytes {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => bytes[i >> 3]! |= Number(bit) << (i & 7));
  return bytes;
}

/** Count u32 little-endian ‖ CompactSize ‖ hashes ‖ CompactSize ‖ flag bits, the first one lowest. */
export const partialMerkleTree: Codec<PartialMerkleTree> = {
  name: "PartialMerkleTree",
  layout: { form: "leaf", text: "PartialMerkleTree (BIP37)" },
  write: (writer, { transactions, hashes, bits }) => {
    u32Le.write(writer, transactions);
    writeCompactSize(writer, hashes.length);
    for (const hash of hashes) writer.raw(hash);
    const packed = packBits(bits);
    writeCompactSize(writer, packed.length);
    writer.raw(packed);
  },
  read: (reader) => {
    const transactions = u32Le.read(reader);
    const count = readCount(reader, 32);
    const hashes = Array.from({ length: count }, () => reader.raw(32));
    return { transactions, hashes, bits: readBits(reader) };
  },
  toJson: (tree) => encodeHex(partialMerkleTree, tree),
  fromJson: (json) => typeof json === "string" ? decodeHex(partialMerkleTree, json) : badJson("a hex string"),
  compare: (a, b) => {
    const left = encodeHex(partialMerkleTree, a), right = encodeHex(partialMerkleTree, b);
    return left < right ? -1 : left > right ? 1 : 0;
  },
};

export type MerkleMatch = { readonly txid: BitcoinTxid; /** Position in the block. */ readonly index: number };

function refuse(detail: string): never {
  throw new DecodeError("invalid", `Merkle proof is wrong: ${detail}`);
}

function widthAt(transactions: number, height: number): number {
  return Math.ceil(transactions / 2 ** height);
}

/**
 * Walks the tree.
 * @returns the root as Bitcoin shows it, and the transactions it proves
 * @throws {DecodeError} `invalid` when it isn't a tree: hashes or bits missing or left over, or two equal branches
 * (CVE-2012-2459)
 */
export function extractMatches(tree: PartialMerkleTree): { readonly root: string; readonly matches: MerkleMatch[] } {
  const { transactions, hashes, bits } = tree;
  if (transactions === 0) refuse("no transactions");
  if (transactions > TRANSACTIONS_MAX) refuse("more transactions than a block holds");
  if (hashes.length > transactions) refuse("more hashes than transactions");
  if (bits.length < hashes.length) refuse("fewer bits than hashes");
  let height = 0, bitAt = 0, hashAt = 0;
  while (widthAt(transactions, height) > 1) height++;
  const matches: MerkleMatch[] = [];
  const walk = (level: number, position: number): Bytes => {
    const holdsMatch = bits[bitAt++] ?? refuse("too few bits");
    if (level === 0 || !holdsMatch) {
      const hash = hashes[hashAt++] ?? refuse("too few hashes");
      if (level === 0 && holdsMatch) matches.push({ txid: toHex(hash.toReversed()), index: position });
      return hash;
    }
    const left = walk(level - 1, position * 2);
    if (position * 2 + 1 >= widthAt(transactions, level - 1)) return sha256d(concat(left, left));
    const right = walk(level - 1, position * 2 + 1);
    if (equalBytes(left, right)) refuse("two equal branches");
    return sha256d(concat(left, right));
  };
  const root = walk(height, 0);
  if (Math.ceil(bitAt / 8) !== Math.ceil(bits.length / 8)) refuse("bits are left over");
  if (hashAt !== hashes.length) refuse("hashes are left over");
  return { root: toHex(root.toReversed()), matches };
}

/** A header and a tree that fits it; `matches` is what it proves. */
export type TxOutProof = {
  readonly blockHeader: BlockHeader;
  readonly merkleProof: PartialMerkleTree;
  readonly matches: readonly MerkleMatch[];
};

const proofFields = struct("TxOutProof", { blockHeader, merkleProof: partialMerkleTree });

function checkProof(fields: { blockHeader: BlockHeader; merkleProof: PartialMerkleTree }): TxOutProof {
  const { root, matches } = extractMatches(fields.merkleProof);
  if (root !== fields.blockHeader.merkleRoot) refuse("it belongs to another block");
  return { ...fields, matches };
}

/** Header ‖ tree; JSON the hex. A tree that doesn't lead to the header's merkle root doesn't decode. */
export const txOutProof: Codec<TxOutProof> = mapCodec(proofFields, "TxOutProof", {
  decode: checkProof,
  encode: ({ blockHeader, merkleProof }) => ({ blockHeader, merkleProof }),
  toJson: (proof) => encodeHex(txOutProof, proof),
  fromJson: (json) => typeof json === "string" ? decodeHex(txOutProof, json) : badJson("a hex string"),
});
