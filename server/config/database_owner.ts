/**
 * Whose database this is. A guardian that ran on another's database would answer with that one's sessions, and sign
 * what it never agreed to; a new federation that was set up over an old database would begin in the midst of it. So the
 * database is marked by its first start.
 */
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import { decode, encode, struct } from "../../core/encoding/mod.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import { federationId, peerId } from "../../core/types/ids.ts";
import { finishedSessions } from "../consensus/store/db.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";

/** Beside those of `../consensus/store/db.ts` and `../api/db.ts`; no record of the reference begins so. */
const KEY = Uint8Array.of(0xa0);

const owner = struct("DatabaseOwner", { federationId, identity: peerId });

async function ownerOf(tx: ReadTx) {
  const value = await tx.get(KEY);
  return value && decode(owner, value);
}

function foreign(found: string, wanted: string): SetupError {
  return new SetupError(
    { code: "foreign_database" },
    `The database in the data directory is ${found}, ${wanted}. Nothing was changed. Put the right files together, or move the ` +
      "folder `database` away: what is in it comes back from the other guardians",
  );
}

/** @throws {SetupError} `foreign_database` */
export async function claimDatabase(store: StoreView, config: GuardianConfig): Promise<void> {
  const own = { federationId: federationIdOf(config.consensus.apiEndpoints), identity: config.local.identity };
  const { value: found, durable } = await store.transact(async (tx) => {
    const before = await ownerOf(tx);
    if (!before) tx.set(KEY, encode(owner, own));
    return before ?? own;
  });
  if (found.federationId !== own.federationId || found.identity !== own.identity) {
    throw foreign(
      `that of guardian ${found.identity} of federation ${found.federationId}`,
      `the config is that of guardian ${own.identity} of federation ${own.federationId}`,
    );
  }
  await durable;
}

/** Before a new guardian is set up. @throws {SetupError} `foreign_database` */
export async function requireNewDatabase(store: StoreView): Promise<void> {
  const [found, sessions] = await store.read(async (tx) => [await ownerOf(tx), await finishedSessions(tx)] as const);
  if (!found && sessions === 0) return;
  throw foreign(
    found ? `that of guardian ${found.identity} of federation ${found.federationId}` : "that of a guardian",
    "whose config files are missing: restore them from a backup of this guardian (guardian restore ARCHIVE)",
  );
}
