/** Ends: in order, within a deadline, and what is left of an actor that does not obey. */
import { assertEquals, assertRejects } from "@std/assert";
import { type ActorContext, type ActorDefinition, defineActor, next, reply, type Sender } from "./actor.ts";
import { ActorError } from "./error.ts";
import { type Cast, refTo, type ReplyTo, type Request } from "./protocol.ts";
import { child, supervisor } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { testSystem, withSystem } from "./testing/platform.ts";

type Message =
  | Request<"wait", null, string>
  | Request<"later", null, string>
  | Request<"ping", null, string>
  | Cast<"stopMe", { path: string }>;
type State = { value: number; waiting: ReplyTo<string>[] };

/**
 * An actor whose handler `wait`, init and terminate wait for gates that the test opens, and that notes what it does.
 */
function subject(name: string, events: string[], options: { slowTerminate?: boolean; slowInit?: boolean } = {}) {
  const gate = Promise.withResolvers<void>();
  const contexts: ActorContext<Message>[] = [];
  const definition: ActorDefinition<Message, null, State> = defineActor<Message, null, State>({
    name,
    init: async (ctx) => {
      contexts.push(ctx);
      events.push(`init ${name}`);
      ctx.signal.addEventListener("abort", () => events.push(`abort ${name}`));
      if (options.slowInit) await gate.promise;
      return { value: 0, waiting: [] };
    },
    handle: {
      wait: async (state, _args, ctx) => {
        await gate.promise;
        ctx.tell(refTo<Cast<"note", { text: string }>>("root/notes"), "note", { text: `${name} went on` });
        return reply({ ...state, value: state.value + 1 }, "waited");
      },
      later: (state, _args, _ctx, from) => next({ ...state, waiting: [...state.waiting, from] }),
      ping: (state) => reply(state, "pong"),
      stopMe: async (state, { path }, ctx) => {
        await ctx.stopChild(path);
        return next(state);
      },
    },
    terminate: async (state, ctx, reason) => {
      events.push(`terminate ${name} ${String(reason)}`);
      if (options.slowTerminate) await gate.promise;
      for (const from of state.waiting) ctx.reply(from, "closing");
      events.push(`terminated ${name}`);
    },
  });
  return { definition, gate, contexts };
}
const refFor = (name: string) => refTo<Message>(`root/${name}`);
const codeOf = async (promise: Promise<unknown>) => (await assertRejects(() => promise, ActorError)).code;

Deno.test("children that may stop together are all asked to at once", async () => {
  const events: string[] = [];
  const subjects = ["a", "b", "c"].map((name) => subject(name, events, { slowTerminate: true }));
  const { system } = testSystem();
  const children = subjects.map(({ definition }) => child(definition, { args: null }));
  await system.start(supervisor("root", { stopping: "together", children }));
  const stopped = system.stop();
  await settle();
  assertEquals(events.slice(3), ["terminate c shutdown", "terminate b shutdown", "terminate a shutdown"]);
  for (const { gate } of subjects) gate.resolve();
  await stopped;
  assertEquals(await system.ended, 0);
});

Deno.test("a system stops its children in reverse, each after the other has ended", async () => {
  const events: string[] = [];
  const a = subject("a", events);
  const b = subject("b", events, { slowTerminate: true });
  const { system, clock } = testSystem();
  await system.start(
    supervisor("root", { children: [child(a.definition, { args: null }), child(b.definition, { args: null })] }),
  );
  const stopped = system.stop();
  await settle();
  assertEquals(events, ["init a", "init b", "terminate b shutdown"]);
  assertEquals(system.inspect().children.map(({ status }) => status), ["running", "stopping"]);
  b.gate.resolve();
  await stopped;
  assertEquals(events.slice(3), ["terminated b", "abort b", "terminate a shutdown", "terminated a", "abort a"]);
  assertEquals(await system.ended, 0);
  assertEquals(clock.pendingTimers, 0);
  assertEquals(await codeOf(system.ask(refFor("a"), "ping", null)), "no_actor");
  await system.stop(); // a second time changes nothing
});

Deno.test("a stop lets the message in hand finish, and fails those behind it", async () => {
  const events: string[] = [];
  const a = subject("a", events);
  const { system } = testSystem();
  await system.start(supervisor("root", { children: [child(a.definition, { args: null })] }));
  const inHand = system.ask(refFor("a"), "wait", null);
  await settle();
  const behind = codeOf(system.ask(refFor("a"), "ping", null));
  const stopped = system.stop();
  const after = codeOf(system.ask(refFor("a"), "ping", null));
  await settle();
  assertEquals(events, ["init a"]);
  a.gate.resolve();
  assertEquals(await inHand, "waited");
  assertEquals(await Promise.all([behind, after]), ["down", "down"]);
  await stopped;
  assertEquals(events, ["init a", "terminate a shutdown", "terminated a", "abort a"]);
});

Deno.test("terminate may answer requests left for later; the others fail with down", async () => {
  const events: string[] = [];
  const a = subject("a", events);
  const { system } = testSystem();
  await system.start(supervisor("root", { children: [child(a.definition, { args: null })] }));
  const later = system.ask(refFor("a"), "later", null);
  await settle();
  await system.stop();
  assertEquals(await later, "closing");
});

Deno.test("an actor whose handler does not end in time is abandoned: aborted, its results dropped, its asker told", async () => {
  const events: string[] = [];
  const a = subject("a", events);
  const notes: string[] = [];
  const noter = defineActor<Cast<"note", { text: string }>, null, null>({
    name: "notes",
    init: () => null,
    handle: { note: (state, { text }) => (notes.push(text), next(state)) },
  });
  const { system, clock, lines } = testSystem();
  await system.start(supervisor("root", {
    children: [child(noter, { args: null }), child(a.definition, { args: null, shutdownMs: 2_000 })],
  }));
  const inHand = codeOf(system.ask(refFor("a"), "wait", null));
  await settle();
  const remover = subject("remover", events);
  await a.contexts[0]!.startChild("root", child(remover.definition, { args: null }));
  const stopped = remover.contexts[0]!.stopChild("root/a");
  await clock.advance(1_999);
  assertEquals(events, ["init a", "init remover"]);
  await clock.advance(1);
  await stopped;
  assertEquals(await inHand, "down");
  assertEquals(events.slice(2), ["abort a"]); // no terminate: its state is in the handler's hands
  assertEquals(lines(), ["warn root/a: abandoned: it did not stop in time"]);
  a.gate.resolve();
  await settle();
  assertEquals(notes, []);
  await system.stop();
});

Deno.test("an actor that waits for what may take for ever ends at once when it is stopped, in a handler and in its init", async () => {
  type Waits = Request<"wait", null, null>;
  const silent = defineActor<Request<"never", null, null>, null, null>({
    name: "silent",
    init: () => null,
    handle: { never: (state) => next(state) },
  });
  const never = (ctx: Sender) =>
    ctx.ask(refTo<Request<"never", null, null>>("root/silent"), "never", null, {
      deadlineMs: Infinity,
      untilStop: true,
    });
  for (const inInit of [false, true]) {
    const events: string[] = [];
    const waiter = defineActor<Waits, null, null>({
      name: "waiter",
      init: async (ctx) => {
        if (inInit) await never(ctx);
        return null;
      },
      handle: {
        wait: async (_state, _args, ctx) => reply(null, await never(ctx)),
      },
      terminate: (_state, _ctx, reason) => void events.push(`terminate ${reason}`),
    });
    const { system, clock, lines } = testSystem();
    const started = system.start(supervisor("root", {
      children: [child(silent, { args: null }), child(waiter, { args: null })],
    }));
    if (!inInit) await started;
    const startEnd = inInit ? codeOf(started) : null;
    const inHand = inInit ? null : codeOf(system.ask(refTo<Waits>("root/waiter"), "wait", null));
    await settle();
    const stopped = system.stop();
    await clock.advance(0);
    await stopped;
    if (startEnd) assertEquals(await startEnd, "start_failed");
    else assertEquals(await inHand, "down");
    assertEquals(events, inInit ? [] : ["terminate shutdown"]);
    assertEquals(lines(), []);
  }
});

Deno.test("what fails while an actor stops is a crash, unless it is the end of its wait", async () => {
  const waiter = defineActor<Request<"wait", null, null>, null, null>({
    name: "waiter",
    init: () => null,
    handle: {
      wait: async (_state, _args, ctx) => {
        await ctx.ask(refTo<Request<"wait", null, null>>("root/waiter"), "wait", null, { untilStop: true })
          .catch(() => undefined);
        throw new Error("another thing");
      },
    },
  });
  const { system, clock, lines } = testSystem();
  await system.start(supervisor("root", { children: [child(waiter, { args: null })] }));
  const inHand = codeOf(system.ask(refTo<Request<"wait", null, null>>("root/waiter"), "wait", null));
  await settle();
  const stopped = system.stop();
  await clock.advance(0);
  await stopped;
  assertEquals(await inHand, "down");
  assertEquals(lines(), ["error root/waiter: crashed"]);
});

Deno.test("a terminate that does not end in time is abandoned", async () => {
  const events: string[] = [];
  const a = subject("a", events, { slowTerminate: true });
  const { system, clock, lines } = testSystem();
  await system.start(supervisor("root", { children: [child(a.definition, { args: null })] }));
  const stopped = system.stop();
  await clock.advance(5_000);
  await stopped;
  assertEquals(events, ["init a", "terminate a shutdown", "abort a"]);
  assertEquals(lines(), ["warn root/a: abandoned: it did not stop in time"]);
  assertEquals(await system.ended, 0);
});

Deno.test("an init is waited for when the system stops, then terminated; one that never ends is abandoned", async () => {
  for (const ends of [true, false]) {
    const events: string[] = [];
    const a = subject("a", events, { slowInit: true });
    const { system, clock } = testSystem();
    const started = codeOf(system.start(supervisor("root", { children: [child(a.definition, { args: null })] })));
    await settle();
    assertEquals(system.inspect().children[0]!.status, "starting");
    const stopped = system.stop();
    if (ends) a.gate.resolve();
    await clock.advance(5_000);
    await stopped;
    assertEquals(await started, "start_failed");
    assertEquals(events, ends ? ["init a", "terminate a shutdown", "terminated a", "abort a"] : ["init a", "abort a"]);
    assertEquals(await system.ended, 0);
    assertEquals(clock.pendingTimers, 0);
  }
});

Deno.test("a shutdown of Infinity waits as long as it takes", async () => {
  const events: string[] = [];
  const a = subject("a", events, { slowTerminate: true });
  const { system, clock } = testSystem();
  await system.start(supervisor("root", { children: [child(a.definition, { args: null, shutdownMs: Infinity })] }));
  const stopped = system.stop();
  await clock.advance(1e9);
  assertEquals(events, ["init a", "terminate a shutdown"]);
  a.gate.resolve();
  await stopped;
  assertEquals(events.at(-1), "abort a");
});

Deno.test("a terminate that throws is logged and the stop goes on", async () => {
  const failing = defineActor<Cast<"none", null>, null, null>({
    name: "failing",
    init: () => null,
    handle: { none: (state) => next(state) },
    terminate: () => {
      throw new Error("can't close");
    },
  });
  const events: string[] = [];
  const a = subject("a", events);
  const { system, lines } = testSystem();
  await system.start(
    supervisor("root", { children: [child(a.definition, { args: null }), child(failing, { args: null })] }),
  );
  await system.stop();
  assertEquals(lines(), ["error root/failing: crashed while it stopped"]);
  assertEquals(events.at(-1), "abort a");
  assertEquals(await system.ended, 0);
});

Deno.test("a handler that fails while the actor stops is logged and not restarted", async () => {
  const gate = Promise.withResolvers<void>();
  const failing = defineActor<Request<"fail", null, null>, null, null>({
    name: "failing",
    init: () => null,
    handle: {
      fail: async () => {
        await gate.promise;
        throw new Error("boom");
      },
    },
  });
  const { system, lines } = testSystem();
  await system.start(supervisor("root", { children: [child(failing, { args: null })] }));
  const asked = codeOf(system.ask(refTo<Request<"fail", null, null>>("root/failing"), "fail", null));
  await settle();
  const stopped = system.stop();
  gate.reject(new Error("boom"));
  await stopped;
  assertEquals(await asked, "down");
  assertEquals(lines(), ["error root/failing: crashed"]);
});

Deno.test("a stop before the start leaves nothing to start", async () => {
  const { system } = testSystem();
  await system.stop();
  assertEquals(await system.ended, 0);
  await assertRejects(() => system.start(supervisor("root", { children: [] })));
});

Deno.test("an actor may stop itself, or a supervisor above it, and is not made to wait for its own end", async () => {
  for (const path of ["root/above/a", "root/above"]) {
    const events: string[] = [];
    const a = subject("a", events);
    await withSystem(
      [supervisor("above", { children: [child(a.definition, { args: null })] })],
      async ({ system, clock }) => {
        system.tell(refTo<Message>("root/above/a"), "stopMe", { path });
        await settle();
        assertEquals(events, ["init a", "terminate a shutdown", "terminated a", "abort a"]);
        assertEquals(JSON.stringify(system.inspect()).includes("root/above/a"), false);
        assertEquals(clock.pendingTimers, 0);
      },
    );
  }
});

Deno.test("the result of an abandoned handler does not touch the next incarnation", async () => {
  const events: string[] = [];
  const a = subject("a", events);
  const crashing = defineActor<Cast<"crash", null>, null, null>({
    name: "crashing",
    init: () => null,
    handle: {
      crash: () => {
        throw new Error("boom");
      },
    },
  });
  const { system, clock } = testSystem();
  await system.start(supervisor("root", {
    strategy: "one_for_all",
    children: [child(crashing, { args: null }), child(a.definition, { args: null })],
  }));
  const inHand = codeOf(system.ask(refFor("a"), "wait", null));
  await settle();
  system.tell(refTo<Cast<"crash", null>>("root/crashing"), "crash", null);
  await clock.advance(5_000);
  assertEquals(await inHand, "down");
  assertEquals(events, ["init a", "abort a", "init a"]);
  const later = system.ask(refFor("a"), "later", null);
  await settle();
  a.gate.resolve(); // the old handler returns a state in which nobody waits
  await settle();
  await system.stop();
  assertEquals(await later, "closing");
});
