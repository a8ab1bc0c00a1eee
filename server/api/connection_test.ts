import { assertEquals } from "@std/assert";
import type { ManualClock } from "../../actors/_test_platform.ts";
import { withSystem } from "../../actors/_test_platform.ts";
import { child } from "../../actors/mod.ts";
import type { MessageSocket } from "../../actors/platform/platform.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { apiConnection } from "./connection.ts";
import type { Method } from "./dispatch.ts";
import {
  BUFFERED_BYTES_MAX,
  CALL_BURST_MAX,
  PARALLEL_CALLS_MAX,
  REQUEST_CHARACTERS_MAX,
  REQUEST_TIMEOUT_MS,
  UNTAKEN_BYTES_MAX,
} from "./limits.ts";

/** The client's side: what it has sent waits until it is read. */
class FakeSocket implements MessageSocket {
  readonly answers: JsonObject[] = [];
  readonly waiting: string[] = [];
  bufferedBytes = 0;
  closed = false;
  #reader: ((message: string | null) => void) | null = null;

  send(message: string): void {
    this.answers.push(parseJson(message) as JsonObject);
  }

  receive(): Promise<string | null> {
    const message = this.waiting.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#reader = resolve);
  }

  close(): void {
    this.closed = true;
  }

  ask(message: string): void {
    const reader = this.#reader;
    this.#reader = null;
    if (reader) reader(message);
    else this.waiting.push(message);
  }

  hangUp(): void {
    this.#reader?.(null);
  }
}

function request(method: string, id: number): Json {
  return { jsonrpc: "2.0", id, method, params: [{ auth: null, params: null }] };
}

type Test = {
  readonly socket: FakeSocket;
  readonly clock: ManualClock;
  readonly ask: (method: string, id: number) => void;
  /** Signals of calls to `wait`, in order. */
  readonly waits: AbortSignal[];
  readonly ends: () => number;
  readonly lines: () => string[];
};

async function connected(body: (test: Test) => Promise<void>): Promise<void> {
  const socket = new FakeSocket();
  const waits: AbortSignal[] = [];
  let ends = 0;
  const methods: Record<string, Method> = {
    ping: () => Promise.resolve("pong"),
    // never looks at its signal
    wait: (_request, signal) => {
      waits.push(signal);
      return new Promise(() => {});
    },
    bug: () => Promise.reject(new TypeError("inner")),
  };
  const spec = child(apiConnection, {
    id: "connection",
    args: { socket, methods: (name) => methods[name], onEnd: () => ends++ },
    restart: "temporary",
  });
  await withSystem([spec], async ({ clock, lines }) => {
    const ask = (method: string, id: number): void => socket.ask(stringifyJson(request(method, id)));
    await body({ socket, clock, ask, waits, ends: () => ends, lines });
  });
}

Deno.test("a connection answers requests as they are done, not in their order", async () => {
  await connected(async ({ socket, clock, ask }) => {
    ask("wait", 1);
    ask("ping", 2);
    await clock.advance(0);
    assertEquals(socket.answers, [{ jsonrpc: "2.0", id: 2, result: "pong" }]);
  });
});

Deno.test("a request is cut after 60 s, not before", async () => {
  await connected(async ({ socket, clock, ask, waits }) => {
    ask("wait", 1);
    await clock.advance(REQUEST_TIMEOUT_MS - 1);
    assertEquals([socket.answers, waits[0]!.aborted], [[], false]);
    await clock.advance(1);
    assertEquals(socket.answers, [{ jsonrpc: "2.0", id: 1, error: { code: -32000, message: "Request timeout" } }]);
    assertEquals([waits[0]!.aborted, socket.closed], [true, false]);
  });
});

Deno.test("what waits ends when the client hangs up, and its place is free", async () => {
  await connected(async ({ socket, clock, ask, waits, ends }) => {
    ask("wait", 1);
    await clock.advance(0);
    assertEquals(ends(), 0);
    socket.hangUp();
    await clock.advance(0);
    assertEquals([waits[0]!.aborted, socket.answers, socket.closed, ends()], [true, [], true, 1]);
    assertEquals(clock.pendingTimers, 0);
  });
});

Deno.test("a notification is not answered, nor done", async () => {
  await connected(async ({ socket, clock, ask, waits }) => {
    socket.ask('{"jsonrpc":"2.0","method":"wait","params":[{"params":null}]}');
    ask("ping", 2);
    await clock.advance(0);
    assertEquals([socket.answers.length, waits.length], [1, 0]);
  });
});

Deno.test("a message that is a little too large is told so, and the connection goes on", async () => {
  await connected(async ({ socket, clock, ask }) => {
    socket.ask("x".repeat(REQUEST_CHARACTERS_MAX + 1));
    ask("ping", 2);
    await clock.advance(0);
    assertEquals(socket.answers.map(({ error, result }) => (error as JsonObject)?.code ?? result), [-32007, "pong"]);
  });
});

Deno.test("a bug of an endpoint is logged, and the connection goes on", async () => {
  await connected(async ({ socket, clock, ask, lines }) => {
    ask("bug", 1);
    ask("ping", 2);
    await clock.advance(0);
    assertEquals(socket.answers.length, 2);
    assertEquals(socket.answers[0]!.error, { code: 500, message: "API handler panicked" });
    assertEquals(lines(), ["error root/connection: An endpoint failed"]);
  });
});

Deno.test("beyond its burst a client is read at its rate only, however fast the answers are", async () => {
  await connected(async ({ socket, clock, ask }) => {
    for (let id = 0; id < CALL_BURST_MAX + 100; id++) ask("ping", id);
    await clock.advance(0);
    assertEquals(socket.answers.length, CALL_BURST_MAX);
    await clock.advance(20);
    assertEquals(socket.answers.length, CALL_BURST_MAX + 20);
    await clock.advance(1_000);
    assertEquals(socket.answers.length, CALL_BURST_MAX + 100);
  });
});

Deno.test("each call of a batch counts", async () => {
  await connected(async ({ socket, clock }) => {
    const batch = stringifyJson(Array.from({ length: 100 }, (_, id) => request("ping", id)));
    for (let i = 0; i < 51; i++) socket.ask(batch);
    await clock.advance(0);
    assertEquals(socket.answers.length, 50);
    await clock.advance(1);
    assertEquals(socket.answers.length, 51);
  });
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
  await connected(async ({ socket, clock, ask, ends, lines }) => {
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
    assertEquals([socket.closed, ends()], [true, 1]);
    assertEquals(lines(), ["info root/connection: A client takes no answers and is disconnected"]);
  });
});
