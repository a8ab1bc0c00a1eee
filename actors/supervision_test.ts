/** Supervisors by example; `supervision_model_test.ts` compares them with a model. */
import { assertEquals, assertRejects } from "@std/assert";
import { errorText } from "../core/result.ts";
import { type ActorContext, defineActor, next, stop } from "./actor.ts";
import { ActorError } from "./error.ts";
import { sleep } from "./platform/platform.ts";
import { type Cast, refTo } from "./protocol.ts";
import { child, type ChildSpec, supervisor } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { type TestSystem, testSystem } from "./testing/platform.ts";

type Message = Cast<"crash", null> | Cast<"finish", null>;

/** Actors that note their starts and stops; `inits` of a name are run one after the other, by its incarnations. */
function cast() {
  const events: string[] = [];
  const inits = new Map<string, ((ctx: ActorContext<Message>) => unknown)[]>();
  const contexts = new Map<string, ActorContext<Message>>();
  const actor = (name: string) =>
    defineActor<Message, null, null>({
      name,
      init: async (ctx) => {
        events.push(`+${name}`);
        contexts.set(name, ctx);
        await inits.get(name)?.shift()?.(ctx);
        return null;
      },
      handle: {
        crash: () => {
          throw new Error(`${name} crashed`);
        },
        finish: (state) => stop(state),
      },
      terminate: () => void events.push(`-${name}`),
    });
  const spec = (name: string, restart: "permanent" | "transient" | "temporary" = "permanent") =>
    child(actor(name), { args: null, restart });
  const fail = () => {
    throw new Error("no init");
  };
  return { events, inits, contexts, spec, fail, take: () => events.splice(0) };
}
const abc = ["a", "b", "c"];

Deno.test("children start in order, each when the one before has been initialised", async () => {
  const { inits, spec, take } = cast();
  const { system, clock } = testSystem();
  inits.set("a", [(ctx) => new Promise<void>((resolve) => ctx.platform.clock.setTimer(50, resolve))]);
  const started = system.start(supervisor("root", { children: abc.map((name) => spec(name)) }));
  await settle();
  assertEquals(take(), ["+a"]);
  assertEquals(system.inspect().status, "starting");
  assertEquals(system.inspect().children.map(({ status }) => status), ["starting", "stopped", "stopped"]);
  await clock.advance(50);
  await started;
  assertEquals(take(), ["+b", "+c"]);
  assertEquals(system.inspect().status, "running");
  await system.stop();
  assertEquals(take(), ["-c", "-b", "-a"]);
});

Deno.test("each strategy restarts its group: stopped in reverse, started in order", async () => {
  const expected = {
    one_for_one: ["+b"],
    one_for_all: ["-c", "-a", "+a", "+b", "+c"],
    rest_for_one: ["-c", "+b", "+c"],
  };
  for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
    const { spec, take } = cast();
    const { system } = testSystem();
    await system.start(supervisor("root", { strategy, children: abc.map((name) => spec(name)) }));
    take();
    system.tell(refTo<Message>("root/b"), "crash", null);
    await settle();
    assertEquals(take(), expected[strategy], strategy);
    assertEquals(system.inspect().children.map(({ status }) => status), ["running", "running", "running"]);
    await system.stop();
  }
});

Deno.test("permanent, transient and temporary children after a crash and after a normal end", async () => {
  const { spec, take } = cast();
  const { system } = testSystem();
  await system.start(supervisor("root", {
    intensity: 10,
    children: [spec("a", "permanent"), spec("b", "transient"), spec("c", "temporary"), spec("d", "temporary")],
  }));
  take();
  const send = async (name: string, type: "crash" | "finish") => {
    system.tell(refTo<Message>(`root/${name}`), type, null);
    await settle();
    return take();
  };
  assertEquals(await send("a", "crash"), ["+a"]);
  assertEquals(await send("a", "finish"), ["-a", "+a"]);
  assertEquals(await send("b", "crash"), ["+b"]);
  assertEquals(await send("b", "finish"), ["-b"]);
  assertEquals(await send("c", "crash"), []);
  assertEquals(await send("d", "finish"), ["-d"]);
  assertEquals(
    system.inspect().children.map(({ path, status }) => `${path} ${status}`),
    ["root/a running", "root/b stopped"],
  );
  await system.stop();
});

Deno.test("a group's restart removes temporary children and starts transient ones that had ended", async () => {
  const { spec, take } = cast();
  const { system } = testSystem();
  await system.start(supervisor("root", {
    strategy: "one_for_all",
    children: [spec("a"), spec("b", "transient"), spec("c", "temporary")],
  }));
  system.tell(refTo<Message>("root/b"), "finish", null);
  await settle();
  take();
  system.tell(refTo<Message>("root/a"), "crash", null);
  await settle();
  assertEquals(take(), ["-c", "+a", "+b"]);
  assertEquals(system.inspect().children.map(({ path }) => path), ["root/a", "root/b"]);
  await system.stop();
});

Deno.test("a supervisor gives up at one restart too many within the period, and the root's end is the exit code", async () => {
  const { spec, take } = cast();
  const { system, clock, lines } = testSystem();
  await system.start(supervisor("root", { intensity: 2, periodMs: 1_000, children: [spec("a"), spec("b")] }));
  take();
  const crash = async () => {
    system.tell(refTo<Message>("root/b"), "crash", null);
    await settle();
  };
  await crash();
  await clock.advance(1_001); // the first is out of the period
  await crash();
  await clock.advance(999);
  await crash();
  assertEquals(take(), ["+b", "+b", "+b"]);
  await crash();
  assertEquals(take(), ["-a"]);
  assertEquals(await system.ended, 1);
  assertEquals(lines().at(-1), "error root: gave up: too many restarts");
  assertEquals(system.inspect().lastError, "root gave up after too many restarts: b crashed");
  assertEquals(clock.pendingTimers, 0);
  await system.stop();
  assertEquals(await system.ended, 1);
});

Deno.test("a restart exactly a period ago still counts, one intensity of 0 allows none", async () => {
  const { spec } = cast();
  const { system, clock } = testSystem();
  await system.start(supervisor("root", { intensity: 1, periodMs: 1_000, children: [spec("a")] }));
  system.tell(refTo<Message>("root/a"), "crash", null);
  await clock.advance(1_000);
  system.tell(refTo<Message>("root/a"), "crash", null);
  assertEquals(await system.ended, 1);

  const strict = testSystem();
  await strict.system.start(supervisor("root", { intensity: 0, children: [spec("a")] }));
  strict.system.tell(refTo<Message>("root/a"), "crash", null);
  assertEquals(await strict.system.ended, 1);
});

Deno.test("a supervisor that gives up is a crash for the one above, which starts it afresh", async () => {
  const { spec, take } = cast();
  const { system, lines } = testSystem();
  await system.start(supervisor("root", {
    children: [spec("a"), supervisor("inner", { intensity: 1, children: [spec("b"), spec("c")] }), spec("d")],
  }));
  take();
  for (let i = 0; i < 2; i++) {
    system.tell(refTo<Message>("root/inner/b"), "crash", null);
    await settle();
  }
  assertEquals(take(), ["+b", "-c", "+b", "+c"]);
  assertEquals(lines().slice(-2), ["error root/inner: gave up: too many restarts", "info root/inner: restarted"]);
  // Its window is fresh too: one more crash is allowed.
  system.tell(refTo<Message>("root/inner/b"), "crash", null);
  await settle();
  assertEquals(take(), ["+b"]);
  await system.stop();
});

Deno.test("giving up escalates to the root", async () => {
  const { spec, take } = cast();
  const { system } = testSystem();
  const inner = (id: string, children: ChildSpec[]) => supervisor(id, { intensity: 0, children });
  await system.start(inner("root", [spec("a"), inner("one", [inner("two", [spec("b")])])]));
  take();
  system.tell(refTo<Message>("root/one/two/b"), "crash", null);
  assertEquals(await system.ended, 1);
  assertEquals(take(), ["-a"]);
  assertEquals(
    system.inspect().lastError,
    "root gave up after too many restarts: root/one gave up after too many restarts: " +
      "root/one/two gave up after too many restarts: b crashed",
  );
});

Deno.test("an init that fails when restarting counts towards intensity", async () => {
  const { spec, inits, fail, take } = cast();
  for (
    const [strategy, failures, events, gaveUp] of [
      ["one_for_one", 2, ["+b", "+b", "+b"], false],
      ["one_for_one", 3, ["+b", "+b", "+b", "-c", "-a"], true],
      ["rest_for_one", 2, ["-c", "+b", "+b", "+b", "+c"], false],
      ["rest_for_one", 3, ["-c", "+b", "+b", "+b", "-a"], true],
      ["one_for_all", 2, ["-c", "-a", "+a", "+b", "-a", "+a", "+b", "-a", "+a", "+b", "+c"], false],
      ["one_for_all", 3, ["-c", "-a", "+a", "+b", "-a", "+a", "+b", "-a", "+a", "+b", "-a"], true],
    ] as const
  ) {
    const { system } = testSystem();
    inits.set("b", [() => {}]);
    await system.start(supervisor("root", { strategy, intensity: 3, children: abc.map((name) => spec(name)) }));
    take();
    inits.set("b", Array.from({ length: failures }, () => fail));
    system.tell(refTo<Message>("root/b"), "crash", null);
    await settle();
    assertEquals(take(), [...events], `${strategy} ${failures}`);
    if (gaveUp) assertEquals(await system.ended, 1);
    else await system.stop();
    take();
  }
});

Deno.test("a start whose init fails stops what had started, last first, and rejects with the chain of causes", async () => {
  for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
    const { spec, inits, fail, take } = cast();
    inits.set("c", [fail]);
    const { system } = testSystem();
    const inner = supervisor("inner", { strategy, children: [spec("b"), spec("c"), spec("d")] });
    const failure = await assertRejects(
      () => system.start(supervisor("root", { strategy, children: [spec("a"), inner, spec("e")] })),
      ActorError,
    );
    assertEquals(failure.facts, { code: "start_failed", path: "root" });
    assertEquals(
      errorText(failure),
      "root could not start: root/inner could not start: root/inner/c could not start: no init",
    );
    assertEquals(take(), ["+a", "+b", "+c", "-b", "-a"]);
    assertEquals(await system.ended, 1);
  }
});

Deno.test("a crash while its group restarts interrupts the init under way and begins the group anew", async () => {
  for (const strategy of ["one_for_all", "rest_for_one"] as const) {
    const { spec, inits, take } = cast();
    const { system, clock } = testSystem();
    await system.start(supervisor("root", { strategy, children: abc.map((name) => spec(name)) }));
    take();
    inits.set("b", [(ctx) => new Promise((_, reject) => ctx.signal.addEventListener("abort", reject))]);
    system.tell(refTo<Message>("root/a"), "crash", null);
    await settle();
    assertEquals(take(), ["-c", "-b", "+a", "+b"]);
    system.tell(refTo<Message>("root/a"), "crash", null); // while b's init hangs
    await clock.advance(4_999);
    assertEquals(take(), []);
    await clock.advance(1); // b's init is abandoned
    assertEquals(take(), ["+a", "+b", "+c"]);
    assertEquals(system.inspect().children.map(({ status }) => status), ["running", "running", "running"]);
    await system.stop();
    assertEquals(clock.pendingTimers, 0);
  }
});

Deno.test("a child that crashes while its group is being stopped, or its supervisor ends, is neither counted nor restarted", async () => {
  const { spec, take } = cast();
  const slow = (name: string) => {
    const { definition, ...rest } = spec(name);
    const terminate: typeof definition.terminate = (_state, ctx) => sleep(ctx.platform.clock, 100);
    return { definition: { ...definition, terminate }, ...rest };
  };
  const { system, clock } = testSystem();
  await system.start(
    supervisor("root", { strategy: "one_for_all", intensity: 1, children: [spec("a"), spec("b"), slow("c")] }),
  );
  take();
  system.tell(refTo<Message>("root/a"), "crash", null);
  await settle();
  system.tell(refTo<Message>("root/b"), "crash", null); // while c terminates
  await settle();
  assertEquals(take(), []);
  await clock.advance(100);
  assertEquals(take(), ["+a", "+b", "+c"]);
  await finishing(system, clock, take);

  const other = testSystem();
  await other.system.start(supervisor("root", { children: [spec("a"), spec("b"), slow("c")] }));
  take();
  await finishing(other.system, other.clock, take);
});

async function finishing(
  system: TestSystem["system"],
  clock: TestSystem["clock"],
  take: () => string[],
): Promise<void> {
  const stopped = system.stop();
  await settle();
  system.tell(refTo<Message>("root/a"), "crash", null); // while c terminates
  await clock.advance(100);
  await stopped;
  assertEquals(take(), ["-b"]);
  assertEquals(await system.ended, 0);
}

Deno.test("a hanging init of one child does not keep one_for_one from restarting others", async () => {
  const { spec, inits, take } = cast();
  const { system, clock } = testSystem();
  await system.start(supervisor("root", { children: abc.map((name) => spec(name)) }));
  take();
  inits.set("b", [() => new Promise(() => {})]);
  for (const name of ["b", "c"]) system.tell(refTo<Message>(`root/${name}`), "crash", null);
  await settle();
  assertEquals(take(), ["+b", "+c"]);
  assertEquals(system.inspect().children.map(({ status }) => status), ["running", "restarting", "running"]);
  const stopped = system.stop();
  await clock.advance(5_000);
  await stopped;
});

Deno.test("two children with one id, an id that can't be, and a tree that holds itself don't start", async () => {
  const { spec } = cast();
  const start = (children: ChildSpec[]) =>
    assertRejects(() => testSystem().system.start(supervisor("root", { children })), ActorError);
  assertEquals(
    errorText(await start([spec("a"), spec("a")])),
    "root could not start: root/a could not start: " +
      "There is an actor at root/a already. Stop it first or choose another id.",
  );
  await start([child({ name: "", init: () => null, handle: {} }, { args: null })]);
  await start([child({ name: "x".repeat(257), init: () => null, handle: {} }, { args: null })]);
  await start([
    child({ name: "a", init: () => null, handle: {}, mailbox: { max: 0, full: "refuse" } }, { args: null }),
  ]);
  await start([
    child({ name: "a", init: () => null, handle: {}, mailbox: { max: 1e7, full: "refuse" } }, { args: null }),
  ]);
  await start([
    child({ name: "a", init: () => null, handle: {}, mailbox: { max: 1, full: "refuse", always: ["toString"] } }, {
      args: null,
    }),
  ]);
  const children: ChildSpec[] = [];
  children.push(supervisor("root", { children }));
  let cause: unknown = await start(children);
  while (cause instanceof ActorError) cause = cause.cause;
  assertEquals((cause as Error).message, "Invariant broken: a tree is at most 64 levels deep");
});

Deno.test("a broken log sink stops nothing and is shown", async () => {
  const { createSystem } = await import("./runtime/system.ts");
  const { manualClock } = await import("./testing/platform.ts");
  const { spec, take } = cast();
  const system = createSystem({
    platform: manualClock().platform,
    log: () => {
      throw new Error("disk full");
    },
  });
  await system.start(supervisor("root", { children: [spec("a")] }));
  system.tell(refTo<Message>("root/a"), "crash", null);
  await settle();
  assertEquals(take(), ["+a", "+a"]);
  assertEquals(system.inspect().facts["logError"], "disk full");
  await system.stop();
});

Deno.test("a stop while the root gives up still ends with 1", async () => {
  const { system, clock } = testSystem();
  const slow = defineActor<Message, null, null>({
    name: "slow",
    init: () => null,
    handle: { crash: (state) => next(state), finish: (state) => next(state) },
    terminate: () => new Promise<void>(() => {}),
  });
  const { spec } = cast();
  await system.start(supervisor("root", { intensity: 0, children: [child(slow, { args: null }), spec("a")] }));
  system.tell(refTo<Message>("root/a"), "crash", null);
  await settle();
  const stopped = system.stop();
  await clock.advance(5_000);
  await stopped;
  assertEquals(await system.ended, 1);
});
