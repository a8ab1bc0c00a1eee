/** A mint that has been at work for long: what a transaction takes beside many notes that are spent. */
import { appendRecoveryItem, markSpent } from "../../../modules/mintv2/server/db.ts";
import { seededDice } from "../../../modules/contract/testing/mod.ts";
import { modulePrefix } from "../../../server/consensus/store/db.ts";
import { INSTANCE } from "../../../server/consensus/testing/processing.ts";
import { pay, Payments, withDatabase, withFolder, writeMany } from "./consensus.ts";
import type { ScaleCase } from "./point.ts";

const TRANSACTIONS = 300;

export const notes: ScaleCase = {
  title: "a transaction of one note for one, beside notes that are spent",
  sizeOf: "spent notes",
  item: "transaction",
  sizes: [1_000, 100_000, 1_000_000],
  measure: (size) =>
    withFolder(async (folder) => {
      const dice = seededDice(1);
      await withDatabase(folder, (store) =>
        writeMany(store.view(modulePrefix(INSTANCE)), size, async (tx, _index) => {
          markSpent(tx, dice.bytes(33));
          await appendRecoveryItem(tx, { tag: "Input", value: { nonceHash: dice.bytes(20) } });
        }));
      const payments = await Payments.deal();
      const transactions = await payments.make(TRANSACTIONS);
      return await withDatabase(folder, async (store) => {
        const taken = await payments.measure(store, TRANSACTIONS, (test) => pay(test, transactions, { position: 0 }));
        return { size, items: TRANSACTIONS, ...taken };
      });
    }),
};
