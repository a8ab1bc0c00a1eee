import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex } from "../../../../core/bytes.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import { JsonFloat } from "../../../../core/encoding/mod.ts";
import { testChain } from "../../../bitcoin/testing/world.ts";
import { RpcError } from "../error.ts";
import { GENERATE_BLOCKS_MAX } from "../params.ts";
import { satOf } from "./amounts.ts";
import { scriptAsm } from "./asm.ts";
import { dispatch } from "./dispatch.ts";

const chain = await testChain();
await chain.mine(101);

Deno.test("amounts are exact, and nothing else is taken for one", () => {
  const table: [Json, bigint][] = [
    [1, 100_000_000n],
    [new JsonFloat("0.1"), 10_000_000n],
    [new JsonFloat("0.00000001"), 1n],
    [new JsonFloat("20999999.9769"), 2_099_999_997_690_000n],
    ["1.50", 150_000_000n],
    ["0.123456780000", 12_345_678n],
    [0, 0n],
  ];
  for (const [json, sat] of table) assertEquals(satOf(json), sat);
  const refused: Json[] = [
    new JsonFloat("0.000000001"),
    -1,
    21_000_001,
    "1e3",
    "",
    "1.",
    ".1",
    true,
    null,
    [],
    "0x1",
    new JsonFloat("1e-5"),
  ];
  for (const json of refused) assertEquals(assertThrows(() => satOf(json), RpcError).facts.rpcCode, -3);
});

Deno.test("scripts are printed as Core prints them", () => {
  const table: [string, string, boolean][] = [
    ["", "", false],
    ["00", "0", false],
    ["51604f50", "1 16 -1 OP_RESERVED", false],
    ["020081", "-256", false],
    ["0180", "0", false],
    ["04ffffffff", "-2147483647", false],
    ["0500000000ff", "00000000ff", false],
    ["6103010203ba", "OP_NOP 197121 OP_CHECKSIGADD", false],
    ["bbff", "OP_UNKNOWN OP_INVALIDOPCODE", false],
    ["4c", "[error]", false],
    ["5105aa", "1 [error]", false],
    ["4d0300010203", "197121", false],
    ["4e0300000001020380", "197121 OP_LEFT", false],
    ["09300602010102010101", "3006020101020101[ALL]", true],
    ["09300602010102010181", "3006020101020101[ALL|ANYONECANPAY]", true],
    ["09300602010102010104", "300602010102010104", true],
    ["09300602010102010101", "300602010102010101", false],
    ["6a09300602010102010101", "OP_RETURN 300602010102010101", true],
  ];
  for (const [hex, text, signatures] of table) assertEquals(scriptAsm(fromHex(hex), signatures), text, hex);
});

const hash = "ab".repeat(32);
const FAILURES: readonly (readonly [string, readonly Json[], string])[] = [
  ["nope", [], "-32601: Method not found"],
  ["getwalletinfo", [], "-32601: Method not found"],
  ["constructor", [], "-32601: Method not found"],
  ["getblockcount", [1], "-1: getblockcount"],
  ["getblockhash", [], '-1: getblockhash "height"'],
  ["getblockhash", ["1"], "-3: JSON value of type string is not of expected type number"],
  ["getblockhash", [-1], "-8: Block height out of range"],
  ["getblockhash", [102], "-8: Block height out of range"],
  ["getblockhash", [1.5], "-3: JSON value of type number is not of expected type number"],
  ["getblock", [hash], "-5: Block not found"],
  ["getblock", ["00"], "-8: blockhash must be of length 64 (not 2, for '00')"],
  ["getblock", ["zz".repeat(32)], `-8: blockhash must be hexadecimal string (not '${"zz".repeat(32)}')`],
  ["getblockheader", [hash], "-5: Block not found"],
  [
    "getrawtransaction",
    [hash],
    "-5: No such mempool or blockchain transaction. Use gettransaction for wallet transactions.",
  ],
  ["getrawtransaction", [hash, true, hash], "-5: Block hash not found"],
  ["getmempoolentry", [hash], "-5: Transaction not in mempool"],
  ["getrawmempool", [true, true], "-8: Verbose results cannot contain mempool sequence values."],
  ["estimatesmartfee", [0], "-8: Invalid conf_target, must be between 1 and 1008"],
  ["estimatesmartfee", [1009], "-8: Invalid conf_target, must be between 1 and 1008"],
  ["getdeploymentinfo", [hash], "-5: Block not found"],
  ["gettxspendingprevout", [[]], "-8: Invalid parameter, outputs are missing"],
  ["gettxspendingprevout", [[{ txid: hash, vout: -1 }]], "-8: Invalid parameter, vout cannot be negative"],
  ["gettxspendingprevout", [[{ txid: hash, n: 0 }]], "-8: Unknown named parameter n"],
  ["submitpackage", [[]], "-8: Array must contain between 1 and 25 transactions."],
  ["submitpackage", [Array(26).fill("00")], "-8: Array must contain between 1 and 25 transactions."],
  ["submitpackage", [["00"]], "-22: TX decode failed: 00 Make sure the tx has at least one input."],
  ["testmempoolaccept", [[]], "-8: Array must contain exactly 1 transaction: packages are not supported by this chain"],
  ["testmempoolaccept", [["00"]], "-22: TX decode failed: raw. Make sure the tx has at least one input."],
  ["decoderawtransaction", ["00"], "-22: TX decode failed"],
  ["decoderawtransaction", ["0".repeat(800_002)], "-22: TX decode failed"],
  ["generatetoaddress", [1, "nobody"], "-5: Error: Invalid address"],
  ["generatetoaddress", [1, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"], "-5: Error: Invalid address"],
  [
    "generatetoaddress",
    [GENERATE_BLOCKS_MAX + 1, "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8"],
    `-8: One call mines at most ${GENERATE_BLOCKS_MAX} blocks`,
  ],
  [
    "generatetoaddress",
    [-1, "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8"],
    `-8: One call mines at most ${GENERATE_BLOCKS_MAX} blocks`,
  ],
  ["getnewaddress", ["", "legacy"], "-5: This chain's wallet has addresses of type 'bech32' only"],
  ["sendtoaddress", ["mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8", -1], "-3: Amount out of range"],
  [
    "sendtoaddress",
    ["mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8", 1, "", "", false, true, 6],
    "-8: Parameter conf_target is not supported by this chain",
  ],
  [
    "sendtoaddress",
    ["mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8", 1, "", "", false, true, null, null, null, 20_000],
    "-8: fee_rate must be 1 to 10000 sat/vB",
  ],
];
for (const [method, params, expected] of FAILURES) {
  Deno.test(`${method} with ${JSON.stringify(params).slice(0, 60)} fails as ${expected.slice(0, 40)}`, async () => {
    assertEquals((await chain.failure(method, ...params)).split("\n")[0], expected);
  });
}

Deno.test("parameters go by name too, and unknown names are refused", async () => {
  const tip = await chain.call<string>("getbestblockhash");
  const ask = (params: Json): Promise<Json> => Promise.resolve(dispatch(chain.node, "getblock", params));
  const raw = await chain.call<string>("getblock", tip, 0);
  assertEquals(await ask({ blockhash: tip, verbosity: 0 }), raw);
  assertEquals(await ask({ blockhash: tip, verbose: false }), raw);
  for (
    const [params, code] of [[{ blockhash: tip, depth: 1 }, -8], [{ verbosity: 1 }, -1], ["text", -32600]] as const
  ) {
    try {
      await ask(params);
      throw new Error("taken");
    } catch (thrown) {
      assert(thrown instanceof RpcError);
      assertEquals(thrown.facts.rpcCode, code);
    }
  }
});

Deno.test("help lists every method, and tells one", async () => {
  const lines = (await chain.call<string>("help")).split("\n");
  const named = lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split(" ")[0]!);
  assertEquals(
    named.toSorted(),
    ("decoderawtransaction estimatesmartfee generatetoaddress getbalance getbestblockhash getblock getblockchaininfo getblockcount " +
      "getblockhash getblockheader getdeploymentinfo getmempoolentry getmempoolinfo getnetworkinfo getnewaddress getrawmempool getrawtransaction gettxout gettxspendingprevout " +
      "help scantxoutset sendrawtransaction sendtoaddress stop submitpackage testmempoolaccept uptime validateaddress")
      .split(" "),
  );
  assertEquals((await chain.call<string>("help", "uptime")).split("\n")[0], "uptime");
  assertEquals(await chain.call("help", "nope"), "help: unknown command: nope");
});

Deno.test("an output is there, spent in the mempool, and gone", async () => {
  const address = await chain.call<string>("getnewaddress");
  const [coinbase = ""] = chain.node.chain.blockAt(1)!.txids;
  assert(await chain.call("gettxout", coinbase, 0) !== null);
  const txid = await chain.call<string>("sendtoaddress", address, 1);
  assertEquals(await chain.call("gettxout", coinbase, 0), null);
  assert(await chain.call("gettxout", coinbase, 0, false) !== null);
  assertEquals((await chain.call<{ confirmations: number }>("gettxout", txid, 0)).confirmations, 0);
  assertEquals(await chain.call("gettxout", txid, 0, false), null);
  assertEquals(await chain.call("gettxout", txid, 7), null);
  const { size, bytes } = await chain.call<{ size: number; bytes: number }>("getmempoolinfo");
  assertEquals([size, bytes], [1, chain.node.mempool.get(txid)!.vbytes]);
  await chain.mine(1);
  assertEquals(await chain.call("gettxout", coinbase, 0, false), null);
  assertEquals((await chain.call<{ confirmations: number }>("gettxout", txid, 0)).confirmations, 1);
});

Deno.test("addresses of other networks and texts that are none are not valid", async () => {
  for (
    const text of ["", "nobody", "1QJVDzdqb1VpbDK7uDeyVXy9mR27CJiyhY", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"]
  ) {
    assertEquals((await chain.call<{ isvalid: boolean }>("validateaddress", text)).isvalid, false);
  }
});
