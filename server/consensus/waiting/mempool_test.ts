/** What waits for our next unit, in which order, how much of it, and what is refused. */
import { assertEquals } from "@std/assert";
import type { TestSystem } from "../../../actors/testing/platform.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import { child, refTo } from "../../../actors/mod.ts";
import { decode, encode, list } from "../../../core/encoding/mod.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import { consensusItem } from "../../../core/types/session.ts";
import { newBoard } from "../session/board.ts";
import { BATCH_BYTES_MAX, BATCH_COUNT_BYTES, MEMPOOL_ITEMS_MAX, MEMPOOL_PRODUCERS_MAX } from "../limits.ts";
import type { MempoolMessage } from "./mempool.ts";
import { mempool } from "./mempool.ts";

const ref = refTo<MempoolMessage>("root/mempool");

function item(number: number, bytes = 4): ConsensusItem {
  const body = new Uint8Array(bytes);
  new DataView(body.buffer).setUint32(0, number);
  return { tag: "Module", value: { instance: 0, body } };
}

function transaction(number: number): ConsensusItem {
  const nonce = new Uint8Array(8).fill(number);
  return {
    tag: "Transaction",
    value: { inputs: [], outputs: [], nonce, signatures: { tag: "NaiveMultisig", value: [] } },
  };
}

/** An item whose encoding has exactly so many bytes. */
function sized(number: number, bytes: number): ConsensusItem {
  const overhead = encode(consensusItem, item(number, bytes)).length - bytes;
  const made = item(number, bytes - overhead);
  assertEquals(encode(consensusItem, made).length, bytes);
  return made;
}

type Test = TestSystem & {
  /** Answered when there is a place. */
  readonly submit: (...items: ConsensusItem[]) => Promise<boolean[]>;
  /** The items of our next unit. */
  readonly unit: (session?: number) => Promise<ConsensusItem[]>;
  readonly take: () => Promise<ConsensusItem>;
  readonly facts: () => unknown;
};

async function withMempool(body: (test: Test) => Promise<void>): Promise<void> {
  await withSystem([child(mempool, { args: { board: newBoard() } })], async (test) => {
    const { system } = test;
    await body({
      ...test,
      submit: (...items) =>
        Promise.all(items.map((each) => system.ask(ref, "submit", { item: each }, { deadlineMs: Infinity }))),
      unit: async (session = 0) => {
        const data = await system.ask(ref, "nextUnitData", { session, measured: true });
        if (data === null) return [];
        if (data.kind === "signature") throw new Error("a unit with a signature has no items");
        return decode(list(consensusItem), data.bytes);
      },
      take: () => system.ask(ref, "take", null, { deadlineMs: Infinity }),
      facts: () => system.inspect().children[0]!.facts,
    });
  });
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => item(from + i));

Deno.test("a unit carries all that waits, in order, once; then there is nothing", async () => {
  await withMempool(async ({ submit, unit }) => {
    assertEquals(await unit(), []);
    await submit(item(1), transaction(2), item(3), item(1));
    assertEquals(await unit(), [item(1), transaction(2), item(3), item(1)]);
    assertEquals(await unit(), []);
  });
});

Deno.test("a unit is filled to its last byte, and what doesn't fit comes first in the next", async () => {
  await withMempool(async ({ submit, unit }) => {
    const space = BATCH_BYTES_MAX - BATCH_COUNT_BYTES;
    const half = sized(1, space / 2 | 0), rest = sized(2, space - (space / 2 | 0));
    await submit(half, rest, item(3));
    assertEquals(await unit(), [half, rest]);
    assertEquals(await unit(), [item(3)]);
    const over = sized(4, space - (space / 2 | 0) + 1);
    await submit(half, over, item(5));
    assertEquals(await unit(), [half]);
    assertEquals(await unit(), [over, item(5)]);
  });
});

Deno.test("an item that fits into no unit is dropped with a warning, and those behind it go on", async () => {
  await withMempool(async ({ submit, unit, lines }) => {
    const largest = sized(1, BATCH_BYTES_MAX - BATCH_COUNT_BYTES);
    const larger = sized(2, BATCH_BYTES_MAX - BATCH_COUNT_BYTES + 1);
    await submit(larger, largest, item(3));
    assertEquals(await unit(), []);
    assertEquals(await unit(), [largest]);
    assertEquals(await unit(), [item(3)]);
    assertEquals(lines(), ["warn root/mempool: Item is larger than a unit and was dropped"]);
  });
});

Deno.test("a transaction that is submitted again goes into one unit of a session, and again into the next session's", async () => {
  await withMempool(async ({ submit, unit }) => {
    await submit(transaction(1), transaction(2), transaction(1));
    assertEquals(await unit(0), [transaction(1), transaction(2)]);
    await submit(transaction(1), transaction(3));
    assertEquals(await unit(0), [transaction(3)]);
    await submit(transaction(1));
    assertEquals(await unit(1), [transaction(1)]);
  });
});

Deno.test("what waits survives a session's end, but for the item that didn't fit into the last unit", async () => {
  await withMempool(async ({ submit, unit }) => {
    const large = sized(1, BATCH_BYTES_MAX - BATCH_COUNT_BYTES);
    await submit(item(0), large, item(2));
    assertEquals(await unit(0), [item(0)]);
    assertEquals(await unit(1), [item(2)]);
  });
});

Deno.test("once we have signed, a session's units carry the signature alone, and the items wait for the next session", async () => {
  await withMempool(async ({ system, submit, unit }) => {
    const signature = new Uint8Array(64).fill(7);
    await submit(item(1));
    system.tell(ref, "sign", { session: 4, signature });
    for (let i = 0; i < 3; i++) {
      const data = await system.ask(ref, "nextUnitData", { session: 4, measured: true });
      assertEquals(data, { kind: "signature", signature });
    }
    assertEquals(await unit(5), [item(1)]);
  });
});

Deno.test("when it is full producers wait for a place; when too many wait the next is refused, and nothing that is in is lost", async () => {
  await withMempool(async ({ clock, submit, unit, facts }) => {
    const answers = submit(...range(0, MEMPOOL_ITEMS_MAX + MEMPOOL_PRODUCERS_MAX));
    let answered = false;
    answers.then(() => answered = true);
    await clock.advance(60_000);
    assertEquals(answered, false);
    assertEquals(facts(), { waiting: MEMPOOL_ITEMS_MAX, producers: MEMPOOL_PRODUCERS_MAX, session: -1 });
    assertEquals(await submit(item(9_999), item(9_998)), [false, false]);
    const seen: ConsensusItem[] = [];
    for (let batch = await unit(); batch.length > 0; batch = await unit()) seen.push(...batch);
    assertEquals(seen, range(0, MEMPOOL_ITEMS_MAX + MEMPOOL_PRODUCERS_MAX));
    assertEquals(new Set(await answers), new Set([true]));
    assertEquals(await submit(item(1)), [true]);
  });
});

Deno.test("a single guardian takes items one by one, as they come, and lets producers in", async () => {
  await withMempool(async ({ clock, submit, take, facts }) => {
    const first = take();
    await clock.advance(1_000);
    await submit(item(1), item(2));
    assertEquals([await first, await take()], [item(1), item(2)]);
    const waiting = submit(...range(0, MEMPOOL_ITEMS_MAX + 1));
    await clock.advance(0);
    assertEquals(facts(), { waiting: MEMPOOL_ITEMS_MAX, producers: 1, session: -1 });
    assertEquals(await take(), item(0));
    assertEquals((await waiting).length, MEMPOOL_ITEMS_MAX + 1);
    for (let i = 1; i <= MEMPOOL_ITEMS_MAX; i++) assertEquals(await take(), item(i));
  });
});

Deno.test("an item goes to who asked last: the one before has ended", async () => {
  await withMempool(async ({ clock, submit, take }) => {
    let gone = true;
    take().then(() => gone = false, () => undefined);
    await clock.advance(0);
    const second = take();
    await clock.advance(0);
    await submit(item(1));
    assertEquals([await second, gone], [item(1), true]);
  });
});
