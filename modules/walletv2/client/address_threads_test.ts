import { assert, assertEquals, assertRejects } from "@std/assert";
import { ThreadError } from "../../../actors/platform/error.ts";
import type { Threads } from "../../../actors/platform/platform.ts";
import { manualClock } from "../../../actors/testing/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { AddressStretch } from "./address_task.ts";
import { AddressThreads, SearchThreads, STRETCH } from "./address_threads.ts";
import { Addresses } from "./addresses.ts";
import { getSearched, setRecovering } from "./db.ts";
import { walletRecovery } from "./recovery.ts";
import { ADDRESS_THREADS_MAX, CORES_FEW } from "../limits.ts";
import { DEPOSITOR, testWallet, VALID_INDICES } from "../testing/federation.ts";
import { testStore } from "../../contract/testing/mod.ts";

/** Some far apart, two in one stretch, one at a stretch's end. */
const PASS = [12_296, 12_300, 5 * STRETCH - 1, 93_816, 400_000];
const never = new AbortController().signal;

/** Threads that know what passes. */
class KnowingThreads implements Threads {
  readonly begun: number[] = [];
  passes: readonly number[] = PASS;
  opened = 0;
  closed = 0;

  constructor(readonly cores: number) {}

  open<In, Out>(): { run(input: In): Promise<Out>; close(): void } {
    this.opened++;
    return {
      run: (input) => {
        const { from, end } = input as AddressStretch;
        this.begun.push(from);
        return Promise.resolve((this.passes.find((index) => index >= from && index < end) ?? null) as Out);
      },
      close: () => void this.closed++,
    };
  }
}

/** A search, and the threads that it may share. */
function searchOver(threads: Threads): { readonly over: AddressThreads; readonly shared: SearchThreads } {
  const shared = new SearchThreads({ threads });
  return { over: anotherOver(shared), shared };
}

function anotherOver(shared: SearchThreads): AddressThreads {
  const none = new Uint8Array(0) as Bytes;
  return new AddressThreads(shared, { keys: [], script: none, hashOfKeys: none, childRoot: none });
}

/** One core is left to everything else. */
function threadsOf(cores: number): number {
  return Math.max(1, Math.min(cores - 1, ADDRESS_THREADS_MAX));
}

/** All searches one after the other, as a wallet makes them. */
async function searches(over: AddressThreads, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let from = 0; found.length < count;) {
    const stretch = await over.next(from, never);
    assert(stretch.tried > from, "each call tries some");
    from = stretch.tried;
    if (stretch.found !== null) found.push(stretch.found);
  }
  return found;
}

Deno.test("searches side by side find the same indices in order, and begin no stretch of indices twice", async () => {
  for (const cores of [1, 2, 3, 64]) {
    const threads = new KnowingThreads(cores);
    assertEquals(await searches(searchOver(threads).over, PASS.length), PASS);
    assertEquals(new Set(threads.begun).size, threads.begun.length);
    // one call a stretch, one more behind each index that was found, and those begun ahead
    const ahead = 2 * threadsOf(cores);
    assert(threads.begun.length <= Math.ceil(PASS.at(-1)! / STRETCH) + PASS.length + ahead, `${threads.begun.length}`);
    assertEquals(threads.opened, threadsOf(cores));
  }
});

Deno.test("however many searches a wallet has, they share its threads, and a core stays free for everything else", async () => {
  for (const [cores, expected] of [[1, 1], [2, 1], [3, 2], [4, 3], [5, 4], [64, 4]] as const) {
    const threads = new KnowingThreads(cores), { over, shared } = searchOver(threads);
    assertEquals(await searches(over, 2), PASS.slice(0, 2));
    assertEquals(await searches(anotherOver(shared), PASS.length), PASS);
    assertEquals(threads.opened, expected);
    shared.rest();
    assertEquals(threads.closed, expected);
  }
});

Deno.test("a search that rests ends its threads, and finds the same when it goes on", async () => {
  const threads = new KnowingThreads(3), { over, shared } = searchOver(threads);
  const first = await over.next(0, never);
  shared.rest();
  assertEquals(threads.closed, threads.opened);
  assertEquals(first, { found: null, tried: STRETCH });
  assertEquals(await over.next(2 * STRETCH, never), { found: null, tried: 3 * STRETCH });
  assertEquals(await over.next(3 * STRETCH, never), { found: 12_296, tried: 12_297 });
});

Deno.test("a search ends with its signal, also while a thread is at work", async () => {
  const stop = new AbortController();
  const idle: Threads = {
    cores: 1,
    open: () => ({ run: () => new Promise<never>(() => {}), close: () => {} }),
  };
  const search = searchOver(idle).over.next(0, stop.signal);
  stop.abort(new Error("enough"));
  await assertRejects(() => search, Error, "enough");
});

Deno.test("where there are no threads the search goes on without, and finds the same", async () => {
  const { config } = await testWallet();
  const store = await testStore(), { platform, advance } = manualClock();
  let asked = 0;
  const threads: Threads = {
    cores: 4,
    open: () => {
      asked++;
      throw new ThreadError({ code: "failed" }, "This test has no threads");
    },
  };
  const env = { config, store, platform: { ...platform, threads } };
  const addresses = new Addresses(env, "standard", DEPOSITOR, new SearchThreads(env.platform));
  const waiting = addresses.awaitUnused(never);
  let found: number | null = null;
  const search = addresses.findNext(never).then((index) => found = index);
  while (found === null) await advance(1);
  await search;
  assertEquals(await waiting, VALID_INDICES[4]![0]!);
  assertEquals(asked, 1);
});

/** A restored wallet whose recovery hasn't begun. */
async function restoredWallet(cores?: number) {
  const wallet = await newWallet(cores);
  await wallet.store.transact((tx) => walletRecovery.restored!(tx));
  return wallet;
}

async function newWallet(cores = 2) {
  const { config } = await testWallet();
  const store = await testStore(), { platform, advance } = manualClock();
  const valid = VALID_INDICES[4]![0]!, threads = new KnowingThreads(cores);
  threads.passes = [valid];
  const env = { config, store, platform: { ...platform, threads } };
  const addresses = new Addresses(env, "standard", DEPOSITOR, new SearchThreads(env.platform));
  const stretches = Math.floor(valid / STRETCH) + 1;
  return { store, addresses, advance, threads, valid, stretches };
}

Deno.test("a new wallet looks for no address before somebody asks for one, and then on threads", async () => {
  const { store, addresses, advance, threads, valid, stretches } = await newWallet();
  let found: number | null = null;
  const search = addresses.findNext(never).then((index) => found = index);
  await advance(60_000);
  assertEquals([threads.begun, await store.read((tx) => getSearched(tx, "standard"))], [[], 0]);
  const asked = addresses.awaitUnused(never);
  while (found === null) await advance(0);
  await search;
  assertEquals([await asked, threads.begun.length], [valid, stretches]);
});

Deno.test("a restored wallet looks for addresses when its recovery begins, on threads from the first on: none of it holds up others", async () => {
  const { store, addresses, advance, threads, valid, stretches } = await restoredWallet(CORES_FEW + 1);
  let found: number | null = null;
  const search = addresses.findNext(never).then((index) => found = index);
  await advance(60_000);
  assertEquals(threads.begun, []);
  await store.transact((tx) => setRecovering(tx, true));
  // a search that others' work goes before would take 20 ms a step
  while (found === null) await advance(0);
  await search;
  assertEquals(found, valid);
  assertEquals(threads.begun.slice(0, stretches), Array.from({ length: stretches }, (_, i) => i * STRETCH));
});

Deno.test("on few cores a restored wallet looks for addresses without a thread, until somebody asks for one", async () => {
  const { store, addresses, advance, threads, valid } = await restoredWallet(CORES_FEW);
  await store.transact((tx) => setRecovering(tx, true));
  let found: number | null = null;
  const search = addresses.findNext(never).then((index) => found = index);
  const asking = async (): Promise<number> => {
    for await (const tried of addresses.progress(never)) if (tried >= STRETCH) break;
    assertEquals(threads.opened, 0);
    return await addresses.awaitUnused(never);
  };
  const asked = asking();
  while (found === null) await advance(0);
  await search;
  assertEquals([await asked, threads.opened], [valid, 1]);
  assert(threads.begun[0]! >= STRETCH, "what was tried without a thread isn't tried again");
});

Deno.test("on few cores a restored wallet finds the same without a thread", async () => {
  const { store, addresses, advance, threads, valid } = await restoredWallet(1);
  await store.transact((tx) => setRecovering(tx, true));
  let found: number | null = null;
  const search = addresses.findNext(never).then((index) => found = index);
  while (found === null) await advance(0);
  await search;
  assertEquals([found, threads.opened], [valid, 0]);
});

Deno.test("a restored wallet that gives way looks for an address all the same when somebody asks for one, and ends with its signal", async () => {
  const { addresses, advance, threads, valid, stretches } = await restoredWallet();
  const stop = new AbortController(), stopped = addresses.findNext(stop.signal);
  stop.abort(new Error("closing"));
  await assertRejects(() => stopped, Error, "closing");
  let found: number | null = null;
  const search = addresses.findNext(never).then((index) => found = index);
  await advance(0);
  const asked = addresses.awaitUnused(never);
  while (found === null) await advance(0);
  await search;
  assertEquals([await asked, threads.begun.length], [valid, stretches]);
});
