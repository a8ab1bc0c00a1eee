/** What a crash takes with it, and what it leaves. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ActorContext, defineActor, next, reply, stop } from "./actor.ts";
import { ActorError } from "./error.ts";
import { type Cast, refTo, type ReplyTo, type Request } from "./protocol.ts";
import { child } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { withSystem } from "./testing/platform.ts";

type Message =
  | Request<"get", null, number>
  | Request<"hang", null, number>
  | Request<"later", null, number>
  | Request<"slowCrash", null, number>
  | Request<"askedCrash", null, number>
  | Cast<"add", { by: number }>
  | Cast<"crash", { with: unknown }>
  | Cast<"badStep", null>
  | Cast<"stop", null>
  | Request<"stopAsked", null, number>
  | Cast<"tick", null>
  | Cast<"useOld", { ctx: number }>;

/** One actor whose every life is noted. */
function subject() {
  const gates: PromiseWithResolvers<void>[] = [];
  const lives: ActorContext<Message>[] = [];
  const inits: ((life: number) => Promise<void> | void)[] = [];
  const left: ReplyTo<number>[] = [];
  const events: string[] = [];
  const gate = () => {
    gates.push(Promise.withResolvers<void>());
    return gates.at(-1)!.promise;
  };
  const definition = defineActor<Message, null, { sum: number; ticks: number }>({
    name: "subject",
    init: (ctx) => {
      lives.push(ctx);
      ctx.signal.addEventListener("abort", () => events.push(`abort ${lives.indexOf(ctx) + 1}`));
      const state = { sum: 0, ticks: 0 };
      const wait = inits.shift()?.(lives.length);
      return wait === undefined ? state : wait.then(() => state);
    },
    handle: {
      get: (state) => reply(state, state.sum),
      hang: async (state) => {
        await gate();
        return reply({ ...state, sum: 1_000 }, 1_000);
      },
      later: (state, _args, _ctx, from) => {
        left.push(from);
        return next(state);
      },
      slowCrash: async () => {
        await gate();
        throw new Error("slow crash");
      },
      askedCrash: () => {
        throw new Error("asked to crash");
      },
      add: (state, { by }) => next({ ...state, sum: state.sum + by }),
      crash: (_state, args) => {
        throw args.with;
      },
      badStep: () => undefined as never,
      stop: (state) => stop(state),
      stopAsked: (state) => stop(state),
      tick: (state) => next({ ...state, ticks: state.ticks + 1 }),
      useOld: (state, args) => {
        lives[args.ctx]!.reply(left[0]!, 1);
        return next(state);
      },
    },
    terminate: () => void events.push("terminate"),
    inspect: ({ sum, ticks }) => ({ sum, ticks }),
    mailbox: { max: 4, full: "refuse" },
  });
  return { definition, gates, lives, inits, left, events };
}
const ref = refTo<Message>("root/subject");
const codeOf = async (promise: Promise<unknown>) => (await assertRejects(() => promise, ActorError)).code;

Deno.test("after a crash the state is fresh and the ref still good", async () => {
  const { definition, events } = subject();
  await withSystem([child(definition, { args: null })], async ({ system, lines }) => {
    system.tell(ref, "add", { by: 5 });
    assertEquals(await system.ask(ref, "get", null), 5);
    system.tell(ref, "crash", { with: new Error("boom", { cause: new Error("the disk") }) });
    assertEquals(await system.ask(ref, "get", null), 0);
    const { restarts, lastError, handled } = system.inspect().children[0]!;
    assertEquals([restarts, lastError, handled], [1, "boom: the disk", 4]);
    assertEquals(lines(), ["error root/subject: crashed", "info root/subject: restarted"]);
    assertEquals(events, ["abort 1"]); // no terminate after a crash
  });
});

Deno.test("whoever asked for what crashed is told at once, and the crashed life's timers are gone", async () => {
  const { definition, lives } = subject();
  await withSystem([child(definition, { args: null })], async ({ system, clock }) => {
    lives[0]!.after(1_000, { type: "tick", args: null });
    assertEquals(clock.pendingTimers, 1);
    const asked = codeOf(system.ask(ref, "askedCrash", null, { deadlineMs: Infinity }));
    await settle();
    assertEquals(system.inspect().children[0]!.restarts, 1);
    assertEquals(clock.pendingTimers, 0);
    assertEquals(await Promise.race([asked, settle()]), "down");
  });
});

Deno.test("the log of a crash has the reason, the message and the stack", async () => {
  const { definition } = subject();
  await withSystem([child(definition, { args: null })], async ({ system, log }) => {
    system.tell(ref, "crash", { with: new Error("boom") });
    await settle();
    const { reason, type, stack } = log[0]!.facts;
    assertEquals([reason, type], ["boom", "crash"]);
    assert(String(stack).includes("crash_test.ts"));
  });
});

Deno.test("only the message that crashed is lost: those behind it are held for the next incarnation", async () => {
  const { definition, gates } = subject();
  await withSystem([child(definition, { args: null })], async ({ system }) => {
    const crashing = codeOf(system.ask(ref, "slowCrash", null));
    await settle();
    system.tell(ref, "add", { by: 1 });
    system.tell(ref, "add", { by: 2 });
    const sum = system.ask(ref, "get", null);
    gates[0]!.resolve();
    assertEquals(await crashing, "down");
    assertEquals(await sum, 3);
  });
});

Deno.test("messages that come while the actor restarts are held up to the mailbox's bound", async () => {
  const { definition, inits } = subject();
  const ready = Promise.withResolvers<void>();
  inits.push(() => {}, () => ready.promise);
  await withSystem([child(definition, { args: null })], async ({ system }) => {
    system.tell(ref, "crash", { with: "boom" });
    await settle();
    assertEquals(system.inspect().children[0]!.status, "restarting");
    for (let i = 0; i < 3; i++) system.tell(ref, "add", { by: 1 });
    const sum = system.ask(ref, "get", null);
    assertEquals(await codeOf(system.ask(ref, "get", null)), "overloaded");
    ready.resolve();
    assertEquals(await sum, 3);
  });
});

Deno.test("requests that the crashed incarnation had left for later fail with down, and can't be answered any more", async () => {
  const { definition } = subject();
  await withSystem([child(definition, { args: null })], async ({ system, clock }) => {
    const later = codeOf(system.ask(ref, "later", null));
    await settle();
    system.tell(ref, "crash", { with: "boom" });
    assertEquals(await later, "down");
    system.tell(ref, "useOld", { ctx: 1 });
    assertEquals(await system.ask(ref, "get", null), 0);
    assertEquals(system.inspect().facts["unanswered"], 0);
    await clock.advance(30_000); // their deadline is gone with them
    assertEquals(clock.pendingTimers, 0);
  });
});

Deno.test("an old incarnation's context does nothing: no timer, task, message, request, reply or child", async () => {
  const { definition, lives } = subject();
  await withSystem([child(definition, { args: null })], async ({ system, clock }) => {
    const task = Promise.withResolvers<void>();
    lives[0]!.after(100, { type: "tick", args: null });
    lives[0]!.run(() => task.promise, () => ({ type: "tick", args: null }));
    lives[0]!.monitor(refTo("root/nobody"), () => ({ type: "tick", args: null })); // its message waits already
    system.tell(ref, "crash", { with: "boom" });
    await settle();
    const old = lives[0]!;
    assert(old.signal.aborted);
    task.resolve();
    old.after(1, { type: "tick", args: null });
    old.run(() => Promise.resolve(), () => ({ type: "tick", args: null }));
    old.monitor(refTo("root/nobody"), () => ({ type: "tick", args: null }));
    old.tell(ref, "add", { by: 1 });
    assertEquals(await codeOf(old.ask(ref, "get", null)), "down");
    assertEquals(await codeOf(old.startChild("root", child({ ...definition, name: "other" }, { args: null }))), "down");
    assertEquals(await codeOf(old.stopChild("root/subject")), "down");
    await clock.advance(1_000);
    const { facts, handled } = system.inspect().children[0]!;
    assertEquals([facts, handled], [{ sum: 0, ticks: 0 }, 2]); // the monitor's first tick, then the crash
  });
});

Deno.test("what timers and tasks have put into the mailbox is not handled by the next incarnation", async () => {
  const { definition, gates, lives } = subject();
  await withSystem([child(definition, { args: null })], async ({ system, clock }) => {
    lives[0]!.after(10, { type: "tick", args: null });
    lives[0]!.run(() => Promise.resolve(), () => ({ type: "tick", args: null }));
    const crashing = codeOf(system.ask(ref, "slowCrash", null));
    await clock.advance(20);
    assertEquals(system.inspect().children[0]!.waiting, 2);
    gates[0]!.resolve();
    assertEquals(await crashing, "down");
    await settle();
    assertEquals(system.inspect().children[0]!.facts, { sum: 0, ticks: 0 });
  });
});

Deno.test("a timer set in init ticks once a life, however often the actor crashes", async () => {
  const ticks: number[] = [];
  let life = 0;
  const ticker = defineActor<Cast<"tick", { life: number }> | Cast<"crash", null>, null, null>({
    name: "subject",
    init: (ctx) => {
      ctx.after(10, { type: "tick", args: { life: ++life } });
      return null;
    },
    handle: {
      tick: (state, { life }, ctx) => {
        ticks.push(life);
        ctx.after(10, { type: "tick", args: { life } });
        return next(state);
      },
      crash: () => {
        throw new Error("boom");
      },
    },
  });
  await withSystem([child(ticker, { args: null })], async ({ system, clock }) => {
    for (let i = 0; i < 5; i++) {
      system.tell(refTo<Cast<"crash", null>>("root/subject"), "crash", null);
      await clock.advance(5);
    }
    await clock.advance(100);
    assertEquals(new Set(ticks), new Set([6]));
    assertEquals(ticks.length, 10);
  });
});

Deno.test("anything can be thrown: the actor restarts and the reason is shown", async () => {
  const { definition } = subject();
  const things: [unknown, string][] = [
    ["text", "text"],
    [undefined, ""],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [Object.create(null), "a object without a text (Cannot convert object to primitive value)"],
    [new Error("x".repeat(10_000)), `${"x".repeat(2_000)}…`],
  ];
  await withSystem([child(definition, { args: null })], async ({ system }) => {
    for (const [thing, text] of things) {
      system.tell(ref, "crash", { with: thing });
      assertEquals(await system.ask(ref, "get", null), 0);
      assertEquals(system.inspect().children[0]!.lastError, text);
    }
  });
});

Deno.test("a handler that returns no step is a crash", async () => {
  const { definition } = subject();
  await withSystem([child(definition, { args: null })], async ({ system }) => {
    system.tell(ref, "badStep", null);
    assertEquals(await system.ask(ref, "get", null), 0);
    assertEquals(system.inspect().children[0]!.restarts, 1);
  });
});

Deno.test("a callback of monitor or run that throws, or names no handler, is a crash like any other", async () => {
  const { definition, lives } = subject();
  await withSystem([child(definition, { args: null })], async ({ system }) => {
    lives[0]!.run(() => Promise.resolve(), () => {
      throw new Error("no message");
    });
    await settle();
    assertEquals(system.inspect().children[0]!.lastError, "no message");
    lives[1]!.monitor(refTo("root/nobody"), () => ({ type: "nothing" as "tick", args: null }));
    await settle();
    assertEquals(system.inspect().children[0]!.lastError, 'An actor has a handler for its own "nothing"');
    assertEquals(await system.ask(ref, "get", null), 0);
    assertEquals(lives.length, 3);
  });
});

Deno.test("an actor that ends by itself runs terminate; its waiting requests fail with down", async () => {
  const { definition, events } = subject();
  await withSystem([child(definition, { args: null, restart: "transient" })], async ({ system, lines }) => {
    const later = codeOf(system.ask(ref, "later", null));
    const asked = codeOf(system.ask(ref, "stopAsked", null));
    const behind = codeOf(system.ask(ref, "get", null));
    assertEquals(await Promise.all([later, asked, behind]), ["down", "down", "down"]);
    assertEquals(events, ["terminate", "abort 1"]);
    assertEquals(await codeOf(system.ask(ref, "get", null)), "no_actor");
    assertEquals(lines(), []);
    assertEquals(system.inspect().children[0]!.status, "stopped");
  });
});

Deno.test("a permanent actor that ends by itself starts again, with what waited", async () => {
  const { definition } = subject();
  await withSystem([child(definition, { args: null })], async ({ system, lines }) => {
    system.tell(ref, "add", { by: 5 });
    system.tell(ref, "stop", null);
    system.tell(ref, "add", { by: 1 });
    assertEquals(await system.ask(ref, "get", null), 1);
    assertEquals(lines(), ["info root/subject: restarted"]);
  });
});

Deno.test("a stop with a crash for a reason is a crash", async () => {
  const events: string[] = [];
  const definition = defineActor<Cast<"fail", null> | Request<"ping", null, string>, null, null>({
    name: "subject",
    init: () => null,
    handle: {
      fail: (state) => stop(state, { crashed: new Error("gone wrong") }),
      ping: (state) => reply(state, "pong"),
    },
    terminate: () => void events.push("terminate"),
  });
  await withSystem([child(definition, { args: null, restart: "transient" })], async ({ system }) => {
    const to = refTo<Cast<"fail", null> | Request<"ping", null, string>>("root/subject");
    system.tell(to, "fail", null);
    assertEquals(await system.ask(to, "ping", null), "pong");
    assertEquals(system.inspect().children[0]!.lastError, "gone wrong");
    assertEquals(events, []);
  });
});

Deno.test("a view of the state that throws harms nobody", async () => {
  const { definition } = subject();
  const broken = {
    ...definition,
    inspect: () => {
      throw new Error("no view");
    },
  };
  await withSystem([child(broken, { args: null })], async ({ system }) => {
    assertEquals(system.inspect().children[0]!.facts, { inspectError: "no view" });
    assertEquals(await system.ask(ref, "get", null), 0);
  });
});
