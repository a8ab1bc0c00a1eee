/**
 * The store: transactions over one ordered key space, on Deno KV or in memory. Begin with `store.ts`, the interface;
 * then `engine.ts` (versions and conflicts), `flusher.ts` and `journal.ts` (to disk), `pieces.ts` (entries of any
 * size).
 */
export {
  type Committed,
  type Entry,
  type RangeOptions,
  type ReadTx,
  ROLLBACK,
  type Rollback,
  rollback,
  type Store,
  type StoreTx,
  type StoreView,
  type TransactOptions,
} from "./store.ts";
export { fenced } from "./fenced.ts";
export { StoreError } from "./error.ts";
export { type KvStoreOptions, openKvStore } from "./kv.ts";
export { MemoryBackend, type MemoryOptions, type MemoryStoreOptions, openMemoryStore } from "./memory.ts";
export {
  assertSchema,
  checkSchema,
  FIRST_SCHEMA,
  type Migration,
  type ModulePart,
  type ModuleSchemas,
  nothingToMigrate,
  type Schema,
  SCHEMA_PREFIX,
} from "./schema.ts";
export { COMMIT_BYTES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.ts";
