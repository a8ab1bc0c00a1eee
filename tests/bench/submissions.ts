/**
 * How long a transaction waits for others, to be checked together with them, and what that saves: one guardian on
 * virtual time, where computing takes none, whose units are ordered some time after they were made; lanes send their
 * next transaction when the last one was accepted. The ratio is against one lane, where nobody waits for others.
 */
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { decode, list } from "../../core/encoding/mod.ts";
import { consensusItem } from "../../core/types/session.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { MintLoad, workOf } from "../../server/consensus/testing/mint_load.ts";
import type { ConsensusTest } from "../../server/consensus/testing/processing.ts";
import { refs } from "../../server/consensus/testing/processing.ts";
import { percentile } from "./figures.ts";

type Line = { name: string; value: string; ratio?: number };
type Figures = { medianMs: number; perSecond: number; millerLoops: number };

const CASES = [{ notes: 1, lanes: 4 }, { notes: 10, lanes: 8 }];
const TRANSACTIONS = 48;
/** Three guardians make a unit each in 54 ms, and a transaction is in all of their next ones. */
const UNIT_MS = 18;
/** Some five rounds. */
const ORDERED_MS = 240, ORDERED_SPREAD_MS = 30;
/** From the acceptance to the lane's next transaction, which takes a client some milliseconds each. */
const NEXT_MS = 15, NEXT_SPREAD_MS = 30;

/** Ends when all lanes have. */
async function orderUnits(test: ConsensusTest, clock: Clock, lanes: Promise<unknown>): Promise<void> {
  const { system } = test, dice = seededDice(2);
  let isOver = false, position = 0;
  const over = lanes.finally(() => isOver = true);
  const order = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    await sleep(clock, ORDERED_MS + dice.below(ORDERED_SPREAD_MS));
    const items = decode(list(consensusItem), bytes).map((item) => ({ item, peer: 0 }));
    const at = position;
    position += items.length;
    const { accepted, refused } = await system.ask(refs.engine, "process", { session: 0, position: at, items });
    if (accepted !== items.length) throw new Error(`A transaction was refused: ${refused}`);
  };
  const ordered: Promise<void>[] = [];
  while (!isOver) {
    const data = await system.ask(refs.mempool, "nextUnitData", { session: 0, measured: false });
    if (data?.kind === "batch") ordered.push(order(data.bytes));
    await sleep(clock, UNIT_MS);
  }
  await Promise.all([over, ...ordered]);
}

async function figuresOf(load: MintLoad, notes: number, lanes: number): Promise<Figures> {
  const transactions: Transaction[] = [];
  for (let i = 0; i < TRANSACTIONS; i++) transactions.push(load.exchange(await load.notes(notes)));
  const dice = seededDice(1), tookMs: number[] = [];
  let elapsedMs = 0, millerLoops = 0;
  await load.withConsensus(async (test) => {
    const { system, clock: { platform: { clock } } } = test, begunMs = clock.monotonicMs();
    const lane = async (): Promise<void> => {
      for (let tx = transactions.pop(); tx; tx = transactions.pop()) {
        await sleep(clock, NEXT_MS + dice.below(NEXT_SPREAD_MS));
        const sentMs = clock.monotonicMs(), args = { transaction: tx, waitMs: 600_000, source: "bench" };
        const answer = await system.ask(refs.submissions, "submit", args, { deadlineMs: Infinity });
        if (!(answer instanceof Object) || !answer.ok) throw new Error("A transaction was not accepted");
        tookMs.push(clock.monotonicMs() - sentMs);
      }
    };
    const work = await workOf(async () => {
      let isDone = false;
      const done = orderUnits(test, clock, Promise.all(Array.from({ length: lanes }, lane))).finally(() =>
        isDone = true
      );
      done.catch(() => undefined); // awaited below
      while (!isDone) await test.clock.advance(1);
      await done;
    });
    elapsedMs = clock.monotonicMs() - begunMs;
    millerLoops = work.millerLoops;
  });
  return {
    medianMs: percentile(tookMs.sort((a, b) => a - b), 0.5),
    perSecond: TRANSACTIONS / elapsedMs * 1_000,
    millerLoops: millerLoops / TRANSACTIONS,
  };
}

export async function benchSubmissions(): Promise<Line[]> {
  const load = await MintLoad.deal(), lines: Line[] = [];
  for (const { notes, lanes } of CASES) {
    const alone = await figuresOf(load, notes, 1), busy = await figuresOf(load, notes, lanes);
    const name = `${notes} notes, ${lanes} at a time`;
    lines.push(
      { name: `${name}: median`, value: `${busy.medianMs} ms`, ratio: busy.medianMs / alone.medianMs },
      { name: `${name}: accepted`, value: `${busy.perSecond.toFixed(1)}/s`, ratio: busy.perSecond / alone.perSecond },
      {
        name: `${name}: Miller loops a transaction`,
        value: busy.millerLoops.toFixed(1),
        ratio: busy.millerLoops / alone.millerLoops,
      },
    );
  }
  return lines;
}
