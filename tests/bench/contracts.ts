/**
 * A guardian's time for Lightning contracts with a hundred thousand of them open, against none: funding one, claiming
 * it, and the look at the books that comes after every item. On disk; processor time, as the machine may be busy.
 */
import process from "node:process";
import { realClock } from "../../actors/platform/real/clock.ts";
import { realDice } from "../../actors/platform/real/dice.ts";
import { openKvStore } from "../../actors/store/kv.ts";
import type { Store } from "../../actors/store/store.ts";
import { openOutgoing } from "../../modules/lnv2/server/db.ts";
import { lnv2Server } from "../../modules/lnv2/server.ts";
import {
  outgoingInput,
  outgoingOf,
  outgoingOutput,
  PREIMAGE,
  testLightning,
} from "../../modules/lnv2/testing/guardians.ts";

const OPEN = 100_000;
const AT_ONCE = 1_000;
const ITEMS = 4_000;
const ITEMS_A_COMMIT = 100;

type Module = Awaited<ReturnType<typeof lnv2Server.start>>;

function txidOf(n: number): string {
  return n.toString(16).padStart(64, "0");
}

function processorUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Contracts that stay open. */
async function fill(store: Store): Promise<void> {
  for (let from = 0; from < OPEN; from += AT_ONCE) {
    const { durable } = await store.transact(async (tx) => {
      for (let i = from; i < from + AT_ONCE; i++) await openOutgoing(tx, { txid: txidOf(i), outIdx: 0 }, outgoingOf());
    });
    await durable;
  }
}

/** Microseconds of the processor for a contract that is funded and claimed. */
async function itemUs(store: Store, module: Module, round: number): Promise<number> {
  const claim = { tag: "Claim", value: PREIMAGE } as const;
  const begunUs = processorUs();
  for (let from = 0; from < ITEMS; from += ITEMS_A_COMMIT) {
    const { durable } = await store.transact(async (tx) => {
      for (let i = from; i < from + ITEMS_A_COMMIT; i++) {
        const txid = txidOf((round + 1) * 2 ** 32 + i), at = { txid, outIdx: 0 };
        await module.processOutput(tx, outgoingOutput(outgoingOf()), at);
        await module.audit(tx);
        await module.processInput(tx, outgoingInput(at, claim), { txid, inIdx: 0 });
        await module.audit(tx);
      }
    });
    await durable;
  }
  return (processorUs() - begunUs) / ITEMS;
}

export async function benchContracts(): Promise<{ name: string; value: string; ratio?: number }[]> {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-bench-" });
  try {
    const { guardians } = await testLightning({ total: 1 });
    const { env } = guardians.guardians[0]!;
    const store = await openKvStore({ path: `${folder}/store`, platform: { clock: realClock, dice: realDice } });
    const module = await lnv2Server.start({ ...env, store });
    // once for the compiler
    await itemUs(store, module, 0);
    const empty = await itemUs(store, module, 1);
    await fill(store);
    const full = await itemUs(store, module, 2);
    await store.close();
    const shown = (us: number): string => `${us.toFixed(0)} µs`;
    return [
      { name: "a contract funded and claimed, none open", value: shown(empty) },
      { name: `the same, ${OPEN} open`, value: shown(full), ratio: full / empty },
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
