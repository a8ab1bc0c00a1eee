import { assert, assertEquals, assertRejects } from "@std/assert";
import { Multiples } from "../../../core/crypto/secp/points/multiples.ts";
import { callsOf } from "../../../core/testing/calls.ts";
import { manualClock } from "../../../actors/testing/platform.ts";
import { Addresses } from "./addresses.ts";
import { getSearched, setRecovering, setSearched } from "./db.ts";
import { forgetTable } from "./search/search.ts";
import { walletRecovery } from "./recovery.ts";
import { DEPOSITOR, testWallet, VALID_INDICES } from "../testing/federation.ts";
import { testStore } from "../../contract/testing/mod.ts";
import { ADDRESS_STRETCH, SEARCH_KEPT_MS } from "../limits.ts";

const never = new AbortController().signal;
const VALID = VALID_INDICES[4]![0]!;

/** A new wallet that has tried so many indices. */
async function newWallet(tried = VALID - 100) {
  const { config } = await testWallet();
  const store = await testStore(), { platform, advance } = manualClock();
  await store.transact((tx) => setSearched(tx, tried));
  let turns = 0;
  const clock = {
    ...platform.clock,
    setTimer: (delayMs: number, fire: () => void) => {
      turns++;
      return platform.clock.setTimer(delayMs, fire);
    },
  };
  const addresses = new Addresses({ config, store, platform: { ...platform, clock } }, "standard", DEPOSITOR);
  return {
    store,
    addresses,
    advance,
    turns: () => turns,
    searched: () => store.read((tx) => getSearched(tx, "standard")),
  };
}

/** A restored wallet whose recovery hasn't begun. */
async function restoredWallet() {
  const wallet = await newWallet();
  await wallet.store.transact((tx) => walletRecovery.restored!(tx));
  return wallet;
}

type Wallet = Awaited<ReturnType<typeof newWallet>>;

/** What the search finds, with time that stands still. */
async function ended({ advance }: Wallet, search: Promise<number>): Promise<number> {
  let isOver = false;
  const over = search.finally(() => isOver = true);
  over.catch(() => undefined);
  while (!isOver) await advance(0);
  return await search;
}

Deno.test("a new wallet looks for no address before somebody asks for one", async () => {
  const wallet = await newWallet(), { addresses, advance, searched } = wallet;
  const search = addresses.findNext(never);
  await advance(60_000);
  assertEquals(await searched(), VALID - 100);
  const asked = addresses.awaitUnused(never);
  assertEquals(await ended(wallet, search), VALID);
  assertEquals(await asked, VALID);
});

Deno.test("a restored wallet looks for addresses when its recovery begins, though nobody asks", async () => {
  const wallet = await restoredWallet(), { addresses, advance, store, searched } = wallet;
  const search = addresses.findNext(never);
  await advance(60_000);
  assertEquals(await searched(), VALID - 100);
  await store.transact((tx) => setRecovering(tx, true));
  assertEquals(await ended(wallet, search), VALID);
});

Deno.test("a restored wallet that gives way looks for an address all the same when somebody asks for one, and ends with its signal", async () => {
  const wallet = await restoredWallet(), { addresses, advance } = wallet;
  const stop = new AbortController(), stopped = addresses.findNext(stop.signal);
  stop.abort(new Error("closing"));
  await assertRejects(() => stopped, Error, "closing");
  const search = addresses.findNext(never);
  await advance(0);
  const asked = addresses.awaitUnused(never);
  assertEquals(await ended(wallet, search), VALID);
  assertEquals(await asked, VALID);
});

Deno.test("a search tells how far it is, stores it every so often and when it ends with its signal, and goes on from there", async () => {
  const wallet = await newWallet(VALID + 1), { addresses, searched } = wallet;
  const stop = new AbortController(), stored: number[] = [];
  const asked = addresses.awaitUnused(stop.signal).catch(() => undefined);
  const search = addresses.findNext(stop.signal);
  let told = 0;
  const listening = (async () => {
    for await (const tried of addresses.progress(never)) {
      assert(tried >= told, "it never goes back");
      told = tried;
      stored.push(await searched());
      if (tried >= ADDRESS_STRETCH + 1_000) return stop.abort(new Error("closing"));
    }
  })();
  await assertRejects(() => ended(wallet, search), Error, "closing");
  await Promise.all([listening, asked]);
  assertEquals(await searched(), VALID + 1 + told);
  // once more when it ended, and otherwise once a stretch
  assert(new Set(stored).size <= 2, `${[...new Set(stored)]}`);
});

Deno.test("a search lets others work after some steps, on a clock that stands still, too", async () => {
  const wallet = await newWallet(VALID + 1), { addresses } = wallet;
  const stop = new AbortController(), asked = addresses.awaitUnused(stop.signal).catch(() => undefined);
  const search = addresses.findNext(stop.signal);
  let told = 0;
  const listening = (async () => {
    for await (const tried of addresses.progress(never)) {
      if ((told = tried) > 4_000) return stop.abort(new Error("over"));
    }
  })();
  await assertRejects(() => ended(wallet, search), Error, "over");
  await Promise.all([listening, asked]);
  assert(wallet.turns() > told / 1_024, `${wallet.turns()} turns for ${told} indices`);
});

Deno.test("the next search has the last one's table, for some seconds and as long as the wallet is open", async () => {
  using made = callsOf(Multiples, "build", Multiples.build);
  const stop = new AbortController();
  const find = async (): Promise<[number, Wallet]> => {
    const wallet = await newWallet();
    void wallet.addresses.awaitUnused(never);
    await ended(wallet, wallet.addresses.findNext(stop.signal));
    return [made.args.length, wallet];
  };
  forgetTable();
  const [first] = await find(), [second, wallet] = await find();
  assertEquals([first, second], [1, 1]);
  await wallet.advance(SEARCH_KEPT_MS);
  const [third] = await find();
  assertEquals(third, 2);
  stop.abort();
  await wallet.advance(0);
  const other = await newWallet();
  void other.addresses.awaitUnused(never);
  await ended(other, other.addresses.findNext(never));
  assertEquals(made.args.length, 3);
});
