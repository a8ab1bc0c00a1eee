import { assertEquals } from "@std/assert";
import type { ManualPlatform } from "../../actors/testing/platform.ts";
import { settle } from "../../actors/testing/manual_clock.ts";
import { withSystem } from "../../actors/testing/platform.ts";
import { child, refTo } from "../../actors/mod.ts";
import type { ConsensusItem } from "../../core/types/session.ts";
import { newBoard } from "./session/board.ts";
import type { MempoolMessage } from "./waiting/mempool.ts";
import { mempool } from "./waiting/mempool.ts";

const ITEM: ConsensusItem = { tag: "Module", value: { instance: 0, body: Uint8Array.of(1) } };

type Test = {
  readonly clock: ManualPlatform;
  /** Takes a batch of one item, or an empty one. */
  readonly make: (session: number, options?: { empty?: boolean; measured?: boolean }) => Promise<void>;
  readonly ordered: (session: number) => void;
  readonly latencyMs: () => Promise<number | null>;
};

async function withMempool(body: (test: Test) => Promise<void>): Promise<void> {
  const board = newBoard();
  await withSystem([child(mempool, { args: { board } })], async ({ system, clock }) => {
    const ref = refTo<MempoolMessage>("root/mempool");
    await body({
      clock,
      make: async (session, { empty = false, measured = true } = {}) => {
        if (!empty) await system.ask(ref, "submit", { item: ITEM });
        const data = await system.ask(ref, "nextUnitData", { session, measured });
        assertEquals(data === null, empty);
      },
      ordered: (session) => system.tell(ref, "batchOrdered", { session }),
      latencyMs: async () => {
        await settle();
        return board.orderingLatencyMs;
      },
    });
  });
}

Deno.test("ordering latency is the time from a batch's making to its ordering, smoothed", async () => {
  await withMempool(async ({ clock, make, ordered, latencyMs }) => {
    assertEquals(await latencyMs(), null);
    await make(0);
    await clock.advance(100);
    await make(0);
    await clock.advance(200);
    ordered(0);
    assertEquals(await latencyMs(), 300);
    ordered(0);
    assertEquals(await latencyMs(), (9 * 300 + 200) / 10);
  });
});

Deno.test("units without a batch have no latency", async () => {
  await withMempool(async ({ clock, make, ordered, latencyMs }) => {
    await make(0, { empty: true });
    await clock.advance(1_000);
    await make(0);
    await clock.advance(5);
    ordered(0);
    assertEquals(await latencyMs(), 5);
    ordered(0);
    assertEquals(await latencyMs(), 5);
  });
});

Deno.test("a new session measures anew", async () => {
  await withMempool(async ({ clock, make, ordered, latencyMs }) => {
    await make(0);
    await make(0);
    await clock.advance(5);
    ordered(0);
    await make(1);
    assertEquals(await latencyMs(), null);
    await clock.advance(7);
    ordered(0);
    assertEquals(await latencyMs(), null, "a unit of the session before");
    ordered(1);
    assertEquals(await latencyMs(), 7);
  });
});

Deno.test("a session that goes on after a restart is not measured", async () => {
  await withMempool(async ({ clock, make, ordered, latencyMs }) => {
    await make(0);
    await make(0, { measured: false });
    await clock.advance(5);
    ordered(0);
    assertEquals(await latencyMs(), null);
  });
});
