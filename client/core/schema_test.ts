/** A wallet's database and the programs of different versions that open it. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { RangeOptions, Schema, Store, StoreTx } from "../../actors/store/mod.ts";
import { nothingToMigrate, SCHEMA_PREFIX, StoreError } from "../../actors/store/mod.ts";
import { concat, toHex } from "../../core/bytes.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { ModuleError } from "../../modules/contract/registry.ts";
import { metaClient } from "../../modules/meta/client.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import { openClient, openWallets } from "../mod.ts";
import { Client } from "./client.ts";
import { modulePrefix } from "./database.ts";
import { checkWallet } from "./schema.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld } from "../cli/testing/mod.ts";
import { adminSlot } from "../federation/join_state.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { TOY_KIND, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";

const TOY = 4;
const MARK = Uint8Array.of(0x99);

/** The toy, whose part is at a version; each migration appends to a mark. */
function toyOf(version: number, missed?: number): AnyClientModuleDefinition {
  const migrations: Record<number, Schema["migrations"][number]> = {};
  for (let from = 0; from < version; from++) {
    if (from === missed) continue;
    migrations[from] = async (tx) => tx.set(MARK, concat(await tx.get(MARK) ?? new Uint8Array(0), Uint8Array.of(from)));
  }
  return { ...toyModule, schema: { version, migrations } };
}

async function federationWith(modules: ReadonlyMap<number, string>) {
  const world = new ClientWorld(1);
  const federation = toyFederation({ modules });
  await world.finish(startGuardians(world, federation, federation.honest));
  const openStore = (): Promise<Store> => world.finish(world.openStore());
  const open = async (...modules: AnyClientModuleDefinition[]): Promise<Client> => {
    const store = await openStore();
    return await world.finish(
      Client.open({ platform: world.platform, store, modules, log: () => {} }).catch(async (thrown) => {
        await store.close();
        throw thrown;
      }),
    );
  };
  /** Opens, joins if it has to, does nothing and closes. */
  const visit = async (...modules: AnyClientModuleDefinition[]): Promise<void> => {
    const client = await open(...modules);
    if (!client.isJoined) await world.finish(client.join(federation.invite));
    await world.finish(client.close());
  };
  const refused = (...modules: AnyClientModuleDefinition[]): Promise<StoreError> =>
    assertRejects(() => open(...modules), StoreError);
  const inStore = async <T>(use: (store: Store) => Promise<T>): Promise<T> => {
    const store = await openStore();
    try {
      return await world.finish(use(store));
    } finally {
      await world.finish(store.close());
    }
  };
  const setup = { world, visit, refused, inStore };
  return {
    ...setup,
    mark: () => inStore((store) => store.view(modulePrefix(TOY)).read((tx) => tx.get(MARK))),
    /** As it was before databases had versions, with data in both parts. */
    forgetVersions: () =>
      inStore(async (store) => {
        const { durable } = await store.transact(async (tx) => {
          await tx.deleteAll(SCHEMA_PREFIX);
          tx.view(modulePrefix(TOY)).set(Uint8Array.of(1), Uint8Array.of(0));
        });
        await durable;
      }),
    content: () =>
      inStore((store) =>
        store.read(async (tx) =>
          (await Array.fromAsync(tx.range())).map(({ key, value }) => `${toHex(key)}: ${toHex(value)}`)
        )
      ),
  };
}

const withToy = () => federationWith(new Map([[TOY, "toy"]]));

Deno.test("a wallet of before there were versions goes on with each part brought to this program's, once", async () => {
  const at = await withToy();
  await at.visit(toyOf(0));
  await at.forgetVersions();
  await at.visit(toyOf(2));
  assertEquals(await at.mark(), Uint8Array.of(0, 1));
  await at.visit(toyOf(2));
  await at.visit(toyOf(3));
  assertEquals(await at.mark(), Uint8Array.of(0, 1, 2));
});

Deno.test("a wallet that joins begins at this program's versions", async () => {
  const at = await withToy();
  await at.visit(toyOf(2));
  assertEquals(await at.mark(), undefined);
  assertEquals((await at.refused(toyOf(1))).facts, { code: "newer_schema", found: 2, supported: 1 });
  await at.visit(toyOf(3));
  assertEquals(await at.mark(), Uint8Array.of(2));
});

Deno.test("a program that doesn't know a module leaves its part alone, and one that learns of it later finds it as it was", async () => {
  const at = await withToy();
  await at.visit();
  await at.visit(toyOf(1));
  assertEquals(await at.mark(), undefined);
  await at.visit();
  await at.visit(toyOf(3));
  assertEquals(await at.mark(), Uint8Array.of(1, 2));
});

Deno.test("a wallet that can't be brought to this program's version is as it was, and goes on with one that can", async () => {
  const at = await withToy();
  await at.visit(toyOf(0));
  await at.forgetVersions();
  const before = await at.content();
  assertEquals((await at.refused(toyOf(2, 1))).code, "corrupt");
  assertEquals(await at.content(), before);
  await at.visit(toyOf(2));
  assertEquals(await at.mark(), Uint8Array.of(0, 1));
});

/** The same store, which counts how often its versions are read. */
function watched(store: Store): { readonly store: Store; readonly looks: () => number } {
  let looks = 0;
  const transact = store.transact.bind(store);
  const look = (tx: StoreTx): StoreTx =>
    new Proxy(tx, {
      get: (target, name) => {
        const part: unknown = Reflect.get(target, name);
        if (typeof part !== "function") return part;
        return (...args: readonly unknown[]) => {
          if (name === "range" && (args[0] as RangeOptions).prefix === SCHEMA_PREFIX) looks++;
          return Reflect.apply(part, target, args);
        };
      },
    });
  const counting: Store["transact"] = (body, options) => transact((tx) => body(look(tx)), options);
  return { store: Object.assign(store, { transact: counting }), looks: () => looks };
}

Deno.test("a command checks the version of the database once, whether it opens a client or not", async () => {
  const world = await recordedFederation(), args = ["--data-dir", "/wallet"];
  assertEquals((await runInWorld(world, [...args, "join", recordedInvite()], { modules: quietModules })).exit, 0);
  for (const command of [["info"], ["admin", "auth", "--peer-id", "0", "--password", "pass", "--no-verify"]]) {
    const looks: (() => number)[] = [];
    const openStore = async (path: string): Promise<Store> => {
      const opened = watched(await world.openStore(path));
      looks.push(opened.looks);
      return opened.store;
    };
    const { exit, out } = await runInWorld(world, [...args, ...command], { modules: quietModules, openStore });
    assertEquals([exit, looks.map((count) => count())], [0, [1]], out);
  }
});

Deno.test("two modules of a kind that a program is handed are refused by name, before anything is read", async () => {
  const world = new ClientWorld(1), namesake = { ...toyModule, start: () => Promise.reject(new Error("never")) };
  for (const open of [openClient, openWallets]) {
    const store = await world.finish(world.openStore("two.kv"));
    const { store: unread, looks } = watched(store), modules = [metaClient, toyModule, namesake];
    const error = await assertRejects(
      () => world.finish<unknown>(open({ platform: world.platform, store: unread, modules })),
      ModuleError,
      "two modules of kind toy, both for consensus version 0",
    );
    assertEquals([error.facts, looks()], [{ code: "duplicate_kind", kind: TOY_KIND }, 0]);
    // it is closed with what couldn't be opened
    await assertRejects(() => world.finish(store.read(() => 0)), StoreError);
  }
  // each for what it understands
  const next = { ...toyModule, consensusVersion: { major: 1, minor: 0 } };
  const store = await world.finish(world.openStore("two.kv"));
  const wallet = await world.finish(openClient({ platform: world.platform, store, modules: [toyModule, next] }));
  await world.finish(wallet.close());
});

Deno.test("commands say in a sentence that a wallet is a newer program's, those too that open no client", async () => {
  const world = new ClientWorld(1), dir = "/wallet";
  const { version: known, migrations } = mintv2Client.schema!, version = known + 1;
  const newer: AnyClientModuleDefinition[] = quietModules.map((module) => (
    module.kind === "mintv2"
      ? { ...module, schema: { version, migrations: { ...migrations, [known]: nothingToMigrate } } }
      : module
  ));
  const prefix = modulePrefix(1);
  const store = await world.finish(world.openStore(`${dir}/client.kv`));
  const put = store.transact((tx) => {
    adminSlot.set(tx, { peer: 0, password: "hidden" });
    // a version of a module that no config is there for: known by its kind
    tx.set(concat(SCHEMA_PREFIX, prefix), Uint8Array.of(version, 6, ...new TextEncoder().encode("mintv2")));
  });
  await world.finish(put.then(({ durable }) => durable));
  await world.finish(checkWallet(store, newer));
  await world.finish(store.close());
  for (
    const args of [["balance"], ["info"], ["admin", "auth", "--peer-id", "0", "--password", "hidden", "--no-verify"]]
  ) {
    const { exit, out, err } = await runInWorld(world, ["--data-dir", dir, ...args], { modules: quietModules });
    assertEquals(exit, 1, out + err);
    const told = out + err;
    assertStringIncludes(
      told,
      `The module mintv2's part of the database is of version ${version}, and this program knows versions up to ${known}`,
    );
    assertStringIncludes(told, "Install the newer program again");
    assert(!told.includes("hidden") && !told.includes(".ts:"), told);
  }
});
