/** Coins of an earlier life of the words, from a finder that answers as the chain is at some block. */
import { assertEquals } from "@std/assert";
import type { CoinFinder, FoundCoin } from "../../../../../actors/bitcoin/coins.ts";
import { loggerFor } from "../../../../../actors/logger.ts";
import { MemoryBackend, openMemoryStore } from "../../../../../actors/store/mod.ts";
import { ManualClock } from "../../../../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import { err, ok } from "../../../../../core/result.ts";
import { SEARCH_RETRY_MS } from "../limits.ts";
import type { Tip } from "./chain.ts";
import { Disk } from "./disk.ts";
import { PAYMENT_KEYS_FIRST, WalletKeys } from "./keys.ts";
import { searchCoins } from "./search.ts";
import { Wallet } from "./wallet.ts";

const KEYS = new WalletKeys(new Uint8Array(32).fill(9));
const GAP = 20, READ: Tip = { hash: "aa", height: 100 };

/** A coin of this key's, whose id is its value. */
function coin(index: number, valueSat: bigint, height = 50): FoundCoin {
  return { txid: String(valueSat).padStart(64, "0"), vout: 0, valueSat, script: KEYS.script(index), height };
}

async function stage(coins: readonly FoundCoin[], answers: Tip[] = []) {
  const clock = new ManualClock();
  const disk = new Disk(await openMemoryStore({ clock, backend: new MemoryBackend() }));
  const wallet = new Wallet(disk, KEYS, "regtest");
  await wallet.load();
  const asked: number[] = [];
  const finder: CoinFinder = {
    gap: GAP,
    find: (scripts: readonly Bytes[]) => {
      asked.push(scripts.length);
      const wanted = new Set(scripts.map(toHex)), tip = answers.shift() ?? READ;
      if (tip.height < 0) return Promise.resolve(err({ code: "timeout" }));
      return Promise.resolve(ok({ tip, coins: coins.filter(({ script }) => wanted.has(toHex(script))) }));
    },
  };
  let isOver = false;
  const search = async (): Promise<void> => {
    const signal = new AbortController().signal, log = loggerFor("search", () => {});
    const searching = searchCoins({ finder, clock, disk, keys: KEYS, wallet, tip: () => READ, log, signal });
    isOver = false;
    void searching.then(() => isOver = true);
    while (!isOver) await clock.advance(SEARCH_RETRY_MS / 10);
  };
  return { wallet, asked, disk, search };
}

function values(wallet: Wallet): bigint[] {
  return wallet.spendable().map(({ valueSat }) => valueSat);
}

Deno.test("coins of all keys are found, as far as windows have some in their second half; once", async () => {
  const coins = [
    coin(0, 5n),
    coin(GAP - 1, 4n),
    coin(2 * GAP - 1, 3n),
    coin(4 * GAP, 2n),
    coin(PAYMENT_KEYS_FIRST, 1n),
  ];
  const { wallet, asked, search } = await stage(coins);
  await search();
  // the third window is empty, so the fourth isn't looked at
  assertEquals(values(wallet), [5n, 4n, 3n, 1n]);
  assertEquals(asked.slice(1), [GAP, GAP, GAP]);
  const before = asked.length;
  await search();
  assertEquals(asked.length, before);
});

Deno.test("an answer that is older than what was read, of another chain, or none, is asked for again", async () => {
  const answers: Tip[] = [{ hash: "99", height: 99 }, { hash: "bb", height: 100 }, { hash: "", height: -1 }];
  const { wallet, asked, search } = await stage([coin(3, 7n)], answers);
  await search();
  assertEquals([values(wallet), asked.length], [[7n], 5]);
});

Deno.test("what the wallet is still going to read is left to its block", async () => {
  const newer: Tip = { hash: "cc", height: 103 };
  const { wallet, search } = await stage([coin(3, 7n), coin(4, 8n, 102)], [newer, newer]);
  await search();
  assertEquals(values(wallet), [7n]);
});

Deno.test("addresses that have coins are not given out again, and those after them are watched", async () => {
  const { wallet, search } = await stage([coin(11, 7n)]);
  await search();
  assertEquals(wallet.owns(KEYS.script(12)), true);
  const [given] = [wallet.newAddress()];
  const { wallet: fresh } = await stage([]);
  const addresses = Array.from({ length: 12 }, () => fresh.newAddress());
  assertEquals(addresses.indexOf(given), 11);
});
