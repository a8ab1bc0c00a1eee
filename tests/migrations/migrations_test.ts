/**
 * What each version of this program left on disk is opened and gone on with by this one: `snapshots/`, made by
 * `make.ts`. Whoever raises the version of a database or of a module's part makes another snapshot, and leaves the old
 * ones.
 */
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
import { readSnapshot, type Snapshot, snapshotNames } from "./snapshot.ts";
import { isAllowed, testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read");

/** No snapshot's own. */
const SEED = 77_000;
/** None where they may not be read: then the tests are left out. */
const NAMES = isAllowed("read") ? await snapshotNames() : [];

/** How each machine's program opens its database. */
type Opener = {
  readonly machine: string;
  readonly disk: MemoryBackend;
  readonly check: (store: Store) => Promise<void>;
};

async function openersOf({ federation, wallets }: Snapshot): Promise<Opener[]> {
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
async function beforeAndAfter({ disk, check }: Opener): Promise<{ before: string[]; after: string[] }> {
  const store = await openMemoryStore({ clock: new ManualClock(), backend: disk.copy() });
  const before = await dump(store);
  await check(store);
  const after = await dump(store);
  await store.close();
  return { before, after };
}

const isVersion = (line: string): boolean => line.startsWith(toHex(SCHEMA_PREFIX));

onMachine("the newest snapshot is of the versions that this program writes", async () => {
  const newest = NAMES.at(-1)!;
  for (const opener of await openersOf(await readSnapshot(newest))) {
    const { before, after } = await beforeAndAfter(opener);
    assertEquals(
      after,
      before,
      `${opener.machine} of ${newest} is changed: deno run -A tests/migrations/make.ts makes another`,
    );
    assert(before.some(isVersion));
  }
});

onMachine("older ones are brought to the same versions", async () => {
  const versions = new Map<string, string[]>();
  for (const name of NAMES.toReversed()) {
    for (const opener of await openersOf(await readSnapshot(name))) {
      const found = (await beforeAndAfter(opener)).after.filter(isVersion);
      const newest = versions.get(opener.machine) ?? found;
      versions.set(opener.machine, newest);
      assertEquals(found, newest, `${opener.machine} of ${name}`);
    }
  }
});

onMachine("a database of before there were versions loses nothing", async () => {
  for (const opener of await openersOf(await readSnapshot("0_unversioned"))) {
    const { before, after } = await beforeAndAfter(opener);
    const kept = after.filter((line) => !isVersion(line));
    // the chain's record of its version has moved
    const moved = before.filter((line) => !kept.includes(line));
    assertEquals(moved, opener.machine === "bitcoin" ? ["ff736368656d61: 00000001"] : []);
  }
});

onMachine(
  "a crash at any commit while a database is opened leaves it old or new, and the next opening finishes",
  async () => {
    for (const name of NAMES) {
      for (const opener of await openersOf(await readSnapshot(name))) {
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
  },
);

for (const [i, name] of NAMES.entries()) {
  onMachine(`what was under way in ${name} comes to its end, money goes on, and all books balance`, async () => {
    const snapshot = await readSnapshot(name);
    assertEquals(await goOn(snapshot, SEED + i), snapshot.story.end);
  });
}
