import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { InvariantError } from "../../core/assert.ts";
import { type Bytes, concat, toHex, utf8 } from "../../core/bytes.ts";
import { DecodeError, encode, struct, text, u64 } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { StoreError } from "./error.ts";
import { metaKey } from "./keys.ts";
import { VALUE_BYTES_MAX } from "./limits.ts";
import { MemoryBackend, openMemoryStore } from "./memory.ts";
import { LAYOUT_VERSION } from "./open.ts";
import {
  assertSchema,
  checkSchema,
  FIRST_SCHEMA,
  type ModulePart,
  type ModuleSchemas,
  nothingToMigrate,
  type Schema,
  SCHEMA_PREFIX,
} from "./schema.ts";
import type { Store, StoreTx, StoreView } from "./store.ts";
import { getText, ManualClock, pattern, put } from "./testing/mod.ts";

const clock = new ManualClock();
const PREFIX = { mint: Uint8Array.of(0xff, 0, 1), wallet: Uint8Array.of(0xff, 0, 2) };

function appending(what: string) {
  return async (tx: StoreTx): Promise<void> => tx.set(utf8("k"), utf8(`${await getText(tx, "k")} ${what}`));
}

/** Up to `version`: each step adds itself to the value of `k`. */
function schemaOf(version: number): Schema {
  const steps = Array.from({ length: version }, (_, from) => [from, appending(`${from}→${from + 1}`)] as const);
  return { version, migrations: Object.fromEntries(steps) };
}

function modulesOf(schemas: { readonly mint?: Schema; readonly wallet?: Schema }): ModuleSchemas {
  const parts: ModulePart[] = Object.entries(schemas).map(([kind, schema]) => ({
    prefix: PREFIX[kind as keyof typeof PREFIX],
    kind,
    schema,
  }));
  return { ofKind: (kind) => schemas[kind as keyof typeof schemas], parts: () => parts };
}

const partsOf = (store: Store): StoreView[] => [store, store.view(PREFIX.mint), store.view(PREFIX.wallet)];

/** A core and two modules, as a program left them that had no versions. */
async function unversioned(): Promise<Store> {
  const store = await openMemoryStore({ clock });
  for (const view of partsOf(store)) await put(view, { k: "old" });
  return store;
}

const textsIn = (store: Store): Promise<(string | undefined)[]> =>
  Promise.all(partsOf(store).map((view) => view.read((tx) => getText(tx, "k"))));

async function contentOf(store: StoreView): Promise<string[]> {
  return await store.read(async (tx) => {
    const lines: string[] = [];
    for await (const { key, value } of tx.range()) lines.push(`${toHex(key)}: ${toHex(value)}`);
    return lines;
  });
}

/** A refusal changes nothing. */
async function refused(store: Store, core: Schema, modules?: ModuleSchemas): Promise<StoreError> {
  const before = await contentOf(store);
  const error = await assertRejects(() => checkSchema(store, core, modules), StoreError);
  assertEquals(await contentOf(store), before);
  return error;
}

Deno.test("a database of a newer layout is refused, whatever is in it", async () => {
  for (const [layout, content, found] of [[LAYOUT_VERSION + 1, 1, LAYOUT_VERSION + 1], [LAYOUT_VERSION, 2, 2]]) {
    const backend = new MemoryBackend();
    const record = new DataView(new ArrayBuffer(8));
    record.setUint32(0, layout!), record.setUint32(4, content!);
    await backend.commit([{ key: metaKey("schema"), value: new Uint8Array(record.buffer) }]);
    const error = await assertRejects(() => openMemoryStore({ clock, backend }), StoreError);
    assertEquals(error.facts, { code: "newer_schema", found: found!, supported: 1 });
  }
});

Deno.test("a database with data and without a layout, or with a damaged one, is refused", async () => {
  const backend = new MemoryBackend();
  await backend.commit([{ key: new Uint8Array([2, 1]), value: new Uint8Array([0]) }]);
  assertEquals((await assertRejects(() => openMemoryStore({ clock, backend }), StoreError)).code, "corrupt");
  const damaged = new MemoryBackend();
  await damaged.commit([{ key: metaKey("schema"), value: new Uint8Array(7) }]);
  assertEquals((await assertRejects(() => openMemoryStore({ clock, backend: damaged }), StoreError)).code, "corrupt");
});

Deno.test("an empty database is of any version, and nothing migrates in it", async () => {
  const store = await openMemoryStore({ clock });
  const never: Schema = { version: 7, migrations: { 6: () => assert(false, "there is nothing to migrate") } };
  await checkSchema(store, never, modulesOf({ mint: never }));
  await put(store, { k: "v" });
  await put(store.view(PREFIX.mint), { k: "v" });
  await checkSchema(store, never, modulesOf({ mint: never }));
  assertEquals((await refused(store, schemaOf(6), modulesOf({ mint: never }))).code, "newer_schema");
  await store.close();
});

Deno.test("data without a version is of version 0; every part goes on step by step, each by its own migrations", async () => {
  const store = await unversioned();
  await checkSchema(store, schemaOf(2), modulesOf({ mint: schemaOf(3), wallet: FIRST_SCHEMA }));
  assertEquals(await textsIn(store), ["old 0→1 1→2", "old 0→1 1→2 2→3", "old"]);
  await checkSchema(store, schemaOf(2), modulesOf({ mint: schemaOf(3), wallet: FIRST_SCHEMA }));
  assertEquals(await textsIn(store), ["old 0→1 1→2", "old 0→1 1→2 2→3", "old"]);
  await checkSchema(store, schemaOf(2), modulesOf({ mint: schemaOf(4), wallet: schemaOf(1) }));
  assertEquals(await textsIn(store), ["old 0→1 1→2", "old 0→1 1→2 2→3 3→4", "old 0→1"]);
  await store.close();
});

Deno.test("a module that comes later to a database begins at its own version, one whose data was there at version 0", async () => {
  const store = await openMemoryStore({ clock });
  await checkSchema(store, schemaOf(1));
  await put(store, { k: "core" });
  await put(store.view(PREFIX.mint), { k: "old" });
  await checkSchema(store, schemaOf(1), modulesOf({ mint: schemaOf(2), wallet: schemaOf(5) }));
  await put(store.view(PREFIX.wallet), { k: "new" });
  await checkSchema(store, schemaOf(1), modulesOf({ mint: schemaOf(2), wallet: schemaOf(6) }));
  assertEquals(await textsIn(store), ["core", "old 0→1 1→2", "new 5→6"]);
  await store.close();
});

Deno.test("a newer version of any part refuses the whole database, and says of which", async () => {
  const store = await unversioned();
  await checkSchema(store, schemaOf(2), modulesOf({ mint: schemaOf(2), wallet: schemaOf(2) }));
  // the rest is older than the program: it is left as it is too
  const core = await refused(store, schemaOf(1), modulesOf({ mint: schemaOf(3), wallet: schemaOf(3) }));
  assertEquals(core.facts, { code: "newer_schema", found: 2, supported: 1 });
  assertEquals(
    core.message,
    "The database is of version 2, and this program knows versions up to 1. Install the newer program again, or restore a backup " +
      "made before it ran. Nothing was changed.",
  );
  const wallet = await refused(store, schemaOf(3), modulesOf({ mint: schemaOf(3), wallet: schemaOf(0) }));
  assertEquals(wallet.facts, { code: "newer_schema", found: 2, supported: 0 });
  assertStringIncludes(wallet.message, "The module wallet's part of the database is of version 2");
  await store.close();
});

Deno.test("a newer version refuses before the core is read, also of a module that isn't used now; one that isn't known is left alone", async () => {
  const store = await unversioned();
  await checkSchema(store, schemaOf(1), modulesOf({ mint: schemaOf(2) }));
  const unread: ModuleSchemas = {
    ofKind: (kind) => kind === "mint" ? schemaOf(1) : undefined,
    parts: () => {
      throw new InvariantError("nothing is read");
    },
  };
  const core: Schema = { version: 2, migrations: { 1: () => assert(false, "nothing is migrated") } };
  assertEquals((await refused(store, core, unread)).code, "newer_schema");
  await checkSchema(store, schemaOf(1), modulesOf({ wallet: schemaOf(1) }));
  assertEquals(await textsIn(store), ["old 0→1", "old 0→1 1→2", "old 0→1"]);
  await store.close();
});

Deno.test("which modules there are is asked once the core is of its version", async () => {
  const store = await unversioned();
  const asked: (string | undefined)[] = [];
  const modules: ModuleSchemas = {
    ofKind: () => schemaOf(1),
    parts: async (tx) => {
      asked.push(await getText(tx, "k"));
      return [{ prefix: PREFIX.mint, kind: "mint", schema: schemaOf(1) }];
    },
  };
  await checkSchema(store, schemaOf(2), modules);
  assertEquals([asked, await textsIn(store)], [["old 0→1 1→2"], ["old 0→1 1→2", "old 0→1", "old"]]);
  await store.close();
});

Deno.test("a module can't see or delete its version", async () => {
  const store = await openMemoryStore({ clock });
  await checkSchema(store, schemaOf(1), modulesOf({ mint: schemaOf(4) }));
  const mint = store.view(PREFIX.mint);
  assertEquals(await contentOf(mint), []);
  await mint.transact((tx) => tx.deleteAll(new Uint8Array(0)));
  assertEquals((await refused(store, schemaOf(1), modulesOf({ mint: schemaOf(3) }))).code, "newer_schema");
  await store.close();
});

Deno.test("without a way from what was found the database is refused", async () => {
  const store = await unversioned();
  const gap: Schema = { version: 3, migrations: { 0: nothingToMigrate, 2: nothingToMigrate } };
  const error = await refused(store, schemaOf(1), modulesOf({ mint: gap }));
  assertEquals([error.code, error.message.includes("is of version 1, from which this program knows no way")], [
    "corrupt",
    true,
  ]);
  await store.close();
});

Deno.test("a migration that fails leaves all of the database as it was, and names itself; another time it goes through", async () => {
  const store = await unversioned();
  let fails = true;
  const failing: Schema = {
    version: 2,
    migrations: {
      0: appending("0→1"),
      1: async (tx) => {
        await appending("1→2")(tx);
        if (fails) throw new DecodeError("invalid", "stored bytes are none");
      },
    },
  };
  const error = await refused(store, schemaOf(1), modulesOf({ mint: failing, wallet: schemaOf(1) }));
  assertEquals([error.code, error.cause instanceof DecodeError], ["corrupt", true]);
  assertStringIncludes(errorText(error), "The module mint's part of the database could not be brought from version 1");
  fails = false;
  await checkSchema(store, schemaOf(1), modulesOf({ mint: failing, wallet: schemaOf(1) }));
  assertEquals(await textsIn(store), ["old 0→1", "old 0→1 1→2", "old 0→1"]);
  await store.close();
});

Deno.test("a migration of more than a commit takes is refused by the store's own error", async () => {
  const store = await unversioned();
  const large: Schema = {
    version: 1,
    migrations: {
      0: (tx) => {
        for (let i = 0; i < 6; i++) tx.set(Uint8Array.of(i), new Uint8Array(VALUE_BYTES_MAX));
      },
    },
  };
  assertEquals((await refused(store, large)).code, "too_large");
  await store.close();
});

Deno.test("a damaged version is refused: nobody guesses", async () => {
  const wide = struct("Wide", { version: u64, kind: text });
  const mint = concat(SCHEMA_PREFIX, PREFIX.mint);
  const damages: readonly (readonly [Uint8Array, Bytes])[] = [
    [SCHEMA_PREFIX, new Uint8Array(0)],
    [SCHEMA_PREFIX, encode(wide, { version: 2n ** 32n, kind: "" })],
    [SCHEMA_PREFIX, concat(encode(wide, { version: 1n, kind: "" }), Uint8Array.of(0))],
    [SCHEMA_PREFIX, encode(wide, { version: 1n, kind: "mint" })],
    [mint, encode(wide, { version: 1n, kind: "mint" }).subarray(0, 3)],
    [mint, encode(wide, { version: 2n ** 40n, kind: "mint" })],
    [mint, encode(wide, { version: 1n, kind: "" })],
    [mint, Uint8Array.of(1, 1, 0xff)],
  ];
  for (const [key, value] of damages) {
    const store = await unversioned();
    await checkSchema(store, schemaOf(1), modulesOf({ mint: schemaOf(1) }));
    await store.transact((tx) => tx.set(key, value));
    const error = await refused(store, schemaOf(1), modulesOf({ mint: schemaOf(1) }));
    assertEquals([error.code, /is damaged.*Restore a backup/.test(error.message)], ["corrupt", true], toHex(value));
    await store.close();
  }
});

Deno.test("a module of another kind than the database has at its place is refused", async () => {
  const store = await unversioned();
  await checkSchema(store, schemaOf(1), modulesOf({ mint: schemaOf(1) }));
  const swapped: ModuleSchemas = {
    ofKind: () => schemaOf(1),
    parts: () => [{ prefix: PREFIX.mint, kind: "wallet", schema: schemaOf(1) }],
  };
  const error = await refused(store, schemaOf(1), swapped);
  assertEquals(error.code, "corrupt");
  assertStringIncludes(error.message, "a module of kind wallet where the database has one of kind mint");
  await store.close();
});

Deno.test("a version that is no u32, and a migration beyond it, are bugs", () => {
  for (const version of [-1, 0.5, NaN, Infinity, 2 ** 32]) {
    assertThrows(() => assertSchema({ version, migrations: {} }), InvariantError);
  }
  assertThrows(() => assertSchema({ version: 1, migrations: { 1: nothingToMigrate } }), InvariantError);
  assertSchema({ version: 2 ** 32 - 1, migrations: {} });
});

const VALUES = 12;

/** Rewrites so much that the commit takes many of the disk's. */
function rewriting(to: number): Schema {
  const migrate = async (tx: StoreTx): Promise<void> => {
    for (const { key, value } of await Array.fromAsync(tx.range())) {
      tx.set(concat(key, Uint8Array.of(to)), value.map((byte) => byte + 1));
      tx.delete(key);
    }
  };
  return { version: 1, migrations: { 0: migrate } };
}

Deno.test("a crash at any commit of the disk leaves all parts old or all new, and the next opening finishes", async () => {
  const modules = modulesOf({ mint: rewriting(1), wallet: rewriting(2) });
  const original = new MemoryBackend();
  const filled = await openMemoryStore({ clock, backend: original });
  for (const view of partsOf(filled).slice(1)) {
    const { durable } = await view.transact((tx) => {
      for (let i = 0; i < VALUES; i++) tx.set(Uint8Array.of(i), pattern(100_000, i));
    });
    await durable;
  }
  await put(filled, { k: "old" });
  const oldContent = await contentOf(filled);
  await filled.close();
  const migrated = await openMemoryStore({ clock, backend: original.copy() });
  await checkSchema(migrated, schemaOf(2), modules);
  const newContent = await contentOf(migrated);
  assert(newContent.length === oldContent.length + 3, "three versions more");
  await migrated.close();

  const found = { old: 0, new: 0 };
  for (const inFlight of ["lost", "kept"] as const) {
    for (let stop = 1, over = false; !over; stop++) {
      const time = new ManualClock();
      let writes = 0;
      const disk = original.copy({ clock: time, writeDelayMs: () => ++writes === stop ? 1 : 0 });
      const opening = openMemoryStore({ clock: time, backend: disk }).then((store) =>
        checkSchema(store, schemaOf(2), modules)
      );
      opening.catch(() => undefined);
      await time.advance(0);
      over = writes < stop;
      const left = disk.crash({ inFlight });
      const store = await openMemoryStore({ clock, backend: left });
      const content = await contentOf(store);
      const isNew = JSON.stringify(content) === JSON.stringify(newContent);
      if (!isNew) assertEquals(content, oldContent, `crash at ${stop}`);
      assert(isNew || !over, "what was reported is there");
      found[isNew ? "new" : "old"]++;
      await checkSchema(store, schemaOf(2), modules);
      assertEquals(await contentOf(store), newContent);
      await store.close();
    }
  }
  assert(found.old > 4 && found.new > 2, `crashes before and after: ${JSON.stringify(found)}`);
});
