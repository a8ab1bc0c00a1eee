/**
 * What every backend's store must do with the largest keys and values, and with larger ones: a part of
 * `conformance.ts`.
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Bytes, compareBytes, toHex, utf8 } from "../../../core/bytes.ts";
import { StoreError } from "../error.ts";
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "../limits.ts";
import { rollback, type Store } from "../store.ts";
import { listTexts, pattern, put } from "./entries.ts";
import type { StoreTest } from "./store_tests.ts";

const MIB = 1_024 * 1_024;
const ALL = new Uint8Array(0);

export function bounds(test: StoreTest): void {
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
}
