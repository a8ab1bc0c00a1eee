import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ManualPlatform } from "../../../actors/testing/platform.ts";
import { settle } from "../../../actors/testing/manual_clock.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import type { ActorSystem } from "../../../actors/mod.ts";
import { child, refTo } from "../../../actors/mod.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { InvariantError } from "../../../core/assert.ts";
import { utf8 } from "../../../core/bytes.ts";
import { DecodeError, list, parseJson, stringifyJson, text, u64, u64Number } from "../../../core/encoding/mod.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import type { AnyServerModule, AnyServerModuleDefinition, Endpoint } from "../../../modules/contract/server.ts";
import { endpoint, textEndpoint } from "../../../modules/contract/server.ts";
import { testEnv, testStore } from "../../../modules/contract/testing/mod.ts";
import { LiveModules } from "../../consensus/engine/live_modules.ts";
import type { ModuleRef } from "../../consensus/engine/module_actor.ts";
import { moduleActor } from "../../consensus/engine/module_actor.ts";
import type { Methods } from "../dispatch.ts";
import { answerMessage, parseMessage, priceOf } from "../dispatch.ts";
import { messageText } from "../encoded.ts";
import { REQUEST_CHARACTERS_MAX } from "../limits.ts";
import { moduleMethods, runningModule } from "./modules.ts";
import { call } from "../testing/calls.ts";
import { modulesWith } from "../../consensus/engine/transaction.ts";

type Ask = (method: string, options?: { params?: Json; auth?: string; signal?: AbortSignal }) => Promise<Json>;

/** A module with an endpoint of each sort, behind its real actor. */
async function withModule(
  body: (
    test: {
      ask: Ask;
      methods: Methods;
      system: ActorSystem;
      bugs: string[];
      slices: bigint[];
      clock: ManualPlatform;
      waits: AbortSignal[];
    },
  ) => Promise<void>,
): Promise<void> {
  const waits: AbortSignal[] = [];
  const bugs: string[] = [];
  const slices: bigint[] = [];
  const since = { major: 0, minor: 0 };
  const open = (handle: Endpoint["handle"]): Endpoint => ({ since, admin: false, handle });
  const api: Record<string, Endpoint> = {
    echo: open((params) => Promise.resolve(params)),
    secret: { since, admin: true, handle: () => Promise.resolve("told") },
    limit: endpoint({ since, admin: true, params: u64, result: u64, handle: (n) => Promise.resolve(n) }),
    refuse: open(() => Promise.reject(EndpointError.badRequest("no"))),
    double: endpoint({ since, params: u64, result: u64, handle: (n) => Promise.resolve(2n * n) }),
    bug: open(() => {
      throw new InvariantError("Invariant broken: secret of the house");
    }),
    reject: open(() => Promise.reject(new TypeError("undefined is not a function"))),
    undecodable: open(() => Promise.reject(new DecodeError("invalid", "not that"))),
    slice: endpoint({
      since,
      shared: true,
      params: u64,
      result: u64,
      handle: async (n) => {
        slices.push(n);
        await settle();
        return n;
      },
    }),
    whence: open((_params, { source = null }) => Promise.resolve(source)),
    wait: open((_params, { signal }) => {
      waits.push(signal);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }),
  };
  const definition = { kind: "test", codecs: {}, start: () => Promise.resolve({ apiEndpoints: api }) };
  const ref: ModuleRef = refTo("root/3:test");
  const { guardians: _, platform: __, log: ___, signal: ____, ...env } = testEnv({
    store: await testStore(),
    config: null,
    privateConfig: null,
  });
  const modules = modulesWith(new Map([[3, ref]]), new Map());
  const args = {
    definition: definition as unknown as AnyServerModuleDefinition,
    live: modules.live,
    guardians: new Map(),
    env: { ...env, instance: 3 },
  };
  await withSystem([child(moduleActor, { id: "3:test", args })], async ({ system, clock }) => {
    const methods = moduleMethods({ modules, apiPassword: "pass" });
    const ask: Ask = async (method, { params = null, auth, signal = new AbortController().signal } = {}) => {
      const text = stringifyJson({ jsonrpc: "2.0", id: 1, method, params: [{ auth: auth ?? null, params }] });
      const onBug = (method: string): void => void bugs.push(method);
      const message = await answerMessage(parseMessage(text), { methods, signal, onBug });
      const answer = parseJson(messageText(message!)) as JsonObject;
      return answer.error ?? answer.result!;
    };
    await body({ ask, methods, system, bugs, slices, clock, waits });
  });
}

Deno.test("a module's endpoint is called by instance and name", async () => {
  await withModule(async ({ ask }) => {
    assertEquals(await ask("module_3_echo", { params: [1, "a"] }), [1, "a"]);
    assertEquals(await ask("module_3_refuse"), { code: 400, message: "no" });
    assertEquals(await ask("module_3_undecodable"), { code: 400, message: "not that" });
    assertEquals(await ask("module_3_double", { params: 21 }), 42);
    assertEquals(await ask("module_3_double", { params: "21" }), { code: 400, message: "Expected an integer (u64)" });
  });
});

Deno.test("another instance, name or spelling is no method", async () => {
  await withModule(async ({ ask }) => {
    const names = [
      ...["module_4_echo", "module_3_nope", "module_03_echo", "module_3_", "module_3_Echo", "3-echo", "module_3_echo "],
      ...["module_99999_echo", "module_-3_echo", "xmodule_3_echo", "module_3_constructor", "module_3_toString"],
    ];
    for (const name of names) assertEquals(await ask(name), { code: -32601, message: "Method not found" }, name);
  });
});

Deno.test("an admin endpoint takes the guardian's password", async () => {
  await withModule(async ({ ask }) => {
    const denied = { code: 401, message: "Invalid authorization" };
    assertEquals(await ask("module_3_secret"), denied);
    assertEquals(await ask("module_3_secret", { auth: "Pass" }), denied);
    assertEquals(await ask("module_3_secret", { auth: "pass" }), "told");
  });
});

Deno.test("bad parameters of an admin endpoint are told before a wrong password, as in the reference", async () => {
  await withModule(async ({ ask }) => {
    const bad = { code: 400, message: "Expected an integer (u64)" };
    for (const auth of [{}, { auth: "Pass" }, { auth: "pass" }]) {
      assertEquals(await ask("module_3_limit", { params: "7", ...auth }), bad);
    }
    assertEquals(await ask("module_3_limit", { params: 7 }), { code: 401, message: "Invalid authorization" });
    assertEquals(await ask("module_3_limit", { params: 7, auth: "pass" }), 7);
  });
});

Deno.test("when the caller is gone the module stops waiting, for this call alone", async () => {
  await withModule(async ({ ask, clock, waits }) => {
    const [gone, stays] = [new AbortController(), new AbortController()];
    const answers = [ask("module_3_wait", { signal: gone.signal }), ask("module_3_wait", { signal: stays.signal })];
    await clock.advance(0);
    gone.abort();
    await clock.advance(0);
    assertEquals(waits.map(({ aborted }) => aborted), [true, false]);
    stays.abort();
    await clock.advance(0);
    assertEquals(waits.map(({ aborted }) => aborted), [true, true]);
    await Promise.all(answers);
    assertEquals(await ask("module_3_echo", { params: 1 }), 1, "the module lives on");
  });
});

Deno.test("a bug that a call finds is a bug of the call's, neither told nor a crash", async () => {
  await withModule(async ({ ask, system, bugs }) => {
    for (const method of ["module_3_bug", "module_3_reject"]) {
      assertEquals(await ask(method), { code: 500, message: "API handler panicked" });
    }
    assertEquals(bugs, ["module_3_bug", "module_3_reject"]);
    assertEquals(system.inspect().children.map(({ restarts }) => restarts), [0]);
  });
});

Deno.test("a call waits for a module that starts, and is told when the module it ran in has ended", async () => {
  const [live, [first, second]] = [new LiveModules(), [new AbortController(), new AbortController()]];
  const handle: Endpoint["handle"] = (_params, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const endpoints = { wait: handle, seven: () => Promise.resolve(7) };
  const api = Object.fromEntries(
    Object.entries(endpoints).map(([name, handle]) => [name, { since: { major: 0, minor: 0 }, admin: false, handle }]),
  );
  const publish = ({ signal }: AbortController): void =>
    live.publish(3, {
      definition: {} as AnyServerModuleDefinition,
      module: { apiEndpoints: api } as unknown as AnyServerModule,
      signal,
    });
  const modules = { ...modulesWith(new Map([[3, refTo("root/3:test") as ModuleRef]]), new Map()), live };
  const methods = moduleMethods({ modules, apiPassword: null });
  const early = [call(methods, "module_3_seven", null), call(methods, "module_3_nope", null)];
  publish(first!);
  assertEquals(await Promise.all(early), [7, { code: -32601, message: "Method not found" }]);
  const waiting = call(methods, "module_3_wait", null);
  await settle();
  first!.abort();
  assertEquals(await waiting, { code: 500, message: "Module 3 is starting again: ask again" });
  assertThrows(() => runningModule({ live }, 3), EndpointError);
  publish(second!);
  assertEquals(await call(methods, "module_3_seven", null), 7);
});

Deno.test("an endpoint knows whom a call comes from, where that can be told", async () => {
  await withModule(async ({ methods }) => {
    const { signal } = new AbortController(),
      whence = methods("module_3_whence")!,
      asked = { auth: null, params: null };
    assertEquals(await whence({ ...asked, source: "192.0.2.1" }, signal), "192.0.2.1");
    assertEquals(await whence(asked, signal), null);
  });
});

Deno.test("a shared answer is made once for all who ask the same at a time, and again for who asks later", async () => {
  await withModule(async ({ ask, slices, methods }) => {
    const first = ask("module_3_slice", { params: 7 });
    await settle();
    const asked = Array.from({ length: 100 }, () => ask("module_3_slice", { params: 7 }));
    const other = ask("module_3_slice", { params: 8 });
    assertEquals(await Promise.all([first, ...asked]), Array(101).fill(7));
    assertEquals(await other, 8);
    assertEquals(slices, [7n, 8n, 7n]);
    assertEquals(await ask("module_3_slice", { params: 7 }), 7);
    assertEquals(slices.length, 4);
    assertEquals(await ask("module_3_slice", { params: "x" }), { code: 400, message: "Expected an integer (u64)" });
    assertEquals(methods("module_3_slice")!.deposit! > methods("module_3_echo")!.deposit!, true);
  });
});

Deno.test("what an endpoint says of its costs holds for its calls, and one that writes text is answered with it", async () => {
  const since = { major: 0, minor: 0 };
  const modules = modulesWith(new Map([[3, refTo("root/3:test") as ModuleRef]]), new Map());
  const texts: Json[] = [];
  const api = {
    rows: textEndpoint({
      since,
      shared: true,
      units: (params) => 7 * Number(params),
      params: u64,
      handle: (n) => {
        texts.push(n);
        return Promise.resolve(utf8(`{"rows" : ${n}}`));
      },
    }),
    many: endpoint({
      since,
      unitCharacters: 10,
      requestCharactersMax: 200_000,
      params: list(text),
      result: u64Number,
      handle: (names) => Promise.resolve(names.length),
    }),
  };
  const { signal } = new AbortController();
  modules.live.publish(3, {
    definition: {} as AnyServerModuleDefinition,
    module: { apiEndpoints: api } as unknown as AnyServerModule,
    signal,
  });
  const methods = moduleMethods({ modules, apiPassword: null });
  const request = (method: string, params: Json): string =>
    stringifyJson({ jsonrpc: "2.0", id: 1, method, params: [{ auth: null, params }] });

  const answer = await answerMessage(parseMessage(request("module_3_rows", 5)), {
    methods,
    signal,
    onBug: (_method, thrown) => {
      throw thrown;
    },
  });
  assertEquals(messageText(answer!), '{"jsonrpc":"2.0","id":1,"result":{"rows" : 5}}');
  assertEquals(await api.rows.handle(6, { signal }), { rows: 6 });
  assertEquals(texts, [5n, 6n]);
  assertEquals(priceOf(parseMessage(request("module_3_rows", 5)), methods, 0).cost, 35);
  assertEquals(priceOf(parseMessage(request("module_3_rows", 100)), methods, 0), { deposit: 700, cost: 700 });
  assertEquals(priceOf(parseMessage('{"jsonrpc":"2.0","id":1,"method":"module_3_rows"}'), methods, 0).cost, 1);

  const names = Array.from({ length: 1_900 }, () => "x".repeat(97));
  const large = request("module_3_many", names);
  assert(large.length > REQUEST_CHARACTERS_MAX);
  assertEquals(parseMessage(large, methods).calls[0]!.kind, "call");
  assertEquals(priceOf(parseMessage(large, methods), methods, large.length).cost, Math.floor(large.length / 10) + 1);
  for (const refused of [large.replace("many", "rows"), request("module_3_many", Array(2_500).fill(names[0]!))]) {
    assertEquals(parseMessage(refused, methods).calls[0]!.kind, "malformed");
  }
  assertEquals(parseMessage(large).calls[0]!.kind, "malformed");
});
