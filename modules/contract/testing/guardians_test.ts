import { assertEquals, assertRejects } from "@std/assert";
import { err, ok, slot, u64 } from "../mod.ts";
import type { ServerModuleEnv, StoreTx } from "../mod.ts";
import { metaServer } from "../../meta/server.ts";
import { EndpointError } from "../error.ts";
import { GUARDIAN_PASSWORD, TestGuardians } from "./mod.ts";

const count = slot(0x01, u64);

type Change = (tx: StoreTx, env: ServerModuleEnv<null, null>) => Promise<void> | void;

/** The meta module, with items that do this to the store. */
function guardiansThat(change: Change, result = ok(null)) {
  return TestGuardians.start({
    ...metaServer,
    start: async (env) => ({
      ...await metaServer.start(env),
      processConsensusItem: async (tx) => {
        await change(tx, env);
        return result;
      },
    }),
  }, { total: 4 });
}

const item = { key: 0, salt: 1n, value: new Uint8Array(1) };

Deno.test("an item that counts twice when it comes twice is found", async () => {
  const adding = await guardiansThat(async (tx) => count.set(tx, (await count.get(tx) ?? 0n) + 1n));
  await assertRejects(() => adding.item(item, 0), Error, "a copy of an accepted item changes nothing");
  const setting = await guardiansThat((tx) => count.set(tx, 1n));
  assertEquals(await setting.item(item, 0), ok(null));
  assertEquals(await setting.stored(), ["01: 01"]);
});

Deno.test("guardians that store differently are found, and a refusal leaves nothing behind", async () => {
  const different = await guardiansThat((tx, { identity }) => count.set(tx, BigInt(identity)));
  await different.item(item, 0);
  await assertRejects(() => different.stored(), Error, "all guardians store the same");
  const refusing = await guardiansThat((tx) => count.set(tx, 1n), err("no") as never);
  assertEquals(await refusing.item(item, 0), err("no"));
  assertEquals(await refusing.stored(), []);
});

Deno.test("guardians that decide differently are found", async () => {
  const guardians = await TestGuardians.start({
    ...metaServer,
    start: async (env) => ({
      ...await metaServer.start(env),
      processConsensusItem: () => Promise.resolve(env.identity === 2 ? err("no") : ok(null)),
    }),
  });
  await assertRejects(() => guardians.item(item, 0), Error, "all guardians decide alike");
});

Deno.test("endpoints are asked as over the API: unknown methods, wrong params and passwords are refused", async () => {
  const guardians = await TestGuardians.start(metaServer);
  await assertRejects(() => guardians.ask("nothing"), EndpointError, "no method nothing");
  await assertRejects(() => guardians.ask("get_consensus", "x"), EndpointError);
  await assertRejects(() => guardians.ask("get_submission", 0), EndpointError, "Invalid authorization");
  assertEquals(await guardians.ask("get_submission", 0, 1, GUARDIAN_PASSWORD), {});
});
