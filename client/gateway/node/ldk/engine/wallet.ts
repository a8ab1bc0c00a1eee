/**
 * The node's wallet on the chain: coins found in blocks, coins taken for what we send, transactions sent again until
 * they are buried. It is fed whole blocks, forward and back.
 */
import type { BitcoinNetwork } from "../../../../../core/bitcoin/network.ts";
import type { BitcoinTransaction, Block } from "../../../../../core/bitcoin/mod.ts";
import { addressFromScript, bitcoinOutPointText, bitcoinTxidOf } from "../../../../../core/bitcoin/mod.ts";
import { assert } from "../../../../../core/assert.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import { decode } from "../../../../../core/encoding/mod.ts";
import { ADDRESSES_AHEAD, DEPTH_FINAL, LIGHTNING_BLOCKS_MAX } from "../limits.ts";
import type { Disk } from "./disk.ts";
import type { WalletKeys } from "./keys.ts";
import { PAYMENT_KEYS, PAYMENT_KEYS_FIRST } from "./keys.ts";
import type { CoinRecord, TransactionRecord } from "./records.ts";
import { coinRecord, transactionRecord, walletRecord } from "./records.ts";

export type SpendableCoin = { readonly outPoint: string; readonly valueSat: bigint; readonly index: number };

export class Wallet {
  readonly #disk: Disk;
  readonly #keys: WalletKeys;
  readonly #network: BitcoinNetwork;
  /** Index of each key that is watched, by its script in hex. Address 0 is for change. */
  readonly #indexOf = new Map<string, number>();
  /** Given out, or paid to. */
  #addresses = 1;
  readonly #coins = new Map<string, CoinRecord>();
  readonly #transactions = new Map<string, TransactionRecord>();

  constructor(disk: Disk, keys: WalletKeys, network: BitcoinNetwork) {
    this.#disk = disk;
    this.#keys = keys;
    this.#network = network;
  }

  async load(): Promise<void> {
    const { addresses } = await this.#disk.get(walletRecord, "wallet") ?? { addresses: 1 };
    this.#addresses = addresses;
    for (let index = 0; index < addresses + ADDRESSES_AHEAD; index++) this.#watch(index);
    for (let index = 0; index < PAYMENT_KEYS; index++) this.#watch(PAYMENT_KEYS_FIRST + index);
    for (const [name, bytes] of await this.#disk.list("coin/")) this.#coins.set(name, decode(coinRecord, bytes));
    for (const [txid, bytes] of await this.#disk.list("transaction/")) {
      this.#transactions.set(txid, decode(transactionRecord, bytes));
    }
  }

  #watch(index: number): void {
    this.#indexOf.set(toHex(this.#keys.script(index)), index);
  }

  #give(addresses: number): void {
    for (let index = this.#addresses; index < addresses; index++) this.#watch(index + ADDRESSES_AHEAD);
    this.#addresses = addresses;
    this.#disk.put(walletRecord, "wallet", { addresses });
  }

  /** Whether an output with this script is a coin of ours. */
  owns(script: Bytes): boolean {
    return this.#indexOf.has(toHex(script));
  }

  /** Coins that a search of the chain has found: those that aren't known are of an earlier life of the words. */
  adopt(coins: readonly (SpendableCoin & { readonly height: number })[]): number {
    const unknown = coins.filter(({ outPoint }) => !this.#coins.has(outPoint));
    for (const { outPoint, valueSat, index, height } of unknown) {
      this.#putCoin(outPoint, { valueSat, index, height, spentHeight: null });
    }
    return unknown.length;
  }

  get changeScript(): Bytes {
    return this.#keys.script(0);
  }

  newAddress(): string {
    const script = this.#keys.script(this.#addresses);
    this.#give(this.#addresses + 1);
    const address = addressFromScript(script, this.#network);
    assert(address !== null, "a script of ours has an address");
    return address;
  }

  /** Coins in the chain that nothing of ours spends, largest first. */
  spendable(): SpendableCoin[] {
    const taken = this.#takenInputs();
    return [...this.#coins].filter(([name, { spentHeight }]) => spentHeight === null && !taken.has(name))
      .map(([outPoint, { valueSat, index }]) => ({ outPoint, valueSat, index }))
      .sort((a, b) => a.valueSat < b.valueSat ? 1 : a.valueSat > b.valueSat ? -1 : 0);
  }

  #takenInputs(): Set<string> {
    const waiting = [...this.#transactions.values()].filter(({ confirmedHeight }) => confirmedHeight === null);
    return new Set(waiting.flatMap(({ tx }) => tx.inputs.map(({ outPoint }) => bitcoinOutPointText(outPoint))));
  }

  /** What is in the chain, and change of ours on its way into it. */
  balanceSat(): bigint {
    const confirmed = this.spendable().reduce((sum, { valueSat }) => sum + valueSat, 0n);
    const change = [...this.#transactions.values()]
      .filter(({ confirmedHeight, isReleased }) => confirmedHeight === null && isReleased)
      .flatMap(({ tx }) => tx.outputs)
      .filter(({ script }) => this.#indexOf.has(toHex(script)))
      .reduce((sum, { valueSat }) => sum + valueSat, 0n);
    return confirmed + change;
  }

  /** Keeps a transaction: its coins are taken, and it is sent (once it is released) until it is buried. */
  keep(tx: BitcoinTransaction, kind: TransactionRecord["kind"]["tag"], height: number, isReleased = true): string {
    const txid = bitcoinTxidOf(tx);
    const known = this.#transactions.get(txid);
    if (known !== undefined && (known.isReleased || !isReleased)) return txid;
    this.#putTransaction(txid, {
      tx,
      kind: known?.kind ?? { tag: kind, value: null },
      isReleased,
      height,
      confirmedHeight: known?.confirmedHeight ?? null,
    });
    return txid;
  }

  /** Gives the coins of a transaction back that nobody will ever have. */
  drop(txid: string): void {
    if (this.#transactions.has(txid)) this.#dropTransaction(txid);
  }

  /** The same of one that was never released, and of no other. */
  forget(txid: string): void {
    const known = this.#transactions.get(txid);
    if (known === undefined || known.isReleased) return;
    this.#dropTransaction(txid);
  }

  /** The one that creates this output, if we keep it. */
  transaction(txid: string): TransactionRecord | undefined {
    return this.#transactions.get(txid);
  }

  /** Those that were held back when the process ended: nobody else knows of them. */
  unreleased(): string[] {
    return [...this.#transactions].filter(([, { isReleased }]) => !isReleased).map(([txid]) => txid);
  }

  /** Sent, and not in the chain yet. */
  waiting(): BitcoinTransaction[] {
    return [...this.#transactions.values()]
      .filter(({ isReleased, confirmedHeight }) => isReleased && confirmedHeight === null)
      .map(({ tx }) => tx);
  }

  /** Payments on the chain that we made, for the operator. */
  payments(): (readonly [string, TransactionRecord])[] {
    return [...this.#transactions].filter(([, { kind }]) => kind.tag === "Payment");
  }

  connect(block: Block, height: number): void {
    const watched = this.#inputsOfTransactions();
    for (const tx of block.transactions) {
      const inputs = tx.inputs.map(({ outPoint }) => bitcoinOutPointText(outPoint));
      const ours = tx.outputs.flatMap(({ script, valueSat }, vout) => {
        const index = this.#indexOf.get(toHex(script));
        return index === undefined ? [] : [{ vout, valueSat, index }];
      });
      const spends = inputs.filter((name) => this.#coins.has(name) || watched.has(name));
      if (ours.length === 0 && spends.length === 0) continue;
      const txid = bitcoinTxidOf(tx);
      for (const { vout, valueSat, index } of ours) {
        this.#putCoin(bitcoinOutPointText({ txid, vout }), { valueSat, index, height, spentHeight: null });
      }
      for (const name of spends) {
        const coin = this.#coins.get(name);
        if (coin !== undefined) this.#putCoin(name, { ...coin, spentHeight: height });
        for (const each of watched.get(name) ?? []) {
          // this one is in the chain, and what else spends the coin never will be
          this.#putTransaction(each, { ...this.#transactions.get(each)!, confirmedHeight: height });
        }
      }
    }
    this.#settle(height);
  }

  disconnect(height: number): void {
    for (const [name, coin] of [...this.#coins]) {
      if (coin.height >= height) this.#dropCoin(name);
      else if (coin.spentHeight !== null && coin.spentHeight >= height) {
        this.#putCoin(name, { ...coin, spentHeight: null });
      }
    }
    for (const [txid, record] of [...this.#transactions]) {
      if (record.confirmedHeight === null || record.confirmedHeight < height) continue;
      this.#putTransaction(txid, { ...record, confirmedHeight: null });
    }
  }

  #inputsOfTransactions(): Map<string, string[]> {
    const watched = new Map<string, string[]>();
    for (const [txid, { tx, confirmedHeight }] of this.#transactions) {
      if (confirmedHeight !== null) continue;
      for (const { outPoint } of tx.inputs) {
        const name = bitcoinOutPointText(outPoint);
        watched.set(name, [...watched.get(name) ?? [], txid]);
      }
    }
    return watched;
  }

  /** What is so deep is forgotten. */
  #settle(height: number): void {
    for (const [name, { spentHeight }] of [...this.#coins]) {
      if (spentHeight !== null && spentHeight + DEPTH_FINAL <= height) this.#dropCoin(name);
    }
    for (const [txid, { confirmedHeight, kind, height: since }] of [...this.#transactions]) {
      const isBuried = confirmedHeight !== null && confirmedHeight + DEPTH_FINAL <= height;
      // what LDK sends it makes again while it matters
      const isLeft = confirmedHeight === null && kind.tag === "Lightning" && since + LIGHTNING_BLOCKS_MAX <= height;
      if (isBuried || isLeft) this.#dropTransaction(txid);
    }
  }

  #putCoin(name: string, coin: CoinRecord): void {
    // an address that was given out before the words came to this folder
    if (coin.index >= this.#addresses && coin.index < PAYMENT_KEYS_FIRST) this.#give(coin.index + 1);
    this.#coins.set(name, coin);
    this.#disk.put(coinRecord, `coin/${name}`, coin);
  }

  #dropCoin(name: string): void {
    this.#coins.delete(name);
    this.#disk.remove(`coin/${name}`);
  }

  #putTransaction(txid: string, record: TransactionRecord): void {
    this.#transactions.set(txid, record);
    this.#disk.put(transactionRecord, `transaction/${txid}`, record);
  }

  #dropTransaction(txid: string): void {
    this.#transactions.delete(txid);
    this.#disk.remove(`transaction/${txid}`);
  }
}
