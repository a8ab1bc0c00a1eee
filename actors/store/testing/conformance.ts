/**
 * What every backend's store must do. A test file calls `conformance` with a way to open a fresh database, again and
 * again; the contract is `../store.ts`.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, toHex, utf8 } from "../../../core/bytes.ts";
import type { TestMaker } from "../../../core/testing/permissions.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";
import { StoreError } from "../error.ts";
import { bounds } from "./bounds.ts";
import { savepoints } from "./savepoints.ts";
import { transactions } from "./transactions.ts";
import { type RangeOptions, type ReadTx, rollback, type Store } from "../store.ts";
import { getText, listTexts, pattern, put } from "./entries.ts";
import { gate, isSettled } from "./gates.ts";
import type { StoreTest } from "./store_tests.ts";

export type Database = {
  /** Opens the database; it is closed before it is opened again. */
  open(): Promise<Store>;
  /** Removes it. */
  remove(): Promise<void>;
};

const ALL = new Uint8Array(0);

/** @param make makes each test: those of a backend on the machine need permissions */
export function conformance(
  backend: string,
  create: () => Promise<Database>,
  make: TestMaker = testsNeeding(),
): void {
  const test: StoreTest = (name, body) => {
    make(`${backend}: ${name}`, async () => {
      const database = await create();
      let store = await database.open();
      try {
        await body(store, async () => {
          await store.close();
          return store = await database.open();
        });
      } finally {
        await store.close();
        await database.remove();
      }
    });
  };

  test("what was set is read, by the transaction itself and by others", async (store) => {
    await store.transact(async (tx) => {
      assertEquals(await getText(tx, "a"), undefined);
      tx.set(utf8("a"), utf8("1"));
      tx.set(utf8("empty"), ALL);
      assertEquals(await getText(tx, "a"), "1");
      tx.set(utf8("b"), utf8("2"));
      tx.delete(utf8("b"));
      assertEquals(await getText(tx, "b"), undefined);
    });
    assertEquals(await store.read((tx) => listTexts(tx)), ["a=1", "empty="]);
    await put(store, { a: null });
    assertEquals(await store.read((tx) => getText(tx, "a")), undefined);
  });

  test("bytes handed in and out are copies", async (store) => {
    const value = utf8("value");
    const { durable } = await store.transact((tx) => {
      tx.set(utf8("k"), value);
      value.fill(0);
    });
    for (let i = 0; i < 2; i++) {
      await store.read(async (tx) => {
        (await tx.get(utf8("k")))!.fill(0);
        for await (const entry of tx.range()) entry.value.fill(0), entry.key.fill(0);
        assertEquals(await listTexts(tx), ["k=value"]);
      });
      await durable; // the second time it comes from the backend
    }
  });

  test("everything is there after it is opened again", async (store, reopen) => {
    await put(store, { a: "1", b: "2" });
    await put(store, { a: null, c: "3" });
    store = await reopen();
    assertEquals(await store.read((tx) => listTexts(tx)), ["b=2", "c=3"]);
    await put(store, { d: "4" });
    store = await reopen();
    assertEquals(await store.read((tx) => listTexts(tx)), ["b=2", "c=3", "d=4"]);
  });

  test("ranges are in the bytes' order both ways, with any bounds, over flushed, committed and own writes", async (store) => {
    const keys = ["", "00", "0000", "0001", "01", "0100", "0101ff", "01ff", "01ffff", "02", "7f", "80", "ff", "ffff"];
    const bytes = (hex: string): Bytes => Uint8Array.fromHex(hex) as Bytes;
    const view = store.view(utf8("v"));
    await (await view.transact((tx) => {
      for (const [i, key] of keys.entries()) if (i % 3 !== 2) tx.set(bytes(key), utf8(`flushed ${i}`));
    })).durable;
    await view.transact((tx) => {
      for (const [i, key] of keys.entries()) {
        if (i % 4 === 1) tx.delete(bytes(key));
        if (i % 4 === 2) tx.set(bytes(key), utf8(`committed ${i}`));
      }
    });
    await view.transact(async (tx) => {
      for (const [i, key] of keys.entries()) {
        if (i % 5 === 1) tx.delete(bytes(key));
        if (i % 5 === 3) tx.set(bytes(key), utf8(`own ${i}`));
      }
      const all: string[] = [];
      for (const key of keys) if (await tx.get(bytes(key)) !== undefined) all.push(key);
      assert(all.length >= 7 && all.length < keys.length, "some keys are there and some are not");
      const bounds = [undefined, ...keys.map(bytes)];
      for (const prefix of bounds.slice(0, 6)) {
        for (const start of bounds) {
          for (const end of bounds) {
            for (const reverse of [false, true]) {
              for (const limit of [undefined, 0, 2]) {
                const options = { prefix, start, end, reverse, limit };
                const given = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
                const expected = inRange(all, options);
                const found: string[] = [];
                for await (const { key } of tx.range(given as RangeOptions)) found.push(toHex(key));
                assertEquals(found, expected, JSON.stringify(options));
              }
            }
          }
        }
      }
      return rollback(null);
    });
  });

  test("a limit that is no number of entries is refused", async (store) => {
    for (const limit of [-1, 0.5, NaN]) {
      await assertRejects(() => store.read((tx) => listTexts(tx, { limit })), RangeError, "number of entries");
    }
  });

  test("a long range gives every entry once, while its body writes and deletes", async (store) => {
    const key = (i: number): Bytes => new Uint8Array([i >> 8, i]);
    await (await store.transact((tx) => {
      for (let i = 0; i < 3_000; i++) tx.set(key(i), utf8(`${i}`));
    })).durable;
    for (const reverse of [false, true]) {
      let next = reverse ? 2_999 : 0;
      await store.transact(async (tx) => {
        for await (const entry of tx.range({ reverse })) {
          assertEquals(entry.key, key(next));
          tx.delete(entry.key);
          next += reverse ? -1 : 1;
        }
        for await (const _ of tx.range()) throw new Error("everything was deleted");
        return rollback(null);
      });
      assertEquals(next, reverse ? -1 : 3_000);
    }
  });

  test("a view sees its own keys and nothing else", async (store) => {
    const inner = new Uint8Array([0xff, 0xff]);
    const views = [store.view(new Uint8Array([0xff])), store.view(new Uint8Array([0xfe])), store.view(inner)];
    for (const [i, view] of views.entries()) await put(view, { k: `${i}` });
    await views[0]!.transact((tx) => tx.view(new Uint8Array([0xff])).set(utf8("x"), utf8("nested")));
    assertEquals(await views[2]!.read((tx) => listTexts(tx)), ["k=2", "x=nested"]);
    assertEquals(await views[1]!.read((tx) => listTexts(tx)), ["k=1"]);
    await (await views[2]!.transact((tx) => tx.deleteAll(ALL))).durable;
    assertEquals(await views[0]!.read((tx) => listTexts(tx)), ["k=0"]);
    assertEquals(await views[0]!.view(new Uint8Array([0xff])).read((tx) => listTexts(tx)), []);
    assertEquals(await views[1]!.read((tx) => tx.get(new Uint8Array([0xff, 0x6b]))), undefined);
  });

  test("deleteAll deletes what begins with the prefix, own writes included", async (store) => {
    await put(store, { a: "1", b1: "1", b2: "1", c: "1" });
    await (await store.transact(async (tx) => {
      tx.set(utf8("b3"), utf8("own"));
      await tx.deleteAll(utf8("b"));
      tx.set(utf8("b4"), utf8("after"));
      assertEquals(await listTexts(tx), ["a=1", "b4=after", "c=1"]);
    })).durable;
    assertEquals(await store.read((tx) => listTexts(tx)), ["a=1", "b4=after", "c=1"]);
  });

  transactions(test);
  savepoints(test);
  bounds(test);

  test("changed resolves when the next commit under its prefix is durable", async (store) => {
    const view = store.view(utf8("v/"));
    await put(view, { "a/1": "1" });
    const [matching, empty, other] = [utf8("a/"), ALL, utf8("b/")].map((prefix) => view.changed(prefix));
    const stop = new AbortController();
    const aborted = view.changed(utf8("a/"), stop.signal);
    await put(view, { c: "elsewhere" });
    await put(store, { "a/1": "not in the view" });
    await empty;
    assertEquals(await isSettled(matching!), false);
    stop.abort(new Error("enough"));
    await assertRejects(() => aborted, Error, "enough");
    await assertRejects(() => view.changed(utf8("a/"), stop.signal), Error, "enough");
    const committed = await view.transact((tx) => tx.delete(utf8("a/1")));
    let durable = false;
    committed.durable.then(() => durable = true);
    await matching;
    assertEquals(durable, true);
    assertEquals(await isSettled(other!), false);
    await store.close();
    assertEquals((await assertRejects(() => other!, StoreError)).code, "closed");
  });

  test(
    "commits become durable in their order, and what was read is durable before who read it",
    async (store, reopen) => {
      const order: number[] = [];
      const waits: Promise<void>[] = [];
      for (let i = 0; i < 200; i++) {
        const bytes = i % 50 === 7 ? 900_000 : 100;
        const { durable } = await store.transact((tx) => tx.set(utf8(`${i}`), pattern(bytes, i)));
        waits.push(durable.then(() => void order.push(i)));
        if (i === 100) {
          const reading = await store.transact((tx) => tx.get(utf8("100")));
          waits.push(reading.durable.then(() => assert(order.includes(100), "what was read is durable")));
        }
      }
      await Promise.all(waits);
      assertEquals(order, Array.from({ length: 200 }, (_, i) => i));
      store = await reopen();
      for (const i of [0, 7, 57, 199]) {
        assertEquals(await store.read((tx) => tx.get(utf8(`${i}`))), pattern(i % 50 === 7 ? 900_000 : 100, i));
      }
    },
  );

  test("close brings everything to the backend; afterwards nothing works", async (store, reopen) => {
    const waits: Promise<void>[] = [];
    for (let i = 0; i < 50; i++) {
      waits.push((await store.transact((tx) => tx.set(utf8(`${i}`.padStart(3, "0")), ALL))).durable);
    }
    const held = gate();
    const late = store.transact(async (tx) => {
      tx.set(utf8("late"), ALL);
      await held.opened;
    });
    const old = store;
    store = await reopen();
    await Promise.all(waits);
    held.open();
    assertEquals((await assertRejects(() => late, StoreError)).code, "closed");
    for (const use of [() => old.transact(() => {}), () => old.read(() => {}), () => old.changed(ALL)]) {
      assertEquals((await assertRejects(use as () => Promise<unknown>, StoreError)).code, "closed");
    }
    await old.close();
    assertEquals((await store.read((tx) => listTexts(tx))).length, 50);
  });

  test("a transaction is not used after its body returned", async (store) => {
    let leaked: ReadTx | undefined;
    await store.transact((tx) => {
      leaked = tx;
    });
    await assertRejects(() => leaked!.get(utf8("k")), Error, "after its body returned");
    await assertRejects(() => listTexts(leaked!), Error, "after its body returned");
    await put(store, { a: "1", b: "2" });
    let range: AsyncIterator<unknown> | undefined;
    await store.read(async (tx) => {
      range = tx.range()[Symbol.asyncIterator]();
      await range.next();
    });
    await assertRejects(() => range!.next() as Promise<unknown>, Error, "after its body returned");
  });
}

type Bounds = {
  readonly prefix: Bytes | undefined;
  readonly start: Bytes | undefined;
  readonly end: Bytes | undefined;
  readonly reverse: boolean;
  readonly limit: number | undefined;
};

/** The plain way: of hex keys in order. Hex keeps the bytes' order, and prefixes. */
function inRange(keys: readonly string[], { prefix, start, end, reverse, limit }: Bounds): string[] {
  const found = keys.filter((key) =>
    (prefix === undefined || key.startsWith(toHex(prefix))) &&
    (start === undefined || key >= toHex(start)) && (end === undefined || key < toHex(end))
  );
  if (reverse) found.reverse();
  return found.slice(0, limit);
}
