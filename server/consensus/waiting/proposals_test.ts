/** Modules are asked for items in turn, and one that breaks or is slow keeps no other from being asked. */
import { assert, assertEquals } from "@std/assert";
import type { TestSystem } from "../../../actors/testing/platform.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import { defineActor, next, reply } from "../../../actors/actor.ts";
import { child, refTo } from "../../../actors/mod.ts";
import type { ReplyTo } from "../../../actors/protocol.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { newBoard } from "../session/board.ts";
import { MEMPOOL_ITEMS_MAX, PROPOSAL_TIMEOUT_MS } from "../limits.ts";
import type { MempoolMessage } from "./mempool.ts";
import { mempool } from "./mempool.ts";
import type { ModuleMessage } from "../engine/module_actor.ts";
import { proposals } from "./proposals.ts";
import { codecsWith } from "../testing/processing.ts";
import { modulesWith } from "../engine/transaction.ts";

const INTERVAL_MS = 1_000;
const mempoolRef = refTo<MempoolMessage>("root/mempool");

function items(instance: number, count: number): Dyn[] {
  return Array.from({ length: count }, (_, i) => ({ instance, body: Uint8Array.of(i >> 8, i & 0xff) }));
}

/** What a module does when it is asked; `null`: it never answers, a number: with nothing, after so many ms. */
type Propose = () => Dyn[] | null | number;
type Test = TestSystem & { readonly asked: readonly (readonly [instance: number, atMs: number])[] };

async function withProposals(modules: readonly Propose[], body: (test: Test) => Promise<void>): Promise<void> {
  const asked: [number, number][] = [];
  const module = (instance: number, propose: Propose) =>
    defineActor<Extract<ModuleMessage, { type: "consensusProposal" }>, null, null>({
      name: `${instance}:test`,
      init: () => null,
      handle: {
        consensusProposal: (state, _args, ctx, from: ReplyTo<Dyn[]>) => {
          asked.push([instance, ctx.platform.clock.monotonicMs()]);
          const proposed = propose();
          if (typeof proposed === "number") ctx.platform.clock.setTimer(proposed, () => ctx.reply(from, []));
          return proposed === null || typeof proposed === "number" ? next(state) : reply(state, proposed);
        },
      },
    });
  const refs = new Map(modules.map((_, i) => [i, refTo<ModuleMessage>(`root/${i}:test`)]));
  const decoders = new Map(modules.map((_, i) => [i, codecsWith({})]));
  const args = { modules: modulesWith(refs, decoders), mempool: mempoolRef, intervalMs: INTERVAL_MS };
  await withSystem([
    ...modules.map((propose, i) => child(module(i, propose), { args: null })),
    child(mempool, { args: { board: newBoard() } }),
    child(proposals, { args }),
  ], (test) => body({ ...test, asked }));
}

async function takeAll({ system, clock }: Test, count: number): Promise<Dyn[]> {
  const taken: Dyn[] = [];
  while (taken.length < count) {
    const item = await system.ask(mempoolRef, "take", null);
    assert(item.tag === "Module");
    taken.push(item.value);
  }
  await clock.advance(0);
  assertEquals(waiting({ system }), 0);
  return taken;
}

function waiting({ system }: Pick<Test, "system">): unknown {
  return system.inspect().children.find(({ path }) => path === mempoolRef.path)!.facts.waiting;
}

Deno.test("every module is asked at once and then each second, and what it proposes waits for our next unit", async () => {
  await withProposals([() => items(0, 2), () => [], () => items(2, 1)], async (test) => {
    await test.clock.advance(0);
    assertEquals(test.asked, [[0, 0], [1, 0], [2, 0]]);
    const taken = await takeAll(test, 3);
    assertEquals(taken.filter(({ instance }) => instance === 0), items(0, 2));
    assertEquals(taken.filter(({ instance }) => instance === 2), items(2, 1));
    await test.clock.advance(2 * INTERVAL_MS);
    assertEquals(test.asked.filter(([instance]) => instance === 0).map(([, atMs]) => atMs), [0, 1_000, 2_000]);
    assertEquals(waiting(test), 6);
  });
});

Deno.test("modules that take different times are asked at the same moments: between them nobody wakes", async () => {
  await withProposals([() => [], () => 90, () => 700, () => 1_300], async (test) => {
    await test.clock.advance(4 * INTERVAL_MS);
    const moments = (module: number): number[] =>
      test.asked.filter(([instance]) => instance === module).map(([, atMs]) => atMs);
    for (const quick of [0, 1, 2]) assertEquals(moments(quick), [0, 1_000, 2_000, 3_000, 4_000]);
    assertEquals(moments(3), [0, 2_000, 4_000]);
  });
});

Deno.test("a module that crashes at it is warned of and asked again after it was restarted, and the others meanwhile", async () => {
  let crashes = 2;
  const crashing: Propose = () => {
    if (crashes-- > 0) throw new TypeError("undefined is not a function");
    return items(0, 1);
  };
  await withProposals([crashing, () => items(1, 1)], async (test) => {
    await test.clock.advance(2 * INTERVAL_MS);
    const taken = await takeAll(test, 4);
    assertEquals([0, 1].map((module) => taken.filter(({ instance }) => instance === module).length), [1, 3]);
    const warnings = test.log.filter(({ message }) => message === "A module did not propose in time");
    assertEquals(warnings.map(({ facts }) => [facts.instance, facts.reason]), [[0, "down"], [0, "down"]]);
    assertEquals(test.system.inspect().children.find(({ path }) => path === "root/proposals")!.restarts, 0);
  });
});

Deno.test("a module that does not answer is skipped after its time and asked again, and the others meanwhile", async () => {
  let silent = true;
  await withProposals([() => silent ? null : items(0, 1), () => items(1, 1)], async (test) => {
    await test.clock.advance(PROPOSAL_TIMEOUT_MS);
    assertEquals(test.asked.filter(([instance]) => instance === 0), [[0, 0]]);
    assertEquals(waiting(test), 1 + PROPOSAL_TIMEOUT_MS / INTERVAL_MS);
    silent = false;
    await test.clock.advance(INTERVAL_MS);
    const taken = await takeAll(test, waiting(test) as number);
    assertEquals(taken.filter(({ instance }) => instance === 0), items(0, 1));
  });
});

Deno.test("a module with more items than the mempool has places waits for them, and is not asked again before all are in", async () => {
  const many = items(0, MEMPOOL_ITEMS_MAX + 50);
  await withProposals([() => many, () => items(1, 1)], async (test) => {
    await test.clock.advance(60_000);
    assertEquals(test.asked.length, 2, "neither has its place yet");
    assertEquals(waiting(test), MEMPOOL_ITEMS_MAX);
    const taken: Dyn[] = [];
    for (let i = 0; i < many.length + 1; i++) {
      const item = await test.system.ask(mempoolRef, "take", null);
      assert(item.tag === "Module");
      taken.push(item.value);
      await test.clock.turn();
    }
    assertEquals(taken.filter(({ instance }) => instance === 0), many);
    await test.clock.advance(INTERVAL_MS);
    assertEquals(test.asked.length, 4);
  });
});
