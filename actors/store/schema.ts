/**
 * Versions of what a component keeps under its prefix. Each migration goes from one version to the next in a transaction of its
 * own, together with the new version: a crash between two of them goes on where it stopped.
 */
import { assert } from "../../core/assert.ts";
import { concat, utf8 } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";
import { newerSchema } from "./open.ts";
import type { ReadTx, StoreTx, StoreView } from "./store.ts";

/** Where a component's version is, in its own view: components must not use this key, and see it when they read all of theirs. */
export const SCHEMA_KEY = concat(new Uint8Array([0xff]), utf8("schema"));

/** From version → what makes the next version of it. Runs more than once if it has to; changes only what `tx` reaches. */
export type Migrations = { readonly [fromVersion: number]: (tx: StoreTx) => Promise<void> | void };

/**
 * Brings the view to `version`. An empty view is of any version; one with data and no version counts as 0. Durable when it resolves.
 * @throws {StoreError} `newer_schema` · `corrupt` when no migration leads to `version`
 */
export async function checkSchema(
  view: StoreView,
  { version, migrations = {} }: { readonly version: number; readonly migrations?: Migrations },
): Promise<void> {
  assert(Number.isSafeInteger(version) && version >= 0 && version < 2 ** 32, "a schema version is a u32");
  while (true) {
    const { value: reached, durable } = await view.transact(async (tx) => {
      const found = await readVersion(tx) ?? (await isEmpty(tx) ? version : 0);
      if (found > version) throw newerSchema("This part of the database", found, version);
      let next = found;
      if (found < version) {
        const migrate = migrations[found];
        if (migrate === undefined) {
          throw new StoreError(
            { code: "corrupt" },
            `There is no way from version ${found} of this part of the database to ${version}. Use a program between them first.`,
          );
        }
        await migrate(tx);
        next = found + 1;
      }
      writeVersion(tx, next);
      return next;
    });
    await durable;
    if (reached === version) return;
  }
}

async function readVersion(tx: ReadTx): Promise<number | undefined> {
  const record = await tx.get(SCHEMA_KEY);
  if (record === undefined) return undefined;
  if (record.length !== 4) throw new StoreError({ code: "corrupt" }, "A schema version is damaged. Restore a backup.");
  return new DataView(record.buffer).getUint32(0);
}

function writeVersion(tx: StoreTx, version: number): void {
  const record = new Uint8Array(4);
  new DataView(record.buffer).setUint32(0, version);
  tx.set(SCHEMA_KEY, record);
}

async function isEmpty(tx: ReadTx): Promise<boolean> {
  for await (const _ of tx.range({ limit: 1 })) return false;
  return true;
}
