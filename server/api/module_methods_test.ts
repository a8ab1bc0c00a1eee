import { assertEquals } from "@std/assert";
import type { ManualClock } from "../../actors/_test_platform.ts";
import { withSystem } from "../../actors/_test_platform.ts";
import type { ActorSystem } from "../../actors/mod.ts";
import { child, refTo } from "../../actors/mod.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { InvariantError } from "../../core/assert.ts";
import { DecodeError, parseJson, stringifyJson, u64 } from "../../core/encoding/mod.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { AnyServerModuleDefinition, Endpoint } from "../../modules/contract/server.ts";
import { endpoint } from "../../modules/contract/server.ts";
import { testEnv, testStore } from "../../modules/contract/testing.ts";
import type { ModuleRef } from "../consensus/module_actor.ts";
import { moduleActor } from "../consensus/module_actor.ts";
import type { Methods } from "./dispatch.ts";
import { answerMessage, parseMessage } from "./dispatch.ts";
import { REQUEST_TIMEOUT_MS } from "./limits.ts";
import { moduleMethods } from "./module_methods.ts";
import { modulesWith } from "../consensus/transaction.ts";

type Ask = (method: string, options?: { params?: Json; auth?: string; signal?: AbortSignal }) => Promise<Json>;

/** A module with an endpoint of each sort, behind its real actor. */
async function withModule(
  body: (
    test: {
      ask: Ask;
      methods: Methods;
      system: ActorSystem;
      lines: () => string[];
      clock: ManualClock;
      waits: AbortSignal[];
    },
  ) => Promise<void>,
): Promise<void> {
  const waits: AbortSignal[] = [];
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
    wait: open((_params, { signal }) => {
      waits.push(signal);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }),
  };
  const definition = { kind: "test", codecs: {}, start: () => Promise.resolve({ api }) };
  const { platform: _, log: __, signal: ___, ...env } = testEnv({
    store: await testStore(),
    config: null,
    privateConfig: null,
  });
  const args = { definition: definition as unknown as AnyServerModuleDefinition, env };
  const ref: ModuleRef = refTo("root/3:test");
  await withSystem([child(moduleActor, { id: "3:test", args })], async ({ system, clock, lines }) => {
    const methods = moduleMethods({
      sender: system,
      modules: modulesWith(new Map([[3, ref]]), new Map()),
      apiPassword: "pass",
    });
    const ask: Ask = async (method, { params = null, auth, signal = new AbortController().signal } = {}) => {
      const text = stringifyJson({ jsonrpc: "2.0", id: 1, method, params: [{ auth: auth ?? null, params }] });
      const onBug = (_method: string, thrown: unknown): void => {
        throw thrown;
      };
      const answer = parseJson((await answerMessage(parseMessage(text), { methods, signal, onBug }))!) as JsonObject;
      return answer.error ?? answer.result!;
    };
    await body({ ask, methods, system, lines, clock, waits });
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

Deno.test("a bug that a call finds is logged, and neither told nor a crash", async () => {
  await withModule(async ({ ask, system, lines }) => {
    for (const method of ["module_3_bug", "module_3_reject"]) {
      assertEquals(await ask(method), { code: 500, message: "API handler panicked" });
    }
    assertEquals(lines(), Array(2).fill("error root/3:test: An endpoint threw what no caller may see"));
    assertEquals(system.inspect().children.map(({ restarts }) => restarts), [0]);
  });
});

Deno.test("a module's endpoint is cut after 60 s", async () => {
  await withModule(async ({ ask, clock, waits }) => {
    const answer = ask("module_3_wait");
    await clock.advance(REQUEST_TIMEOUT_MS - 1);
    assertEquals(waits[0]!.aborted, false);
    await clock.advance(1);
    assertEquals(await answer, { code: -32000, message: "Request timeout" });
  });
});
