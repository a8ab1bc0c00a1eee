/** Where in a data directory the database is. */
import { join } from "@std/path";

export function databasePath(dir: string): string {
  return join(dir, "client.kv");
}

/** Where that of several federations is. */
export function walletsDatabasePath(dir: string): string {
  return join(dir, "wallets.kv");
}

/** Where fedimint-cli keeps its own: a folder of RocksDB, which this program can't read. */
export function officialDatabasePath(dir: string): string {
  return join(dir, "client.db");
}
