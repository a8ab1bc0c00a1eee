/**
 * The faucet's purse: P2WPKH keys derived from one seed, and the coins of the chain that belong to them. Address 0
 * takes what is mined without another address, and change.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../../../core/assert.ts";
import { hash160, p2wpkhScript } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, toHex, utf8 } from "../../../core/bytes.ts";
import { isSecretKey, publicKeyOf } from "../../../core/crypto/mod.ts";
import type { CheckedBlock } from "./chain.ts";
import type { Coin, CoinKey } from "./coins.ts";
import { coinKey } from "./coins.ts";
import type { Mempool, MempoolEntry } from "./mempool.ts";
import { COINBASE_MATURITY_BLOCKS } from "./params.ts";

const KEY_INFO = utf8("fedimint devchain wallet key");

export type OwnCoin = Coin & { readonly key: CoinKey; readonly confirmed: boolean };

export class Wallet {
  readonly #seed: Bytes;
  readonly #scripts: Bytes[] = [];
  readonly #indexOf = new Map<string, number>();
  readonly #coins = new Map<CoinKey, Coin>();

  /** @param seed 32 bytes. Secret. @param addresses given out before, at least address 0 */
  constructor(seed: Bytes, addresses: number) {
    this.#seed = seed;
    for (let index = 0; index < Math.max(addresses, 1); index++) this.addAddress();
  }

  get addresses(): number {
    return this.#scripts.length;
  }

  /** The output script of an address, given out or the next one. */
  scriptAt(index: number): Bytes {
    return this.#scripts[index] ?? p2wpkhScript(hash160(publicKeyOf(this.#secretKeyAt(index))));
  }

  /** The script of a further address. */
  addAddress(): Bytes {
    const script = this.scriptAt(this.addresses);
    this.#indexOf.set(toHex(script), this.addresses);
    this.#scripts.push(script);
    return script;
  }

  owns(script: Bytes): boolean {
    return this.#indexOf.has(toHex(script));
  }

  /** Secret. */
  secretKeyFor(script: Bytes): Bytes {
    const index = this.#indexOf.get(toHex(script));
    assert(index !== undefined, "the wallet signs for its own scripts");
    return this.#secretKeyAt(index);
  }

  /** Secret. */
  #secretKeyAt(index: number): Bytes {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, index);
    const key = hmac(sha256, this.#seed, concat(KEY_INFO, number)) as Bytes;
    assert(isSecretKey(key), "a hash is a key but for one in 2^127");
    return key;
  }

  /** What a block does to the wallet's coins. */
  connect({ spent, created }: CheckedBlock): void {
    for (const [key, coin] of created) if (this.owns(coin.script)) this.#coins.set(key, coin);
    for (const key of spent) this.#coins.delete(key);
  }

  /**
   * Coins to pay with: mature ones first (a block later than they could be spent, as Core's wallet has it), then change
   * that isn't confirmed yet.
   */
  spendable(height: number, mempool: Mempool): OwnCoin[] {
    const confirmed = [...this.#coins]
      .filter(([, coin]) => !coin.coinbase || height - coin.height >= COINBASE_MATURITY_BLOCKS)
      .map(([key, coin]) => ({ ...coin, key, confirmed: true }));
    const unconfirmed = [...mempool.entries()].flatMap((entry) => this.#ownOutputs(entry, mempool, height));
    return [...confirmed, ...unconfirmed].filter(({ key }) => mempool.spenderOf(key) === undefined);
  }

  /** Outputs to us of our own transactions; what others send counts once it is confirmed. */
  #ownOutputs({ txid, tx }: MempoolEntry, mempool: Mempool, height: number): OwnCoin[] {
    const own = tx.inputs.every(({ outPoint }) => {
      const key = coinKey(outPoint);
      return this.#coins.has(key) || this.#isOwnUnconfirmed(outPoint.txid, outPoint.vout, mempool);
    });
    if (!own) return [];
    return tx.outputs.flatMap(({ valueSat, script }, vout) =>
      this.owns(script)
        ? [{ valueSat, script, height: height + 1, coinbase: false, key: coinKey({ txid, vout }), confirmed: false }]
        : []
    );
  }

  #isOwnUnconfirmed(txid: string, vout: number, mempool: Mempool): boolean {
    const output = mempool.get(txid)?.tx.outputs[vout];
    return output !== undefined && this.owns(output.script);
  }
}
