/** Where a guardian's database is, and how it is opened. */
import { join } from "@std/path";
import type { Platform } from "../actors/platform/platform.ts";
import type { Store } from "../actors/store/mod.ts";
import { openKvStore } from "../actors/store/mod.ts";

/** Its folder in the data directory. */
export const databaseOf = (dataDir: string): string => join(dataDir, "database");

/** Makes the folder, closed to others, when there is none. @throws {StoreError} */
export async function openDatabase(platform: Platform, dataDir: string): Promise<Store> {
  const folder = databaseOf(dataDir);
  await platform.files.makeDirectory(folder, { secret: true });
  return await openKvStore({ path: join(folder, "guardian.kv"), platform });
}
