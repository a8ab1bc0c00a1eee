import { assertEquals } from "@std/assert";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { REQUEST_CHARACTERS_MAX, REQUEST_TIMEOUT_MS } from "./limits.ts";
import { connected } from "./testing/connection.ts";

Deno.test("a connection answers requests as they are done, not in their order", async () => {
  await connected(async ({ socket, clock, ask }) => {
    ask("wait", 1);
    ask("ping", 2);
    await clock.advance(0);
    assertEquals(socket.answers, [{ jsonrpc: "2.0", id: 2, result: "pong" }]);
  });
});

Deno.test("a method is told whom its caller comes from", async () => {
  await connected(async ({ socket, clock, ask }) => {
    ask("whoami", 1);
    await clock.advance(0);
    assertEquals(socket.answers.map(({ result }) => result), ["1.2.3.4"]);
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
  await connected(async ({ socket, clock, ask, waits, connections }) => {
    ask("wait", 1);
    await clock.advance(0);
    assertEquals(connections(), 1);
    socket.hangUp();
    await clock.advance(0);
    assertEquals([waits[0]!.aborted, socket.answers, socket.closed, connections()], [true, [], true, 0]);
    assertEquals(clock.pendingTimers, 0);
  });
});

Deno.test("what a client asked that has gone is neither read nor waited for", async () => {
  await connected(async ({ socket, clock, ask, waits, connections, callers }) => {
    callers.turns.take(10);
    for (let id = 0; id < 1_000; id++) ask("wait", id);
    socket.isOver = true;
    await clock.advance(100);
    assertEquals([waits.length, connections(), socket.waiting.length], [0, 0, 1_000]);
    assertEquals(clock.pendingTimers, 0);
  }, { burst: 1, tokens: 1, ms: 10 });
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
    assertEquals(lines(), ["error: An endpoint failed"]);
  });
});
