import { assertEquals, assertRejects } from "@std/assert";
import { utf8 } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";
import { metaKey } from "./keys.ts";
import { MemoryBackend, openMemoryStore } from "./memory.ts";
import { LAYOUT_VERSION } from "./open.ts";
import { checkSchema, type Migrations } from "./schema.ts";
import { getText, ManualClock, put } from "./testing/mod.ts";

const clock = new ManualClock();

Deno.test("a database that a newer program wrote is refused, and left as it is", async () => {
  const backend = new MemoryBackend();
  await (await openMemoryStore({ clock, backend, schema: { version: 5 } })).close();
  const error = await assertRejects(() => openMemoryStore({ clock, backend, schema: { version: 4 } }), StoreError);
  assertEquals(error.facts, { code: "newer_schema", found: 5, supported: 4 });
  assertEquals(/newer program again, or restore a backup/.test(error.message), true);
  for (const version of [5, 6]) await (await openMemoryStore({ clock, backend, schema: { version } })).close();
  await assertRejects(() => openMemoryStore({ clock, backend, schema: { version: 5 } }), StoreError);
});

Deno.test("a database of a newer layout is refused, whatever its schema", async () => {
  const backend = new MemoryBackend();
  await backend.commit([{ key: metaKey("schema"), value: new Uint8Array([0, 0, 0, LAYOUT_VERSION + 1, 0, 0, 0, 1]) }]);
  const error = await assertRejects(() => openMemoryStore({ clock, backend }), StoreError);
  assertEquals(error.facts, { code: "newer_schema", found: LAYOUT_VERSION + 1, supported: LAYOUT_VERSION });
});

Deno.test("a database with data and without a version, or with a damaged one, is refused", async () => {
  const backend = new MemoryBackend();
  await backend.commit([{ key: new Uint8Array([2, 1]), value: new Uint8Array([0]) }]);
  assertEquals((await assertRejects(() => openMemoryStore({ clock, backend }), StoreError)).code, "corrupt");
  const damaged = new MemoryBackend();
  await damaged.commit([{ key: metaKey("schema"), value: new Uint8Array(7) }]);
  assertEquals((await assertRejects(() => openMemoryStore({ clock, backend: damaged }), StoreError)).code, "corrupt");
});

Deno.test("an empty view is of the version that is asked for; later ones are migrated to step by step", async () => {
  const store = await openMemoryStore({ clock });
  const view = store.view(utf8("component"));
  const ran: number[] = [];
  const migrations: Migrations = {
    1: async (tx) => {
      ran.push(1);
      tx.set(utf8("k"), utf8(`${await getText(tx, "k")} 1→2`));
    },
    2: async (tx) => {
      ran.push(2);
      tx.set(utf8("k"), utf8(`${await getText(tx, "k")} 2→3`));
    },
  };
  await checkSchema(view, { version: 1, migrations });
  assertEquals(ran, []);
  await put(view, { k: "v" });
  await checkSchema(view, { version: 3, migrations });
  await checkSchema(view, { version: 3, migrations });
  assertEquals(ran, [1, 2]);
  assertEquals(await view.read((tx) => getText(tx, "k")), "v 1→2 2→3");
  const error = await assertRejects(() => checkSchema(view, { version: 2, migrations }), StoreError);
  assertEquals(error.facts, { code: "newer_schema", found: 3, supported: 2 });
  await store.close();
});

Deno.test("data without a version counts as version 0, and without a way from there it is refused and left alone", async () => {
  const store = await openMemoryStore({ clock });
  await put(store, { k: "old" });
  assertEquals((await assertRejects(() => checkSchema(store, { version: 1 }), StoreError)).code, "corrupt");
  await checkSchema(store, { version: 1, migrations: { 0: (tx) => tx.set(utf8("k"), utf8("new")) } });
  assertEquals(await store.read((tx) => getText(tx, "k")), "new");
  await store.close();
});

Deno.test("a migration that throws leaves the version that was reached, and goes on from there", async () => {
  const store = await openMemoryStore({ clock });
  let fails = true;
  const migrations: Migrations = {
    0: (tx) => tx.set(utf8("k"), utf8("1")),
    1: (tx) => {
      tx.set(utf8("k"), utf8("2"));
      if (fails) throw new Error("half way");
    },
  };
  await put(store, { k: "0" });
  await assertRejects(() => checkSchema(store, { version: 2, migrations }), Error, "half way");
  assertEquals(await store.read((tx) => getText(tx, "k")), "1");
  fails = false;
  await checkSchema(store, { version: 2, migrations });
  assertEquals(await store.read((tx) => getText(tx, "k")), "2");
  await store.close();
});
