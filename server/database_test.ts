/** A guardian's database and the programs of different versions that open it. */
import { assertEquals, assertRejects } from "@std/assert";
import { openMemoryStore, type Schema, type Store, StoreError } from "../actors/store/mod.ts";
import { getText, ManualClock, put } from "../actors/store/testing/mod.ts";
import { utf8 } from "../core/bytes.ts";
import type { AnyServerModuleDefinition } from "../modules/contract/server.ts";
import { metaServer } from "../modules/meta/server.ts";
import type { ConfiguredModule } from "./config/guardian_config.ts";
import { modulePrefix } from "./consensus/store/db.ts";
import { checkDatabase } from "./database.ts";

const clock = new ManualClock();
const INSTANCE = 3;

/** Each migration adds itself to what is under `k` in the module's part. */
function schemaOf(version: number): Schema {
  const steps = Array.from({ length: version }, (_, from) =>
    [
      from,
      async (tx) => tx.set(utf8("k"), utf8(`${await getText(tx, "k")} ${from}→${from + 1}`)),
    ] satisfies [number, Schema["migrations"][number]]);
  return { version, migrations: Object.fromEntries(steps) };
}

/** A program that has the module in such a version. */
function program(schema: Schema | null) {
  const { schema: _, ...first } = metaServer;
  const definition: AnyServerModuleDefinition = schema ? { ...first, schema } : first;
  const definitions = new Map([[definition.kind, definition]]);
  const configured = new Map<number, ConfiguredModule>([[INSTANCE, { definition, config: null, privateConfig: null }]]);
  return {
    start: (store: Store) => checkDatabase(store, definitions, configured),
    startUnconfigured: (store: Store) => checkDatabase(store, definitions, new Map()),
  };
}

const valueIn = (store: Store) => store.view(modulePrefix(INSTANCE)).read((tx) => getText(tx, "k"));

Deno.test("a guardian's database of before there were versions is brought to this program's, module by module", async () => {
  const store = await openMemoryStore({ clock });
  for (const view of [store, store.view(modulePrefix(INSTANCE))]) await put(view, { k: "old" });
  await program(null).start(store);
  await program(schemaOf(2)).start(store);
  assertEquals(await valueIn(store), "old 0→1 1→2");
  await program(schemaOf(2)).start(store);
  await program(schemaOf(3)).start(store);
  assertEquals([await valueIn(store), await store.read((tx) => getText(tx, "k"))], ["old 0→1 1→2 2→3", "old"]);
  await store.close();
});

Deno.test("a guardian that is set up begins at its program's versions, and an older program refuses, configured or not", async () => {
  const store = await openMemoryStore({ clock });
  await program(schemaOf(2)).startUnconfigured(store);
  await put(store, { k: "the chain that was seen" });
  await program(schemaOf(2)).start(store);
  await put(store.view(modulePrefix(INSTANCE)), { k: "new" });
  const older = program(schemaOf(1));
  for (const start of [older.start, older.startUnconfigured]) {
    assertEquals((await assertRejects(() => start(store), StoreError)).facts, {
      code: "newer_schema",
      found: 2,
      supported: 1,
    });
  }
  await program(schemaOf(3)).start(store);
  assertEquals(await valueIn(store), "new 2→3");
  await store.close();
});
