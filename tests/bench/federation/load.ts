/**
 * A load of e-cash transactions: so many notes in, as many of the same denominations out, in lanes, each of which sends
 * one after the other and asks for the shares of what it issued, as a wallet does. Transactions are made and signed
 * before the clock starts, so that the load costs the guardians' cores little.
 */
import process from "node:process";
import type { Json } from "../../../core/encoding/mod.ts";
import { encode } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import { transaction as transactionCodec } from "../../../core/types/transaction.ts";
import type { Denomination } from "../../../modules/mintv2/denomination.ts";
import type { Mint, Purse } from "./purse.ts";
import { bundlesMax, renewal, sharesCall, submission, submit } from "./purse.ts";

/** All are of another denomination, up to ten; of more notes some have the same. */
const DENOMINATIONS = 10;
const SMALLEST: Denomination = 10;

export function denominationsOf(notes: number): Denomination[] {
  return Array.from({ length: notes }, (_, i) => SMALLEST + i % DENOMINATIONS);
}

type Prepared = { readonly params: Json; readonly shares: { readonly method: string; readonly params: Json } };

/** Transactions that are ready to be sent. */
export type Load = { readonly prepared: Prepared[]; readonly bytes: number };

/** @param count as many as can be, if that is more */
export async function prepareLoad(purse: Purse, notes: number, count: number): Promise<Load> {
  const bundles = await purse.bundles(denominationsOf(notes), Math.min(count, bundlesMax(notes)));
  const transactions = bundles.map((bundle) => renewal(purse.mint, bundle));
  return {
    prepared: transactions.map((tx) => ({ params: submission.params.toJson(tx), shares: sharesCall(tx) })),
    bytes: encode(transactionCodec, transactions[0]!).length,
  };
}

/** Shares are taken as they come: what a wallet does with them isn't the guardians' work. */
const untouched = { fromJson: (json: Json): Json => json, toJson: (json: Json): Json => json };

export type Carried = {
  /** What each transaction took from its submission to its acceptance, ms; from the least on. */
  readonly latenciesMs: readonly number[];
  readonly tookMs: number;
  /** CPU of this process. */
  readonly generatorMs: number;
};

/** Ends when the time is over, or no transaction is left. @throws {Error} when guardians refuse one */
export async function carry(
  { api, module }: Mint,
  { prepared }: Load,
  { lanes, ms, nowMs }: { readonly lanes: number; readonly ms: number; readonly nowMs: () => number },
): Promise<Carried> {
  const begunMs = nowMs(), cpu = process.cpuUsage(), latenciesMs: number[] = [];
  const lane = async (): Promise<void> => {
    while (nowMs() - begunMs < ms) {
      const next = prepared.pop();
      if (!next) return;
      const sentMs = nowMs();
      await submit(api, next.params);
      latenciesMs.push(nowMs() - sentMs);
      await module.threshold({ ...next.shares, result: untouched }, (_, shares) => ok(shares), { retry: true });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return {
    latenciesMs: latenciesMs.sort((a, b) => a - b),
    tookMs: nowMs() - begunMs,
    generatorMs: (user + system) / 1_000,
  };
}
