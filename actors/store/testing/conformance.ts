/**
 * What every backend's store must do. A test file calls `conformance` with a way to open a fresh database, again and again; the
 * contract is `../store.ts`.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Bytes, compareBytes, toHex, utf8 } from "../../../core/bytes.ts";
import type { TestMaker } from "../../../core/testing/permissions.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";
import { StoreError } from "../error.ts";
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "../limits.ts";
import { savepoints } from "./savepoints.ts";
import { type RangeOptions, type ReadTx, rollback, type Store } from "../store.ts";
import { gate, getText, isSettled, listTexts, pattern, put } from "./mod.ts";

export type Database = {
  /** Opens the database; it is closed before it is opened again. */
  open(): Promise<Store>;
  /** Removes it. */
  remove(): Promise<void>;
};

const MIB = 1_024 * 1_024;
const ALL = new Uint8Array(0);

/** A test with a fresh database of the backend. */
export type StoreTest = (name: string, body: (store: Store, reopen: () => Promise<Store>) => Promise<void>) => void;

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

  test("a transaction whose reads were overtaken runs again", async (store) => {
    await put(store, { n: "1", other: "x" });
    for (const touched of ["n", "absent"]) {
      let runs = 0;
      await store.transact(async (tx) => {
        runs++;
        const read = await getText(tx, touched);
        if (runs === 1) await put(store, { [touched]: `${read}+` });
        tx.set(utf8("result"), utf8(await getText(tx, touched) ?? "none"));
      });
      assertEquals(runs, 2);
      assertEquals(
        await store.read((tx) => getText(tx, "result")),
        await store.read((tx) => getText(tx, touched)),
      );
    }
  });

  test("a transaction whose range got a new entry, or lost one, runs again; beyond what it read it doesn't", async (store) => {
    const cases: { options: RangeOptions; write: Record<string, string | null>; runs: number }[] = [
      { options: { prefix: utf8("p") }, write: { pz: "new" }, runs: 2 },
      { options: { prefix: utf8("p") }, write: { p2: null }, runs: 2 },
      { options: { prefix: utf8("p") }, write: { q: "beyond" }, runs: 1 },
      { options: { prefix: utf8("p"), limit: 2 }, write: { p3: "beyond" }, runs: 1 },
      { options: { prefix: utf8("p"), limit: 2 }, write: { p11: "between" }, runs: 2 },
      { options: { prefix: utf8("p"), limit: 2 }, write: { p0: "before" }, runs: 2 },
      { options: { prefix: utf8("p"), limit: 2, reverse: true }, write: { p1: "beyond" }, runs: 1 },
      { options: { prefix: utf8("p"), limit: 2, reverse: true }, write: { p9: "before" }, runs: 2 },
      { options: { prefix: utf8("none") }, write: { none1: "first" }, runs: 2 },
      { options: { start: utf8("p3"), end: utf8("p5") }, write: { p5: "beyond" }, runs: 1 },
      { options: { start: utf8("p3"), end: utf8("p5") }, write: { p4: "changed" }, runs: 2 },
    ];
    for (const { options, write, runs: expected } of cases) {
      await (await store.transact((tx) => tx.deleteAll(ALL))).durable;
      await put(store, { p1: "1", p2: "2", p3: "3", p4: "4" });
      let runs = 0;
      await store.transact(async (tx) => {
        runs++;
        await listTexts(tx, options);
        if (runs === 1) await put(store, write);
        tx.set(utf8("result"), utf8("x"));
      });
      assertEquals(runs, expected, JSON.stringify(write));
    }
  });

  test("transactions that only write don't conflict, and the last one wins", async (store) => {
    let runs = 0;
    await store.transact(async (tx) => {
      runs++;
      tx.set(utf8("k"), utf8("outer"));
      await put(store, { k: "inner" });
    });
    assertEquals(runs, 1);
    assertEquals(await store.read((tx) => getText(tx, "k")), "outer");
  });

  test("a transaction gives up after its tries and leaves nothing", async (store) => {
    await put(store, { k: "0" });
    let runs = 0;
    const error = await assertRejects(
      () =>
        store.transact(async (tx) => {
          runs++;
          await getText(tx, "k");
          await put(store, { k: `${runs}` });
          tx.set(utf8("result"), utf8("x"));
        }, { triesMax: 3 }),
      StoreError,
    );
    assertEquals(error.facts, { code: "conflict", tries: 3 });
    assertEquals(await store.read((tx) => listTexts(tx)), ["k=3"]);
  });

  test("300 transactions at once count to 300", async (store) => {
    await Promise.all(Array.from({ length: 300 }, async () => {
      const { durable } = await store.transact(async (tx) => {
        tx.set(utf8("n"), utf8(`${Number(await getText(tx, "n") ?? "0") + 1}`));
      });
      await durable;
    }));
    assertEquals(await store.read((tx) => getText(tx, "n")), "300");
  });

  test("a body that throws or rolls back leaves nothing, and its durable is resolved", async (store) => {
    const thrown = new Error("from the body");
    const error = await assertRejects(() =>
      store.transact((tx) => {
        tx.set(utf8("k"), utf8("v"));
        throw thrown;
      })
    );
    assert(error === thrown, "the body's own error comes out");
    let effects = 0;
    const committed = await store.transact((tx) => {
      tx.set(utf8("k"), utf8("v"));
      tx.onCommit(() => effects++);
      return rollback("result");
    });
    assertEquals(committed.value, "result");
    await committed.durable;
    assertEquals(effects, 0);
    assertEquals(await store.read((tx) => listTexts(tx)), []);
  });

  test("onCommit is called once, for the run that committed, when others can see it", async (store) => {
    await put(store, { k: "0" });
    const seen: (string | undefined)[] = [];
    let runs = 0;
    await store.transact(async (tx) => {
      const run = ++runs;
      await getText(tx, "k");
      if (run === 1) await put(store, { k: "1" });
      tx.set(utf8("k"), utf8("2"));
      tx.onCommit(() => void seen.push(`run ${run}`));
    });
    assertEquals(seen, ["run 2"]);
    assertEquals(await store.read((tx) => getText(tx, "k")), "2");
  });

  test("a snapshot stays as it was while others commit and flush", async (store) => {
    const big = pattern(300_000, 1);
    await put(store, { a: "1", b: "1", gone: "1" });
    await (await store.transact((tx) => tx.set(utf8("big"), big))).durable;
    const check = async (tx: ReadTx): Promise<void> => {
      assertEquals(await listTexts(tx, { end: utf8("big") }), ["a=1", "b=1"]);
      assertEquals(await listTexts(tx, { start: utf8("c"), reverse: true }), ["gone=1"]);
      assertEquals(await getText(tx, "new"), undefined);
      assertEquals(await tx.get(utf8("big")), big);
      for await (const { value } of tx.range({ prefix: utf8("big") })) assertEquals(value, big);
    };
    await store.read(async (tx) => {
      for (let i = 0; i < 3; i++) {
        await put(store, { a: `changed ${i}`, aa: "new", gone: null, new: "new" });
        await (await store.transact((other) => other.set(utf8("big"), pattern(200_000, i)))).durable;
        await check(tx);
      }
      await put(store, { big: null, new: null });
      await check(tx);
    });
    assertEquals(await store.read((tx) => listTexts(tx)), ["a=changed 2", "aa=new", "b=1"]);
  });

  test("reads under way while their keys are flushed give the snapshot's values", async (store) => {
    const key = (i: number): Bytes => utf8(`k${i}`.padEnd(6));
    await (await store.transact((tx) => {
      for (let i = 0; i < 500; i++) tx.set(key(i), utf8("old"));
    })).durable;
    for (let round = 0; round < 20; round++) {
      const value = utf8(`round ${round}`);
      await store.read(async (tx) => {
        const expected = await tx.get(key(0));
        const reads = Array.from({ length: 50 }, (_, i) => tx.get(key(i * 7)));
        const writing = store.transact((other) => {
          for (let i = 0; i < 500; i++) other.set(key(i), value);
        });
        for await (const entry of tx.range()) assertEquals(entry.value, expected);
        for (const read of reads) assertEquals(await read, expected);
        await (await writing).durable;
        for (let i = 0; i < 500; i += 50) assertEquals(await tx.get(key(i)), expected);
      });
    }
  });

  test("a value of 1 MB is written, replaced by others of any size, and deleted", async (store, reopen) => {
    const view = store.view(utf8("view"));
    for (const [i, bytes] of [MIB, 61_440, 61_441, 65_536, 3, 2 * MIB, 1, MIB].entries()) {
      await (await view.transact((tx) => tx.set(utf8("k"), pattern(bytes, i)))).durable;
      assertEquals(await view.read((tx) => tx.get(utf8("k"))), pattern(bytes, i));
    }
    store = await reopen();
    const value = await store.view(utf8("view")).read((tx) => tx.get(utf8("k")));
    assertEquals(value, pattern(MIB, 7));
    await (await store.transact((tx) => tx.deleteAll(ALL))).durable;
    store = await reopen();
    assertEquals(await store.read((tx) => listTexts(tx)), []);
  });

  test(
    "a commit of 5,000 keys and 5 MB is seen as a whole, and is there after opening again",
    async (store, reopen) => {
      const key = (i: number): Bytes => utf8(`key ${i}`.padEnd(40));
      await put(store, { before: "x" });
      const { durable } = await store.transact((tx) => {
        for (let i = 0; i < 5_000; i++) tx.set(key(i), pattern(1_000, i));
        tx.delete(utf8("before"));
      });
      const count = async (): Promise<number> => {
        let entries = 0;
        await store.read(async (tx) => {
          for await (const _ of tx.range()) entries++;
        });
        return entries;
      };
      assertEquals(await count(), 5_000);
      await durable;
      store = await reopen();
      assertEquals(await count(), 5_000);
      for (const i of [0, 1_234, 4_999]) assertEquals(await store.read((tx) => tx.get(key(i))), pattern(1_000, i));
      await (await store.transact((tx) => tx.deleteAll(utf8("key")))).durable;
      store = await reopen();
      assertEquals(await count(), 0);
    },
  );

  test("the longest keys are kept apart, in order, and found again, whatever their bytes", async (store, reopen) => {
    const keys = [0, 1, 0xff].flatMap((byte) =>
      [KEY_BYTES_MAX, KEY_BYTES_MAX - 1, 1_001, 1_000, 999].map((length) => new Uint8Array(length).fill(byte))
    );
    await (await store.transact((tx) => {
      for (const key of keys) tx.set(key, utf8(`${key[0]} ${key.length}`));
    })).durable;
    store = await reopen();
    const found: Bytes[] = [];
    await store.read(async (tx) => {
      for await (const { key, value } of tx.range()) {
        assertEquals(value, utf8(`${key[0]} ${key.length}`));
        found.push(key);
      }
      for (const key of keys) assertEquals(await tx.get(key), utf8(`${key[0]} ${key.length}`));
    });
    assertEquals(found.map(toHex), keys.sort(compareBytes).map(toHex));
  });

  test("keys, values and commits beyond the bounds are refused", async (store) => {
    const view = store.view(new Uint8Array(24));
    const over: ((tx: Parameters<Parameters<Store["transact"]>[0]>[0]) => void)[] = [
      (tx) => tx.set(new Uint8Array(KEY_BYTES_MAX - 23), ALL),
      (tx) => tx.delete(new Uint8Array(KEY_BYTES_MAX - 23)),
      (tx) => tx.set(ALL, new Uint8Array(VALUE_BYTES_MAX + 1)),
      (tx) => {
        for (let i = 0; i < 5; i++) tx.set(new Uint8Array([i]), new Uint8Array(VALUE_BYTES_MAX));
      },
    ];
    await view.transact(async (tx) => {
      for (const write of over) assertEquals(assertThrows(() => write(tx), StoreError).code, "too_large");
      const read = await assertRejects(() => tx.get(new Uint8Array(KEY_BYTES_MAX - 23)), StoreError);
      assertEquals(read.code, "too_large");
      return rollback(null);
    });
    // A key replaced in one transaction counts once.
    await view.transact((tx) => {
      for (let i = 0; i < 6; i++) tx.set(ALL, new Uint8Array(VALUE_BYTES_MAX));
      tx.set(ALL, ALL);
    });
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

  savepoints(test);

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
