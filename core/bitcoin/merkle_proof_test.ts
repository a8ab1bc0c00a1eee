import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../bytes.ts";
import { concat, fromHex } from "../bytes.ts";
import { decode, DecodeError, decodeHex, encode, encodeHex } from "../encoding/mod.ts";
import type { BlockHeader } from "./block.ts";
import { blockHeader, merkleRootOf } from "./block.ts";
import { sha256d } from "./script.ts";
import type { BitcoinTxid } from "../types/ids.ts";
import type { PartialMerkleTree } from "./merkle_proof.ts";
import { extractMatches, partialMerkleTree, txOutProof } from "./merkle_proof.ts";

const txid = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => raw.toHex());
const txids = fc.uniqueArray(txid, { minLength: 1, maxLength: 40 });

function headerOf(merkleRoot: string): BlockHeader {
  return { version: 1, prevBlockhash: "00".repeat(32), merkleRoot, time: 2, bits: 3, nonce: 4 };
}

/**
 * Makes the proof for some transactions of a block.
 * @param txids of the whole block, at least one
 * @param wanted whether the proof is about a transaction
 */
function makeMerkleTree(
  txids: readonly BitcoinTxid[],
  wanted: (txid: BitcoinTxid) => boolean,
): PartialMerkleTree {
  if (txids.length === 0) throw new RangeError("A block has at least one transaction");
  let level: { hash: Bytes; match: boolean }[] = txids.map((txid) => ({
    hash: fromHex(txid).reverse(),
    match: wanted(txid),
  }));
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const left = below[i * 2]!, right = below[i * 2 + 1] ?? left;
      return { hash: sha256d(concat(left.hash, right.hash)), match: left.match || right.match };
    });
    levels.push(level);
  }
  const hashes: Bytes[] = [], bits: boolean[] = [];
  const walk = (height: number, position: number): void => {
    const node = levels[height]?.[position];
    if (!node) return;
    bits.push(node.match);
    if (height === 0 || !node.match) {
      hashes.push(node.hash);
      return;
    }
    walk(height - 1, position * 2);
    walk(height - 1, position * 2 + 1);
  };
  walk(levels.length - 1, 0);
  while (bits.length % 8 !== 0) bits.push(false);
  return { transactions: txids.length, hashes, bits };
}

Deno.test("a proof gives the block's root, and the transactions it was made for with their positions", () => {
  fc.assert(fc.property(txids, fc.infiniteStream(fc.boolean()), (all, choice) => {
    const wanted = all.filter(() => choice.next().value);
    const tree = makeMerkleTree(all, (id) => wanted.includes(id));
    const { root, matches } = extractMatches(decode(partialMerkleTree, encode(partialMerkleTree, tree)));
    assertEquals(root, merkleRootOf(all));
    assertEquals(matches, wanted.map((id) => ({ txid: id, index: all.indexOf(id) })));
  }));
});

Deno.test("a proof decodes only with the header of its own block", () => {
  fc.assert(fc.property(txids, (all) => {
    const tree = makeMerkleTree(all, (id) => id === all[0]);
    const header = headerOf(merkleRootOf(all));
    const bytes = concat(encode(blockHeader, header), encode(partialMerkleTree, tree));
    const proof = decode(txOutProof, bytes);
    assertEquals(proof.matches, [{ txid: all[0]!, index: 0 }]);
    assertEquals(encode(txOutProof, txOutProof.fromJson(txOutProof.toJson(proof))), bytes);
    bytes[40]! ^= 1;
    assertThrows(() => decode(txOutProof, bytes), DecodeError, "another block");
  }));
});

Deno.test("any change of a proof's hashes or bits changes its root or is refused", () => {
  fc.assert(fc.property(txids, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, at, mask) => {
    const tree = makeMerkleTree(all, (id) => id === all[0]);
    const bytes = encode(partialMerkleTree, tree);
    const hashesEnd = 5 + 32 * tree.hashes.length;
    bytes[5 + at % (hashesEnd - 5)]! ^= mask;
    assertEquals(extractMatches(decode(partialMerkleTree, bytes)).root === merkleRootOf(all), false);
  }));
});

Deno.test("what isn't a tree is refused", () => {
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const bits = (text: string): boolean[] => [...text.padEnd(8, "0")].map((bit) => bit === "1");
  const good: PartialMerkleTree = { transactions: 2, hashes: [a, b], bits: bits("110") };
  assertEquals(extractMatches(good).matches.length, 1);
  const bad: [Partial<PartialMerkleTree>, string][] = [
    [{ transactions: 0 }, "no transactions"],
    [{ transactions: 16_667 }, "more transactions than a block"],
    [{ transactions: 1 }, "more hashes than transactions"],
    [{ bits: [] }, "fewer bits than hashes"],
    [{ bits: bits("0") }, "hashes are left over"],
    [{ hashes: [a] }, "too few hashes"],
    [{ hashes: [a, a] }, "two equal branches"],
    [{ bits: bits("110").concat(bits("")) }, "bits are left over"],
    [{ transactions: 1_000, bits: bits("11111111") }, "too few bits"],
  ];
  for (const [change, detail] of bad) {
    assertThrows(() => extractMatches({ ...good, ...change }), DecodeError, detail);
  }
});

Deno.test("an announced number of hashes or bits beyond the input is refused", () => {
  for (const hex of ["01000000feffffffff", "0100000000feffffffff", "01000000fd0001", "02000000010000"]) {
    assertThrows(() => decodeHex(partialMerkleTree, hex), DecodeError);
  }
  assertEquals(encodeHex(partialMerkleTree, decodeHex(partialMerkleTree, "0300000000010d")), "0300000000010d");
});
