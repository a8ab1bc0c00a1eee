/**
 * What closed channels left for us, brought into the wallet. An output is kept until the transaction that takes it is
 * buried; one that isn't confirmed is made again with the fee of the day.
 */
import type { Logger } from "../../../../../actors/logger.ts";
import { bitcoinTransaction } from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import { decode } from "../../../../../core/encoding/mod.ts";
import { DEPTH_FINAL, SWEEP_AGAIN_BLOCKS } from "../limits.ts";
import { ldk, outPointText, refusalText, unwrap } from "./bindings.ts";
import type { Disk } from "./disk.ts";
import type { Fees } from "./fees.ts";
import type { OutputRecord } from "./records.ts";
import { outputRecord } from "./records.ts";
import type { Wallet } from "./wallet.ts";

const KEY = "output/";

/** Of an output that is ours without a condition; empty for others. */
function scriptOf(descriptor: ldk.SpendableOutputDescriptor): Bytes {
  if (descriptor instanceof ldk.SpendableOutputDescriptor_StaticOutput) {
    return descriptor.output.script_pubkey as Bytes;
  }
  if (descriptor instanceof ldk.SpendableOutputDescriptor_StaticPaymentOutput) {
    return descriptor.static_payment_output.get_output().script_pubkey as Bytes;
  }
  return new Uint8Array(0);
}

export class Sweeps {
  readonly #disk: Disk;
  readonly #spender: ldk.OutputSpender;
  readonly #wallet: Wallet;
  readonly #fees: Fees;
  readonly #log: Logger;
  readonly #outputs = new Map<string, OutputRecord>();

  constructor(parts: {
    readonly disk: Disk;
    readonly spender: ldk.OutputSpender;
    readonly wallet: Wallet;
    readonly fees: Fees;
    readonly log: Logger;
  }) {
    this.#disk = parts.disk;
    this.#spender = parts.spender;
    this.#wallet = parts.wallet;
    this.#fees = parts.fees;
    this.#log = parts.log;
  }

  async load(): Promise<void> {
    for (const [name, bytes] of await this.#disk.list(KEY)) this.#outputs.set(name, decode(outputRecord, bytes));
  }

  /** May be told again. */
  add(descriptors: readonly ldk.SpendableOutputDescriptor[]): void {
    for (const descriptor of descriptors) {
      // the wallet sees its own coins by itself
      if (this.#wallet.owns(scriptOf(descriptor))) continue;
      const name = outPointText(descriptor.spendable_outpoint());
      if (this.#outputs.has(name)) continue;
      this.#put(name, { descriptor: descriptor.write().slice(), sweep: null, sweepHeight: 0 });
    }
  }

  /** After a block: sweeps what isn't swept, again what waits too long, and forgets what is over. */
  step(height: number): void {
    const due: string[] = [];
    for (const [name, { sweep, sweepHeight }] of [...this.#outputs]) {
      const tx = sweep === null ? undefined : this.#wallet.transaction(sweep);
      if (sweep === null) due.push(name);
      else if (tx === undefined || (tx.confirmedHeight !== null && tx.confirmedHeight + DEPTH_FINAL - 1 <= height)) {
        // the wallet forgets a transaction when it is buried
        this.#outputs.delete(name);
        this.#disk.remove(KEY + name);
      } else if (tx.confirmedHeight === null && sweepHeight + SWEEP_AGAIN_BLOCKS <= height) due.push(name);
    }
    if (due.length > 0) this.#sweep(due, height);
  }

  #sweep(names: readonly string[], height: number): void {
    const descriptors = names.map((name): ldk.SpendableOutputDescriptor =>
      unwrap(
        ldk.SpendableOutputDescriptor.constructor_read(this.#outputs.get(name)!.descriptor),
        `the stored output ${name}`,
      )
    );
    const none = ldk.Option_u32Z.constructor_none();
    const made = this.#spender.spend_spendable_outputs(
      descriptors,
      [],
      this.#wallet.changeScript,
      this.#fees.perKw,
      none,
    );
    if (!made.is_ok()) {
      this.#log.info("What channels left is worth less than the fee: it is tried again", {
        outputs: names.length,
        reason: refusalText(made),
      });
      return;
    }
    const raw = (made as ldk.Result_TransactionNoneZ_OK).res;
    const sweep = this.#wallet.keep(decode(bitcoinTransaction, raw), "Sweep", height);
    for (const name of names) this.#put(name, { ...this.#outputs.get(name)!, sweep, sweepHeight: height });
    this.#log.info("Outputs of closed channels are swept", {
      outputs: names.length,
      sweep,
      bytes: toHex(raw).length / 2,
    });
  }

  #put(name: string, record: OutputRecord): void {
    this.#outputs.set(name, record);
    this.#disk.put(outputRecord, KEY + name, record);
  }
}
