import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ManualClock, settle } from "../../actors/store/testing.ts";
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { bitcoinTxidOf } from "../../core/bitcoin/mod.ts";
import { parentsFirst } from "./rebroadcast.ts";
import { agree, claim, confirm, depositAddress, payment, send, testWallet } from "./testing.ts";

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
