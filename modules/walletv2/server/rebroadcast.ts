/**
 * Hands on what guardians have signed, again and again until it is in a block: a node forgets what it holds when it
 * restarts, and refuses what it finds too cheap for the moment. While a transaction isn't in a block everything behind
 * it waits, which the log says.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { Reminder } from "../../../actors/reminder.ts";
import type { ReadTx } from "../../../actors/store/store.ts";
import type { BitcoinTransaction } from "../../../core/bitcoin/mod.ts";
import { bitcoinTransaction, bitcoinTxidOf } from "../../../core/bitcoin/mod.ts";
import { encode } from "../../../core/encoding/mod.ts";
import type { BitcoinTxid } from "../../../core/types/ids.ts";
import type { WalletEnv } from "./block_sync.ts";
import { pollMs } from "./block_sync.ts";
import type { TxInfo } from "../common.ts";
import { consensusBlockCount } from "./consensus_values.ts";
import { txInfos, UNCONFIRMED, unconfirmedTxs, unsignedTxs } from "./db.ts";
import type { FederationTx } from "./federation_tx.ts";
import { PENDING_BLOCKS_TOLD } from "../limits.ts";

/** Each transaction behind the one that it spends from: a node takes none whose inputs it doesn't know. */
export function parentsFirst(transactions: ReadonlyMap<BitcoinTxid, Pick<FederationTx, "tx">>): BitcoinTransaction[] {
  const waiting = new Set(transactions.keys());
  const sorted: BitcoinTransaction[] = [];
  const place = (txid: BitcoinTxid): void => {
    const tx = transactions.get(txid)?.tx;
    if (!tx || !waiting.delete(txid)) return;
    for (const { outPoint } of tx.inputs) place(outPoint.txid);
    sorted.push(tx);
  };
  for (const txid of transactions.keys()) place(txid);
  return sorted;
}

type Pending = {
  readonly signed: ReadonlyMap<BitcoinTxid, FederationTx>;
  /** The first of all that no block holds, signed or not, and the blocks since it was made. */
  readonly oldest: { readonly info: TxInfo; readonly isSigned: boolean; readonly blocks: number } | null;
  readonly count: number;
};

async function readPending(env: WalletEnv, tx: ReadTx): Promise<Pending> {
  const signed = await unconfirmedTxs(tx), unsigned = await unsignedTxs(tx);
  const count = signed.size + unsigned.size;
  const infos = await txInfos(tx, count);
  const info = infos.findLast(({ txid }) => signed.has(txid) || unsigned.has(txid));
  if (!info) return { signed, count, oldest: null };
  const blocks = await consensusBlockCount(tx, env.peers) - info.created;
  return { signed, count, oldest: { info, isSigned: signed.has(info.txid), blocks } };
}

class Teller {
  readonly #refusals: Reminder;
  readonly #waits: Reminder;

  constructor({ platform, log }: WalletEnv) {
    this.#refusals = new Reminder(platform.clock, log, "error");
    this.#waits = new Reminder(platform.clock, log, "warn");
  }

  /** The first that the node doesn't have, those behind it are refused for that alone; null when it has them all. */
  refused(first: { readonly txid: BitcoinTxid; readonly reason: string } | null, { signed }: Pending): void {
    if (first === null) return this.#refusals.over("The node has every transaction that the federation has signed");
    const { txid, reason } = first;
    const { fee, vbytes } = signed.get(txid)!;
    this.#refusals.say(
      "The node doesn't take a transaction of the federation: it and everything behind it waits",
      reason,
      { txid, feeSat: fee, vbytes, waiting: signed.size },
    );
  }

  waits({ oldest, count }: Pending): void {
    if (oldest === null || oldest.blocks < PENDING_BLOCKS_TOLD) {
      return this.#waits.over("Transactions of the federation are in blocks again", { waiting: count });
    }
    const { info: { txid, fee, vbytes }, isSigned, blocks } = oldest;
    const what = isSigned
      ? "A transaction of the federation is in no block yet: everything behind it waits"
      : "Too few guardians sign a transaction of the federation: everything behind it waits";
    this.#waits.say(what, "", { txid, blocks, feeSat: fee, vbytes, waiting: count });
  }
}

/** Ends when the guardian stops. */
export async function rebroadcast(env: WalletEnv): Promise<void> {
  const teller = new Teller(env);
  while (!env.signal.aborted) {
    const round = new AbortController();
    const stop = AbortSignal.any([env.signal, round.signal]);
    // registered before reading, so that nothing in between is missed
    const either = [env.store.changed(UNCONFIRMED, stop), sleep(env.platform.clock, pollMs(env), stop)];
    const wakes = Promise.race(either.map((wait) => wait.catch(() => undefined)));
    const { value: pending, durable } = await env.store.transact((tx) => readPending(env, tx));
    await durable;
    let refused: { readonly txid: BitcoinTxid; readonly reason: string } | null = null;
    for (const tx of parentsFirst(pending.signed)) {
      const taken = await env.bitcoin.broadcast(encode(bitcoinTransaction, tx));
      // whatever is in front of one that the node has was in order: a node doesn't know what is spent any more
      if (taken.ok) refused = null;
      else refused ??= { txid: bitcoinTxidOf(tx), reason: taken.error };
    }
    teller.refused(refused, pending);
    teller.waits(pending);
    await wakes;
    round.abort();
  }
}
