/**
 * What each version of this program left on disk is opened and gone on with by this one: `snapshots/`, made by
 * `make.ts`. Whoever raises the version of a database or of a module's part makes another snapshot, and leaves the old
 * ones. `tests/slow` goes on with all of them.
 */
import { assert, assertEquals } from "@std/assert";
import { isAllowed, testsNeeding } from "../../core/testing/permissions.ts";
import { beforeAndAfter, crashAtAnyCommit, isVersion, openersOf } from "./openers.ts";
import { snapshotNames } from "./snapshot.ts";

const onMachine = testsNeeding("read");

/** None where they may not be read: then the tests are left out. */
const NAMES = isAllowed("read") ? await snapshotNames() : [];

onMachine("the newest snapshot is of the versions that this program writes", async () => {
  const newest = NAMES.at(-1)!;
  for (const opener of await openersOf(newest)) {
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
    for (const opener of await openersOf(name)) {
      const found = (await beforeAndAfter(opener)).after.filter(isVersion);
      const newest = versions.get(opener.machine) ?? found;
      versions.set(opener.machine, newest);
      assertEquals(found, newest, `${opener.machine} of ${name}`);
    }
  }
});

onMachine("a database of before there were versions loses nothing", async () => {
  for (const opener of await openersOf("0_unversioned")) {
    const { before, after } = await beforeAndAfter(opener);
    const kept = after.filter((line) => !isVersion(line));
    // the chain's record of its version has moved
    const moved = before.filter((line) => !kept.includes(line));
    assertEquals(moved, opener.machine === "bitcoin" ? ["ff736368656d61: 00000001"] : []);
  }
});

for (const name of NAMES) {
  onMachine(
    `a crash at any commit while the database of ${name} is opened leaves it old or new, and the next opening finishes`,
    () => crashAtAnyCommit(name),
  );
}
