import { assert, assertEquals } from "@std/assert";
import { createSystem, refTo, supervisor } from "../../actors/mod.ts";
import type { ActorSystem, Inspection } from "../../actors/system.ts";
import { child } from "../../actors/supervisor.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import { ActorError } from "../../actors/error.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { Transition } from "../../modules/contract/client_env.ts";
import type { ExecutorMessage } from "./executor.ts";
import { executor, machineId } from "./executor.ts";
import type { Machines } from "./machines.ts";
import { NotReady } from "../../modules/contract/client_env.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { StateId } from "./states.ts";

const A: StateId = { operationId: "ab".repeat(32) as OperationId, instance: 2, state: new Uint8Array([1]) as Bytes };
const B: StateId = { ...A, state: new Uint8Array([2]) as Bytes };

/** What the store and the modules would say, as a table. */
class Table {
  readonly running = new Set<string>();
  readonly steps: string[] = [];
  active: StateId[] = [];
  /** What steps wait for at first. */
  waits: NotReady[] = [];
  /** States whose steps fail always. */
  readonly broken = new Set<StateId>();
  ways: (id: StateId) => readonly Transition<null>[] = () => [{ trigger: () => new Promise(() => {}), apply: never }];

  asMachines(): Machines {
    const table: Pick<Machines, "canRun" | "active" | "isActive" | "transitions" | "step"> = {
      canRun: ({ instance }) => instance !== 9,
      active: () => Promise.resolve(this.active),
      isActive: (id) => Promise.resolve(this.active.includes(id)),
      transitions: (id) => this.ways(id),
      step: (id, _way, value) => {
        if (this.broken.has(id)) return Promise.reject(new Error("a bug"));
        const wait = this.waits.shift();
        if (wait) return Promise.resolve(wait);
        this.active = this.active.filter((other) => other !== id);
        this.steps.push(`${machineId(id)} ${value}`);
        return Promise.resolve(null);
      },
    };
    return table as Machines;
  }
}

function never(): Promise<null> {
  throw new Error("the table makes the steps");
}

async function started(table: Table): Promise<{ world: SimulatedWorld; system: ActorSystem }> {
  const world = new SimulatedWorld(1);
  const system = createSystem({ platform: world.process("client").platform, log: () => {} });
  const args = { supervisor: "test/machines", machines: table.asMachines() };
  const tree = supervisor("test", { children: [supervisor("machines", { children: [] }), child(executor, { args })] });
  let ready = false;
  void system.start(tree).then(() => ready = true);
  await world.run({ until: () => ready });
  await world.run({ forMs: 1 });
  return { world, system };
}

function machinesOf(system: ActorSystem): string[] {
  return system.inspect().children[0]!.children.map(({ path }) => path.split("/").at(-1)!);
}

const executorRef = refTo<ExecutorMessage>("test/executor");

Deno.test("active states of the store run from the start; those of modules that aren't loaded rest", async () => {
  const table = new Table();
  table.active = [A, { ...B, instance: 9 }];
  const { system } = await started(table);
  assertEquals(machinesOf(system), [machineId(A)]);
});

Deno.test("a state that is told twice runs once", async () => {
  const table = new Table();
  table.active = [A, B];
  const { world, system } = await started(table);
  for (let i = 0; i < 3; i++) system.tell(executorRef, "start", { states: [A, B] });
  await world.run({ forMs: 10 });
  assertEquals(machinesOf(system).sort(), [machineId(A), machineId(B)].sort());
  const executorOf = system.inspect().children.find(({ path }) => path === "test/executor")!;
  assertEquals([executorOf.restarts, executorOf.status], [0, "running"]);
});

Deno.test("the first of several ways wins, and the others are dropped", async () => {
  const table = new Table();
  table.active = [A];
  let dropped = false;
  table.ways = () => [
    {
      trigger: (signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => (dropped = true, reject()))),
      apply: never,
    },
    { trigger: () => Promise.resolve("second"), apply: never },
  ];
  const { world, system } = await started(table);
  await world.run({ forMs: 10 });
  assertEquals([table.steps, dropped, machinesOf(system)], [[`${machineId(A)} second`], true, []]);
});

Deno.test("a trigger of a module that was started anew is begun by the new one, whatever it ended with", async () => {
  for (const end of [WaitError.closed(), new ActorError({ code: "down", path: "", type: "" }, "it has ended")]) {
    const table = new Table(), ended = Promise.withResolvers<never>();
    table.active = [A];
    table.ways = () => [{ trigger: () => ended.promise, apply: never }];
    const { world } = await started(table);
    table.ways = () => [{ trigger: () => Promise.resolve("anew"), apply: never }];
    ended.reject(end);
    await world.run({ forMs: 5_000 });
    assertEquals(table.steps, [`${machineId(A)} anew`]);
  }
});

Deno.test("a trigger that fails is tried again, later and later, until it holds", async () => {
  const table = new Table();
  table.active = [A];
  const triesAtMs: number[] = [];
  let nowMs = (): number => 0;
  table.ways = () => [{
    trigger: () => {
      triesAtMs.push(nowMs());
      return triesAtMs.length < 5 ? Promise.reject(new Error("not yet")) : Promise.resolve("held");
    },
    apply: never,
  }];
  const { world } = await started(table);
  nowMs = () => world.nowMs;
  await world.run({ forMs: 60_000 });
  assertEquals(table.steps, [`${machineId(A)} held`]);
  const pausesMs = triesAtMs.slice(1).map((at, i) => at - triesAtMs[i]!);
  assert(pausesMs.every((pause, i) => pause >= 1_000 && (i < 2 || pause >= 2_000)), `${pausesMs}`);
});

Deno.test("a step that isn't ready is made when it is; meanwhile its actor stops at once", async () => {
  const table = new Table();
  table.active = [A, B];
  table.ways = () => [{ trigger: () => Promise.resolve("held"), apply: never }];
  const ready = Promise.withResolvers<void>();
  let asked = 0;
  const wait = new NotReady((signal) => {
    asked++;
    return new Promise((resolve, reject) => {
      signal!.addEventListener("abort", () => reject(signal!.reason));
      ready.promise.then(resolve);
    });
  });
  table.waits = [wait, wait];
  const { world, system } = await started(table);
  await world.run({ forMs: 10 });
  assertEquals([asked, table.steps, machinesOf(system).length], [2, [], 2]);
  const [stopped] = machinesOf(system);
  const before = world.nowMs;
  await world.finish(system.stopChild(`test/machines/${stopped}`), { forMs: 10 });
  assertEquals([world.nowMs - before, machinesOf(system).length], [0, 1]);
  ready.resolve();
  await world.run({ forMs: 10 });
  assertEquals([table.steps.length, machinesOf(system)], [1, []]);
});

Deno.test("a state that was left while its actor was away ends it without a step", async () => {
  const table = new Table();
  table.ways = () => [{ trigger: () => Promise.resolve("late"), apply: never }];
  const { world, system } = await started(table);
  system.tell(executorRef, "start", { states: [A] });
  await world.run({ forMs: 10 });
  assertEquals([table.steps, machinesOf(system)], [[], []]);
});

Deno.test("a step that always fails is tried again less and less often, and holds up no other operation", async () => {
  const table = new Table();
  let tries = 0;
  table.active = [A];
  table.broken.add(A);
  table.ways = (id) => [{ trigger: () => Promise.resolve(id === A ? ++tries : 0), apply: never }];
  const { world, system } = await started(table);
  await world.run({ forMs: 600_000 });
  assert(tries >= 10 && tries <= 30, `${tries} tries in ten minutes`);
  table.active.push(B);
  system.tell(executorRef, "start", { states: [B] });
  await world.run({ forMs: 1_000 });
  assertEquals(table.steps, [`${machineId(B)} 0`]);
  table.broken.clear();
  await world.run({ forMs: 120_000 });
  assertEquals(table.steps.length, 2);
  assertEquals([system.failure, restartsIn(system.inspect())], [null, 0]);
});

Deno.test("a state that can't be gone on with rests, and holds up no other operation", async () => {
  const table = new Table();
  table.active = [A, B];
  table.ways = (id) => {
    if (id === A) throw new Error("made by another version");
    return [{ trigger: () => Promise.resolve(0), apply: never }];
  };
  const { world, system } = await started(table);
  await world.run({ forMs: 1_000 });
  assertEquals(table.steps, [`${machineId(B)} 0`]);
  assertEquals([table.active, system.failure, restartsIn(system.inspect())], [[A], null, 0]);
});

function restartsIn(node: Inspection): number {
  return node.children.reduce((sum, child) => sum + restartsIn(child), node.restarts);
}
