/** Children that come and go while the system runs. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ActorContext, defineActor, next, stop } from "./actor.ts";
import { ActorError } from "./error.ts";
import { errorText } from "../core/result.ts";
import { sleep } from "./platform/platform.ts";
import { type Cast, refTo, type Request } from "./protocol.ts";
import { child, type Restart, type Strategy, supervisor } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { type TestSystem, testSystem } from "./testing/platform.ts";

type Message = Cast<"crash", null> | Cast<"finish", null> | Cast<"run", { task: (ctx: ActorContext<Message>) => void }>;

function cast() {
  const events: string[] = [];
  const inits = new Map<string, (ctx: ActorContext<Message>) => unknown>();
  const contexts = new Map<string, ActorContext<Message>>();
  const spec = (name: string, restart: Restart = "permanent") =>
    child(
      defineActor<Message, null, null>({
        name,
        init: async (ctx) => {
          events.push(`+${name}`);
          contexts.set(name, ctx);
          await inits.get(name)?.(ctx);
          return null;
        },
        handle: {
          crash: () => {
            throw new Error("boom");
          },
          finish: (state) => stop(state),
          run: (state, { task }, ctx) => (task(ctx), next(state)),
        },
        terminate: () => void events.push(`-${name}`),
      }),
      { args: null, restart },
    );
  return { events, inits, contexts, spec, take: () => events.splice(0) };
}

/** A root with `boss`, whose context is used to add and remove, and the supervisor `pool` under test. */
async function withPool(
  strategy: Strategy,
  body: (test: TestSystem & ReturnType<typeof cast> & { boss: ActorContext<Message> }) => Promise<void>,
): Promise<void> {
  const actors = cast();
  const test = testSystem();
  const pool = supervisor("pool", { strategy, intensity: 3, children: [actors.spec("a"), actors.spec("b")] });
  await test.system.start(supervisor("root", { children: [actors.spec("boss"), pool] }));
  actors.take();
  await body({ ...test, ...actors, boss: actors.contexts.get("boss")! });
  const stopped = test.system.stop();
  await test.clock.advance(60_000);
  await stopped;
  assertEquals(test.clock.pendingTimers, 0);
}
const pathsOf = (test: TestSystem) => test.system.inspect().children[1]!.children.map(({ path }) => path.slice(10));
const strategies = ["one_for_one", "one_for_all", "rest_for_one"] as const;

Deno.test("startChild resolves when the child is initialised; stopChild ends and removes it", async () => {
  for (const strategy of strategies) {
    await withPool(strategy, async (test) => {
      const { boss, spec, take, inits } = test;
      const gate = Promise.withResolvers<void>();
      inits.set("x", () => gate.promise);
      let done = false;
      const started = boss.startChild("root/pool", spec("x")).then(() => done = true);
      await settle();
      assertEquals(done, false);
      gate.resolve();
      await started;
      assertEquals(pathsOf(test), ["a", "b", "x"]);
      await boss.stopChild("root/pool/x");
      assertEquals(take(), ["+x", "-x"]);
      assertEquals(pathsOf(test), ["a", "b"]);
      await boss.startChild("root/pool", spec("x")); // the path is free again
      await boss.stopChild("root/pool/nobody");
      await boss.stopChild("root");
      assertEquals(pathsOf(test), ["a", "b", "x"]);
    });
  }
});

Deno.test("startChild fails with duplicate_path, no_actor or start_failed, and leaves nothing behind", async () => {
  for (const strategy of strategies) {
    await withPool(strategy, async (test) => {
      const { boss, spec, inits, system, take } = test;
      const fails = (path: string, name: string) => assertRejects(() => boss.startChild(path, spec(name)), ActorError);
      assertEquals((await fails("root/pool", "a")).code, "duplicate_path");
      assertEquals((await fails("root/nobody", "x")).code, "no_actor");
      assertEquals((await fails("root/pool/a", "x")).code, "no_actor");
      inits.set("x", () => {
        throw new Error("no init");
      });
      const failure = await fails("root/pool", "x");
      assertEquals(failure.facts, { code: "start_failed", path: "root/pool/x" });
      assertEquals(errorText(failure), "root/pool/x could not start: no init");
      assertEquals((await fails("root/pool", "")).code, "start_failed");
      assertEquals(pathsOf(test), ["a", "b"]);
      assertEquals(take(), ["+x"]);
      assertEquals(system.inspect().children[1]!.restarts, 0);
      inits.delete("x");
      await boss.startChild("root/pool", spec("x"));
    });
  }
});

Deno.test("a whole supervisor can be added", async () => {
  await withPool("one_for_one", async (test) => {
    const { boss, spec, take } = test;
    await boss.startChild("root/pool", supervisor("inner", { children: [spec("x"), spec("y")] }));
    await boss.startChild("root/pool/inner", spec("z"));
    await boss.stopChild("root/pool/inner");
    assertEquals(take(), ["+x", "+y", "+z", "-z", "-y", "-x"]);
    assertEquals(pathsOf(test), ["a", "b"]);
  });
});

Deno.test("an added child that ends for good is forgotten; one that crashes is restarted as its spec says", async () => {
  await withPool("one_for_one", async (test) => {
    const { boss, spec, take, system } = test;
    for (const restart of ["permanent", "transient", "temporary"] as const) {
      await boss.startChild("root/pool", spec(restart, restart));
    }
    take();
    const send = async (name: string, type: "crash" | "finish") => {
      system.tell(refTo<Message>(`root/pool/${name}`), type, null);
      await settle();
      return take();
    };
    assertEquals(await send("permanent", "crash"), ["+permanent"]);
    assertEquals(await send("transient", "crash"), ["+transient"]);
    assertEquals(await send("transient", "finish"), ["-transient"]);
    assertEquals(await send("temporary", "crash"), []);
    assertEquals(pathsOf(test), ["a", "b", "permanent"]);
  });
});

Deno.test("an added child belongs to the group of its supervisor, and is gone when the supervisor itself restarts", async () => {
  await withPool("one_for_all", async (test) => {
    const { boss, spec, take, system } = test;
    await boss.startChild("root/pool", spec("x"));
    take();
    const crash = async () => {
      system.tell(refTo<Message>("root/pool/a"), "crash", null);
      await settle();
      return take();
    };
    for (let i = 0; i < 3; i++) assertEquals(await crash(), ["-x", "-b", "+a", "+b", "+x"]);
    assertEquals(await crash(), ["-x", "-b", "+a", "+b"]); // the pool gave up and was restarted from its spec
    assertEquals(pathsOf(test), ["a", "b"]);
  });
});

Deno.test("a child of the spec that is stopped is gone until its supervisor restarts", async () => {
  await withPool("one_for_all", async (test) => {
    const { boss, take, system } = test;
    await boss.stopChild("root/pool/b");
    system.tell(refTo<Message>("root/pool/a"), "crash", null);
    await settle();
    assertEquals(take(), ["-b", "+a"]);
    assertEquals(pathsOf(test), ["a"]);
  });
});

Deno.test("a group's restart gives up a child that is being added, and whoever adds it is told", async () => {
  await withPool("one_for_all", async (test) => {
    const { boss, spec, inits, system, clock } = test;
    inits.set("x", () => new Promise(() => {}));
    const adding = assertRejects(() => boss.startChild("root/pool", spec("x")), ActorError);
    await settle();
    system.tell(refTo<Message>("root/pool/a"), "crash", null);
    await clock.advance(5_000);
    assertEquals((await adding).code, "start_failed");
    assertEquals(pathsOf(test), ["a", "b"]);
    assertEquals(test.system.inspect().children[1]!.children.map(({ status }) => status), ["running", "running"]);
  });
});

Deno.test("a child can't be added to a group while it restarts before that is done, nor by an init that it waits for", async () => {
  await withPool("rest_for_one", async (test) => {
    const { boss, spec, inits, system, take } = test;
    const gate = Promise.withResolvers<void>();
    let refusal: unknown;
    inits.set("b", async (ctx) => {
      await ctx.startChild("root/pool", spec("y")).catch((thrown) => refusal = thrown);
      await gate.promise;
    });
    system.tell(refTo<Message>("root/pool/a"), "crash", null);
    await settle();
    const adding = boss.startChild("root/pool", spec("x"));
    await settle();
    assertEquals(take(), ["-b", "+a", "+b"]);
    assert(refusal instanceof ActorError && refusal.code === "start_failed");
    gate.resolve();
    await adding;
    assertEquals(take(), ["+x"]);
  });
});

Deno.test("an init may add to its own one_for_one supervisor", async () => {
  await withPool("one_for_one", async (test) => {
    const { spec, inits, system, take } = test;
    inits.set("a", (ctx) => ctx.startChild("root/pool", spec("x")));
    system.tell(refTo<Message>("root/pool/a"), "crash", null);
    await settle();
    assertEquals(take(), ["+a", "+x"]);
  });
});

Deno.test("a child that is stopped while it starts fails to start; nothing is added to a supervisor that stops", async () => {
  await withPool("one_for_one", async (test) => {
    const { boss, spec, inits, clock } = test;
    inits.set("x", () => new Promise(() => {}));
    const adding = assertRejects(() => boss.startChild("root/pool", spec("x")), ActorError);
    await settle();
    const stopping = boss.stopChild("root/pool");
    const late = assertRejects(() => boss.startChild("root/pool", spec("y")), ActorError);
    await clock.advance(5_000);
    await stopping;
    assertEquals((await adding).code, "start_failed");
    assertEquals((await late).code, "start_failed");
    assertEquals((await assertRejects(() => boss.startChild("root/pool", spec("z")), ActorError)).code, "no_actor");
  });
});

Deno.test("two stops of one child both wait for its end", async () => {
  await withPool("one_for_one", async (test) => {
    const { boss, take } = test;
    await Promise.all([boss.stopChild("root/pool/a"), boss.stopChild("root/pool/a")]);
    assertEquals(take(), ["-a"]);
    assertEquals(pathsOf(test), ["b"]);
  });
});

Deno.test("a thousand children come, crash and go, and nothing is left of them", async () => {
  await withPool("one_for_one", async (test) => {
    const { boss, spec, system, take } = test;
    await Promise.all(
      Array.from(
        { length: 1_000 },
        (_, i) => boss.startChild("root/pool", spec(`${i}`, i % 2 ? "temporary" : "transient")),
      ),
    );
    assertEquals(pathsOf(test).length, 1_002);
    for (let i = 0; i < 1_000; i++) system.tell(refTo<Message>(`root/pool/${i}`), i % 2 ? "crash" : "finish", null);
    await settle();
    assertEquals(pathsOf(test), ["a", "b"]);
    take();
  });
});

Deno.test("a child that is stopped just when its restart fails stays gone, at whichever moment", async () => {
  for (let moment = 0; moment < 12; moment++) {
    await withPool("one_for_one", async (test) => {
      const { boss, spec, inits, system, take } = test;
      await boss.startChild("root/pool", spec("x"));
      const gate = Promise.withResolvers<void>();
      inits.set("x", () => gate.promise);
      system.tell(refTo<Message>("root/pool/x"), "crash", null);
      await settle();
      take();
      gate.reject(new Error("no init"));
      inits.delete("x");
      for (let i = 0; i < moment; i++) await null;
      await boss.stopChild("root/pool/x");
      await settle();
      assertEquals(pathsOf(test), ["a", "b"]);
      const lives = take().reduce((lives, event) => lives + (event === "+x" ? 1 : event === "-x" ? -1 : 0), 0);
      assertEquals(lives, 0, `at moment ${moment}`);
    });
  }
});

Deno.test("a removal stays one when the group restarts meanwhile: who waits for an answer is told", async () => {
  await withPool("one_for_all", async (test) => {
    const { boss, spec, system, clock, take } = test;
    const { definition, ...rest } = spec("x");
    const terminate: typeof definition.terminate = (_state, ctx) => sleep(ctx.platform.clock, 100);
    await boss.startChild("root/pool", { definition: { ...definition, terminate }, ...rest });
    take();
    const stopping = boss.stopChild("root/pool/x");
    const waiting = assertRejects(
      () => system.ask(refTo<Request<"run", null, null>>("root/pool/x"), "run", null, { deadlineMs: Infinity }),
      ActorError,
    );
    system.tell(refTo<Message>("root/pool/a"), "crash", null);
    await clock.advance(100);
    await stopping;
    assertEquals((await waiting).code, "down");
    assertEquals(take(), ["-b", "+a", "+b"]);
    assertEquals(pathsOf(test), ["a", "b"]);
  });
});

Deno.test("an actor that ended while it waited to add a child does not add it any more", async () => {
  await withPool("one_for_all", async (test) => {
    const { contexts, spec, system, clock, inits } = test;
    inits.set("a", (ctx) => sleep(ctx.platform.clock, 100));
    system.tell(refTo<Message>("root/pool/b"), "crash", null);
    await settle();
    const adding = assertRejects(() => contexts.get("boss")!.startChild("root/pool", spec("x")), ActorError);
    system.tell(refTo<Message>("root/boss"), "crash", null);
    await clock.advance(200);
    assertEquals((await adding).code, "down");
    assertEquals(pathsOf(test), ["a", "b"]);
  });
});

Deno.test("children are added and removed from outside as well", async () => {
  await withPool("rest_for_one", async (test) => {
    const { system, spec, take } = test;
    await system.startChild("root/pool", spec("x"));
    assertEquals((await assertRejects(() => system.startChild("root/nobody", spec("y")), ActorError)).code, "no_actor");
    await system.stopChild("root/pool/x");
    await system.stopChild("root/pool/x");
    assertEquals(take(), ["+x", "-x"]);
  });
});
