/** A guardian that starts with a large database: sessions of years. */
import { seededDice } from "../../../modules/contract/testing/mod.ts";
import { finishedSessions, setAcceptedItem, setSessionEnd } from "../../../server/consensus/store/db.ts";
import { writeMany } from "./consensus.ts";
import { OneGuardian } from "./one_guardian.ts";
import type { ScaleCase } from "./point.ts";

const MEGABYTE = 1_000_000;
/** A transaction of ten notes for ten. */
const ITEM_BYTES = 4_000;
const SESSION_ITEMS = 250;
/** Within which what a start begins is done. */
const SETTLE_MS = 10_000;

export const start: ScaleCase = {
  title: "a guardian's start, and ten seconds more, with a database of finished sessions",
  sizeOf: "MB",
  item: "start",
  sizes: [1, 100, 1_000],
  measure: (size) =>
    OneGuardian.with(async (guardian) => {
      await guardian.whileStopped(async () => {
        const store = await guardian.database();
        const dice = seededDice(1);
        const sessions = size * MEGABYTE / ITEM_BYTES / SESSION_ITEMS;
        const first = await store.read(finishedSessions);
        await writeMany(store, sessions, (tx, index) => {
          const session = first + index;
          for (let i = 0; i < SESSION_ITEMS; i++) setAcceptedItem(tx, session, i, dice.bytes(ITEM_BYTES));
          const end = { items: SESSION_ITEMS, bytes: SESSION_ITEMS * ITEM_BYTES, root: dice.bytes(32) };
          setSessionEnd(tx, session, { ...end, signatures: new Map([[0, dice.bytes(64)]]) });
        }, 10);
        await store.close();
      });
      const { usage } = await guardian.rest(SETTLE_MS);
      // most of it the program's own code
      const counts = { "MB read": await guardian.readBytes() / MEGABYTE };
      return { size, items: 1, cpuMs: usage.cpuSeconds * 1_000, bytes: usage.ownBytes, counts };
    }),
};
