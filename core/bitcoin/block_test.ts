import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError, decodeHex, encodeHex, stringifyJson } from "../encoding/mod.ts";
import { block, blockHashOf, blockHeader, merkleRootOf } from "./mod.ts";

/** Block 1 of Bitcoin. */
const BLOCK_1 =
  "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cd" +
  "b606e857233e0e61bc6649ffff001d01e3629901010000000100000000000000000000000000000000000000000000000000000000000000" +
  "00ffffffff0704ffff001d0104ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52da7589" +
  "379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000";
const BLOCK_1_HASH = "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048";

Deno.test("block 1 decodes, hashes to its known hash and encodes again", () => {
  const one = decodeHex(block, BLOCK_1);
  assertEquals(blockHashOf(one.header), BLOCK_1_HASH);
  assertEquals(encodeHex(block, one), BLOCK_1);
  assertEquals(one.transactions.length, 1);
  assertEquals(
    merkleRootOf(["0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"]),
    one.header.merkleRoot,
  );
  assertEquals(decodeHex(blockHeader, BLOCK_1.slice(0, 160)), one.header);
  assertEquals(
    stringifyJson(blockHeader.toJson(one.header)),
    `{"version":1,"prev_blockhash":"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",` +
      `"merkle_root":"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098","time":1231469665,"bits":486604799,"nonce":2573394689}`,
  );
});

Deno.test("blocks that are cut, too long or announce more than they hold are refused", () => {
  for (
    const hex of [
      BLOCK_1.slice(0, -2),
      `${BLOCK_1}00`,
      `${BLOCK_1.slice(0, 160)}feffffffff`,
      `${BLOCK_1.slice(0, 160)}fd0100`,
    ]
  ) {
    assertThrows(() => decodeHex(block, hex), DecodeError);
  }
});

Deno.test("merkle roots of block 100000 and of odd numbers of transactions", () => {
  const txids = [
    "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
    "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
    "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
    "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
  ] as const;
  assertEquals(merkleRootOf(txids), "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766");
  const three = merkleRootOf(txids.slice(0, 3));
  assertEquals(three, merkleRootOf([...txids.slice(0, 3), txids[2]]));
  assertThrows(() => merkleRootOf([]), RangeError);
});
