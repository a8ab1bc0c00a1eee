/** A session with many transactions: what one takes from its submission to the session's end, and to be told. */
import { endSession } from "../../../server/consensus/testing/engine.ts";
import { finish, pay, Payments, withDatabase, withFolder } from "./consensus.ts";
import type { ScaleCase } from "./point.ts";

export const session: ScaleCase = {
  title: "a session's transactions of one note for one, from their submission to the session's end",
  sizeOf: "transactions",
  item: "transaction",
  sizes: [10, 1_000, 10_000],
  measure: (size) =>
    withFolder((folder) =>
      withDatabase(folder, async (store) => {
        const payments = await Payments.deal();
        let transactions = await payments.make(size);
        const taken = await payments.measure(store, size, async (test) => {
          await pay(test, transactions, { position: 0 });
          transactions = [];
          await finish(test, endSession(test, 0, size));
        });
        return { size, items: size, ...taken };
      })
    ),
};
