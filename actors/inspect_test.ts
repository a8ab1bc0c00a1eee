import { assertEquals } from "@std/assert";
import { defineActor, reply } from "./actor.ts";
import { createSystem, printTree } from "./mod.ts";
import { type Cast, refTo, type Request } from "./protocol.ts";
import { child, supervisor } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { manualClock, testSystem } from "./testing/platform.ts";

type Message = Cast<"crash", null> | Request<"ping", null, string> | Cast<"wait", null>;

const actor = (name: string) =>
  defineActor<Message, null, number>({
    name,
    init: () => 0,
    handle: {
      crash: () => {
        throw new Error("two\nlines");
      },
      ping: (count) => reply(count + 1, "pong"),
      wait: () => new Promise(() => {}),
    },
    inspect: (count) => ({ pings: count }),
    mailbox: { max: 2, full: "refuse" },
  });
const tree = supervisor("guardian", {
  children: [
    child(actor("store"), { args: null }),
    supervisor("consensus", {
      strategy: "rest_for_one",
      children: [child(actor("engine"), { args: null, shutdownMs: 0 })],
    }),
    child(actor("api"), { args: null }),
  ],
});

Deno.test("inspect shows the tree as JSON, printTree as a picture", async () => {
  const { system, clock } = testSystem();
  await system.start(tree);
  const engine = refTo<Message>("guardian/consensus/engine");
  system.tell(engine, "crash", null);
  await settle();
  await system.ask(refTo<Message>("guardian/api"), "ping", null);
  system.tell(engine, "wait", null);
  await settle();
  for (let i = 0; i < 3; i++) system.tell(engine, "crash", null);
  system.tell(refTo<Message>("guardian/nobody"), "crash", null);
  const inspection = system.inspect();
  assertEquals(JSON.parse(JSON.stringify(inspection)), inspection);
  assertEquals(inspection.children[1]!.children[0], {
    path: "guardian/consensus/engine",
    kind: "actor",
    status: "running",
    waiting: 2,
    handled: 2,
    refused: 1,
    restarts: 1,
    lastError: "two\nlines",
    facts: { pings: 0 },
    children: [],
  });
  assertEquals(
    printTree(inspection),
    `guardian · running · strategy one_for_one · lost 1
├─ store · running
├─ consensus · running · strategy rest_for_one
│  └─ engine · running · waiting 2 · handled 2 · refused 1 · restarts 1 · last error: two lines
└─ api · running · handled 1 · pings 1`,
  );
  const stopped = system.stop();
  await clock.advance(0);
  await stopped;
  assertEquals(system.inspect().status, "stopped");
});

Deno.test("before its start a system shows that there is nothing", () => {
  const system = createSystem({ platform: manualClock().platform, log: () => {} });
  assertEquals([system.inspect().status, system.inspect().children], ["stopped", []]);
});

Deno.test("what waits in a mailbox whose actor ends is counted as refused", async () => {
  const { system, clock, log } = testSystem();
  await system.start(tree);
  const engine = refTo<Message>("guardian/consensus/engine");
  system.tell(engine, "wait", null);
  await settle();
  system.tell(engine, "crash", null);
  system.tell(engine, "crash", null);
  const stopped = system.stop();
  await clock.advance(0);
  await stopped;
  assertEquals(log.find(({ message }) => message === "ended with messages waiting")?.facts, { casts: 2 });
});
