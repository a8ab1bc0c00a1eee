/**
 * The guardian's real supervisors with an actor in them that crashes again and again: the process heals, or ends in
 * order.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type TestSystem, testSystem } from "../actors/testing/platform.ts";
import {
  actorsIn,
  type AtStart,
  type Crasher,
  type CrashingMessage,
  DAY_MS,
  endOf,
  MINUTE_MS,
  SPEEDS,
  withCrasher,
} from "../actors/testing/crashing.ts";
import { LOG_LINES_BURST } from "../actors/limits.ts";
import { defineActor, next } from "../actors/actor.ts";
import type { Cast } from "../actors/protocol.ts";
import { refTo } from "../actors/protocol.ts";
import type { ActorChild, Restart, SupervisorSpec } from "../actors/supervisor.ts";
import { child } from "../actors/supervisor.ts";
import type { Inspection } from "../actors/system.ts";
import { errorText } from "../core/result.ts";
import { numPeers } from "../core/types/num_peers.ts";
import { apiTree } from "./api/tree.ts";
import type { SessionsArgs } from "./consensus/session/sessions.ts";
import { peersTree } from "./peers/tree.ts";
import type { ConsensusArgs, GossipTreeArgs } from "./tree.ts";
import { consensusTree, federationTree, gossipTree, paths, ROOT, rootTree } from "./tree.ts";

const OTHERS = [0, 2, 3];
/** Of a whole life that ends by crashes: each restart is told, a group's for each of its members. */
const LOG_LINES_MAX = 300;

/** As `Guardian` adds them to the root, one after the other. */
function treesOfGuardian(): { readonly root: SupervisorSpec; readonly added: readonly SupervisorSpec[] } {
  const store = { view: () => null };
  const configured = new Map([[0, "meta"], [1, "mintv2"], [2, "walletv2"]].map(([instance, kind]) => [
    instance,
    { definition: { kind, codecs: {} }, config: null, privateConfig: null },
  ]));
  const consensus = {
    store,
    settings: { identity: 1, peers: numPeers(4), broadcastKeys: new Map([0, 1, 2, 3].map((peer) => [peer, null])) },
    configured,
    modules: { live: null },
  } as unknown as ConsensusArgs;
  const others = new Map(OTHERS.map((peer) => [peer, { name: `guardian ${peer}` }]));
  const gossip = { store, config: { local: {} } } as unknown as GossipTreeArgs;
  return {
    root: rootTree({} as never, {} as never),
    added: [
      peersTree({ parent: ROOT, self: 1, identity: null, bind: null, others, memory: null } as never),
      federationTree(new Map(OTHERS.map((peer) => [peer, `ws://guardian${peer}/`])), null),
      gossipTree(gossip),
      consensusTree(consensus),
      apiTree(ROOT, {} as never),
    ],
  };
}

const SESSIONS = `${ROOT}/consensus/sessions`;
const SESSION = `${paths.current}/session:0`;
const CONNECTIONS = `${ROOT}/api/connections`;

/** What the real one starts. */
function sessionOf(sessions: ActorChild): SupervisorSpec {
  return (sessions.args as SessionsArgs).sessionTree(0);
}

function atStart(crasher: Crasher): AtStart {
  return (path, spec, ctx) => {
    if (path !== SESSIONS) return;
    ctx.run(async () => {
      await ctx.stopChild(SESSION);
      await ctx.startChild(paths.current, withCrasher(sessionOf(spec), SESSION, crasher, () => {}));
    }, (outcome) => {
      if (!outcome.ok) throw outcome.error;
      return { type: "rest", args: null };
    });
  };
}

async function startGuardian(crasher: Crasher): Promise<TestSystem> {
  const test = testSystem();
  const { root, added } = treesOfGuardian();
  const start = atStart(crasher);
  await test.system.start(withCrasher(root, ROOT, crasher, start));
  for (const spec of added) {
    await test.system.startChild(ROOT, withCrasher(spec, `${ROOT}/${spec.id}`, crasher, start));
  }
  await test.clock.advance(0);
  test.system.tell(refTo<CrashingMessage>(crasher.path), "crash", null);
  return test;
}

function allActors(): string[] {
  const { root, added } = treesOfGuardian();
  const consensus = added.find(({ id }) => id === "consensus")!;
  const sessions = consensus.children.find(({ id }) => id === "sessions") as ActorChild;
  return [
    ...actorsIn(root, ROOT),
    ...added.flatMap((spec) => actorsIn(spec, `${ROOT}/${spec.id}`)),
    ...actorsIn(sessionOf(sessions), SESSION),
  ];
}

function leaf(id: string, restart: Restart): ActorChild {
  const definition = defineActor<Cast<"rest", null>, null, null>({
    name: id.split(":")[0]!,
    init: () => null,
    handle: { rest: (state) => next(state) },
  });
  return child(definition, { id, args: null, restart });
}

function runningIn({ system }: TestSystem): string[] {
  const visit = (node: Inspection): string[] => [`${node.path} ${node.status}`, ...node.children.flatMap(visit)];
  return visit(system.inspect());
}

Deno.test("wherever in the guardian's tree an actor always crashes, soon or slowly, the process ends and says which", async () => {
  const actors = allActors();
  assertEquals(actors.length, 27);
  for (const path of actors) {
    for (const [at, withinMs] of SPEEDS) {
      const where = `${path}, ${at}`;
      const crasher: Crasher = { path, at, lives: 0 };
      const test = await startGuardian(crasher);
      assert(await endOf(test, withinMs) !== null, `${where}: it ends`);
      assertEquals(await test.system.ended, 1);
      const { failure } = test.system;
      assertEquals(failure!.code, "gave_up");
      // the chain of causes leads from the root to what crashed
      assertStringIncludes(errorText(failure), `guardian gave up after too many restarts`);
      assertStringIncludes(errorText(failure), "it crashes");
      assert(test.lines().length <= LOG_LINES_MAX, `${where}: ${test.lines().length} lines`);
      const stacks = test.log.filter(({ facts }) => facts.stack !== undefined);
      // in its init, in a handler, and of whoever could not start it
      assert(stacks.length <= 3, `${where}: ${stacks.length} stacks`);
      assertEquals(test.clock.pendingTimers, 0, where);
    }
  }
});

Deno.test("wherever in the guardian's tree an actor crashes a few times and is well again, the guardian goes on, whole", async () => {
  const whole = runningIn(await startGuardian({ path: "nowhere", at: "init", lives: 0 }));
  for (const path of allActors()) {
    for (const at of ["init", "first message", MINUTE_MS] as const) {
      const crasher: Crasher = { path, at, healthyFrom: 3, lives: 0 };
      const test = await startGuardian(crasher);
      assertEquals(await endOf(test, 10 * MINUTE_MS), null, `${path}, ${at}`);
      assert(crasher.lives >= 4);
      assertEquals(runningIn(test), whole, `${path}, ${at}`);
      await test.system.stop();
    }
  }
});

Deno.test("what crashes less than once an hour goes on for ever, and its log stays small", async () => {
  const crasher: Crasher = { path: `${ROOT}/consensus/engine`, at: 65 * MINUTE_MS, lives: 0 };
  const test = await startGuardian(crasher);
  assertEquals(await endOf(test, 30 * DAY_MS), null);
  assert(crasher.lives > 600);
  const crashes = test.log.filter(({ level }) => level === "error");
  assertEquals(crashes.map(({ message, facts }) => [message, facts.times]).slice(0, 3), [
    ["crashed", undefined],
    ["crashed: the same again", 2],
    ["crashed: the same again", 4],
  ]);
  assertEquals(crashes.length, 10); // up to the 512th
  await test.system.stop();
});

Deno.test("an actor whose name is another each time is given up as well", async () => {
  const test = testSystem();
  const { root } = treesOfGuardian();
  const crasher: Crasher = { path: "", at: "init", lives: 0 };
  await test.system.start(withCrasher(root, ROOT, crasher, () => {}));
  let number = 0;
  for (; test.system.failure === null && number < 100; number++) {
    // as sessions: each is well, but for one crash
    const path = `${ROOT}/session:${number}`;
    await test.system.startChild(ROOT, withCrasher(leaf(`session:${number}`, "permanent"), path, crasher, () => {}));
    test.system.tell(refTo<CrashingMessage>(path), "crash", null);
    await test.clock.advance(3 * MINUTE_MS);
    await test.system.stopChild(path);
  }
  assertEquals(number, 32); // one restart is forgotten in the first hour, and half of another
});

Deno.test("what strangers can make crash, a connection of the API, ends nothing and floods no log", async () => {
  const test = await startGuardian({ path: `${ROOT}/bitcoin`, at: "first message", healthyFrom: 1, lives: 0 });
  const before = test.lines().length;
  for (let number = 0; number < 2_000; number++) {
    const crasher: Crasher = {
      path: `${CONNECTIONS}/connection:${number}`,
      at: "init",
      reason: `bug ${number}`,
      lives: 0,
    };
    const spec = withCrasher(leaf(`connection:${number}`, "temporary"), crasher.path, crasher, () => {});
    await test.system.startChild(CONNECTIONS, spec);
    test.system.tell(refTo<CrashingMessage>(crasher.path), "crash", null);
    await test.clock.advance(10);
  }
  assertEquals(test.system.failure, null);
  const lines = test.lines().length - before;
  assert(lines <= LOG_LINES_BURST + 1, `${lines} lines`);
  await test.system.stop();
});
