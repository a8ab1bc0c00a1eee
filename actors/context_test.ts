/** Timers, monitors and tasks: what an actor's context gives besides sending. */
import { assert, assertEquals } from "@std/assert";
import { type ActorContext, defineActor, next, reply, stop, type StopReason } from "./actor.ts";
import { type Cast, refTo, type Request } from "./protocol.ts";
import { child } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { withSystem } from "./testing/platform.ts";
import { reasonText } from "./runtime/errors.ts";

type Message =
  | Cast<"note", { text: string }>
  | Request<"notes", null, string[]>
  | Cast<"block", { until: Promise<void> }>
  | Cast<"crash", null>
  | Cast<"finish", null>;

function subject(name: string) {
  const contexts: ActorContext<Message>[] = [];
  const definition = defineActor<Message, null, string[]>({
    name,
    init: (ctx) => (contexts.push(ctx), []),
    handle: {
      note: (state, { text }) => next([...state, text]),
      notes: (state) => reply(state, state),
      block: (state, { until }) => until.then(() => next(state)),
      crash: () => {
        throw new Error("boom");
      },
      finish: (state) => stop(state),
    },
  });
  return { definition, contexts };
}
const a = refTo<Message>("root/a");
const b = refTo<Message>("root/b");
const note = (text: string) => ({ type: "note" as const, args: { text } });
const describe = (reason: StopReason | "no_actor") =>
  typeof reason === "object" ? `crashed ${reasonText(reason.crashed)}` : reason;

Deno.test("after delivers a cast when its time has come, in order of time", async () => {
  const { definition, contexts } = subject("a");
  await withSystem([child(definition, { args: null })], async ({ system, clock }) => {
    const ctx = contexts[0]!;
    ctx.after(20, note("second"));
    ctx.after(10, note("first"));
    ctx.after(0, note("at once"));
    await clock.advance(9);
    assertEquals(await system.ask(a, "notes", null), ["at once"]);
    await clock.advance(1);
    assertEquals(await system.ask(a, "notes", null), ["at once", "first"]);
    await clock.advance(10);
    assertEquals(await system.ask(a, "notes", null), ["at once", "first", "second"]);
  });
});

Deno.test("cancel holds a timer back, also when it has fired and its message waits; an unknown one does nothing", async () => {
  const { definition, contexts } = subject("a");
  await withSystem([child(definition, { args: null })], async ({ system, clock }) => {
    const ctx = contexts[0]!;
    ctx.cancel(ctx.after(10, note("cancelled before")));
    const until = Promise.withResolvers<void>();
    system.tell(a, "block", { until: until.promise });
    const timer = ctx.after(10, note("cancelled after it fired"));
    ctx.after(10, note("kept"));
    await clock.advance(10);
    assertEquals(system.inspect().children[0]!.waiting, 2);
    ctx.cancel(timer);
    ctx.cancel(12_345);
    until.resolve();
    await settle();
    assertEquals(await system.ask(a, "notes", null), ["kept"]);
  });
});

Deno.test("a delay that is no duration is a crash", async () => {
  const bad = defineActor<Cast<"go", { delayMs: number }>, null, null>({
    name: "a",
    init: () => null,
    handle: {
      go: (state, { delayMs }, ctx) => {
        ctx.after(delayMs, { type: "go", args: { delayMs: 1 } });
        return next(state);
      },
    },
  });
  await withSystem([child(bad, { args: null })], async ({ system }) => {
    for (const delayMs of [-1, NaN, Infinity]) {
      system.tell(refTo<Cast<"go", { delayMs: number }>>("root/a"), "go", { delayMs });
    }
    await settle();
    assertEquals(system.inspect().children[0]!.restarts, 3);
  });
});

Deno.test("a monitor tells of the crash, the normal end and the absence of an actor, once each", async () => {
  const watcher = subject("a");
  const watched = subject("b");
  await withSystem(
    [child(watcher.definition, { args: null }), child(watched.definition, { args: null, restart: "transient" })],
    async ({ system }) => {
      const ctx = watcher.contexts[0]!;
      const watch = () => ctx.monitor(b, (reason) => note(describe(reason)));
      watch();
      system.tell(b, "crash", null);
      await settle();
      system.tell(b, "crash", null); // the monitor was for the first life
      await settle();
      assertEquals(await system.ask(a, "notes", null), ["crashed boom"]);
      watch();
      system.tell(b, "finish", null);
      await settle();
      assertEquals(await system.ask(a, "notes", null), ["crashed boom", "normal"]);
      watch();
      await settle();
      assertEquals(await system.ask(a, "notes", null), ["crashed boom", "normal", "no_actor"]);
    },
  );
});

Deno.test("a monitor sees a stop as shutdown, and works on supervisors", async () => {
  const watcher = subject("a");
  const watched = subject("b");
  await withSystem(
    [child(watcher.definition, { args: null }), child(watched.definition, { args: null })],
    async ({ system }) => {
      const ctx = watcher.contexts[0]!;
      await ctx.startChild("root", {
        kind: "supervisor",
        id: "s",
        restart: "permanent",
        strategy: "one_for_one",
        intensity: 1,
        periodMs: 1,
        children: [],
      });
      ctx.monitor(b, (reason) => note(`b ${describe(reason)}`));
      ctx.monitor(refTo("root/s"), (reason) => note(`s ${describe(reason)}`));
      await ctx.stopChild("root/b");
      await ctx.stopChild("root/s");
      assertEquals(await system.ask(a, "notes", null), ["b shutdown", "s shutdown"]);
    },
  );
});

Deno.test("an actor that has ended is no longer told by its monitors", async () => {
  const watcher = subject("a");
  const watched = subject("b");
  await withSystem(
    [child(watcher.definition, { args: null }), child(watched.definition, { args: null })],
    async ({ system }) => {
      watcher.contexts[0]!.monitor(b, () => note("of the first life"));
      system.tell(a, "crash", null);
      await settle();
      system.tell(b, "crash", null);
      await settle();
      assertEquals(await system.ask(a, "notes", null), []);
    },
  );
});

Deno.test("run works beside the mailbox and delivers the task's value, rejection or throw", async () => {
  const { definition, contexts } = subject("a");
  await withSystem([child(definition, { args: null })], async ({ system }) => {
    const ctx = contexts[0]!;
    const gate = Promise.withResolvers<number>();
    const done = (name: string) => (outcome: { ok: boolean; value?: unknown; error?: unknown }) =>
      note(`${name} ${outcome.ok ? outcome.value : reasonText(outcome.error)}`);
    ctx.run(() => gate.promise, done("slow"));
    ctx.run(() => Promise.reject(new Error("rejected")), done("failing"));
    ctx.run(() => {
      throw new Error("thrown");
    }, done("throwing"));
    await settle();
    assertEquals((await system.ask(a, "notes", null)).toSorted(), ["failing rejected", "throwing thrown"]);
    gate.resolve(7);
    await settle();
    assertEquals((await system.ask(a, "notes", null)).at(-1), "slow 7");
  });
});

Deno.test("a task's signal is aborted when the actor ends, and what comes of it is dropped", async () => {
  const { definition, contexts } = subject("a");
  await withSystem([child(definition, { args: null })], async ({ system, log }) => {
    const aborted: unknown[] = [];
    const run = (late: (resolve: (value: string) => void, reject: (reason: unknown) => void) => void) =>
      contexts[0]!.run(
        (signal) =>
          new Promise<string>((resolve, reject) =>
            signal.addEventListener("abort", () => {
              aborted.push(signal.reason.code);
              late(resolve, reject);
            })
          ),
        () => note("late"),
      );
    run((resolve) => resolve("value"));
    run((_resolve, reject) => reject(new Error("gave up")));
    system.tell(a, "crash", null);
    await settle();
    assertEquals(aborted, ["down", "down"]);
    assertEquals(await system.ask(a, "notes", null), []);
    assert(log.some(({ level, facts }) => level === "debug" && facts["reason"] === "gave up"));
  });
});

Deno.test("an actor that hoards timers, tasks and monitors without bound crashes", async () => {
  const hoarder = defineActor<Cast<"go", { count: number }> | Cast<"tick", null>, null, null>({
    name: "a",
    init: () => null,
    handle: {
      go: (state, { count }, ctx) => {
        for (let i = 0; i < count; i++) ctx.monitor(ctx.self, () => ({ type: "tick", args: null }));
        return next(state);
      },
      tick: (state) => next(state),
    },
  });
  await withSystem([child(hoarder, { args: null })], async ({ system }) => {
    const to = refTo<Cast<"go", { count: number }>>("root/a");
    system.tell(to, "go", { count: 100_000 });
    await settle();
    assertEquals(system.inspect().children[0]!.restarts, 0);
    system.tell(to, "go", { count: 1 });
    await settle();
    assertEquals(system.inspect().children[0]!.restarts, 1);
  });
});

Deno.test("a full mailbox does not keep an actor from its own timers", async () => {
  const { definition, contexts } = subject("a");
  await withSystem(
    [child({ ...definition, mailbox: { max: 1, full: "refuse" } }, { args: null })],
    async ({ system, clock }) => {
      const until = Promise.withResolvers<void>();
      system.tell(a, "block", { until: until.promise });
      await settle();
      system.tell(a, "note", { text: "waits" });
      system.tell(a, "note", { text: "refused" });
      contexts[0]!.after(1, note("timer"));
      await clock.advance(1);
      until.resolve();
      await settle();
      assertEquals(await system.ask(a, "notes", null), ["waits", "timer"]);
    },
  );
});
