import { assertEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import { manualClock } from "../../testing/platform.ts";
import { HandshakeQueue } from "./handshake_queue.ts";

const TERMS = {
  all: { burst: 2, tokens: 10, ms: 1_000 },
  trusted: { burst: 1, tokens: 5, ms: 1_000 },
  trustedMax: 2,
};

class Tcp extends EventEmitter {
  isPaused = false;
  readonly said: string[] = [];

  pause(): this {
    this.isPaused = true;
    return this;
  }

  unshift(chunk: string): void {
    this.said.push(chunk);
  }
}

function queued() {
  const { platform, advance } = manualClock();
  const queue = new HandshakeQueue(platform.clock, TERMS);
  const begun: string[] = [];
  /** Connects and, unless it is silent, speaks. */
  const connect = (source: string | null, { silent = false } = {}): Tcp => {
    const tcp = new Tcp();
    queue.atFirstWord(tcp as unknown as Parameters<HandshakeQueue["atFirstWord"]>[0], source, () => {
      begun.push(source ?? "");
    });
    if (!silent) tcp.emit("data", "hello");
    return tcp;
  };
  /** Whose handshakes began since the last call. */
  const since = () => begun.splice(0);
  return { advance, queue, connect, since };
}

Deno.test("a burst of handshakes begins at once, then so many in a time, each with what was said", async () => {
  const { advance, connect, since } = queued();
  const tcps = Array.from({ length: 5 }, () => connect("a"));
  assertEquals(since(), ["a", "a"]);
  await advance(100);
  assertEquals(since(), ["a"]);
  await advance(1_000);
  assertEquals(since(), ["a", "a"]);
  assertEquals(tcps.map(({ isPaused, said }) => [isPaused, ...said]), tcps.map(() => [true, "hello"]));
});

Deno.test("silent connections wait for no turn, and those that end give theirs up", async () => {
  const { advance, connect, since } = queued();
  for (let i = 0; i < 100; i++) connect("a", { silent: true });
  connect("b");
  connect("b");
  const gone = Array.from({ length: 10 }, () => connect("b"));
  for (const tcp of gone) tcp.emit("close");
  connect("c");
  assertEquals(since(), ["b", "b"]);
  await advance(100);
  assertEquals(since(), ["c"]);
});

Deno.test("one of each source in turn, and those without a name are one", async () => {
  const { advance, connect, since } = queued();
  for (let i = 0; i < 500; i++) connect("crowd");
  connect("one");
  for (let i = 0; i < 20; i++) connect(null);
  since();
  await advance(400);
  assertEquals(since(), ["crowd", "one", "", "crowd"]);
});

for (const guardian of ["guardian", null]) {
  Deno.test(`a trusted source (${guardian}) has turns of its own among strangers, and no more than there are`, async () => {
    const { advance, queue, connect, since } = queued();
    queue.trust(guardian);
    for (let i = 0; i < 300; i++) connect(`stranger ${i}`);
    since();
    for (let i = 0; i < 100; i++) connect(guardian);
    assertEquals(since(), [guardian ?? ""]);
    await advance(1_000);
    const begun = since();
    const own = begun.filter((source) => source === (guardian ?? "")).length;
    assertEquals([own, begun.length], [5, 15]);
  });
}

Deno.test("where guardians are expected they have turns of their own before the first has come", async () => {
  const { advance, queue, connect, since } = queued();
  queue.expect(new Set(["alice", "bob"]));
  for (let i = 0; i < 300; i++) connect(`stranger ${i}`);
  since();
  connect("alice");
  connect("bob");
  assertEquals(since(), ["alice"]);
  await advance(200);
  assertEquals(since().filter((source) => !source.startsWith("stranger")), ["bob"]);
  queue.expect(new Set(["carol"]));
  connect("alice");
  await advance(1_000);
  assertEquals(since().filter((source) => !source.startsWith("stranger")), [], "alice has moved");
});

Deno.test("trust is for a bounded number of sources: the oldest loses it", () => {
  const { queue, connect, since } = queued();
  for (const source of ["a", "b", "a", "c"]) queue.trust(source);
  for (let i = 0; i < 3; i++) connect("stranger");
  since();
  for (const source of ["b", "a", "c"]) connect(source);
  assertEquals(since(), ["a"], "of a and c there is one turn");
});
