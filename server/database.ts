/** Where a guardian's database is, how it is opened, and of which version it is. */
import { join } from "@std/path";
import type { Platform } from "../actors/platform/platform.ts";
import type { Schema, Store, StoreView } from "../actors/store/mod.ts";
import { checkSchema, FIRST_SCHEMA, nothingToMigrate, openKvStore } from "../actors/store/mod.ts";
import type { ModuleInstanceId } from "../core/types/ids.ts";
import type { AnyServerModuleDefinition } from "../modules/contract/server.ts";
import type { ConfiguredModule } from "./config/guardian_config.ts";
import { modulePrefix } from "./consensus/store/db.ts";

/**
 * Of all that is no module's: `consensus/store/db.ts`, `api/db.ts`, `config/database_owner.ts`,
 * `bitcoin/chain_memory.ts`, `consensus/engine/disagreement.ts`. A larger version comes with a migration and a snapshot
 * (`tests/migrations/`).
 */
const GUARDIAN_SCHEMA: Schema = {
  version: 2,
  migrations: {
    0: nothingToMigrate,
    // entries of a session's units may hold several since then (`broadcast/own/backup.ts`)
    1: nothingToMigrate,
  },
};

/** Its folder in the data directory. */
export const databaseOf = (dataDir: string): string => join(dataDir, "database");

/** Makes the folder, closed to others, when there is none. @throws {StoreError} */
export async function openDatabase(platform: Platform, dataDir: string): Promise<Store> {
  const folder = databaseOf(dataDir);
  await platform.files.makeDirectory(folder, { secret: true });
  return await openKvStore({ path: join(folder, "guardian.kv"), platform });
}

/**
 * Brings the database to what this program knows, before anything of it is read.
 * @param definitions all modules that this program has
 * @param configured those of the guardian's config; none before setup
 * @throws {StoreError} as `checkSchema`; nothing was changed
 */
export async function checkDatabase(
  store: StoreView,
  definitions: ReadonlyMap<string, AnyServerModuleDefinition>,
  configured: ReadonlyMap<ModuleInstanceId, ConfiguredModule>,
): Promise<void> {
  await checkSchema(store, GUARDIAN_SCHEMA, {
    ofKind: (kind) => {
      const definition = definitions.get(kind);
      return definition && (definition.schema ?? FIRST_SCHEMA);
    },
    parts: () =>
      [...configured].map(([instance, { definition: { kind, schema = FIRST_SCHEMA } }]) => (
        { prefix: modulePrefix(instance), kind, schema }
      )),
  });
}
