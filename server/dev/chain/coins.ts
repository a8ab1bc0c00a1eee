/** Coins: outputs that can be spent, and where to look for them. */
import type { BitcoinOutPoint } from "../../../core/bitcoin/mod.ts";
import { bitcoinOutPointText } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";

export type Coin = {
  readonly valueSat: bigint;
  readonly script: Bytes;
  /** Of the block that made it; for an unconfirmed one the next block's. */
  readonly height: number;
  readonly coinbase: boolean;
};

/** `txid:vout` */
export type CoinKey = string;
export const coinKey: (outPoint: BitcoinOutPoint) => CoinKey = bitcoinOutPointText;

export interface CoinView {
  /** Undefined when there is no such output or it is spent. */
  coin(key: CoinKey): Coin | undefined;
}

/** Core's rule for outputs that never become coins: OP_RETURN, and scripts beyond 10,000 bytes. */
export function isUnspendable(script: Uint8Array): boolean {
  return script[0] === 0x6a || script.length > 10_000;
}
