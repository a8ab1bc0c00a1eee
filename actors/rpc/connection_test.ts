/** Connections that die without a word, as a sleeping machine or a router leaves them: found within seconds, replaced, nothing lost. */
import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { createSystem, refTo, supervisor } from "../mod.ts";
import type { MessageSocket } from "../platform/platform.ts";
import { sleep } from "../platform/platform.ts";
import { SimulatedWorld } from "../platform/simulated/mod.ts";
import { child } from "../supervisor.ts";
import type { RpcError, RpcMessage, RpcStatus } from "./mod.ts";
import { MESSAGE_BYTES_MAX, rpcConnection } from "./mod.ts";

const PORT = 8_174;
const WITHIN = { forMs: 600_000 };
const ref = refTo<RpcMessage>("test/rpc");

type Question = { readonly id: number; readonly method: string };
/** What a guardian does with a question on its n-th connection: answers, or not; null closes the connection. */
type Answering = (line: number, question: Question) => Promise<Json | undefined | null> | Json | undefined | null;

class Setting {
  readonly world = new SimulatedWorld(1);
  /** `line method`, in the order of arrival. */
  readonly heard: string[] = [];
  lines = 0;
  /** Nobody is let in. */
  refuses = false;
  readonly #system = createSystem({ platform: this.world.process("client").platform, log: () => {} });

  static async with(answering: Answering): Promise<Setting> {
    const setting = new Setting();
    await setting.world.finish(setting.#serve(answering), WITHIN);
    const spec = child(rpcConnection, { args: { url: `ws://guardian:${PORT}/` } });
    await setting.world.finish(setting.#system.start(supervisor("test", { children: [spec] })), WITHIN);
    return setting;
  }

  async #serve(answering: Answering): Promise<void> {
    const { network } = this.world.process("guardian").platform;
    await network.serveHttp({ hostname: "0.0.0.0", port: PORT }, (_request, upgrade) => {
      if (this.refuses) return new Response(null, { status: 401 });
      const upgraded = upgrade({ messageBytesMax: MESSAGE_BYTES_MAX, pingMs: 10_000 });
      const line = this.lines++;
      void upgraded.socket.then((socket) => this.#answer(socket, line, answering));
      return upgraded.response;
    });
  }

  async #answer(socket: MessageSocket, line: number, answering: Answering): Promise<void> {
    for (let text = await socket.receive(); text !== null; text = await socket.receive()) {
      const question = parseJson(text) as unknown as Question;
      this.heard.push(`${line} ${question.method}`);
      // several at a time, as guardians do
      void Promise.resolve(answering(line, question)).then((result) => {
        if (result === null) socket.close();
        else if (result !== undefined) socket.send(stringifyJson({ jsonrpc: "2.0", id: question.id, result }));
      });
    }
  }

  call(method: string, options: { readonly once?: boolean } = {}): Promise<Result<Json, RpcError>> {
    return this.#system.ask(ref, "call", { method, params: [], timeoutMs: 60_000, ...options }, {
      deadlineMs: 120_000,
    });
  }

  status(): Promise<RpcStatus> {
    return this.#system.ask(ref, "status", null);
  }

  statusAfter(version: number): Promise<RpcStatus> {
    return this.#system.ask(ref, "statusAfter", { version }, { deadlineMs: Infinity });
  }

  reconnect(): Promise<null> {
    return this.#system.ask(ref, "reconnect", null);
  }

  /** The outcomes of calls that are made at once. */
  all(...calls: Promise<Result<Json, RpcError>>[]): Promise<unknown[]> {
    const outcomes = calls.map((call) => call.then((answer) => answer.ok ? answer.value : answer.error.kind));
    return this.world.finish(Promise.all(outcomes), WITHIN);
  }

  /** The call's outcome, and how long it took. */
  async timed(method: string, options: { readonly once?: boolean } = {}): Promise<[unknown, number]> {
    const begunMs = this.world.nowMs;
    const answer = await this.world.finish(this.call(method, options), WITHIN);
    return [answer.ok ? answer.value : answer.error.kind, this.world.nowMs - begunMs];
  }
}

Deno.test("a connection that died in silence is replaced within seconds, and its calls are asked again on the new one", async () => {
  let dead = false;
  const at = await Setting.with((line, { method }) => dead && line === 0 ? undefined : method);
  assertEquals((await at.timed("a"))[0], "a");
  await at.world.run({ forMs: 3_600_000 });
  dead = true;
  const begunMs = at.world.nowMs;
  assertEquals([await at.all(at.call("b"), at.call("c")), at.lines], [["b", "c"], 2]);
  assert(at.world.nowMs - begunMs < 8_000, `${at.world.nowMs - begunMs} ms`);
  // the next one is quick
  assert((await at.timed("d"))[1] < 1_000);
});

Deno.test("a guardian that takes long for one answer keeps its connection: to a cheap question it answers at once", async () => {
  const at: Setting = await Setting.with(async (_line, { method }) => {
    if (method === "slow") await sleep(at.world.process("guardian").platform.clock, 50_000);
    return method;
  });
  const [answer, tookMs] = await at.timed("slow");
  assertEquals([answer, at.lines], ["slow", 1]);
  assert(tookMs >= 50_000);
  const probes = at.heard.filter((question) => question.endsWith("version")).length;
  assert(probes >= 1 && probes <= 4, `${probes} questions in 50 s`);
});

Deno.test("nothing is sent while nobody waits", async () => {
  const at = await Setting.with((_line, { method }) => method);
  await at.timed("a");
  await at.world.run({ forMs: 3_600_000 });
  assertEquals(at.heard, ["0 a"]);
});

Deno.test("a network that is merely slow is waited for longer each time: connections don't replace each other for ever", async () => {
  for (const delayMs of [5_000, 15_000]) {
    const at: Setting = await Setting.with(async (_line, { method }) => {
      await sleep(at.world.process("guardian").platform.clock, delayMs);
      return method;
    });
    const [answer, tookMs] = await at.timed("a");
    assertEquals(answer, "a", `${delayMs}`);
    assert(at.lines <= 4 && tookMs < 60_000, `${at.lines} connections, ${tookMs} ms`);
  }
});

Deno.test("a guardian that answers nothing at all costs few connections, and its calls end in their time", async () => {
  const at = await Setting.with(() => undefined);
  const [kind, tookMs] = await at.timed("a");
  assertEquals([kind, tookMs], ["timeout", 60_000]);
  assert(at.lines <= 6, `${at.lines} connections in a minute`);
});

Deno.test("a connection that is cut under a call is opened again and the call repeated, once; what may be asked once only fails", async () => {
  const at = await Setting.with((line, { method }) => line === 0 && method !== "hello" ? null : method);
  await at.timed("hello");
  assertEquals((await at.timed("a"))[0], "a");
  const cutting = await Setting.with(() => null);
  assertEquals((await cutting.timed("a"))[0], "transport");
  assertEquals(cutting.heard, ["0 a", "1 a"]);
  const once = await Setting.with((line, { method }) => line === 0 ? null : method);
  assertEquals((await once.timed("a", { once: true }))[0], "transport");
  assertEquals(once.heard, ["0 a"]);
});

Deno.test("a call that may be asked once stays on the connection that went silent, and is answered there or runs out of time", async () => {
  for (const late of [true, false]) {
    let dead = false;
    const at: Setting = await Setting.with(async (line, { method }) => {
      if (!dead || line > 0) return method;
      if (late) await sleep(at.world.process("guardian").platform.clock, 40_000);
      return late ? method : undefined;
    });
    await at.timed("a");
    dead = true;
    const paid = at.call("pay", { once: true });
    const begunMs = at.world.nowMs;
    assertEquals(await at.all(at.call("b")), ["b"]);
    assert(at.world.nowMs - begunMs < 8_000);
    assertEquals(await at.all(paid), [late ? "pay" : "timeout"]);
    assertEquals(at.heard.filter((question) => question.endsWith("pay")), ["0 pay"]);
  }
});

Deno.test("a guardian that is late with everything is heard on the connection that it was asked on first", async () => {
  const at: Setting = await Setting.with(async (_line, { method }) => {
    await sleep(at.world.process("guardian").platform.clock, 50_000);
    return method;
  });
  const [answer, tookMs] = await at.timed("a");
  assertEquals(answer, "a");
  assert(tookMs < 51_000 && at.lines <= 5, `${tookMs} ms, ${at.lines} connections`);
});

Deno.test("what was taken for dead and speaks while another is being opened is kept", async () => {
  let slowMs = 0;
  const at: Setting = await Setting.with(async (line, { method }) => {
    if (line === 0) await sleep(at.world.process("guardian").platform.clock, slowMs);
    return method;
  });
  await at.timed("a");
  // the answer comes while the second connection is on its way
  slowMs = 6_020;
  at.world.link("client", "guardian", { delayMs: [40, 41] });
  const [answer] = await at.timed("b");
  assertEquals(answer, "b");
  slowMs = 0;
  await at.world.run({ forMs: 1_000 });
  assertEquals(at.lines, 2);
  at.heard.length = 0;
  assertEquals((await at.timed("c"))[0], "c");
  assertEquals(at.heard, ["0 c"]);
});

Deno.test("who is not let in without a secret is told so, not that nobody is there", async () => {
  const at = new SimulatedWorld(1);
  const { network } = at.process("guardian").platform;
  await at.finish(
    network.serveHttp({ hostname: "0.0.0.0", port: PORT }, () => new Response("", { status: 401 })),
    WITHIN,
  );
  const system = createSystem({ platform: at.process("client").platform, log: () => {} });
  const spec = child(rpcConnection, { args: { url: `ws://guardian:${PORT}/` } });
  await at.finish(system.start(supervisor("test", { children: [spec] })), WITHIN);
  const answer = await at.finish(system.ask(ref, "call", { method: "a", params: [], timeoutMs: 60_000 }), WITHIN);
  assertEquals(answer.ok ? null : answer.error.kind, "unauthorized");
});

Deno.test("a connection tells whether it is open, since when, and why it last was not", async () => {
  const at: Setting = await Setting.with((_line, { method }) => method === "cut" ? null : method);
  const epochMs = at.world.process("client").platform.clock.nowMs();
  const told = async (): Promise<unknown[]> => {
    const { state, sinceMs, lastError } = await at.world.finish(at.status(), WITHIN);
    return [state, sinceMs >= epochMs, lastError?.message ?? null];
  };
  assertEquals(await told(), ["idle", true, null]);
  await at.timed("a");
  const open = await at.world.finish(at.status(), WITHIN);
  assertEquals([open.state, open.lastError], ["connected", null]);
  await at.world.run({ forMs: 60_000 });
  assertEquals(await at.world.finish(at.status(), WITHIN), open, "nothing has changed");
  assertEquals((await at.timed("cut", { once: true }))[0], "transport");
  assertEquals(await told(), ["idle", true, "Connection was lost"]);
  await at.timed("b");
  assertEquals(await told(), ["connected", true, "Connection was lost"]);
});

Deno.test("whoever follows a connection is told each change, and one that can't be opened says why", async () => {
  const at: Setting = await Setting.with((_line, { method }) => method === "cut" ? null : method);
  at.refuses = true;
  const first = await at.world.finish(at.status(), WITHIN);
  const next = at.statusAfter(first.version);
  assertEquals((await at.timed("a"))[0], "unauthorized");
  const changed = await at.world.finish(next, WITHIN);
  assertEquals(changed.state, "connecting");
  const after = await at.world.finish(at.statusAfter(changed.version), WITHIN);
  assertEquals([after.state, after.lastError?.kind], ["idle", "unauthorized"]);
  // who waits for nothing new waits; one too many makes the oldest go on with what there is
  const waiting = Array.from({ length: 65 }, () => at.statusAfter(after.version));
  assertEquals(await at.world.finish(waiting[0]!, WITHIN), after);
});

Deno.test("asked to, a connection waits for no back-off", async () => {
  const at: Setting = await Setting.with((_line, { method }) => method);
  at.refuses = true;
  for (let i = 0; i < 14; i++) await at.timed("a");
  at.refuses = false;
  const begunMs = at.world.nowMs, call = at.call("b");
  await at.world.finish(at.reconnect(), WITHIN);
  assertEquals(await at.all(call), ["b"]);
  assert(at.world.nowMs - begunMs < 1_000, `${at.world.nowMs - begunMs} ms`);
});

Deno.test("asked to, a connection is opened at once in the place of one that is dead", async () => {
  let dead = false;
  const at: Setting = await Setting.with((line, { method }) => dead && line === 0 ? undefined : method);
  await at.timed("a");
  dead = true;
  await at.world.finish(at.reconnect(), WITHIN);
  await at.world.run({ forMs: 2_000 });
  // the next call finds a connection that lives, with no doubt to wait for
  const [answer, tookMs] = await at.timed("b");
  assertEquals([answer, at.lines], ["b", 2]);
  assert(tookMs < 1_000, `${tookMs} ms`);
  // one that lives is kept
  await at.world.finish(at.reconnect(), WITHIN);
  await at.timed("c");
  assertEquals(at.heard.at(-1), "1 c");
});
