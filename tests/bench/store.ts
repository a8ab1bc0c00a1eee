/**
 * Throughput of the store on disk against Deno KV used plainly: the same writes one by one, as a program without a
 * store would make them. Both are durable when they are counted.
 */
import { utf8 } from "../../core/bytes.ts";
import { realClock } from "../../actors/platform/real/clock.ts";
import { realDice } from "../../actors/platform/real/dice.ts";
import { openKvStore } from "../../actors/store/kv.ts";
import type { Store } from "../../actors/store/store.ts";

const WRITERS = 1_000;
const WRITES_EACH = 20;
const PLAIN_WRITES = 1_000;
/** As large as a spent note's record, or a transaction's outcome. */
const VALUE = new Uint8Array(100);

export async function benchStore(): Promise<{ name: string; value: string; ratio?: number }[]> {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-bench-" });
  try {
    const plain = await Deno.openKv(`${folder}/plain`);
    const oneByOne = await perSecond(PLAIN_WRITES, async () => {
      for (let i = 0; i < PLAIN_WRITES; i++) await plain.set([key(i)], VALUE);
    });
    const atOnce = await perSecond(PLAIN_WRITES, async () => {
      await Promise.all(Array.from({ length: PLAIN_WRITES }, (_, i) => plain.set([key(i)], VALUE)));
    });
    plain.close();

    const store = await openKvStore({ path: `${folder}/store`, platform: { clock: realClock, dice: realDice } });
    const grouped = await perSecond(WRITERS * WRITES_EACH, () => writeAtOnce(store));
    const single = await perSecond(PLAIN_WRITES, async () => {
      for (let i = 0; i < PLAIN_WRITES; i++) await (await store.transact((tx) => tx.set(key(i), VALUE))).durable;
    });
    const counted = await perSecond(WRITERS, () => countAtOnce(store));
    const scanned = await perSecond(WRITERS * WRITES_EACH, async () => {
      await store.read(async (tx) => {
        for await (const _ of tx.range());
      });
    });
    const largeBytes = 5_000_000;
    const large = await perSecond(largeBytes, async () => {
      const { durable } = await store.transact((tx) => {
        for (let i = 0; i < 5_000; i++) tx.set(utf8(`large ${i}`), new Uint8Array(largeBytes / 5_000));
      });
      await durable;
    });
    await store.close();
    return [
      { name: "Deno KV, one write after the other", value: rate(oneByOne, "writes") },
      { name: "Deno KV, 1,000 writes at once", value: rate(atOnce, "writes"), ratio: atOnce / oneByOne },
      { name: "store, one durable commit after the other", value: rate(single, "commits"), ratio: single / oneByOne },
      { name: "store, 1,000 writers of durable commits", value: rate(grouped, "commits"), ratio: grouped / oneByOne },
      { name: "store, 1,000 writers of one counter", value: rate(counted, "commits"), ratio: counted / oneByOne },
      { name: "store, range read", value: rate(scanned, "entries") },
      { name: "store, one commit of 5,000 entries", value: `${(large / 1_000_000).toFixed(1)} MB/s` },
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Each writer waits for its commit to be durable before the next. */
async function writeAtOnce(store: Store): Promise<void> {
  await Promise.all(Array.from({ length: WRITERS }, async (_, writer) => {
    for (let i = 0; i < WRITES_EACH; i++) {
      const { durable } = await store.transact((tx) => tx.set(key(writer * WRITES_EACH + i), VALUE));
      await durable;
    }
  }));
}

/** The worst case: each transaction conflicts with each other. */
async function countAtOnce(store: Store): Promise<void> {
  const counter = utf8("counter");
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    const { durable } = await store.transact(async (tx) => {
      const n = await tx.get(counter) ?? new Uint8Array(4);
      const view = new DataView(n.buffer);
      view.setUint32(0, view.getUint32(0) + 1);
      tx.set(counter, n);
    });
    await durable;
  }));
}

function key(i: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, i);
  return bytes;
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startMs = realClock.monotonicMs();
  await work();
  return count * 1_000 / (realClock.monotonicMs() - startMs);
}

function rate(perSecond: number, what: string): string {
  return `${Math.round(perSecond).toLocaleString("en")} ${what}/s`;
}

if (import.meta.main) console.table(await benchStore());
