/** On-chain money that comes back from words: what was claimed before, what wasn't, and what comes meanwhile. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addressFromScript, p2pkhScript } from "../../core/bitcoin/mod.ts";
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { isRecovered, listOperations } from "../../client/logs/operations.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { addressAt, addressSearch } from "../../modules/walletv2/client/address_search.ts";
import { addValidIndex, getNextOutput, isRecovering, setSearched } from "../../modules/walletv2/client/db.ts";
import { walletRecovery } from "../../modules/walletv2/client/recovery.ts";
import type { WalletProgress } from "../../modules/walletv2/client/recovery_progress.ts";
import { setOutput } from "../../modules/walletv2/server/db.ts";
import type { TestWallet } from "../../modules/walletv2/testing/federation.ts";
import {
  claim,
  confirm,
  depositAddress,
  ELSEWHERE,
  INDICES_ELSEWHERE,
  payment,
  signedTransactions,
  testWallet,
} from "../../modules/walletv2/testing/federation.ts";
import { OUTPUT_LOOK_AHEAD, OUTPUT_SLICE } from "../../modules/walletv2/limits.ts";
import type { TestClientOptions } from "./client.ts";
import { SEARCHED_BEFORE, TestClient } from "./client.ts";
import { TestFederation, WALLET } from "./federation.ts";
import { PURSE_FEE_MSAT } from "./purse.ts";
import { prepared, recover } from "./recovering.ts";

const RECEIVE_FEE = 316n;
const ITEM_FEES_MSAT = 100_000n + PURSE_FEE_MSAT;
/** Not worth its claim. */
const DUST_SAT = 400n;

function creditMsat(...valuesSat: readonly bigint[]): bigint {
  return valuesSat.reduce((sum, value) => sum + (value - RECEIVE_FEE) * 1000n - ITEM_FEES_MSAT, 0n);
}

function addressElsewhere({ config }: TestWallet, number: number) {
  return addressAt(addressSearch(config.bitcoinPks, ELSEWHERE), INDICES_ELSEWHERE[number]!);
}

type Whose = "own" | "elsewhere";

function addressOf(wallet: TestWallet, whose: Whose, number: number) {
  return whose === "own" ? depositAddress(wallet, number) : addressElsewhere(wallet, number);
}

function deposit(wallet: TestWallet, whose: Whose, number: number, valueSat: bigint): BitcoinTransaction {
  return payment({ valueSat, script: addressOf(wallet, whose, number).script });
}

/** A wallet that is lost later claims a deposit; its transaction comes into a block. */
async function claimed(wallet: TestWallet, outputIndex: number, whose: Whose, number: number): Promise<void> {
  const tweak = addressOf(wallet, whose, number).publicKey;
  const done = await claim(wallet, {
    tag: "V0",
    value: { outputIndex: BigInt(outputIndex), tweak, fee: RECEIVE_FEE },
  });
  assert(done.ok);
  await confirm(wallet, ...await signedTransactions(wallet));
}

/** Of both derivations the first two addresses were paid, claimed and not. */
async function past(): Promise<TestWallet> {
  const wallet = await testWallet();
  await confirm(wallet, deposit(wallet, "own", 0, 100_000n));
  await claimed(wallet, 0, "own", 0);
  await confirm(wallet, deposit(wallet, "own", 1, 200_000n), deposit(wallet, "elsewhere", 0, 70_000n));
  await claimed(wallet, 1, "own", 1);
  await claimed(wallet, 2, "elsewhere", 0);
  await confirm(
    wallet,
    deposit(wallet, "own", 0, 50_000n),
    deposit(wallet, "elsewhere", 1, 60_000n),
    deposit(wallet, "own", 0, DUST_SAT),
  );
  return wallet;
}

type Options = Partial<TestClientOptions> & { readonly federation: TestFederation };

/** A wallet from its words: of both derivations the first addresses are found, the next ones are found soon. */
function restored(options: Options): Promise<TestClient> {
  return TestClient.open({
    known: 3,
    before: (tx) => {
      for (const index of INDICES_ELSEWHERE.slice(0, 2)) addValidIndex(tx, index, "sdk");
      setSearched(tx, INDICES_ELSEWHERE[2]! - SEARCHED_BEFORE, "sdk");
    },
    ...options,
  });
}

async function blocksUntil(client: TestClient, wallet: TestWallet, msat: bigint): Promise<void> {
  await client.untilTrue(`${msat} msat are in the balance`, async () => {
    await confirm(wallet, ...await signedTransactions(wallet));
    return await client.balanceMsat() >= msat;
  });
  assertEquals(await client.balanceMsat(), msat);
}

function recoveredEntries(client: TestClient): Promise<Json[]> {
  return client.store.read(async (tx) => {
    const metas: Json[] = [];
    for (const { operationId, kind, meta, outcome } of await listOperations(tx, { limit: 100 })) {
      if (!await isRecovered(tx, operationId)) continue;
      assertEquals([kind, outcome?.outcome], ["walletv2", "Success"]);
      metas.push(meta);
    }
    return metas.toReversed();
  });
}

function entry(wallet: TestWallet, index: number, whose: Whose, number: number, value: number): Json {
  const address = addressFromScript(addressOf(wallet, whose, number).script, "regtest");
  return { output_index: index, value, address, derivation: whose === "own" ? "standard" : "sdk" };
}

function withoutOutpoints(metas: readonly Json[]): Json[] {
  return metas.map((meta) => {
    const { outpoint, ...facts } = (meta as { Recovered: { outpoint: string } }).Recovered;
    assert(/^[0-9a-f]{64}:0$/.test(outpoint), outpoint);
    return facts;
  });
}

const RECOVERED = {
  amountMsat: 110_000_000n,
  otherMsat: [{ derivation: "sdk" as const, amountMsat: 60_000_000n }],
};

function historyOf(wallet: TestWallet): Json[] {
  return [
    entry(wallet, 0, "own", 0, 100_000),
    entry(wallet, 1, "own", 1, 200_000),
    entry(wallet, 2, "elsewhere", 0, 70_000),
  ];
}

Deno.test("words bring back deposits that nobody claimed, of both derivations, and show those that were", async () => {
  const wallet = await past(), federation = new TestFederation(wallet);
  const client = await restored({ federation });
  const { recovered, progress, counts } = await recover(client, await prepared(client));
  assertEquals(recovered, RECOVERED);
  assertEquals(progress.end, 6);
  await blocksUntil(client, wallet, creditMsat(50_000n, 60_000n));
  assertEquals(withoutOutpoints(await recoveredEntries(client)), historyOf(wallet));
  assertEquals((await client.wallet.deposits()).map(({ valueSat, status }) => [valueSat, status]), [
    [DUST_SAT, "too_small"],
  ]);
  const figures = counts.map((text) => text.split("/").map(Number) as [number, number]);
  for (const [complete, total] of figures) assert(complete <= total, counts.join(" "));
  assertEquals(figures.map(([complete]) => complete), figures.map(([complete]) => complete).sort((a, b) => a - b));
  assertEquals(figures.at(-1)![0], figures.at(-1)![1]);
  assertEquals(await client.inModule(WALLET, isRecovering), false);
  await client.close();
});

Deno.test("a restored wallet that is killed at any step comes to the same money, history and figures", async () => {
  for (const dice of [1, 2, 3].map(seededDice)) {
    const wallet = await past(), federation = new TestFederation(wallet);
    let client = await restored({ federation });
    let at = await prepared(client), lives = 1;
    // the longest life gets through one slice; there are two
    for (;; lives++) {
      const { progress, recovered } = await recover(client, at, dice.bytes(1)[0]! % 4);
      if (recovered) {
        assertEquals(recovered, RECOVERED);
        break;
      }
      at = progress;
      client = await restored({ federation, clock: client.clock, disk: client.disk.crash(), seed: 2 + lives });
      // the module goes on by itself, and claims, before the recovery does
      await client.clock.advance(lives % 3 === 0 ? 5_000 : 0);
      await confirm(wallet, ...await signedTransactions(wallet));
    }
    assert(lives >= 3, `${lives} lives`);
    await blocksUntil(client, wallet, creditMsat(50_000n, 60_000n));
    assertEquals(withoutOutpoints(await recoveredEntries(client)), historyOf(wallet));
    assertEquals((await client.events("payment-receive")).length, 2);
    await client.close();
  }
});

Deno.test("an address that was shown and never paid is watched after the restore, of both derivations and for good", async () => {
  const wallet = await past(), federation = new TestFederation(wallet);
  let client = await restored({ federation });
  const stored = await prepared(client);
  // confirmed after the log was measured, before it is gone through
  await confirm(wallet, deposit(wallet, "own", 2, 30_000n));
  const { recovered } = await recover(client, stored);
  assertEquals(recovered, RECOVERED);
  await blocksUntil(client, wallet, creditMsat(50_000n, 60_000n, 30_000n));
  await client.close();
  client = await restored({ federation, clock: client.clock, disk: client.disk, seed: 3 });
  await client.untilTrue("the module looks", async () => await client.inModule(WALLET, getNextOutput) === 7);
  await confirm(wallet, deposit(wallet, "elsewhere", 2, 20_000n), deposit(wallet, "elsewhere", 0, 10_000n));
  await blocksUntil(client, wallet, creditMsat(50_000n, 60_000n, 30_000n, 20_000n, 10_000n));
  assertEquals((await recoveredEntries(client)).length, 3);
  await client.close();
});

Deno.test("while the old wallet is alive each deposit is claimed once, by one of the two, and both go on", async () => {
  const wallet = await past(), federation = new TestFederation(wallet);
  const client = await restored({ federation });
  const stored = await prepared(client);
  const old = await TestClient.open({ federation, known: 3, clock: client.clock, seed: 9 });
  const { recovered } = await recover(client, stored);
  assertEquals(recovered?.otherMsat, RECOVERED.otherMsat);
  await confirm(wallet, ...await signedTransactions(wallet), deposit(wallet, "own", 2, 30_000n));
  const total = async (): Promise<bigint> => await client.balanceMsat() + await old.balanceMsat();
  await client.untilTrue("all of it is in one of the two", async () => {
    await confirm(wallet, ...await signedTransactions(wallet));
    return await total() >= creditMsat(50_000n, 60_000n, 30_000n);
  });
  await client.clock.advance(10_000);
  assertEquals(await total(), creditMsat(50_000n, 60_000n, 30_000n));
  assertEquals(federation.accepted, 3);
  for (const each of [client, old]) {
    assertEquals((await each.wallet.deposits()).map(({ valueSat }) => valueSat), [DUST_SAT]);
  }
  await old.close();
  await client.close();
});

Deno.test("what was never paid takes no time: a wallet without a past is restored at once, and watches both derivations", async () => {
  const wallet = await testWallet(), federation = new TestFederation(wallet);
  const client = await restored({ federation, known: 1 });
  const stored = await prepared(client);
  assertEquals(walletRecovery.count(stored), { complete: 0, total: 0 });
  const { recovered, counts } = await recover(client, stored);
  assertEquals(recovered, { amountMsat: 0n, otherMsat: [] });
  assertEquals(counts.length, 1);
  await confirm(wallet, deposit(wallet, "own", 0, 30_000n), deposit(wallet, "elsewhere", 0, 20_000n));
  await client.searchedUpTo(1);
  await blocksUntil(client, wallet, creditMsat(30_000n, 20_000n));
  await client.close();
});

Deno.test("one guardian that lies about outputs and one that is slow change nothing; too few answers are waited for", async () => {
  const wallet = await past(), federation = new TestFederation(wallet);
  const client = await restored({ federation });
  federation.evil = {
    peer: 1,
    change: (method, truth) => method.endsWith("output_info_slice") ? (truth as Json[]).slice(1) : truth,
  };
  const stored = await prepared(client);
  assertEquals(stored.end, 6);
  federation.down.add(0).add(2);
  const recovering = recover(client, stored);
  await client.clock.advance(60_000);
  federation.down.clear();
  assertEquals((await recovering).recovered, RECOVERED);
  await blocksUntil(client, wallet, creditMsat(50_000n, 60_000n));
  assertEquals(withoutOutpoints(await recoveredEntries(client)), historyOf(wallet));
  await client.close();
});

Deno.test("guardians that can't be asked how much there is keep a wallet from being restored, and nothing is stored", async () => {
  const wallet = await past(), federation = new TestFederation(wallet);
  const client = await restored({ federation });
  for (const peer of [0, 1]) federation.down.add(peer);
  await assertRejects(() => prepared(client), ApiError);
  await client.close();
});

Deno.test("the length of the log is found by few questions, whatever it is and wherever it has gaps", async () => {
  const wallet = await testWallet(), federation = new TestFederation(wallet);
  const client = await TestClient.open({ federation });
  const deposits = { valueSat: 1_000n, script: depositAddress(wallet, 4).script };
  const others = { valueSat: 1_000n, script: p2pkhScript(new Uint8Array(20)) };
  const fill = (from: number, to: number, output: typeof deposits) =>
    Promise.all(wallet.guardians.map(({ store }) =>
      store.transact((tx) => {
        for (let vout = from; vout < to; vout++) {
          setOutput(tx, vout, { outpoint: { txid: "00".repeat(32), vout }, output });
        }
      })
    ));
  let filled = 0;
  for (const end of [0, 1, 2, 15, 16, 17, 100, 1_000, 1_023, 1_025]) {
    await fill(filled, end, deposits);
    filled = end;
    const before = federation.calls.get(`module_${WALLET}_output_info_slice`) ?? 0;
    assertEquals((await prepared(client)).end, end);
    const asked = (federation.calls.get(`module_${WALLET}_output_info_slice`)! - before) / wallet.guardians.length;
    assert(asked <= 2 * Math.log2(end + 2) + 4, `${asked} questions for ${end}`);
  }
  // the last deposit stands behind as many that are none as a scan looks over
  await fill(filled, filled + OUTPUT_LOOK_AHEAD - 1, others);
  assertEquals((await prepared(client)).end, filled);
  await fill(filled + OUTPUT_LOOK_AHEAD - 1, filled + OUTPUT_LOOK_AHEAD, deposits);
  assertEquals((await prepared(client)).end, filled + OUTPUT_LOOK_AHEAD);
  await client.close();
});

Deno.test("figures of a recovery: a search more for each address that was paid, outputs by the slice", () => {
  const way = { derivation: "standard" as const, walked: 0, searched: 0, found: 0, sat: 0n };
  const count = (progress: Partial<WalletProgress> & { readonly way?: Partial<typeof way> }) =>
    walletRecovery.count({ end: 10 * OUTPUT_SLICE, ...progress, ways: [{ ...way, ...progress.way }] });
  assertEquals(count({ end: 0 }), { complete: 0, total: 0 });
  assertEquals(count({}), { complete: 0, total: 26 });
  assertEquals(count({ way: { searched: 81_920 } }), { complete: 20, total: 30 });
  assertEquals(count({ way: { searched: 81_921, found: 81_921 } }), { complete: 20, total: 46 });
  assertEquals(count({ way: { searched: 81_921, found: 81_921, walked: 9_001 } }), { complete: 30, total: 46 });
  assertEquals(count({ way: { searched: 163_840, found: 81_921, walked: 10_000 } }), { complete: 50, total: 50 });
});
