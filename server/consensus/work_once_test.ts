/** What a transaction costs a guardian from its submission to its acceptance: each thing once. */
import { assertEquals } from "@std/assert";
import { ok } from "../../core/result.ts";
import { transactionIdOf } from "../../core/types/transaction.ts";
import { RECHECK_INTERVAL_MS } from "./limits.ts";
import { processOne } from "./testing/engine.ts";
import { MintLoad, workOf } from "./testing/mint_load.ts";
import { refs } from "./testing/processing.ts";

const load = await MintLoad.deal();

Deno.test("ten notes for ten are verified and signed once each, however often the transaction is checked before it is ordered", async () => {
  await load.withConsensus(async (test) => {
    const { system, clock } = test;
    const [other, value] = [load.exchange(await load.notes(1)), load.exchange(await load.notes(10))];
    const submit = () =>
      system.ask(refs.submissions, "submit", { transaction: value, waitMs: 600_000 }, { deadlineMs: Infinity });
    const work = await workOf(async () => {
      const answer = submit();
      await clock.advance(0);
      assertEquals(await system.ask(refs.mempool, "take", null), { tag: "Transaction", value });
      // something else is accepted: what waits is checked again
      const first = processOne(test, { session: 0, position: 0, item: { tag: "Transaction", value: other }, peer: 1 });
      await clock.advance(RECHECK_INTERVAL_MS);
      assertEquals(await first, ok(null));
      const again = submit();
      await clock.advance(RECHECK_INTERVAL_MS);
      const second = processOne(test, { session: 0, position: 1, item: { tag: "Transaction", value }, peer: 1 });
      await clock.advance(0);
      const accepted = ok(transactionIdOf(value));
      assertEquals([await second, await answer, await again], [ok(null), accepted, accepted]);
    });
    assertEquals([work.multiplied, work.verified], [1 + 10, 1 + 10]);
  });
});
