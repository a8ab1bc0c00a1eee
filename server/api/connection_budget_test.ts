/** What a caller costs: rates, budgets and turns of connections. */
import { assertEquals } from "@std/assert";
import { manualClock } from "../../actors/testing/platform.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { Caller } from "./callers.ts";
import { Callers } from "./callers.ts";
import {
  ANSWER_UNIT_BYTES,
  BUFFERED_BYTES_MAX,
  CALL_BURST_MAX,
  CALLS_MAX,
  CALLS_PER_SECOND_MAX,
  LARGE_ANSWER_DEPOSIT,
  OWN_CALLS,
  PARALLEL_CALLS_MAX,
  PAUSE_MS_MAX,
  REQUEST_TIMEOUT_MS,
  REQUEST_UNIT_CHARACTERS,
  UNTAKEN_BYTES_MAX,
  UNTAKEN_TOTAL_BYTES_MAX,
} from "./limits.ts";
import { connected, request } from "./testing/connection.ts";

Deno.test("beyond its burst a client is read at its rate only, however fast the answers are", async () => {
  await connected(async ({ socket, clock, ask }) => {
    for (let id = 0; id < CALL_BURST_MAX + 100; id++) ask("ping", id);
    await clock.advance(0);
    assertEquals(socket.answers.length, CALL_BURST_MAX);
    await clock.advance(20_000 / CALLS_PER_SECOND_MAX);
    assertEquals(socket.answers.length, CALL_BURST_MAX + 20);
    await clock.advance(1_000);
    assertEquals(socket.answers.length, CALL_BURST_MAX + 100);
  });
});

Deno.test("each call of a batch counts, and its length too", async () => {
  await connected(async ({ socket, clock }) => {
    const batch = stringifyJson(Array.from({ length: 100 }, (_, id) => request("ping", id)));
    const units = 100 + Math.floor(batch.length / REQUEST_UNIT_CHARACTERS) + 1; // one for the answer
    const atOnce = Math.ceil(CALL_BURST_MAX / units);
    for (let i = 0; i < 60; i++) socket.ask(batch);
    await clock.advance(0);
    assertEquals(socket.answers.length, atOnce);
    await clock.advance(units * 1_000 / CALLS_PER_SECOND_MAX);
    assertEquals(socket.answers.length, atOnce + 1);
  });
});

Deno.test("a request of a dear kind is paid for by its length, alone or in a batch", async () => {
  await connected(async ({ socket, clock, caller }) => {
    const dense = stringifyJson(request("dense", 1));
    const others = Array.from({ length: 60 }, (_, id) => request("ping", id));
    for (let i = 0; i < 20; i++) socket.ask(dense);
    await clock.advance(0);
    assertEquals([socket.answers.length, caller.waitMs()], [20, 0]);
    for (let i = 0; i < 20; i++) socket.ask(stringifyJson([...others, request("dense", 61)]));
    await clock.advance(0);
    // a batch of some 4,500 characters is dear as a whole
    assertEquals([socket.answers.length, caller.waitMs() > 0], [21, true]);
  });
});

Deno.test("calls with a deposit run a few at a time; when they are answered the next ones are read", async () => {
  await connected(async ({ socket, clock, ask, waits, caller }) => {
    for (let id = 0; id < 50; id++) ask("large", id);
    await clock.advance(0);
    assertEquals(waits.length, CALL_BURST_MAX / LARGE_ANSWER_DEPOSIT);
    assertEquals(caller.waitMs() > 0, true);
    await clock.advance(PAUSE_MS_MAX);
    assertEquals(waits.length, (CALL_BURST_MAX + CALLS_PER_SECOND_MAX) / LARGE_ANSWER_DEPOSIT);
    assertEquals(caller.waitMs() > 0, true);
    await clock.advance(REQUEST_TIMEOUT_MS);
    assertEquals(socket.answers.length >= CALL_BURST_MAX / LARGE_ANSWER_DEPOSIT, true);
  });
});

Deno.test("a call of many units is paid for by them", async () => {
  await connected(async ({ socket, clock, ask }) => {
    for (let id = 0; id < 100; id++) ask("dear", id);
    await clock.advance(0);
    assertEquals(socket.answers.length, CALL_BURST_MAX / 100);
    await clock.advance(500_000 / CALLS_PER_SECOND_MAX);
    assertEquals(socket.answers.length, CALL_BURST_MAX / 100 + 5);
  });
});

Deno.test("a large answer is paid for by its bytes", async () => {
  await connected(async ({ socket, clock, ask }) => {
    for (let id = 0; id < 100; id++) ask("megabyte", id);
    await clock.advance(0);
    const [perAnswer, atOnce] = [1_048_576 / ANSWER_UNIT_BYTES, socket.answers.length];
    // some were read before the first of them were paid for
    assertEquals([atOnce >= CALL_BURST_MAX / (perAnswer + 1), atOnce < 30], [true, true], `${atOnce}`);
    await clock.advance(40 * perAnswer * 1_000 / CALLS_PER_SECOND_MAX);
    assertEquals([socket.answers.length > 50, socket.answers.length < 70], [true, true], `${socket.answers.length}`);
  });
});

Deno.test("when too many calls of all are under way, those beyond a connection's own are refused", async () => {
  await connected(async ({ socket, clock, ask, waits, callers }) => {
    assertEquals(callers.takeShared(CALLS_MAX), true);
    assertEquals(callers.takeShared(1), false);
    for (let id = 0; id <= OWN_CALLS; id++) ask("wait", id);
    socket.ask(stringifyJson([request("wait", 98), { jsonrpc: "2.0", method: "wait" }]));
    await clock.advance(0);
    const error = { code: 500, message: "The guardian is overloaded: try again later" };
    assertEquals(waits.length, OWN_CALLS);
    assertEquals(socket.answers as unknown[], [
      { jsonrpc: "2.0", id: OWN_CALLS, error },
      [{ jsonrpc: "2.0", id: 98, error }],
    ]);
    callers.giveShared(1);
    ask("wait", 99);
    await clock.advance(0);
    assertEquals(waits.length, OWN_CALLS + 1);
    assertEquals(callers.takeShared(1), false);
    socket.hangUp();
    await clock.advance(0);
    assertEquals(callers.takeShared(1), true, "a call of a connection that ended gives its place back");
  });
});

Deno.test("connections of one address share a budget, which reconnecting does not renew", async () => {
  await connected(async ({ clock, caller, callers }) => {
    const connect = (hostname: string): Caller => callers.connect({ hostname }, () => {})!;
    caller.begin(1, { deposit: CALL_BURST_MAX, cost: 1 });
    const second = connect("1.2.3.4");
    const untilOne = 1_000 / CALLS_PER_SECOND_MAX;
    assertEquals(second.waitMs(), untilOne);
    second.leave();
    assertEquals(connect("1.2.3.4").waitMs(), untilOne);
    assertEquals(connect("4.3.2.1").waitMs(), 0);
    await clock.advance(untilOne);
    assertEquals(caller.waitMs(), 0);
  });
});

Deno.test("when more waits for all than may, the connections that have taken least are closed", () => {
  const callers = new Callers({ connectionsMax: 10, connectionsPerAddress: 10 }, manualClock().platform.clock);
  const closed: number[] = [];
  const slow = [0.5, 0.4, 0.3].map((share, i) => {
    const caller = callers.connect({ hostname: `1.1.1.${i}` }, () => {})!;
    caller.connected({ untakenBytes: () => share * UNTAKEN_TOTAL_BYTES_MAX, close: () => closed.push(i) });
    return caller;
  });
  slow[2]!.sentMuch();
  assertEquals(closed, [0]);
  slow[2]!.sentMuch();
  assertEquals(closed, [0]);
});

Deno.test("with too many calls under way nothing is read until one is done", async () => {
  await connected(async ({ socket, clock, ask, waits }) => {
    for (let id = 0; id < PARALLEL_CALLS_MAX; id++) ask("wait", id);
    ask("ping", PARALLEL_CALLS_MAX);
    await clock.advance(REQUEST_TIMEOUT_MS - 1);
    assertEquals([waits.length, socket.answers.length, socket.waiting.length], [PARALLEL_CALLS_MAX, 0, 1]);
    await clock.advance(1);
    assertEquals(socket.answers.length, PARALLEL_CALLS_MAX + 1);
  });
});

Deno.test("a client that takes its answers slowly is read slowly, one that takes none is disconnected", async () => {
  await connected(async ({ socket, clock, ask, connections, lines }) => {
    socket.bufferedBytes = UNTAKEN_BYTES_MAX + 1;
    ask("ping", 1); // was asked for before
    ask("ping", 2);
    await clock.advance(1_000);
    assertEquals([socket.answers.length, socket.waiting.length], [1, 1]);
    socket.bufferedBytes = UNTAKEN_BYTES_MAX;
    await clock.advance(100);
    assertEquals([socket.answers.length, socket.waiting.length], [2, 0]);
    socket.bufferedBytes = BUFFERED_BYTES_MAX + 1;
    ask("ping", 3);
    await clock.advance(0);
    assertEquals([socket.closed, connections()], [true, 0]);
    assertEquals(lines(), ["info: A client takes no answers and is disconnected"]);
  });
});

Deno.test("all callers together are read at a rate, each address in its turn", async () => {
  const RATE = { burst: 10, tokens: 1, ms: 1 };
  await connected(async ({ socket, clock, ask, callers }) => {
    for (let id = 0; id < 1_000; id++) ask("ping", id);
    await clock.advance(100);
    // two units a call: it is read, and done
    assertEquals([socket.answers.length > 45, socket.answers.length < 65], [true, true], `${socket.answers.length}`);
    const other = callers.connect({ hostname: "4.3.2.1" }, () => {})!;
    let turns = 0;
    for (let i = 0; i < 10; i++) {
      const isTurn = other.turn().then(() => turns++);
      await clock.advance(5);
      await isTurn;
    }
    assertEquals(turns, 10);
  }, RATE);
});

Deno.test("a connection that ends while it waits for its turn is over at once", async () => {
  const RATE = { burst: 1, tokens: 1, ms: 1_000_000 };
  await connected(async ({ clock, caller, callers }) => {
    callers.turns.take(1_000);
    const turn = caller.turn();
    caller.leave();
    await turn;
    await clock.advance(0);
    assertEquals(callers.connections, 0);
  }, RATE);
});

Deno.test("what calls have taken up of a source's budget is given back when what they do is over, not before, also after their client has gone", async () => {
  await connected(async ({ socket, clock, ask, callers, release }) => {
    for (let id = 0; id < 10; id++) ask("held", id);
    await clock.advance(0);
    const other = callers.connect({ hostname: "1.2.3.4" }, () => {})!;
    socket.hangUp();
    await clock.advance(0);
    assertEquals(socket.closed, true);
    other.begin(1, { deposit: CALL_BURST_MAX - 10 * LARGE_ANSWER_DEPOSIT, cost: 1 });
    assertEquals(other.waitMs() > 0, true, "who leaves gets no others begun");
    release();
    await clock.advance(0);
    assertEquals(other.waitMs(), 0);
    // each has cost a unit
    other.begin(1, { deposit: 10 * LARGE_ANSWER_DEPOSIT - 10, cost: 1 });
    assertEquals(other.waitMs() > 0, true);
  });
});

Deno.test("calls that stop when their client goes give back at once what they had taken up", async () => {
  await connected(async ({ socket, clock, callers }) => {
    const other = callers.connect({ hostname: "1.2.3.4" }, () => {})!;
    const caller = callers.connect({ hostname: "1.2.3.4" }, () => {})!;
    for (let i = 0; i < 4; i++) caller.begin(1, { deposit: CALL_BURST_MAX / 4, cost: 1 });
    assertEquals(other.waitMs() > 0, true);
    caller.leave();
    caller.leave();
    await clock.advance(0);
    assertEquals([other.waitMs(), socket.closed], [0, false]);
    other.begin(1, { deposit: CALL_BURST_MAX - 4, cost: 1 });
    assertEquals(other.waitMs() > 0, true, "given back once");
  });
});

Deno.test("a connection that says nothing takes no turn and holds none", async () => {
  const RATE = { burst: 3, tokens: 1, ms: 1_000_000 };
  await connected(async ({ socket, clock, ask, callers }) => {
    await clock.advance(0);
    const other = callers.connect({ hostname: "4.3.2.1" }, () => {})!;
    let turns = 0;
    for (let i = 0; i < 3; i++) {
      void other.turn().then(() => turns++);
      await clock.advance(0);
    }
    assertEquals(turns, 3);
    ask("ping", 1);
    await clock.advance(0);
    assertEquals([socket.answers, socket.waiting.length], [[], 1], "it is read in its turn, as all are");
    await clock.advance(1_000_000);
    assertEquals(socket.answers.length, 1);
  }, RATE);
});
