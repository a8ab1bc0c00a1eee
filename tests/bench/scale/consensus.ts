/** What processes a guardian's transactions, over a database on disk: for cases that count what a transaction takes. */
import { join } from "@std/path";
import type { StoreTx } from "../../../actors/store/store.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { openKvStore } from "../../../actors/store/kv.ts";
import type { Store } from "../../../actors/store/store.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import { mintCodecs } from "../../../modules/mintv2/codecs.ts";
import { countIssued } from "../../../modules/mintv2/server/db.ts";
import type { Modules } from "../../../server/consensus/engine/transaction.ts";
import { modulePrefix } from "../../../server/consensus/store/db.ts";
import { MintLoad } from "../../../server/consensus/testing/mint_load.ts";
import type { ConsensusTest } from "../../../server/consensus/testing/processing.ts";
import { INSTANCE, refs, withConsensus } from "../../../server/consensus/testing/processing.ts";
import type { SubmissionAnswer } from "../../../server/consensus/waiting/submissions.ts";
import type { Point } from "./point.ts";
import { countReads, spent } from "./point.ts";

/** Of which the notes of a `MintLoad` are, first of all. */
const DENOMINATION = 4;

/** A database in a folder of its own, gone when `body` is done. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-scale-" });
  try {
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export async function withDatabase<T>(folder: string, body: (store: Store) => Promise<T>): Promise<T> {
  const store = await openKvStore({ path: join(folder, "guardian.kv"), platform: realPlatform() });
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** Writes the same kind of thing again and again, some of them a commit. */
export async function writeMany(
  store: Pick<Store, "transact">,
  count: number,
  each: (tx: StoreTx, index: number) => Promise<void> | void,
  perCommit = 5_000,
): Promise<void> {
  for (let from = 0; from < count; from += perCommit) {
    const { durable } = await store.transact(async (tx) => {
      for (let i = from; i < Math.min(from + perCommit, count); i++) await each(tx, i);
    });
    await durable;
  }
}

/** Notes of one mint, one note for one a transaction. */
export class Payments {
  readonly #load: MintLoad;

  private constructor(load: MintLoad) {
    this.#load = load;
  }

  static async deal(): Promise<Payments> {
    return new Payments(await MintLoad.deal());
  }

  async make(count: number): Promise<Transaction[]> {
    const all: Transaction[] = [];
    for (let i = 0; i < count; i++) all.push(this.#load.exchange(await this.#load.notes(1)));
    return all;
  }

  /** What a piece of work takes a guardian of this mint alone. @param count of the notes that may be spent */
  async measure(
    store: Store,
    count: number,
    work: (test: ConsensusTest, modules: Modules) => Promise<void>,
  ): Promise<Pick<Point, "cpuMs" | "bytes" | "counts">> {
    let modules: Modules | undefined, taken = { cpuMs: 0, bytes: 0, counts: {} };
    await writeMany(store.view(modulePrefix(INSTANCE)), count, (tx) => countIssued(tx, DENOMINATION, 1n));
    const module = { ...this.#load.mint.guardians[0]!.module, audit: () => Promise.resolve(0n) };
    await withConsensus(
      module as Partial<AnyServerModule>,
      mintCodecs,
      async (test) => {
        const counts = countReads(), { cpuMs, bytes } = await spent(() => work(test, modules!));
        taken = { cpuMs, bytes, counts: { "database reads": counts.reads } };
      },
      (made) => {
        modules = made;
        return [];
      },
      store,
    );
    return taken;
  }
}

/** Has the actors' clock go on until something is done; what waits for the disk meanwhile takes no CPU. */
export async function finish<T>({ clock }: Pick<ConsensusTest, "clock">, promise: Promise<T>): Promise<T> {
  let done = false;
  const seen = promise.finally(() => done = true);
  seen.catch(() => undefined);
  while (!done) {
    await clock.advance(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return await seen;
}

/** A guardian's way with transactions: submitted, and then ordered, a unit's worth together. */
export async function pay(
  test: ConsensusTest,
  transactions: readonly Transaction[],
  { position, together = 100 }: { readonly position: number; readonly together?: number },
): Promise<void> {
  const { system } = test;
  for (let from = 0; from < transactions.length; from += together) {
    const some = transactions.slice(from, from + together);
    const answers = some.map((transaction): Promise<SubmissionAnswer> =>
      system.ask(refs.submissions, "submit", { transaction, waitMs: 3_600_000 }, { deadlineMs: Infinity })
    );
    for (let queued = 0; queued < some.length; queued++) await finish(test, system.ask(refs.mempool, "take", null));
    const items = some.map((value) => ({ item: { tag: "Transaction" as const, value }, peer: 0 }));
    const processed = system.ask(refs.engine, "process", { session: 0, position: position + from, items });
    const { accepted, refused } = await finish(test, processed);
    if (accepted !== some.length) throw new Error(`A transaction was refused: ${refused}`);
    for (const answer of await finish(test, Promise.all(answers))) {
      if (!(answer instanceof Object) || !answer.ok) throw new Error("A transaction was not accepted");
    }
  }
}
