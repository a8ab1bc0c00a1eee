/**
 * What every backend's store must do with transactions that meet, fail or give up, and with snapshots: a part of
 * `conformance.ts`.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, utf8 } from "../../../core/bytes.ts";
import { StoreError } from "../error.ts";
import { type RangeOptions, type ReadTx, rollback } from "../store.ts";
import { getText, listTexts, pattern, put } from "./entries.ts";
import type { StoreTest } from "./store_tests.ts";

const ALL = new Uint8Array(0);

export function transactions(test: StoreTest): void {
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
}
