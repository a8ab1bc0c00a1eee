import { assert, assertEquals, assertRejects } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { text, u64Number } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { Client } from "../core/client.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import type { Asked, Script } from "../testing/world.ts";
import { ClientWorld, Refusal, unknownMethod } from "../testing/world.ts";
import type { ConnectedFederationApi } from "./api.ts";

type Setting = {
  readonly world: ClientWorld;
  readonly api: ConnectedFederationApi;
  readonly asked: Asked[];
  readonly close: () => Promise<void>;
};

async function setting(script: Script): Promise<Setting> {
  const world = new ClientWorld(1), federation = toyFederation(), asked: Asked[] = [];
  await world.finish(startGuardians(world, federation, (call) => {
    if (call.method !== "number" && call.method !== "module_7_number") return federation.honest(call);
    asked.push(call);
    return script(call);
  }));
  const store = await world.finish(world.openStore());
  const client = await world.finish(Client.open({ platform: world.platform, store, modules: [], log: () => {} }));
  await world.finish(client.join(federation.invite));
  return { world, api: client.running.api, asked, close: () => world.finish(client.close()) };
}

const call = { method: "number", params: null, result: u64Number };

function never(): Promise<Json> {
  return new Promise(() => {});
}

Deno.test("a threshold of equal answers is the federation's, with one guardian lying and one silent", async () => {
  const at = await setting(({ peer }) => peer === 0 ? 666 : 5);
  assertEquals(await at.world.finish(at.api.consensus(call)), 5);
  await at.close();
  const silent = await setting(({ peer }) => peer === 3 ? never() : 5);
  assertEquals(await silent.world.finish(silent.api.consensus(call)), 5);
  await silent.close();
});

Deno.test("guardians that differ are asked again until they agree, with a pause between", async () => {
  let round = 0;
  const at = await setting(({ peer }) => {
    if (peer === 0) round++;
    return round < 5 ? peer : 9;
  });
  const begunMs = at.world.world.nowMs;
  assertEquals(await at.world.finish(at.api.consensus(call)), 9);
  assert(at.world.world.nowMs - begunMs > 4 * 250, "a quarter of a second each time");
  assert(at.asked.length < 30, `${at.asked.length} calls`);
  await at.close();
});

Deno.test("guardians that never agree are asked for half a minute, then the error lists who said what", async () => {
  const at = await setting(({ peer }) => peer % 2);
  const begunMs = at.world.world.nowMs;
  const error = await assertRejects(() => at.world.finish(at.api.consensus(call)), ApiError);
  const tookMs = at.world.world.nowMs - begunMs;
  assert(tookMs > 20_000 && tookMs < 60_000, `${tookMs} ms`);
  assert(error.facts.code === "disagreement");
  assertEquals(error.facts.answers, { 0: "0", 1: "1", 2: "0", 3: "1" });
  await at.close();
});

Deno.test("a slow guardian is waited for before the others are said to disagree, and may be what they lack", async () => {
  const at: Setting = await setting(async ({ peer }) => {
    if (peer === 3) await sleep(at.world.platform.clock, 50_000);
    return peer === 0 ? 666 : 5;
  });
  assertEquals(await at.world.finish(at.api.consensus(call)), 5);
  await at.close();
});

Deno.test("f + 1 guardians that fail end the call; the error names each, and the method without the module's prefix", async () => {
  const at = await setting(({ peer }) => {
    if (peer === 1 || peer === 2) throw new Refusal(500, `broken ${peer}`);
    return never();
  });
  const module = at.api.forModule(7);
  const error = await assertRejects(() => at.world.finish(module.consensus(call)), ApiError);
  assertEquals(
    error.message,
    "Federation rpc error { method => number, 1 => Unspecified server error: broken 1, 2 => Unspecified server error: broken 2 }",
  );
  assertEquals(at.asked[0]!.method, "module_7_number");
  await at.close();
});

Deno.test("a method that guardians don't know is told apart from a failure", async () => {
  const at = await setting(() => unknownMethod());
  const error = await assertRejects(() => at.world.finish(at.api.consensus(call)), ApiError);
  assertEquals(error.code, "not_supported");
  await at.close();
});

Deno.test("an answer of the wrong type is its guardian's error", async () => {
  const at = await setting(({ peer }) => peer === 0 ? "no number" : 5);
  assertEquals(await at.world.finish(at.api.consensus(call)), 5);
  const answer = await at.world.finish(at.api.ask(0, call));
  assert(!answer.ok && answer.error.startsWith("Response deserialization error: "), "it is told as what it is");
  await at.close();
});

Deno.test("with retry each guardian is asked until it answers", async () => {
  const failures = new Map<number, number>();
  const at = await setting(({ peer }) => {
    const count = failures.get(peer) ?? 0;
    failures.set(peer, count + 1);
    if (count < 4) throw new Refusal(500, "not yet");
    return 5;
  });
  assertEquals(await at.world.finish(at.api.consensus(call, { retry: true })), 5);
  await at.close();
});

Deno.test("the first answer that passes a filter is taken, and a threshold of passing ones by guardian", async () => {
  const at = await setting(({ peer }) => peer);
  const odd = (_peer: number, value: number) => value % 2 === 1 ? ok(value * 10) : err("even");
  assert([10, 30].includes(await at.world.finish(at.api.first(call, odd))));
  const small = (_peer: number, value: number) => value < 3 ? ok(value * 10) : err("too large");
  const found = await at.world.finish(at.api.threshold(call, small));
  assertEquals([...found].sort(), [[0, 0], [1, 10], [2, 20]]);
  await at.close();
});

Deno.test("disagreement where everybody is asked once lists who said what", async () => {
  const at = await setting(({ peer }) => peer % 2);
  const error = await assertRejects(() => at.world.finish(at.api.agreement(call)), ApiError);
  assertEquals(error.code, "disagreement");
  for (const said of ["peer 0: 0", "peer 1: 1", "peer 2: 0", "peer 3: 1"]) {
    assert(error.message.includes(said), error.message);
  }
  assertEquals(at.asked.length, 4);
  assertEquals(error.facts, {
    code: "disagreement",
    method: "number",
    answers: { 0: "0", 1: "1", 2: "0", 3: "1" },
    errors: {},
  });
  await at.close();
});

Deno.test("a guardian that gave no answer is told apart from those that disagree", async () => {
  for (
    const fail of [() => unknownMethod(), () => never(), (): never => {
      throw new Refusal(500, "broken");
    }]
  ) {
    const at = await setting(({ peer }) => peer === 2 ? fail() : peer);
    const error = await assertRejects(() => at.world.finish(at.api.agreement(call)), ApiError);
    assert(error.facts.code === "disagreement", error.message);
    assertEquals(error.facts.answers, { 0: "0", 1: "1", 3: "3" });
    assertEquals(Object.keys(error.facts.errors), ["2"]);
    assert(error.message.includes(`2 => ${error.facts.errors[2]}`), error.message);
    await at.close();
  }
});

Deno.test("of what guardians say no more than a few hundred characters are told", async () => {
  const long = (peer: number): string => `${peer}`.repeat(100_000);
  const told = (error: ApiError) => assert(error.message.length < 4 * 500, `${error.message.length} characters`);
  const at = await setting(({ peer }) => long(peer));
  const words = { ...call, result: text };
  const differ = await assertRejects(() => at.world.finish(at.api.agreement(words)), ApiError);
  assert(differ.facts.code === "disagreement");
  assert(Object.entries(differ.facts.answers).every(([peer, said]) => said.startsWith(`"${peer}${peer}`)));
  told(differ);
  await at.close();
  const broken = await setting(({ peer }) => {
    throw new Refusal(500, long(peer));
  });
  told(await assertRejects(() => broken.world.finish(broken.api.consensus(call)), ApiError));
  await broken.close();
});

Deno.test("a password goes to the one guardian that is asked with it, and into no error", async () => {
  const at = await setting(({ auth }) => {
    if (auth !== "hunter2") throw new Refusal(401, "Invalid authorization");
    return 1;
  });
  assertEquals(await at.world.finish(at.api.one(2, call, { password: "hunter2" })), 1);
  assertEquals(at.asked.map(({ peer, auth }) => [peer, auth]), [[2, "hunter2"]]);
  const error = await assertRejects(() => at.world.finish(at.api.one(2, call, { password: "wrong-secret" })), ApiError);
  assert(!error.message.includes("wrong-secret"));
  await at.close();
});

Deno.test("a guardian that is none is an error, not a crash", async () => {
  const at = await setting(() => 1);
  assertEquals(await at.world.finish(at.api.ask(9, call)), err("Invalid peer id: 9"));
  await at.close();
});

Deno.test("a call ends when its caller gives up", async () => {
  const at = await setting(never);
  for (
    const run of [
      (signal: AbortSignal) => at.api.consensus(call, { signal, retry: true }),
      (signal: AbortSignal) => at.api.one(1, call, { signal }),
    ]
  ) {
    const patience = new AbortController();
    void sleep(at.world.platform.clock, 3_000).then(() => patience.abort(new Error("no patience")));
    const begunMs = at.world.world.nowMs;
    const error = await assertRejects(() => at.world.finish(run(patience.signal)), WaitError);
    assertEquals([error.code, (error.cause as Error).message], ["aborted", "no patience"]);
    assert(at.world.world.nowMs - begunMs < 3_100);
  }
  await at.close();
});
