import { assertEquals, assertRejects } from "@std/assert";
import { InvariantError } from "../../core/assert.ts";
import { bitcoinTxidOf, p2pkhScript, p2wshScript } from "../../core/bitcoin/mod.ts";
import { toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import { WALLETV2_ENDPOINTS } from "./common.ts";
import { OUTPUT_SLICE_MAX } from "./limits.ts";
import { isPotentialReceive } from "./scripts.ts";
import { walletv2Server } from "./server.ts";
import { ask, claim, claimOf, confirm, depositAddress, payment, TestChain, testWallet } from "./testing/federation.ts";

Deno.test("the filter alone gives an output its index; one that can be no deposit is left out of the answer", async () => {
  const wallet = await testWallet({ guardians: 1 });
  const [guardian] = wallet.guardians;
  const { hashOfKeys } = wallet.search;
  let odd = p2pkhScript(new Uint8Array(20));
  for (let i = 0; !isPotentialReceive(odd, hashOfKeys); i++) {
    const hash = new Uint8Array(20);
    new DataView(hash.buffer).setUint32(0, i);
    odd = p2pkhScript(hash);
  }
  const { script } = depositAddress(wallet, 0);
  const foreign = p2wshScript(new Uint8Array(32));
  const tx = payment(
    { valueSat: 1n, script: foreign },
    { valueSat: 2n, script: odd },
    { valueSat: 30_000n, script },
    { valueSat: 40_000n, script },
  );
  await confirm(wallet, tx);
  const txid = bitcoinTxidOf(tx);
  const entry = (index: number, vout: number, value: number, spent = false) => ({
    index,
    script: toHex(script),
    value,
    spent,
    outpoint: `${txid}:${vout}`,
  });
  assertEquals(await ask(guardian!, "output_info_slice", [0, 1000]), [entry(1, 2, 30_000), entry(2, 3, 40_000)]);
  const { receiveTxVbytes } = wallet.config;
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 0, receiveTxVbytes))).ok, true);
  // a spent output keeps its outpoint, as the reference answers it
  assertEquals(await ask(guardian!, "output_info_slice", [1, 3]), [entry(1, 2, 30_000, true), entry(2, 3, 40_000)]);
  assertEquals(await claim(wallet, claimOf(wallet, 0n, 0)), { ok: false, error: { tag: "WrongTweak", value: null } });
  for (const empty of [[0, 1], [3, 1000], [2, 2], [2, 1], [10, 0]]) {
    assertEquals(await ask(guardian!, "output_info_slice", empty), []);
  }
  assertEquals(await ask(guardian!, "output_info_slice", [0, U64_MAX]), [
    entry(1, 2, 30_000, true),
    entry(2, 3, 40_000),
  ]);
});

Deno.test("walletv2 answers at the reference's endpoints, all of them public, and knows no outcomes", async () => {
  const wallet = await testWallet({ guardians: 1 });
  const { module, store } = wallet.guardians[0]!;
  assertEquals(Object.keys(module.apiEndpoints), [...WALLETV2_ENDPOINTS]);
  for (const { admin, since } of Object.values(module.apiEndpoints)) {
    assertEquals({ admin, since }, { admin: false, since: { major: 0, minor: 0 } });
  }
  assertEquals(await ask(wallet.guardians[0]!, "federation_wallet"), null);
  assertEquals(await ask(wallet.guardians[0]!, "send_fee"), null);
  assertEquals(await store.read((tx) => module.outputStatus(tx, { txid: "00".repeat(32), outIdx: 0 })), null);
  assertEquals(await store.read((tx) => module.audit(tx)), 0n);
});

Deno.test("the ceremony makes one config for all, and each guardian's secret fits it", async () => {
  const wallet = await testWallet();
  for (const [identity, { env }] of wallet.guardians.entries()) {
    assertEquals(env.config, wallet.config);
    assertEquals(publicKeyOf(env.privateConfig.bitcoinSk), env.config.bitcoinPks.get(identity));
    assertEquals(walletv2Server.validateConfig(env.config, env.privateConfig, identity), { ok: true, value: null });
    assertEquals(walletv2Server.validateConfig(env.config, env.privateConfig, (identity + 1) % 4).ok, false);
  }
  assertEquals(walletv2Server.validateConfig(wallet.config, wallet.guardians[0]!.env.privateConfig, 4).ok, false);
  assertEquals(wallet.config.sendTxVbytes, 228n);
});

Deno.test("a federation of more guardians than Bitcoin's multisig has keys is refused at the ceremony", async () => {
  await assertRejects(() => testWallet({ guardians: 21 }), InvariantError);
});

Deno.test("one slice answers so many outputs at most", async () => {
  const wallet = await testWallet({ guardians: 1, chain: new TestChain() });
  const { script } = depositAddress(wallet, 0);
  await confirm(wallet, payment(...Array.from({ length: OUTPUT_SLICE_MAX + 1 }, () => ({ valueSat: 1n, script }))));
  const length = async (start: number, end: number) =>
    (await ask(wallet.guardians[0]!, "output_info_slice", [start, end]) as unknown[]).length;
  assertEquals(await length(0, OUTPUT_SLICE_MAX + 1), OUTPUT_SLICE_MAX);
  assertEquals(await length(1, OUTPUT_SLICE_MAX + 1), OUTPUT_SLICE_MAX);
});

Deno.test("who looks for outputs that aren't there yet pays next to nothing; a slice costs what it reads", async () => {
  const wallet = await testWallet({ guardians: 1, chain: new TestChain() });
  const { script } = depositAddress(wallet, 0);
  await confirm(wallet, payment(...Array.from({ length: 640 }, () => ({ valueSat: 1n, script }))));
  const [guardian] = wallet.guardians as [typeof wallet.guardians[0] & object];
  const { output_info_slice: slice, transaction_chain: chain } = guardian.module.apiEndpoints;
  // nobody has looked: it is taken for full
  assertEquals(slice!.units!([0, 1_000]), 32);
  await ask(guardian, "output_info_slice", [640, 1_640]);
  assertEquals([[640, 1_640], [0, 1_000], [0, U64_MAX], [300, 20]].map((range) => slice!.units!(range as Json)), [
    1,
    21,
    21,
    1,
  ]);
  for (const params of [null, [1], "x", [-1, 4]] as Json[]) assertEquals(slice!.units!(params), 1);
  await ask(guardian, "transaction_chain");
  assertEquals(chain!.units!(null), 1);
});

Deno.test("refused for good is a wrong tweak, and no output that was claimed, or that others have seen", async () => {
  const { isForGood } = (await testWallet()).guardians[0]!.module;
  const tags = ["WrongTweak", "OutputAlreadySpent", "UnknownOutputIndex", "InsufficientTotalFee"] as const;
  assertEquals(tags.map((tag) => isForGood!({ tag, value: null })), [true, false, false, false]);
});
