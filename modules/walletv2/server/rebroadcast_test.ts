import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ManualClock, settle } from "../../../actors/store/testing/mod.ts";
import type { BitcoinTransaction } from "../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf } from "../../../core/bitcoin/mod.ts";
import { parentsFirst } from "./rebroadcast.ts";
import {
  agree,
  claim,
  confirm,
  depositAddress,
  order,
  payment,
  send,
  signedTransactions,
  testWallet,
} from "../testing/federation.ts";

/** A line of transactions, each spending the one before. */
function chainOf(length: number): BitcoinTransaction[] {
  const transactions: BitcoinTransaction[] = [];
  for (let i = 0; i < length; i++) {
    const tx = payment({ valueSat: BigInt(i), script: new Uint8Array(34) });
    const parent = transactions.at(-1);
    const inputs = parent
      ? [{ ...tx.inputs[0]!, outPoint: { txid: bitcoinTxidOf(parent), vout: 0 } }, ...tx.inputs]
      : tx.inputs;
    transactions.push({ ...tx, inputs });
  }
  return transactions;
}

Deno.test("a transaction goes behind the one that it spends from, in whatever order they are stored", () => {
  const chain = chainOf(12);
  const entries = chain.map((tx) => [bitcoinTxidOf(tx), { tx }] as const);
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: 12 }), (shuffled) => {
      assertEquals(parentsFirst(new Map(shuffled)), chain);
    }),
    { numRuns: 50 },
  );
  assertEquals(parentsFirst(new Map()), []);
});

Deno.test("a signed transaction is broadcast at once, then every minute until a block has it", async () => {
  const clock = new ManualClock(), stop = new AbortController();
  const wallet = await testWallet({ guardians: 1, clock, signal: stop.signal, testEnvironment: false });
  const { module, broadcasts } = wallet.guardians[0]!;
  const { receiveTxVbytes: fee, sendTxVbytes } = wallet.config;
  const background = module.background!();
  const txids = () => broadcasts.splice(0).map(bitcoinTxidOf);
  const deposit = (number: number) => payment({ valueSat: 50_000n, script: depositAddress(wallet, number).script });
  await confirm(wallet, deposit(0), deposit(1));
  for (const index of [0, 1]) {
    const { publicKey: tweak } = depositAddress(wallet, index);
    const claimed = await claim(wallet, { tag: "V0", value: { outputIndex: BigInt(index), tweak, fee } });
    assertEquals(claimed.ok, true);
  }
  await clock.advance(1_000);
  assertEquals(txids(), []);

  await agree(wallet);
  await settle();
  const first = txids();
  assertEquals(first.length, 1);
  await clock.advance(59_000);
  assertEquals(txids(), []);
  await clock.advance(1_000);
  assertEquals(txids(), first);

  const destination = { tag: "P2WPKH", value: new Uint8Array(20) } as const;
  assertEquals((await send(wallet, { tag: "V0", value: { destination, value: 20_000n, fee: sendTxVbytes } })).ok, true);
  await agree(wallet);
  await settle();
  const both = txids();
  assertEquals([both.length, both[0]], [2, first[0]]);
  await clock.advance(60_000);
  assertEquals(txids(), both);

  stop.abort();
  await background;
  assertEquals(clock.pending, 0);
});

Deno.test("while the node refuses a transaction its guardian says so, with the reason; a block ends it", async () => {
  const clock = new ManualClock(), stop = new AbortController();
  const wallet = await testWallet({ guardians: 1, clock, signal: stop.signal, testEnvironment: false });
  const { module, broadcasts, records } = wallet.guardians[0]!;
  const { receiveTxVbytes: fee, sendTxVbytes } = wallet.config;
  const background = module.background!();
  const deposit = payment({ valueSat: 50_000n, script: depositAddress(wallet, 0).script });
  await confirm(wallet, deposit);
  const { publicKey: tweak } = depositAddress(wallet, 0);
  assertEquals((await claim(wallet, { tag: "V0", value: { outputIndex: 0n, tweak, fee } })).ok, true);
  const said = (level: string) => records.splice(0).filter((record) => record.level === level);
  const destination = { tag: "P2WPKH", value: new Uint8Array(20) } as const;
  wallet.chain.refusal = "error -26: min relay fee not met";
  for (const outIdx of [0, 1]) {
    const feeSat = sendTxVbytes * (outIdx === 0 ? 1n : 4n);
    const output = { tag: "V0", value: { destination, value: 10_000n, fee: feeSat } } as const;
    assertEquals((await send(wallet, output, { txid: "00".repeat(32), outIdx })).ok, true);
  }
  await agree(wallet);
  await settle();
  const [refused, ...more] = said("error");
  assertEquals(more, []);
  assertEquals(
    refused!.message,
    "The node doesn't take a transaction of the federation: it and everything behind it waits",
  );
  const [first] = broadcasts;
  assertEquals(refused!.facts, {
    txid: bitcoinTxidOf(first!),
    feeSat: sendTxVbytes,
    vbytes: sendTxVbytes,
    waiting: 1,
    reason: "error -26: min relay fee not met",
  });
  await settle();
  const triedBefore = broadcasts.length;
  await clock.advance(600_000);
  assertEquals(broadcasts.length, triedBefore + 20, "both are tried each minute");
  assertEquals(said("error").length, 3, "after 1, 3 and 7 minutes");

  wallet.chain.refusal = null;
  await clock.advance(60_000);
  assertEquals(said("info").map(({ message }) => message), [
    "The node has every transaction that the federation has signed",
  ]);
  stop.abort();
  await background;
});

Deno.test("a transaction that no block takes is told after twelve of them, and whose signatures are missing too", async () => {
  const clock = new ManualClock(), stop = new AbortController();
  const wallet = await testWallet({ guardians: 1, clock, signal: stop.signal, testEnvironment: false });
  const { module, records } = wallet.guardians[0]!;
  const { receiveTxVbytes: fee, sendTxVbytes } = wallet.config;
  const background = module.background!();
  await confirm(wallet, payment({ valueSat: 50_000n, script: depositAddress(wallet, 0).script }));
  const { publicKey: tweak } = depositAddress(wallet, 0);
  assertEquals((await claim(wallet, { tag: "V0", value: { outputIndex: 0n, tweak, fee } })).ok, true);
  const destination = { tag: "P2WPKH", value: new Uint8Array(20) } as const;
  assertEquals((await send(wallet, { tag: "V0", value: { destination, value: 10_000n, fee: sendTxVbytes } })).ok, true);
  const warnings = () => records.splice(0).filter(({ level }) => level === "warn").map(({ message }) => message);
  const votes = async (count: bigint): Promise<void> => {
    wallet.chain.mineEmpty(Number(count) + 7 - wallet.chain.blockCount);
    assertEquals((await order(wallet, { tag: "BlockCount", value: count }, 0)).ok, true);
    await clock.advance(60_000);
  };
  await votes(13n);
  assertEquals(warnings(), []);
  await votes(14n);
  assertEquals(warnings(), ["Too few guardians sign a transaction of the federation: everything behind it waits"]);
  await agree(wallet);
  await settle();
  assertEquals(warnings(), ["A transaction of the federation is in no block yet: everything behind it waits"]);
  await confirm(wallet, ...await signedTransactions(wallet));
  await clock.advance(60_000);
  assertEquals(warnings(), []);
  stop.abort();
  await background;
});
