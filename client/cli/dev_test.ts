/** `dev …` where it looks inside, with guardians that say what a test wants. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { Client } from "../core/client.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import { openClient } from "../open.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { databasePath } from "../core/database_path.ts";

const DIR = ["--data-dir", WALLET_DIR];

Deno.test("the steps of an operation are listed in their order, by name: what is in them may be money", async () => {
  const world = new ClientWorld(1), federation = toyFederation({ modules: new Map([[0, "toy"]]) });
  await world.finish(startGuardians(world, federation, new ToyBooks().script(federation.honest)));
  const options = { modules: [toyModule] }, operationId = "5e".repeat(32) as OperationId;
  const list = (id: string) => runInWorld(world, [...DIR, "dev", "list-operation-states", id], options);
  await runInWorld(world, [...DIR, "join", formatInviteCode(federation.invite)], options);
  await world.finish(counted(world, operationId));
  const { exit, out } = await list(operationId);
  assertEquals(exit, 0, out);
  const { states } = parseJson(out) as { states: JsonObject[] };
  assertEquals(states.map(({ state }) => state), [...Array(5).fill("Counting"), "Counted"]);
  for (const { active, module_instance, creation_time, end_time } of states) {
    assertEquals([active, module_instance], [false, 0]);
    for (const time of [creation_time, end_time]) {
      assertMatch(time as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}$/);
    }
  }
  assertEquals(parseJson((await list("00".repeat(32))).out), { states: [] });
  assertEquals((await list("5e")).exit, 2);
});

/** An operation that takes five steps, done. */
async function counted(world: ClientWorld, operationId: OperationId): Promise<void> {
  const store = await world.openStore(databasePath(WALLET_DIR));
  const wallet = await openClient({ platform: world.platform, store, modules: [toyModule] });
  const client: Client = wallet.client;
  await client.use(toyModule).count(operationId);
  await client.awaitIdle();
  await wallet.close();
}

Deno.test("a number of blocks is waited for, also while guardians are away", async () => {
  let asked = 0;
  const counts = [100, 100, 105];
  const world = await recordedFederation((asking, recorded): Json => {
    if (!asking.method.endsWith("_consensus_block_count")) return recorded(asking);
    // a threshold of four is three: they agree a question at a time
    return counts[Math.min(Math.floor(asked++ / 4), counts.length - 1)]!;
  });
  const options = { modules: quietModules };
  await runInWorld(world, [...DIR, "join", recordedInvite()], options);
  const { exit, out } = await runInWorld(world, [...DIR, "dev", "wait-block-count", "103"], options);
  assertEquals([exit, parseJson(out)], [0, { reached: 105 }]);
  const without = quietModules.filter(({ kind }) => kind !== "walletv2");
  const none = await runInWorld(world, [...DIR, "dev", "wait-block-count", "1"], { modules: without });
  assertEquals(none.exit, 1);
  assertStringIncludes(none.out, "No walletv2 module found");
});
