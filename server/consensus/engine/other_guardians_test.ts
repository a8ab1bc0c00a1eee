import { assertEquals } from "@std/assert";
import { child, refTo } from "../../../actors/mod.ts";
import type { RpcRef } from "../../../actors/rpc/mod.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { AnyServerModuleDefinition, OtherGuardians } from "../../../modules/contract/server.ts";
import { testEnv, testStore } from "../../../modules/contract/testing/mod.ts";
import { scriptedGuardian } from "../../gossip/testing/scripted_guardian.ts";
import { LiveModules } from "./live_modules.ts";
import { moduleActor } from "./module_actor.ts";

Deno.test("a module asks the other guardians' modules of its own instance, and no answer is none", async () => {
  let others: OtherGuardians | null = null;
  const definition = {
    kind: "test",
    codecs: {},
    start: ({ guardians }: { guardians: OtherGuardians }) => {
      others = guardians;
      return Promise.resolve({ apiEndpoints: {} });
    },
  };
  const { guardians: _, platform: __, log: ___, signal: ____, ...env } = testEnv({
    store: await testStore(),
    config: null,
    privateConfig: null,
  });
  const guardian: RpcRef = refTo("root/guardian:1"), refusing: RpcRef = refTo("root/guardian:2");
  const args = {
    definition: definition as unknown as AnyServerModuleDefinition,
    live: new LiveModules(),
    guardians: new Map([[1, guardian], [2, refusing], [3, refTo("root/nobody") as RpcRef]]),
    env: { ...env, instance: 7 },
  };
  const answering = scriptedGuardian(1, (method: string, params: Json) => ok([method, params]));
  const denying = scriptedGuardian(2, () => err({ kind: "server", code: 400, message: "no such thing" }));
  await withSystem([answering, denying, child(moduleActor, { id: "7:test", args })], async ({ clock }) => {
    const ask = async (peer: number): Promise<unknown> => {
      const asked = others!.ask(peer, "version", { of: 1 }, 1_000);
      await clock.advance(3_000);
      return await asked;
    };
    assertEquals(await ask(1), ok(["module_7_version", { of: 1 }]));
    assertEquals(await ask(2), err("no such thing"));
    // itself, or one that isn't there
    assertEquals(await ask(0), err("there is no other guardian 0"));
    const nobody = await ask(3) as { ok: boolean };
    assertEquals(nobody.ok, false);
  });
});
