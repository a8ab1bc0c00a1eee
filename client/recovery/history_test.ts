/** What a recovery found of the past, in the operation log. */
import { assert, assertEquals } from "@std/assert";
import type { OperationId } from "../../core/types/ids.ts";
import type { Operation } from "../mod.ts";
import { FederationClient } from "../mod.ts";
import { endOf, Restoring } from "../testing/restoring.ts";
import { toyModule } from "../testing/toy.ts";

Deno.test("what a recovery found stands in the log's order behind all that was done since, of the time of the restore", async () => {
  const at = await Restoring.started();
  at.log.silentFrom = 3;
  const client = await at.open();
  await at.restore(client);
  await at.world.world.run({ forMs: 60_000 });
  const wallet = new FederationClient(client), since = "0a".repeat(32) as OperationId;
  await at.finish(client.use(toyModule).fund(1_000n));
  await at.finish(client.use(toyModule).pay(since, 100n));
  at.log.silentFrom = Infinity;
  await at.finish(client.reconnect());
  await at.finish(endOf(client));

  const all = await at.finish(wallet.operations());
  const past = all.filter(({ isRecovered }) => isRecovered), present = all.filter(({ isRecovered }) => !isRecovered);
  assertEquals(all, [...present, ...past]);
  assert(present.some(({ operationId }) => operationId === since));
  assertEquals(past.map(({ meta }) => meta), [10, 10, 10, 10, 10, 30, 100].map((Recovered) => ({ Recovered })));
  assertEquals(new Set(past.map(({ createdUs }) => createdUs)).size, 1);
  for (const { createdUs } of present) assert(createdUs > past[0]!.createdUs + 50_000_000);

  const pages: Operation[] = [];
  for (let page: Operation[]; (page = await next(pages.at(-1))).length > 0;) pages.push(...page);
  assertEquals(pages, all);
  const state = await at.finish(wallet.operation(past[0]!.operationId).state());
  assertEquals(state, past[0]);
  await at.finish(wallet.close());

  function next(before: Operation | undefined): Promise<Operation[]> {
    return at.finish(wallet.operations({ limit: 2, ...(before && { before }) }));
  }
});
