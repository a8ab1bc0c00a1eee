import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../../../core/encoding/mod.ts";
import { u64Number } from "../../../../core/encoding/mod.ts";
import { EndpointError } from "../../../contract/error.ts";
import type { Answer } from "../../testing/log_guardians.ts";
import { mixedLog, recoverySetting } from "../../testing/own_log.ts";
import type { RestoredWallet } from "../../testing/restored_wallet.ts";

const SMALL = { sliceItems: 20 };
const SLICE = "recovery_slice";

const never = (): Promise<Json> => new Promise(() => {});

/** What one guardian gives in place of a slice; all else it answers as it should. */
function insteadOfSlices(change: (items: readonly Json[]) => Json | Promise<Json>): Answer {
  return async ({ method, honest }) => {
    const json = await honest();
    return method === SLICE ? await change(json as readonly Json[]) : json;
  };
}

function warnings({ records }: RestoredWallet): { readonly peer: unknown; readonly reason: string }[] {
  return records.filter(({ level }) => level === "warn")
    .map(({ facts }) => ({ peer: facts["peer"], reason: String(facts["reason"]) }));
}

const bad: { readonly [name: string]: { readonly answer: Answer; readonly reason: string } } = {
  "items in another order": {
    answer: insteadOfSlices((items) => items.toReversed()),
    reason: "differs from what a threshold has",
  },
  "a slice without its last item": {
    answer: insteadOfSlices((items) => items.slice(0, -1)),
    reason: "Expected a slice of 20 items",
  },
  "nothing": { answer: insteadOfSlices(() => []), reason: "Expected a slice of 20 items" },
  "garbage": { answer: insteadOfSlices((items) => items.map(() => ({ Output: "x" }))), reason: "Expected an Output" },
  "a text": { answer: insteadOfSlices(() => "no slice"), reason: "Expected a slice of 20 items" },
  "twice as much": { answer: insteadOfSlices((items) => [...items, ...items]), reason: "Expected a slice of 20 items" },
  "a tweak that is too long": {
    answer: insteadOfSlices((items) =>
      items.map(() => ({ Output: { denomination: 9, nonce_hash: "00".repeat(20), tweak: Array(1_000).fill(0) } }))
    ),
    reason: "Expected a tweak of 16 bytes",
  },
  "an error": {
    answer: insteadOfSlices(() => Promise.reject(EndpointError.badRequest("not for you"))),
    reason: "not for you",
  },
  "no answer": { answer: insteadOfSlices(never), reason: "longer than 10 s" },
};

for (const [name, { answer, reason }] of Object.entries(bad)) {
  Deno.test(`a guardian that gives ${name} is named and rested, and the money comes`, async () => {
    const set = await recoverySetting();
    const amountMsat = await mixedLog(set, 3);
    const { guardians, wallet, finish } = set;
    guardians.answers.set(1, answer);
    const restored = wallet(SMALL);
    await finish(restored.open());
    await finish(restored.restore());
    assertEquals((await restored.money()).heldMsat, amountMsat);
    // once: it is left alone for longer than all of it takes
    assertEquals(warnings(restored).map(({ peer }) => peer), [1]);
    assert(warnings(restored)[0]!.reason.includes(reason), warnings(restored)[0]!.reason);
    assertEquals(guardians.asked.filter(({ peer, method }) => peer === 1 && method === SLICE).length, 1);
  });
}

Deno.test("each guardian is asked for one slice at a time, and all of them for some", async () => {
  const set = await recoverySetting();
  await set.guardians.addForeign(400);
  const restored = set.wallet(SMALL);
  await set.finish(restored.open());
  await set.finish(restored.restore());
  assertEquals([...set.guardians.slicesAtOnce].sort(), [[0, 1], [1, 1], [2, 1], [3, 1]]);
  assertEquals(set.guardians.count(SLICE), 20);
});

Deno.test("of a slice that is late, no more than so many are fetched ahead", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish, world } = set;
  await guardians.addForeign(1_000);
  for (const peer of guardians.peerIds) {
    guardians.answers.set(
      peer,
      ({ method, params, honest }) => method === SLICE && (params as number[])[0] === 0 ? never() : honest(),
    );
  }
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.prepare());
  const running = restored.run();
  await world.run({ forMs: 9_000 });
  const starts = new Set(
    guardians.asked.filter(({ method }) => method === SLICE).map(({ params }) => (params as number[])[0]!),
  );
  assertEquals([...starts].sort((a, b) => a - b), [0, 20, 40, 60, 80, 100, 120, 140]);
  guardians.answers.clear();
  await finish(running);
  assertEquals((await restored.progress())!.next, 1_000);
});

Deno.test("guardians whose hashes differ for a while are asked again until a threshold agrees", async () => {
  const set = await recoverySetting();
  const amountMsat = await mixedLog(set, 3);
  const { guardians, wallet, finish } = set;
  let asked = 0;
  for (const peer of [0, 1]) {
    guardians.answers.set(peer, async ({ method, honest }) => {
      const json = await honest();
      return method === "recovery_slice_hash" && ++asked < 100 ? `${peer}`.repeat(64) : json;
    });
  }
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.restore());
  assertEquals((await restored.money()).heldMsat, amountMsat);
  assert(asked >= 100);
});

Deno.test("a guardian that lies about the log's length, or about hashes, changes nothing", async () => {
  for (const lie of [0, 7, 1_000_000]) {
    const set = await recoverySetting();
    const amountMsat = await mixedLog(set, 3);
    const { guardians, wallet, finish } = set;
    guardians.answers.set(0, async ({ method, honest }) => {
      const json = await honest();
      if (method === "recovery_count") return lie;
      return method === "recovery_slice_hash" ? "ee".repeat(32) : json;
    });
    const restored = wallet(SMALL);
    await finish(restored.open());
    await finish(restored.restore());
    assertEquals((await restored.money()).heldMsat, amountMsat);
  }
});

Deno.test("a lie about the last slice alone, while another guardian doesn't have its items yet, changes nothing", async () => {
  const set = await recoverySetting();
  const amountMsat = await mixedLog(set, 3);
  const { guardians, wallet, finish } = set;
  const total = Number(await guardians.one(2, { method: "recovery_count", params: null, result: u64Number }));
  const isLast = (params: Json): boolean => Array.isArray(params) && params[1] === total;
  let lies = 0, behind = 0;
  guardians.answers.set(0, async ({ method, params, honest }) => {
    const json = await honest();
    if (!isLast(params)) return json;
    lies++;
    return method === SLICE ? (json as readonly Json[]).toReversed() : "ee".repeat(32);
  });
  guardians.answers.set(1, async ({ method, params, honest }) => {
    const json = await honest();
    const isBehind = method === "recovery_slice_hash" && isLast(params) && ++behind < 50;
    return isBehind ? "11".repeat(32) : json;
  });
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.restore());
  assertEquals((await restored.money()).heldMsat, amountMsat);
  assert(lies > 0 && behind >= 50, `${lies} lies, ${behind} times behind`);
});

Deno.test("guardians of a busy federation, of which no two ever say the same, tell how far the log reaches", async () => {
  const set = await recoverySetting();
  await set.guardians.addForeign(50);
  const { guardians, wallet, finish } = set;
  let ordered = 0;
  const told: number[] = [];
  for (const peer of guardians.peerIds) {
    guardians.answers.set(peer, async ({ method, honest }) => {
      const json = await honest();
      if (method !== "recovery_count") return json;
      told.push(Number(json) + ordered++);
      return told.at(-1)!;
    });
  }
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.prepare());
  const { total } = (await restored.progress())!;
  // what a threshold says first is no more, and somebody that is honest has it
  assert(told.slice(0, 3).every((count) => count <= total) && told.includes(total), `${total} of ${told}`);
});

Deno.test("neither a guardian that is behind nor one that lies hides the newest notes", async () => {
  for (const lie of [0, 1_000_000]) {
    const set = await recoverySetting();
    await set.guardians.addForeign(50);
    const { guardians, wallet, finish } = set;
    let behind = 20;
    guardians.answers.set(0, async ({ method, honest }) => method === "recovery_count" ? lie : await honest());
    guardians.answers.set(1, async ({ method, honest }) => {
      const json = await honest();
      return method === "recovery_count" ? Math.min(50, behind++) : json;
    });
    const restored = wallet(SMALL);
    await finish(restored.open());
    await finish(restored.prepare());
    assertEquals((await restored.progress())!.total, 50);
  }
});

Deno.test("a slice that no guardian brings in time is fetched in halves", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish } = set;
  await guardians.addForeign(5_000);
  // as over a line that takes long for many items
  for (const peer of guardians.peerIds) {
    guardians.answers.set(peer, async ({ method, params, honest }) => {
      const [start, end] = Array.isArray(params) ? params as number[] : [0, 0];
      return method === SLICE && end! - start! > 1_300 ? await never() : await honest();
    });
  }
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.restore());
  assertEquals((await restored.progress())!.next, 5_000);
  const sizes = new Set(
    guardians.asked.filter(({ method }) => method === SLICE).map(({ params }) => {
      const [start, end] = params as number[];
      return end! - start!;
    }),
  );
  assertEquals([...sizes], [5_000, 2_500, 1_250]);
});
