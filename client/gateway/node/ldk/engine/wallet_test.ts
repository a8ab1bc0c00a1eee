import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../../../../actors/testing/manual_clock.ts";
import { MemoryBackend, openMemoryStore } from "../../../../../actors/store/mod.ts";
import type { BitcoinTransaction, Block, TxOut } from "../../../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf, parseBitcoinOutPoint, scriptFromAddress, weightOf } from "../../../../../core/bitcoin/mod.ts";
import { DEPTH_FINAL } from "../limits.ts";
import { Disk } from "./disk.ts";
import { WalletKeys } from "./keys.ts";
import { spendCoins } from "./spend.ts";
import { Wallet } from "./wallet.ts";

const KEYS = new WalletKeys(new Uint8Array(32).fill(7));
const HEADER = { version: 1, prevBlockhash: "", merkleRoot: "", time: 0, bits: 0, nonce: 0 };

async function wallet(): Promise<{ wallet: Wallet; again: () => Promise<Wallet> }> {
  const disk = new Disk(await openMemoryStore({ clock: new ManualClock(), backend: new MemoryBackend() }));
  const opened = new Wallet(disk, KEYS, "regtest");
  await opened.load();
  return {
    wallet: opened,
    again: async () => {
      await disk.commit();
      const other = new Wallet(disk, KEYS, "regtest");
      await other.load();
      return other;
    },
  };
}

function payment(valueSat: bigint, script: TxOut["script"], number = 1): BitcoinTransaction {
  const outPoint = parseBitcoinOutPoint(`${String(number).padStart(64, "0")}:0`);
  return {
    version: 2,
    inputs: [{ outPoint, scriptSig: new Uint8Array(0), sequence: 0, witness: [] }],
    outputs: [{ valueSat, script }],
    lockTime: 0,
  };
}

function blockOf(...transactions: BitcoinTransaction[]): Block {
  return { header: HEADER, transactions };
}

function scriptOf(address: string) {
  const script = scriptFromAddress(address, "regtest");
  assert(script.ok);
  return script.value;
}

Deno.test("coins come with blocks and go with them, back to a chain that was left", async () => {
  const { wallet: own, again } = await wallet();
  const script = scriptOf(own.newAddress());
  own.connect(blockOf(payment(50_000n, script), payment(70_000n, script, 2), payment(9n, new Uint8Array(22), 3)), 10);
  assertEquals([own.balanceSat(), own.spendable().map(({ valueSat }) => valueSat)], [120_000n, [70_000n, 50_000n]]);
  const spent = own.spendable()[0]!.outPoint;
  const other = payment(1n, new Uint8Array(22));
  const spending = { ...other, inputs: [{ ...other.inputs[0]!, outPoint: parseBitcoinOutPoint(spent) }] };
  own.connect(blockOf(spending), 11);
  assertEquals(own.balanceSat(), 50_000n);
  assertEquals((await again()).balanceSat(), 50_000n);
  own.disconnect(11);
  assertEquals(own.balanceSat(), 120_000n);
  own.disconnect(10);
  assertEquals([own.balanceSat(), (await again()).balanceSat()], [0n, 0n]);
});

Deno.test("coins of what is sent are taken until it is in the chain; what is never sent gives them back", async () => {
  const { wallet: own, again } = await wallet();
  own.connect(blockOf(payment(100_000n, own.changeScript)), 10);
  const made = spendCoins(KEYS, own.spendable(), {
    script: new Uint8Array(34).fill(1),
    amountSat: 60_000n,
    perKw: 253,
    changeScript: own.changeScript,
  });
  assert(made.ok);
  const txid = own.keep(made.value, "Funding", 10, false);
  assertEquals([own.spendable(), own.waiting(), own.unreleased(), own.balanceSat()], [[], [], [txid], 0n]);
  own.forget(txid);
  assertEquals([own.balanceSat(), own.unreleased()], [100_000n, []]);
  own.keep(made.value, "Funding", 10, false);
  // the other side has signed
  own.keep(made.value, "Lightning", 10);
  own.forget(txid);
  const changeSat = made.value.outputs[1]!.valueSat;
  const reopened = await again();
  assertEquals([reopened.waiting().map(bitcoinTxidOf), reopened.balanceSat()], [[txid], changeSat]);
  own.connect(blockOf(made.value), 11);
  assertEquals([own.waiting(), own.balanceSat()], [[], changeSat]);
  own.disconnect(11);
  assertEquals([own.waiting().map(bitcoinTxidOf), own.balanceSat()], [[txid], changeSat]);
  own.connect(blockOf(made.value), 11);
  own.connect(blockOf(), 11 + DEPTH_FINAL);
  assertEquals([own.transaction(txid), own.balanceSat()], [undefined, changeSat]);
});

Deno.test("a payment pays the rate that was asked for, all of it or part, and says what is missing", () => {
  const coins = [40_000n, 30_000n].map((valueSat, index) => ({
    outPoint: `${"ab".repeat(32)}:${index}`,
    valueSat,
    index,
  }));
  const spend = { script: KEYS.script(9), perKw: 1_000, changeScript: KEYS.script(0) };
  for (const amountSat of [20_000n, 50_000n, "all"] as const) {
    const made = spendCoins(KEYS, coins, { ...spend, amountSat });
    assert(made.ok);
    const paid = made.value.outputs.reduce((sum, { valueSat }) => sum + valueSat, 0n);
    const given = made.value.inputs.reduce((sum, { outPoint }) => sum + coins[outPoint.vout]!.valueSat, 0n);
    const feeSat = Number(given - paid), leastSat = weightOf(made.value);
    assert(feeSat >= leastSat && feeSat <= leastSat + 10, `${amountSat}: ${feeSat} for ${leastSat}`);
    assertEquals(made.value.outputs[0]!.valueSat, amountSat === "all" ? given - BigInt(feeSat) : amountSat);
  }
  const missing = spendCoins(KEYS, coins, { ...spend, amountSat: 70_000n });
  assert(!missing.ok);
  assert(missing.error.haveSat === 70_000n && missing.error.needSat > 70_000n);
  assert(!spendCoins(KEYS, [], { ...spend, amountSat: "all" }).ok);
});
