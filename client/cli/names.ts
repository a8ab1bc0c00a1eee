/** Names of files in a client's data directory. */

export const DATABASE_NAME = "client.kv";
/** Where fedimint-cli keeps its own database: a folder of RocksDB. */
export const OFFICIAL_DATABASE_NAME = "client.db";
