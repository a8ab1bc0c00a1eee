/** The dev chain beside a real bitcoind: what one makes, the other takes; what one refuses, so does the other. */
import { assert, assertEquals } from "@std/assert";
import type { Block } from "../../../core/bitcoin/mod.ts";
import { block } from "../../../core/bitcoin/mod.ts";
import { fromHex } from "../../../core/bytes.ts";
import { decodeHex, encodeHex, stringifyJson } from "../../../core/encoding/mod.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import type { TestChain } from "../../bitcoin/testing/world.ts";
import { world } from "../../bitcoin/testing/world.ts";
import { bitcoindTest, CoreNode } from "./testing/core_node.ts";
import { DESTINATION, fundedChain, hexOf, refusals, send } from "./testing/refusals.ts";
import { replacements } from "./testing/replacements.ts";
import { KINDS, spend } from "./testing/spends.ts";
import { checkBlock } from "./rules/block_checks.ts";
import { Chain } from "./chain.ts";
import { scriptJson } from "./rpc/render.ts";

async function withCore(body: (core: CoreNode) => Promise<void>): Promise<void> {
  const core = await CoreNode.start();
  try {
    await body(core);
  } finally {
    await core.stop();
  }
}

async function copyBlocks(chain: TestChain, core: CoreNode): Promise<void> {
  const from = await core.call<number>("getblockcount");
  for (let height = from + 1; height <= chain.node.chain.height; height++) {
    const { raw } = chain.node.chain.blockAt(height)!;
    assertEquals(await core.call("submitblock", raw.toHex()), null, `Core takes block ${height}`);
  }
}

/** Newer versions don't tell failures of consensus and of relay apart. */
function sameWords(answer: string): string {
  return answer.replace(/(non-mandatory|mandatory|mempool)-script-verify-flag(-failed)?/, "script-verify-flag");
}

/** Knots has members of its own. */
function withoutKnots(json: Json): Json {
  if (Array.isArray(json)) return json.map(withoutKnots);
  if (typeof json !== "object" || json === null) return json;
  const own = new Set(["txcount", "header_version"]);
  return Object.fromEntries(
    Object.entries(json as JsonObject).filter(([name]) => !own.has(name)).map(([n, v]) => [n, withoutKnots(v)]),
  );
}

async function assertSame(chain: TestChain, core: CoreNode, method: string, ...params: Json[]): Promise<void> {
  const expected = withoutKnots(await core.call(method, ...params));
  assertEquals(await chain.call(method, ...params), expected, `${method} ${JSON.stringify(params)}`);
}

bitcoindTest("Core takes our blocks, and both describe them in the same words", () =>
  withCore(async (core) => {
    const { chain, coin } = await fundedChain();
    for (const { name } of KINDS) {
      const outputs = [{ valueSat: 99_990_000n, script: DESTINATION }, { valueSat: 0n, script: fromHex("6a020102") }];
      await send(chain, spend([coin(name)], outputs));
    }
    await chain.mine(1);
    await chain.mine(150); // past a halving
    await copyBlocks(chain, core);
    assertEquals(await core.call("getbestblockhash"), chain.node.chain.tip.hash);
    const { blocks, headers, bits, target, chainwork, difficulty, time, mediantime } = await core.call<JsonObject>(
      "getblockchaininfo",
    );
    const ours = await chain.call<JsonObject>("getblockchaininfo");
    for (
      const [name, value] of Object.entries({
        blocks,
        headers,
        bits,
        target,
        chainwork,
        difficulty,
        time,
        mediantime,
      })
    ) {
      assertEquals(ours[name], value, name);
    }
    for (const height of [0, 1, 17, 102, 103, chain.node.chain.height]) {
      const hash = await chain.call<string>("getblockhash", height);
      for (const verbosity of [0, 1, 2, 3]) await assertSame(chain, core, "getblock", hash, verbosity);
      await assertSame(chain, core, "getblockheader", hash);
      await assertSame(chain, core, "getblockheader", hash, false);
      if (height === 0) continue; // Core doesn't give out the first coinbase
      for (const txid of chain.node.chain.blockAt(height)!.txids) {
        for (const verbosity of [0, 1, 2]) await assertSame(chain, core, "getrawtransaction", txid, verbosity);
        await assertSame(chain, core, "getrawtransaction", txid, 1, hash);
        await assertSame(chain, core, "decoderawtransaction", await chain.call("getrawtransaction", txid));
        for (const vout of [0, 1, 2]) await assertSame(chain, core, "gettxout", txid, vout);
      }
    }
    for (const { script } of KINDS) {
      const { address } = await core.call<{ address: string }>("decodescript", script.toHex());
      await assertSame(chain, core, "validateaddress", address);
    }
  }));

bitcoindTest("Core and we read scripts in the same way, random ones too", () =>
  withCore(async (core) => {
    const random = world("scripts").platform.dice;
    const scripts = [
      ...Array.from({ length: 256 }, (_, opcode) => Uint8Array.of(0x51, opcode, 0xac)),
      ...Array.from({ length: 300 }, () => random.bytes(random.below(60) + 1)),
      ...KINDS.map(({ script }) => script),
      fromHex("51024e73"),
      fromHex("0003aabbcc"),
      fromHex(`5220${"ab".repeat(32)}`),
      fromHex(`5120${"ff".repeat(32)}`),
      fromHex(`2102${"ff".repeat(32)}ac`),
    ];
    for (const script of scripts) {
      const theirs = await core.call<JsonObject>("decodescript", script.toHex());
      const ours = scriptJson(script);
      // bare multisig, which Core names and describes, is no standard form here
      if (theirs.type === "multisig") continue;
      for (const member of ["asm", "desc", "address", "type"]) {
        assertEquals(ours[member], theirs[member], `${member} of ${script.toHex()}`);
      }
    }
  }));

bitcoindTest("Core and we take the same transactions", () =>
  withCore(async (core) => {
    const { chain, coin } = await fundedChain();
    await copyBlocks(chain, core);
    for (const { name } of KINDS) {
      const tx = spend([coin(name), coin(name, 1)], [{ valueSat: 199_990_000n, script: DESTINATION }]);
      const test = async (from: { call: CoreNode["call"] }): Promise<Json> => {
        const [{ txid, wtxid, allowed, vsize, fees } = {}] = await from.call<JsonObject[]>("testmempoolaccept", [
          hexOf(tx),
        ]);
        return { txid: txid!, wtxid: wtxid!, allowed: allowed!, vsize: vsize!, fees: fees! };
      };
      assertEquals(await test(chain), await test(core), name);
      assertEquals(await core.call("sendrawtransaction", hexOf(tx)), await send(chain, tx), name);
    }
    const members = [
      "vsize",
      "weight",
      "ancestorcount",
      "ancestorsize",
      "descendantcount",
      "descendantsize",
      "wtxid",
      "fees",
      "depends",
      "spentby",
    ];
    for (const [txid, entry] of Object.entries(await core.call<Record<string, JsonObject>>("getrawmempool", true))) {
      const ours = await chain.call<JsonObject>("getmempoolentry", txid);
      for (const member of members) assertEquals(ours[member], entry[member], member);
    }
  }));

bitcoindTest("Core and we refuse the same transactions with the same code and reason", () =>
  withCore(async (core) => {
    const funded = await fundedChain();
    await copyBlocks(funded.chain, core);
    const differences: string[] = [];
    for (const { name, hex, answer, coreDiffers } of refusals(funded)) {
      const { error } = await core.ask("sendrawtransaction", hex);
      const theirs = error === null ? "taken" : `${error.code}: ${error.message}`.split(",")[0]!;
      if (coreDiffers === undefined && sameWords(theirs) !== sameWords(answer)) {
        differences.push(`${name}: ${theirs}, ours ${answer}`);
      }
    }
    assertEquals(differences, []);
  }));

bitcoindTest("we take Core's blocks, with transactions of its wallet", () =>
  withCore(async (core) => {
    await core.call("createwallet", "w");
    const address = (type: string): Promise<string> => core.call("getnewaddress", "", type);
    await core.call("generatetoaddress", 110, await address("bech32"));
    for (let round = 0; round < 3; round++) {
      for (const type of ["legacy", "p2sh-segwit", "bech32", "bech32m"]) {
        await core.call(
          "sendtoaddress",
          await address(type),
          1 + round,
          "",
          "",
          false,
          true,
          null,
          "unset",
          false,
          20,
        );
      }
      await core.call("generatetoaddress", 1, await address("bech32m"));
    }
    const chain = new Chain();
    const height = await core.call<number>("getblockcount");
    let transactions = 0;
    for (let at = 1; at <= height; at++) {
      const hex = await core.call<string>("getblock", await core.call("getblockhash", at), 0);
      const decoded: Block = decodeHex(block, hex);
      assertEquals(encodeHex(block, decoded), hex);
      const checked = checkBlock(chain, decoded, { nowSeconds: Math.floor(Date.now() / 1000), scripts: true });
      assert(checked.ok, checked.ok ? "" : `block ${at}: ${checked.error.reason}`);
      chain.append(checked.value);
      transactions += decoded.transactions.length - 1;
    }
    assertEquals(transactions, 12);
    assertEquals(chain.tip.hash, await core.call("getbestblockhash"));
  }));

bitcoindTest("both find the same coins of scripts", () =>
  withCore(async (core) => {
    const { chain, coin } = await fundedChain();
    await send(chain, spend([coin("P2WPKH")], [{ valueSat: 99_990_000n, script: DESTINATION }]));
    await chain.mine(1);
    await copyBlocks(chain, core);
    const scripts = [DESTINATION, ...KINDS.map(({ script }) => script)].map((script) => `raw(${script.toHex()})`);
    const found = async (node: { call(method: string, ...params: Json[]): Promise<unknown> }): Promise<Json> => {
      const { txouts, unspents, ...rest } = await node.call("scantxoutset", "start", scripts) as JsonObject;
      // Core counts what nobody can spend, and says by which descriptor it found a coin
      assert(typeof txouts === "number");
      const lines = (unspents as JsonObject[]).map(({ desc: _, ...each }) => stringifyJson(each)).sort();
      return { ...rest, lines };
    };
    const expected = await found(core);
    assertEquals(await found(chain), expected);
    for (const params of [["foo"], ["start"]]) {
      const { error } = await core.ask("scantxoutset", ...params);
      assertEquals(await chain.failure("scantxoutset", ...params), `${error?.code}: ${error?.message}`);
    }
  }));

bitcoindTest("both replace the same transactions, and refuse others in the same words", () =>
  withCore(async (core) => {
    const funded = await fundedChain(), { chain } = funded;
    await copyBlocks(chain, core);
    for (const { name, before, tx } of replacements(funded)) {
      for (const each of before) {
        assertEquals(await core.call("sendrawtransaction", hexOf(each)), await send(chain, each));
      }
      const { result, error } = await core.ask("sendrawtransaction", hexOf(tx));
      if (error === null) {
        assertEquals(await send(chain, tx), result, name);
      } else {assertEquals(
          await chain.failure("sendrawtransaction", hexOf(tx)),
          `${error.code}: ${error.message}`,
          name,
        );}
      const sorted = async (node: { call(method: string): Promise<unknown> }) =>
        (await node.call("getrawmempool") as string[]).sort();
      assertEquals(await sorted(chain), await sorted(core), name);
    }
  }));
