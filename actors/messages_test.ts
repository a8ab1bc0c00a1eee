import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ActorContext, type ActorDefinition, defineActor, next, reply } from "./actor.ts";
import { ActorError } from "./error.ts";
import type { Cast, ReplyTo, Request } from "./protocol.ts";
import { refTo } from "./protocol.ts";
import { child } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { withSystem } from "./testing/platform.ts";
import { InvariantError } from "../core/assert.ts";

type CounterMessage =
  | Request<"add", { by: number }, number>
  | Request<"slow", { by: number }, number>
  | Request<"later", null, string>
  | Cast<"set", { to: number }>
  | Cast<"answer", { text: string }>
  | Request<"twice", null, number>
  | Request<"self", { deadlineMs: number }, string>;

type CounterState = { value: number; waiting: ReplyTo<string>[] };

/** `slow` waits for `gate`. */
const gates: (() => void)[] = [];
const gate = () => new Promise<void>((resolve) => gates.push(resolve));
const open = () => gates.splice(0).forEach((resolve) => resolve());

const counter: ActorDefinition<CounterMessage, { start: number }, CounterState> = defineActor<
  CounterMessage,
  { start: number },
  CounterState
>({
  name: "counter",
  init: (_ctx, { start }) => ({ value: start, waiting: [] }),
  handle: {
    add: (state, { by }) => reply({ ...state, value: state.value + by }, state.value + by),
    slow: async (state, { by }) => {
      await gate();
      return reply({ ...state, value: state.value + by }, state.value + by);
    },
    later: (state, _args, _ctx, from) => next({ ...state, waiting: [...state.waiting, from] }),
    set: (state, { to }) => next({ ...state, value: to }),
    answer: (state, { text }, ctx) => {
      for (const from of state.waiting) ctx.reply(from, text);
      return next({ ...state, waiting: [] });
    },
    twice: (state, _args, ctx, from) => {
      ctx.reply(from, 1);
      ctx.reply(from, 2);
      return reply(state, 3);
    },
    self: async (state, { deadlineMs }, ctx) => {
      const outcome = await ctx.ask(ctx.self, "add", { by: 1 }, { deadlineMs }).catch((thrown) => thrown);
      return reply(state, outcome instanceof ActorError ? outcome.code : "answered");
    },
  },
  mailbox: { max: 3, full: "refuse" },
});
const ref = refTo<CounterMessage>("root/counter");
const one = [child(counter, { args: { start: 10 } })];

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, ActorError)).code;
}

Deno.test("messages are handled one at a time, in order, also when a handler waits", () =>
  withSystem(one, async ({ system }) => {
    const slow = system.ask(ref, "slow", { by: 1 });
    await settle();
    const quick = system.ask(ref, "add", { by: 5 });
    system.tell(ref, "set", { to: 100 });
    const last = system.ask(ref, "add", { by: 1 });
    await settle();
    assertEquals(system.inspect().children[0]!.waiting, 3);
    open();
    assertEquals(await Promise.all([slow, quick, last]), [11, 16, 101]);
  }));

Deno.test("ask fails with no_actor for a path where nobody is, and tell counts it", () =>
  withSystem(one, async ({ system, log }) => {
    const nobody = refTo<CounterMessage>("root/nobody");
    const failure = await assertRejects(() => system.ask(nobody, "add", { by: 1 }), ActorError);
    assertEquals(failure.facts, { code: "no_actor", path: "root/nobody", type: "add" });
    system.tell(nobody, "set", { to: 1 });
    assertEquals(system.inspect().facts["lost"], 1);
    assertEquals(log.map(({ level, path }) => [level, path]), [["debug", "root/nobody"]]);
    assertEquals(await codeOf(system.ask(refTo<CounterMessage>("root"), "add", { by: 1 })), "no_actor");
  }));

Deno.test("an actor refuses types it has no handler for, also names of Object.prototype, and goes on", () =>
  withSystem(one, async ({ system }) => {
    for (const type of ["unknown", "toString", "constructor", "__proto__"]) {
      assertEquals(await codeOf(system.ask(ref, type as "add", { by: 1 })), "no_actor");
      system.tell(ref, type as "set", { to: 1 });
    }
    assertEquals(await system.ask(ref, "add", { by: 1 }), 11);
    assertEquals(system.inspect().children[0]!.refused, 8);
    assertEquals(system.inspect().children[0]!.restarts, 0);
  }));

Deno.test("a full mailbox refuses: ask fails with overloaded, tell is counted, the log doubles its distances", () =>
  withSystem(one, async ({ system, lines }) => {
    const slow = system.ask(ref, "slow", { by: 1 });
    await settle();
    for (let i = 0; i < 3; i++) system.tell(ref, "set", { to: i });
    assertEquals(await codeOf(system.ask(ref, "add", { by: 1 })), "overloaded");
    for (let i = 0; i < 99; i++) system.tell(ref, "set", { to: 1_000 + i });
    assertEquals(system.inspect().children[0]!.refused, 100);
    assertEquals(lines().length, 7); // at 1, 2, 4 … 64
    open();
    assertEquals(await slow, 11);
    await settle();
    assertEquals(await system.ask(ref, "add", { by: 0 }), 2);
  }));

Deno.test("a full mailbox refuses no message of a type that it always takes", () =>
  withSystem(
    [child({ ...counter, mailbox: { max: 1, full: "refuse", always: ["set"] } }, { args: { start: 0 } })],
    async ({ system }) => {
      const slow = system.ask(ref, "slow", { by: 1 });
      await settle();
      for (let i = 0; i < 50; i++) system.tell(ref, "set", { to: i });
      const sum = system.ask(ref, "add", { by: 1 });
      system.tell(ref, "set", { to: 100 });
      assertEquals(await codeOf(system.ask(ref, "add", { by: 1 })), "overloaded");
      open();
      assertEquals(await Promise.all([slow, sum]), [1, 50]);
      assertEquals(await system.ask(ref, "add", { by: 0 }), 100);
      assertEquals(system.inspect().children[0]!.refused, 1);
    },
  ));

Deno.test("drop_oldest takes the newest cast and counts the one given up", () =>
  withSystem(
    [child({ ...counter, mailbox: { max: 2, full: "drop_oldest" } }, { args: { start: 0 } })],
    async ({ system }) => {
      const slow = system.ask(ref, "slow", { by: 1 });
      await settle();
      const sum = system.ask(ref, "add", { by: 1 });
      system.tell(ref, "set", { to: 5 });
      system.tell(ref, "set", { to: 7 });
      open();
      assertEquals(await Promise.all([slow, sum]), [1, 2]);
      assertEquals(await system.ask(ref, "add", { by: 0 }), 7);
      assertEquals(system.inspect().children[0]!.refused, 1);
    },
  ));

Deno.test("a request left for later is answered by a later message", () =>
  withSystem(one, async ({ system }) => {
    const answers = [system.ask(ref, "later", null), system.ask(ref, "later", null)];
    await settle();
    assertEquals(system.inspect().facts["unanswered"], 2);
    system.tell(ref, "answer", { text: "now" });
    assertEquals(await Promise.all(answers), ["now", "now"]);
    assertEquals(system.inspect().facts["unanswered"], 0);
  }));

Deno.test("only the first of two replies counts", () =>
  withSystem(one, async ({ system }) => {
    assertEquals(await system.ask(ref, "twice", null), 1);
    const later = system.ask(ref, "later", null);
    await settle();
    system.tell(ref, "answer", { text: "first" });
    system.tell(ref, "answer", { text: "second" });
    assertEquals(await later, "first");
  }));

type RelayMessage = Request<"forward", { clone: boolean }, number>;
type WorkerMessage = Cast<"work", { from: ReplyTo<number> }>;

Deno.test("another actor may answer a request, also with a copy of its address", async () => {
  const relay = (async: boolean) =>
    defineActor<RelayMessage, null, null>({
      name: "relay",
      init: () => null,
      handle: {
        forward: (state, { clone }, ctx, from) => {
          ctx.tell(refTo<WorkerMessage>("root/worker"), "work", { from: clone ? structuredClone(from) : from });
          return async ? settle().then(() => next(state)) : next(state);
        },
      },
    });
  const worker = defineActor<WorkerMessage, null, null>({
    name: "worker",
    init: () => null,
    handle: {
      work: (state, { from }, ctx) => {
        ctx.reply(from, 42);
        return next(state);
      },
    },
  });
  for (const async of [true, false]) {
    await withSystem([child(relay(async), { args: null }), child(worker, { args: null })], async ({ system }) => {
      const to = refTo<RelayMessage>("root/relay");
      assertEquals(await system.ask(to, "forward", { clone: false }), 42);
      assertEquals(await system.ask(to, "forward", { clone: true }), 42);
    });
  }
});

Deno.test("a request from a cast's handler is answered to nobody", () =>
  withSystem([
    child(
      defineActor<Cast<"go", null> | Request<"ping", null, string>, null, null>({
        name: "a",
        init: () => null,
        handle: {
          go: (state, _args, ctx: ActorContext<Cast<"go", null> | Request<"ping", null, string>>, from) => {
            ctx.reply(from as ReplyTo<unknown>, "to nobody");
            return next(state);
          },
          ping: (state) => reply(state, "pong"),
        },
      }),
      { args: null },
    ),
  ], async ({ system }) => {
    const a = refTo<Cast<"go", null> | Request<"ping", null, string>>("root/a");
    system.tell(a, "go", null);
    assertEquals(await system.ask(a, "ping", null), "pong");
  }));

Deno.test("ask fails at its deadline to the millisecond, the default after 30 s", () =>
  withSystem(one, async ({ system, clock }) => {
    const outcomes: string[] = [];
    const note = (name: string, ask: Promise<unknown>) =>
      ask.catch((thrown) => outcomes.push(`${name} ${thrown.code}`));
    note("default", system.ask(ref, "later", null));
    note("100 ms", system.ask(ref, "later", null, { deadlineMs: 100 }));
    await clock.advance(50);
    note("100 ms after 50", system.ask(ref, "later", null, { deadlineMs: 100 }));
    await clock.advance(49);
    assertEquals(outcomes, []);
    await clock.advance(1);
    assertEquals(outcomes, ["100 ms deadline"]);
    await clock.advance(49);
    assertEquals(outcomes.length, 1);
    await clock.advance(1);
    assertEquals(outcomes[1], "100 ms after 50 deadline");
    await clock.advance(29_849);
    assertEquals(outcomes.length, 2);
    await clock.advance(1);
    assertEquals(outcomes[2], "default deadline");
  }));

Deno.test("the deadline of a request to a busy actor runs too", () =>
  withSystem(one, async ({ system, clock }) => {
    void system.ask(ref, "slow", { by: 1 });
    await settle();
    const behind = codeOf(system.ask(ref, "add", { by: 1 }, { deadlineMs: 10 }));
    await clock.advance(10);
    assertEquals(await Promise.race([behind, settle()]), "deadline");
    open();
    await settle();
  }));

Deno.test("requests of one deadline expire in the order in which they were sent, whichever are answered between", () =>
  withSystem(
    [child({ ...counter, mailbox: { max: 100, full: "refuse" } }, { args: { start: 0 } })],
    async ({ system, clock }) => {
      const expired: number[] = [];
      const answered: number[] = [];
      for (let i = 0; i < 10; i++) {
        const ask: Promise<unknown> = i % 3 === 0
          ? system.ask(ref, "add", { by: 1 }, { deadlineMs: 500 })
          : system.ask(ref, "later", null, { deadlineMs: 500 });
        ask.then(() => answered.push(i), () => expired.push(i));
        await clock.advance(10);
      }
      await clock.advance(1_000);
      assertEquals(answered, [0, 3, 6, 9]);
      assertEquals(expired, [1, 2, 4, 5, 7, 8]);
      assertEquals(clock.pendingTimers, 0);
    },
  ));

Deno.test("a deadline of Infinity waits for ever, one that is no duration is refused", () =>
  withSystem(one, async ({ system, clock }) => {
    let settled = false;
    const ask = system.ask(ref, "later", null, { deadlineMs: Infinity });
    ask.finally(() => settled = true);
    await clock.advance(1e9);
    assert(!settled);
    system.tell(ref, "answer", { text: "at last" });
    assertEquals(await ask, "at last");
    await assertRejects(() => system.ask(ref, "later", null, { deadlineMs: -1 }), InvariantError);
    await assertRejects(() => system.ask(ref, "later", null, { deadlineMs: NaN }), InvariantError);
  }));

Deno.test("an actor that asks itself gets deadline, goes on, and does not begin what nobody waits for", () =>
  withSystem(one, async ({ system, clock }) => {
    const ask = system.ask(ref, "self", { deadlineMs: 200 });
    await clock.advance(200);
    assertEquals(await ask, "deadline");
    assertEquals(await system.ask(ref, "add", { by: 0 }), 10); // its own `add` was not done
    assertEquals(system.inspect().children[0]!.refused, 1);
  }));

Deno.test("a late answer to an expired request changes nothing", () =>
  withSystem(one, async ({ system, clock }) => {
    const ask = codeOf(system.ask(ref, "later", null, { deadlineMs: 5 }));
    await clock.advance(5);
    assertEquals(await ask, "deadline");
    system.tell(ref, "answer", { text: "too late" });
    assertEquals(await system.ask(ref, "add", { by: 1 }), 11);
  }));
