/** Databases that some version of this program left on disk, as this one opens and goes on with them. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { checkWallet } from "../../client/core/schema.ts";
import { builtInModules as clientModules } from "../../client/modules.ts";
import { checkSchema, type MemoryBackend, openMemoryStore, SCHEMA_PREFIX, type Store } from "../../actors/store/mod.ts";
import { ManualClock } from "../../actors/store/testing/mod.ts";
import { toHex } from "../../core/bytes.ts";
import { dump } from "../../modules/contract/testing/mod.ts";
import { parseConfig } from "../../server/config/config_files.ts";
import { configuredModules } from "../../server/config/guardian_config.ts";
import { checkDatabase } from "../../server/database.ts";
import { CHAIN_SCHEMA } from "../../server/dev/chain/db.ts";
import { builtInModules as serverModules } from "../../server/modules.ts";
import { DATA_DIR } from "../simulation/guardians.ts";
import { goOn } from "./story.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";

/** How each machine's program opens its database. */
export type Opener = {
  readonly machine: string;
  readonly disk: MemoryBackend;
  readonly check: (store: Store) => Promise<void>;
};

const opened = new Map<string, Promise<readonly Opener[]>>();

/** Of a snapshot by its name. Its guardians' configs are decoded once: they take most of it. */
export function openersOf(name: string): Promise<readonly Opener[]> {
  const openers = opened.get(name) ?? readSnapshot(name).then(openersIn);
  opened.set(name, openers);
  return openers;
}

async function openersIn({ federation, wallets }: Snapshot): Promise<Opener[]> {
  const openers: Opener[] = [
    { machine: "bitcoin", disk: federation.bitcoin, check: (store) => checkSchema(store, CHAIN_SCHEMA) },
  ];
  for (const [peer, { disk, files }] of federation.guardians.entries()) {
    const pathOf = (name: string): string => join(DATA_DIR, name);
    const config = await parseConfig((name) => Promise.resolve(files.get(pathOf(name))!.bytes), pathOf);
    const modules = configuredModules(config, serverModules);
    openers.push({ machine: `g${peer}`, disk, check: (store) => checkDatabase(store, serverModules, modules) });
  }
  for (const [machine, disk] of Object.entries(wallets)) {
    openers.push({ machine, disk, check: (store) => checkWallet(store, clientModules) });
  }
  return openers;
}

/** What a database holds, and what of it after this program has opened it. */
export async function beforeAndAfter({ disk, check }: Opener): Promise<{ before: string[]; after: string[] }> {
  const store = await openMemoryStore({ clock: new ManualClock(), backend: disk.copy() });
  const before = await dump(store);
  await check(store);
  const after = await dump(store);
  await store.close();
  return { before, after };
}

export const isVersion = (line: string): boolean => line.startsWith(toHex(SCHEMA_PREFIX));

/** A crash at any commit while a database is opened leaves it old or new, and the next opening finishes. */
export async function crashAtAnyCommit(name: string): Promise<void> {
  for (const opener of await openersOf(name)) {
    const { before, after } = await beforeAndAfter(opener);
    for (const inFlight of ["lost", "kept"] as const) {
      for (let stop = 1, over = false; !over; stop++) {
        const clock = new ManualClock();
        let writes = 0;
        const disk = opener.disk.copy({ clock, writeDelayMs: () => ++writes === stop ? 1 : 0 });
        const opening = openMemoryStore({ clock, backend: disk }).then(opener.check);
        opening.catch(() => undefined);
        await clock.advance(0);
        over = writes < stop;
        const left = disk.crash({ inFlight });
        const { before: found, after: finished } = await beforeAndAfter({ ...opener, disk: left });
        const what = `${opener.machine} of ${name}, crash at commit ${stop}, ${inFlight}`;
        const isNew = JSON.stringify(found) === JSON.stringify(after);
        if (!isNew) assertEquals(found, before, what);
        assert(isNew || !over, what);
        assertEquals(finished, after, what);
      }
    }
  }
}

/** What was under way comes to its end, money goes on, and all books balance. */
export async function comesToItsEnd(name: string, seed: number): Promise<void> {
  const snapshot = await readSnapshot(name);
  assertEquals(await goOn(snapshot, seed), snapshot.story.end);
}
