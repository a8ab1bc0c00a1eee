/** Signed transactions on their way into a block: handed to the Bitcoin node as soon as they are on disk, then again and again. */
import { sleep } from "../../actors/platform/platform.ts";
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { bitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { BitcoinTxid } from "../../core/types/ids.ts";
import type { WalletEnv } from "./block_sync.ts";
import { pollMs } from "./block_sync.ts";
import { UNCONFIRMED, unconfirmedTxs } from "./db.ts";
import type { FederationTx } from "./federation_tx.ts";

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

/** Ends when the guardian stops. */
export async function rebroadcast(env: WalletEnv): Promise<void> {
  while (!env.signal.aborted) {
    const round = new AbortController();
    const stop = AbortSignal.any([env.signal, round.signal]);
    // registered before reading, so that nothing in between is missed
    const either = [env.store.changed(UNCONFIRMED, stop), sleep(env.platform.clock, pollMs(env), stop)];
    const wakes = Promise.race(either.map((wait) => wait.catch(() => undefined)));
    const { value, durable } = await env.store.transact((tx) => unconfirmedTxs(tx));
    await durable;
    for (const tx of parentsFirst(value)) await env.bitcoin.broadcast(encode(bitcoinTransaction, tx));
    await wakes;
    round.abort();
  }
}
