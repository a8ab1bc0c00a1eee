/** Of which version a wallet's database is: checked and brought to what this program knows before anything reads it. */
import type { Schema } from "../../actors/store/schema.ts";
import { checkSchema, FIRST_SCHEMA, nothingToMigrate } from "../../actors/store/schema.ts";
import type { Store, StoreView } from "../../actors/store/store.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { assertDistinct } from "../../modules/contract/registry.ts";
import { joinedSlot, pendingConfigSlot } from "../federation/join_state.ts";
import { modulePrefix } from "./database.ts";
import { definitionsFor } from "./definitions.ts";

/**
 * Of all that is no module's: `database.ts`. A larger version comes with a migration and a snapshot
 * (`tests/migrations/`). Before version 2 no wallet was restored: a program of then would leave out what recovers.
 * Before version 3 nothing followed a recovery.
 */
const WALLET_SCHEMA: Schema = {
  version: 3,
  migrations: { 0: nothingToMigrate, 1: nothingToMigrate, 2: nothingToMigrate },
};

/** Of a kind whose definitions differ in the majors that they understand: the highest version. */
function schemaOfKind(known: readonly AnyClientModuleDefinition[], kind: string): Schema | undefined {
  const schemas = known.filter((definition) => definition.kind === kind).map(({ schema = FIRST_SCHEMA }) => schema);
  return schemas.sort((a, b) => b.version - a.version)[0];
}

declare const checked: unique symbol;
/** A wallet's database that is of this program's version, for the modules that it was checked with. */
export type CheckedStore = Store & { readonly [checked]: true };

/** @throws {ModuleError} `duplicate_kind` and as `checkWallet` */
export async function checkedStore(store: Store, known: readonly AnyClientModuleDefinition[]): Promise<CheckedStore> {
  assertDistinct(known);
  await checkWallet(store, known);
  return store as CheckedStore;
}

/**
 * A wallet may meet a kind of module that it didn't know when it joined: its part is empty then, or was written by
 * another program.
 * @param known all modules that this program has; parts of others are left alone
 * @throws {StoreError} as `checkSchema`; nothing was changed
 */
export async function checkWallet(store: StoreView, known: readonly AnyClientModuleDefinition[]): Promise<void> {
  await checkSchema(store, WALLET_SCHEMA, {
    ofKind: (kind) => schemaOfKind(known, kind),
    parts: async (tx) => {
      // what guardians agreed on since the last opening is what is used from this one on
      const config = await pendingConfigSlot.get(tx) ?? (await joinedSlot.get(tx))?.config;
      if (!config) return [];
      return [...definitionsFor(config, known)].map(([instance, { kind, schema = FIRST_SCHEMA }]) => (
        { prefix: modulePrefix(instance), kind, schema }
      ));
    },
  });
}
