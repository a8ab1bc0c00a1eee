/** What every backend's store must do with savepoints: a part of `conformance.ts`. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromUtf8, utf8 } from "../../../core/bytes.ts";
import { VALUE_BYTES_MAX } from "../limits.ts";
import { rollback, type StoreTx } from "../store.ts";
import { getText, listTexts, put } from "./entries.ts";
import type { StoreTest } from "./store_tests.ts";

const ALL = new Uint8Array(0);

export function savepoints(test: StoreTest): void {
  test("a savepoint that is rolled back or throws leaves nothing of its own, one that returns leaves all", async (store) => {
    await put(store, { a: "1", b: "1", gone: "1" });
    const effects: string[] = [];
    const write = (tx: StoreTx, name: string): void => {
      tx.set(utf8("a"), utf8(name));
      tx.set(utf8(name), utf8("new"));
      tx.delete(utf8("b"));
      tx.onCommit(() => void effects.push(name));
    };
    const { value, durable } = await store.transact(async (tx) => {
      tx.set(utf8("a"), utf8("2"));
      tx.delete(utf8("gone"));
      tx.onCommit(() => void effects.push("body"));
      const before = await listTexts(tx);
      const refused = await tx.savepoint(async (inner) => {
        write(inner, "refused");
        inner.set(utf8("gone"), utf8("back"));
        assertEquals(await listTexts(inner), ["a=refused", "gone=back", "refused=new"]);
        return rollback("no");
      });
      assertEquals(await listTexts(tx), before);
      const thrown = new Error("from the savepoint");
      const error = await assertRejects(() =>
        tx.savepoint((inner) => {
          write(inner, "thrown");
          throw thrown;
        })
      );
      assert(error === thrown, "the body's own error comes out");
      assertEquals(await listTexts(tx), before);
      const accepted = await tx.savepoint((inner) => {
        write(inner.view(utf8("")), "accepted");
        return "yes";
      });
      return [refused, accepted];
    });
    await durable;
    assertEquals(value, ["no", "yes"]);
    assertEquals(effects, ["body", "accepted"]);
    assertEquals(await store.read((tx) => listTexts(tx)), ["a=accepted", "accepted=new"]);
  });

  test("savepoints nest: an outer one undoes what inner ones kept, an inner one nothing of the outer", async (store) => {
    await put(store, { k: "0" });
    const effects: string[] = [];
    const view = store.view(utf8("v/"));
    await (await view.transact(async (tx) => {
      tx.set(utf8("k"), utf8("1"));
      const level = async (tx: StoreTx, depth: number): Promise<unknown> => {
        tx.set(utf8("k"), utf8(`level ${depth}`));
        tx.set(utf8(`only ${depth}`), ALL);
        tx.onCommit(() => void effects.push(`level ${depth}`));
        if (depth < 4) await tx.savepoint((inner) => level(inner, depth + 1));
        return depth === 2 || depth === 4 ? rollback(depth) : depth;
      };
      await tx.savepoint((inner) => level(inner, 1));
      assertEquals(await listTexts(tx), ["k=level 1", "only 1="]);
    })).durable;
    assertEquals(effects, ["level 1"]);
    assertEquals(await store.read((tx) => listTexts(tx)), ["k=0", "v/k=level 1", "v/only 1="]);
  });

  test("what was read in a savepoint that was rolled back counts for conflicts", async (store) => {
    for (const read of ["get", "range"]) {
      await put(store, { n: "1" });
      let runs = 0;
      await store.transact(async (tx) => {
        runs++;
        const seen = await tx.savepoint(async (inner) =>
          rollback(read === "get" ? await getText(inner, "n") : (await listTexts(inner, { prefix: utf8("n") }))[0])
        );
        if (runs === 1) await put(store, { n: "2" });
        tx.set(utf8("result"), utf8(`${seen}`));
      });
      assertEquals(runs, 2, read);
    }
  });

  test("a range read goes on over savepoints in its body, and sees what they left", async (store) => {
    await put(store, { a: "1", b: "1", c: "1", d: "1" });
    const seen: string[] = [];
    await (await store.transact(async (tx) => {
      for await (const { key } of tx.range()) {
        seen.push(fromUtf8(key));
        await tx.savepoint((inner) => {
          inner.set(utf8(`${fromUtf8(key)}+`), ALL);
          inner.delete(utf8("c"));
          return key[0] === 0x61 ? rollback(null) : null;
        });
        if (seen.length > 5) break;
      }
    })).durable;
    assertEquals(seen, ["a", "b", "b+", "b++", "b+++", "b++++"]);
    assertEquals(await store.read((tx) => getText(tx, "c")), undefined);
  });

  test("while a savepoint is open only its own transaction is used, and afterwards it isn't", async (store) => {
    let leaked: StoreTx | undefined;
    await store.transact(async (tx) => {
      await tx.savepoint(async (inner) => {
        leaked = inner;
        const outer: (() => unknown)[] = [
          () => tx.get(utf8("k")),
          () => listTexts(tx),
          () => tx.set(utf8("k"), ALL),
          () => tx.delete(utf8("k")),
          () => tx.deleteAll(ALL),
          () => tx.onCommit(() => {}),
          () => tx.view(utf8("v")).set(utf8("k"), ALL),
          () => tx.savepoint(() => {}),
        ];
        for (const use of outer) await assertRejects(async () => await use(), Error, "only the savepoint's own");
        inner.set(utf8("kept"), ALL);
      });
      await assertRejects(async () => await leaked!.get(utf8("k")), Error, "after its body returned");
      assertThrows(() => leaked!.set(utf8("k"), ALL), Error, "after its body returned");
    });
    const unawaited = store.transact((tx) => {
      tx.set(utf8("half"), ALL);
      void tx.savepoint(() => new Promise(() => {}));
    });
    await assertRejects(() => unawaited, Error, "awaits its savepoints");
    assertEquals(await store.read((tx) => listTexts(tx)), ["kept="]);
  });

  test("what a savepoint undid doesn't count against the size of a commit", async (store) => {
    await (await store.transact(async (tx) => {
      for (let i = 0; i < 20; i++) {
        await tx.savepoint((inner) => {
          inner.set(utf8("large"), new Uint8Array(VALUE_BYTES_MAX));
          inner.set(utf8(`${i}`), new Uint8Array(VALUE_BYTES_MAX / 2));
          return rollback(null);
        });
      }
      tx.set(utf8("k"), ALL);
    })).durable;
    assertEquals(await store.read((tx) => listTexts(tx)), ["k="]);
  });
}
