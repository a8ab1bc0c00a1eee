import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat } from "../bytes.ts";
import { decode, DecodeError, decodeHex, encode, encodeHex } from "../encoding/mod.ts";
import type { BlockHeader } from "./block.ts";
import { blockHeader, merkleRootOf } from "./block.ts";
import type { PartialMerkleTree } from "./merkle_proof.ts";
import { extractMatches, makeMerkleTree, partialMerkleTree, proofBlock, txOutProof } from "./merkle_proof.ts";

const txid = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => raw.toHex());
const txids = fc.uniqueArray(txid, { minLength: 1, maxLength: 40 });

function headerOf(merkleRoot: string): BlockHeader {
  return { version: 1, prevBlockhash: "00".repeat(32), merkleRoot, time: 2, bits: 3, nonce: 4 };
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
    assertEquals(proofBlock(proof).length, 64);
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
