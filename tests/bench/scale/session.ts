/** A session with many transactions: what one takes from its submission to the session's end, and to be told. */
import { endSession } from "../../../server/consensus/testing/engine.ts";
import { finish, pay, Payments, withDatabase, withFolder } from "./consensus.ts";
import type { ScaleCase } from "./point.ts";
import { countReads, spent } from "./point.ts";

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
        let point = { cpuMs: 0, bytes: 0, reads: 0 };
        await payments.withGuardian(store, size, async (test) => {
          const counts = countReads();
          const { cpuMs, bytes } = await spent(async () => {
            await pay(test, transactions, { position: 0 });
            transactions = [];
            await finish(test, endSession(test, 0, size));
          });
          point = { cpuMs, bytes, reads: counts.reads };
        });
        const { cpuMs, bytes, reads } = point;
        return { size, items: size, cpuMs, bytes, counts: { "database reads": reads } };
      })
    ),
};
