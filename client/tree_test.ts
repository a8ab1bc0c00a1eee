/** The client's real supervisors with an actor in them that crashes again and again. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type TestSystem, testSystem } from "../actors/testing/platform.ts";
import {
  actorsIn,
  type Crasher,
  type CrashingMessage,
  endOf,
  MINUTE_MS,
  SPEEDS,
  withCrasher,
} from "../actors/testing/crashing.ts";
import { refTo } from "../actors/protocol.ts";
import { rpcConnection } from "../actors/rpc/mod.ts";
import type { SupervisorSpec } from "../actors/supervisor.ts";
import { child } from "../actors/supervisor.ts";
import { errorText } from "../core/result.ts";
import type { ClientModuleArgs } from "./core/module_actor.ts";
import type { RecoveryArgs } from "./recovery/recovery.ts";
import { clientTree, federationTree, GUARDIANS, ROOT } from "./tree.ts";

/** Thirty restarts, each of whom starts up to eight actors again and says so in a line each. */
const LOG_LINES_MAX = 270;

const KINDS = ["meta", "mintv2", "walletv2"];
const CONNECTIONS = [0, 1, 2, 3].map((peer) => child(rpcConnection, { id: `guardian:${peer}`, args: { url: "" } }));

function federation(): SupervisorSpec {
  const modules = KINDS.map((kind, instance) => ({ definition: { kind }, env: { instance } }) as ClientModuleArgs);
  const recoveries = [{ kind: "mintv2", facts: { instance: 1 } } as RecoveryArgs];
  return federationTree({ store: null, modules, machines: null, refresh: null, recoveries, backup: null } as never);
}

async function startClient(crasher: Crasher): Promise<TestSystem> {
  const test = testSystem();
  const nothing = (): void => {};
  await test.system.start(withCrasher(clientTree(), ROOT, crasher, nothing));
  for (const connection of CONNECTIONS) {
    const path = `${GUARDIANS}/${connection.id}`;
    await test.system.startChild(GUARDIANS, withCrasher(connection, path, crasher, nothing));
  }
  await test.system.startChild(ROOT, withCrasher(federation(), `${ROOT}/federation`, crasher, nothing));
  test.system.tell(refTo<CrashingMessage>(crasher.path), "crash", null);
  return test;
}

const ACTORS = [
  ...CONNECTIONS.map(({ id }) => `${GUARDIANS}/${id}`),
  ...actorsIn(federation(), `${ROOT}/federation`),
];

Deno.test("wherever in the client's tree an actor always crashes, soon or slowly, the client ends and says why", async () => {
  assert(ACTORS.length >= 10, `${ACTORS.length} actors`);
  for (const path of ACTORS) {
    for (const [at, withinMs] of SPEEDS) {
      const where = `${path}, ${at}`;
      const test = await startClient({ path, at, lives: 0 });
      assert(await endOf(test, withinMs) !== null, `${where}: it ends`);
      assertEquals(await test.system.ended, 1);
      assertStringIncludes(errorText(test.system.failure), "it crashes");
      assert(test.lines().length <= LOG_LINES_MAX, `${where}: ${test.lines().length} lines`);
    }
  }
});

Deno.test("a connection to a guardian that crashed some times is there again, and so are the others", async () => {
  const crasher: Crasher = { path: `${GUARDIANS}/guardian:1`, at: "first message", healthyFrom: 25, lives: 0 };
  const { system, clock } = await startClient(crasher);
  await clock.advance(MINUTE_MS);
  const guardians = system.inspect().children.find(({ path }) => path === GUARDIANS)!;
  assertEquals(guardians.children.map(({ status }) => status), Array(4).fill("running"));
  assertEquals([crasher.lives, system.failure], [26, null]);
  await system.stop();
});
