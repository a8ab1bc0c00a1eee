/**
 * Versions of what is in a database: one of the core, that is of all that no module owns, and one of each module's
 * part. A database of which any part was written by a newer program is refused before anything else of it is read. An
 * older one is brought to what this program knows in a single transaction: every part, step by step, and the versions
 * with it. After a crash it is the old one or the new one.
 *
 * | record | key | value |
 * |---|---|---|
 * | version of the core | fe | SchemaRecord with kind "" |
 * | version of a module's part | fe ‖ where the part begins | SchemaRecord with the module's kind |
 *
 * The records lie outside the parts, so a module can neither see nor delete its own. Their form never changes: every
 * program must be able to read those of every other. A part with data and without a record is of version 0; an empty
 * one is of any version.
 *
 * A commit takes 64 MB. What may be larger can't be moved by a migration: programs read both forms of it, and move what
 * they must in small steps beside (`server/consensus/store/old_layout.ts` does).
 */
import { assert } from "../../core/assert.ts";
import { concat, toHex } from "../../core/bytes.ts";
import { decode, encode, struct, text, tryDecoding, u32 } from "../../core/encoding/mod.ts";
import { StoreError } from "./error.ts";
import { newerSchema } from "./open.ts";
import type { ReadTx, StoreTx, StoreView } from "./store.ts";

/** First byte of the keys of versions: neither the core nor a module uses it. */
export const SCHEMA_PREFIX = Uint8Array.of(0xfe);
const AFTER_SCHEMA = Uint8Array.of(0xff);

/**
 * Makes the next version of a part. Changes only what `tx` reaches, and depends on nothing else: it may run again,
 * after a crash or a conflict, from the same beginning. A range of `tx` sees what was just written: gather first what
 * is to move. What it throws leaves the whole database as it was.
 */
export type Migration = (tx: StoreTx) => Promise<void> | void;

/**
 * What a program knows of a part: the version that it reads and writes (a u32), and from each older one the way to the
 * next.
 */
export type Schema = {
  readonly version: number;
  readonly migrations: { readonly [fromVersion: number]: Migration };
};

/** Of a part that has never been changed since its first release. */
export const FIRST_SCHEMA: Schema = { version: 0, migrations: {} };

/** The way to a version that differs from the one before in nothing but its number. */
export const nothingToMigrate: Migration = () => {};

/** A module's part of a database. */
export type ModulePart = {
  /** Its keys begin with it. */
  readonly prefix: Uint8Array;
  readonly kind: string;
  readonly schema: Schema;
};

/** What a program knows of the modules in a database. */
export type ModuleSchemas = {
  /** Of a kind; undefined when the program doesn't have it: then it leaves such a part alone. */
  readonly ofKind: (kind: string) => Schema | undefined;
  /** The parts that it is about to use. Asked once the core is of its version. */
  readonly parts: (tx: ReadTx) => Promise<readonly ModulePart[]> | readonly ModulePart[];
};

const NO_MODULES: ModuleSchemas = { ofKind: () => undefined, parts: () => [] };

const schemaRecord = struct("SchemaRecord", { version: u32, kind: text });
type SchemaRecord = { readonly version: number; readonly kind: string };

/**
 * Once, when the program starts.
 * @throws {InvariantError} for a version that is no u32, or a migration that leads beyond it
 */
export function assertSchema({ version, migrations }: Schema): void {
  assert(Number.isSafeInteger(version) && version >= 0 && version < 2 ** 32, "a schema version is a u32");
  assert(Object.keys(migrations).every((from) => Number(from) < version), "no migration leads beyond the version");
}

/**
 * Brings a database to what this program knows. Called before anything else reads it; durable when it resolves.
 * @throws {StoreError} `newer_schema` · `corrupt` (a damaged version; no way from an old version; a migration that
 * fails on what it finds) · `too_large`; whatever is thrown, nothing was changed
 */
export async function checkSchema(store: StoreView, core: Schema, modules: ModuleSchemas = NO_MODULES): Promise<void> {
  assertSchema(core);
  const { durable } = await store.transact(async (tx) => {
    const records = await readRecords(tx);
    refuseNewer(records, core, modules);
    const isNew = await isEmpty(tx, { end: SCHEMA_PREFIX }) && await isEmpty(tx, { start: AFTER_SCHEMA });
    await bring(tx, { prefix: new Uint8Array(0), kind: "", schema: core }, records, isNew);
    for (const part of await modules.parts(tx)) {
      await bring(tx, part, records, await isEmpty(tx.view(part.prefix), {}));
    }
  });
  await durable;
}

function nameOf(kind: string): string {
  return kind === "" ? "The database" : `The module ${kind}'s part of the database`;
}

/** By the prefix of their parts, in hex. */
async function readRecords(tx: ReadTx): Promise<Map<string, SchemaRecord>> {
  const records = new Map<string, SchemaRecord>();
  for await (const { key, value } of tx.range({ prefix: SCHEMA_PREFIX })) {
    const isCore = key.length === SCHEMA_PREFIX.length;
    const record = tryDecoding(() => decode(schemaRecord, value));
    if (!record.ok || isCore !== (record.value.kind === "")) {
      throw new StoreError(
        { code: "corrupt" },
        "A version in the database is damaged, so nobody can say what it holds. Restore a backup.",
      );
    }
    records.set(toHex(key.subarray(SCHEMA_PREFIX.length)), record.value);
  }
  return records;
}

function refuseNewer(records: ReadonlyMap<string, SchemaRecord>, core: Schema, modules: ModuleSchemas): void {
  for (const { version, kind } of records.values()) {
    const known = kind === "" ? core : modules.ofKind(kind);
    if (known && version > known.version) throw newerSchema(nameOf(kind), version, known.version);
  }
}

/** @param isNew whether there is nothing in the part */
async function bring(
  tx: StoreTx,
  { prefix, kind, schema }: ModulePart,
  records: ReadonlyMap<string, SchemaRecord>,
  isNew: boolean,
): Promise<void> {
  assertSchema(schema);
  const record = records.get(toHex(prefix));
  if (record && record.kind !== kind) {
    throw new StoreError(
      { code: "corrupt" },
      `The config has a module of kind ${kind} where the database has one of kind ${record.kind}: they don't belong together.`,
    );
  }
  const { version, migrations } = schema;
  const found = record?.version ?? (isNew ? version : 0);
  // two definitions of a kind may know different versions
  if (found > version) throw newerSchema(nameOf(kind), found, version);
  for (let from = found; from < version; from++) await migrate(tx.view(prefix), migrations[from], kind, from);
  if (record?.version !== version) tx.set(concat(SCHEMA_PREFIX, prefix), encode(schemaRecord, { version, kind }));
}

async function migrate(tx: StoreTx, migration: Migration | undefined, kind: string, from: number): Promise<void> {
  if (migration === undefined) {
    throw new StoreError(
      { code: "corrupt" },
      `${nameOf(kind)} is of version ${from}, from which this program knows no way. Use a program between them first.`,
    );
  }
  try {
    await migration(tx);
  } catch (thrown) {
    if (thrown instanceof StoreError) throw thrown;
    throw new StoreError(
      { code: "corrupt" },
      `${nameOf(kind)} could not be brought from version ${from} to the next. Nothing was changed.`,
      { cause: thrown },
    );
  }
}

async function isEmpty(
  tx: ReadTx,
  range: { readonly start?: Uint8Array; readonly end?: Uint8Array },
): Promise<boolean> {
  for await (const _ of tx.range({ ...range, limit: 1 })) return false;
  return true;
}
