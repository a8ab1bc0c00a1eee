/**
 * Looks through the outputs that guardians have seen on the chain and claims those that pay to this wallet: each in an operation of its
 * own, one after the other. Needs no Bitcoin node. A wallet that is restored from its words does the same from output 0 on. Follows
 * fedimint-walletv2-client 0.13.0 (`check_outputs`); sheet "wallet" 9.
 *
 * Better than the reference in three places: a claim that was submitted before the client stopped is waited for, not made again; a deposit
 * that is too small for the fee is tried again when the fee falls; outputs that can be no deposit can't hide those behind them.
 */
import { sleep } from "../../actors/platform/platform.ts";
import { toHex } from "../../core/bytes.ts";
import { bitcoinOutPoint } from "../../core/bitcoin/mod.ts";
import { errorText } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { outPointRange } from "../../core/types/ids.ts";
import type { Addresses } from "./client_addresses.ts";
import {
  deferredOutputs,
  deleteClaim,
  deleteDeferred,
  getClaim,
  getNextOutput,
  setChange,
  setClaim,
  setDeferred,
  setNextOutput,
} from "./client_db.ts";
import type { Claim } from "./client_db.ts";
import { WalletError } from "./client_error.ts";
import type { WalletFederation } from "./client_federation.ts";
import type { WalletClientEnv } from "./client_wallet.ts";
import { claimBundle } from "./client_wallet.ts";
import type { OutputInfo } from "./common.ts";
import { satoshi } from "./config.ts";
import { DEFERRED_MAX, OUTPUT_LOOK_AHEAD, OUTPUT_SLICE, PENDING_CHAIN_MAX } from "./limits.ts";

/** Between two looks while there is nothing new: 60 s, in test federations 1 s. */
const POLL_MS = 60_000;
const POLL_TEST_MS = 1_000;

/** `claimed` and `too_small`: the scan goes on · `later`: it comes back to this output. */
type Outcome = "claimed" | "too_small" | "later";

export class Scanner {
  readonly #env: WalletClientEnv;
  readonly #addresses: Addresses;
  readonly #federation: WalletFederation;

  constructor(env: WalletClientEnv, addresses: Addresses, federation: WalletFederation) {
    this.#env = env;
    this.#addresses = addresses;
    this.#federation = federation;
  }

  /** Ends when the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, platform, testEnvironment } = this.#env;
    try {
      if (await this.#addresses.highest() === undefined) await this.#addresses.findNext(signal);
      for (;;) {
        if (await this.#tryScan(signal)) continue;
        await sleep(platform.clock, testEnvironment ? POLL_TEST_MS : POLL_MS, signal);
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      log.debug("The scan for deposits ends");
    }
  }

  /** @returns whether to look again at once */
  async #tryScan(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#scan(signal);
    } catch (thrown) {
      if (!(thrown instanceof WalletError)) throw thrown;
      this.#env.log.warn("Looking for deposits failed and is tried again", { reason: errorText(thrown) });
      return false;
    }
  }

  async #scan(signal: AbortSignal): Promise<boolean> {
    const position = await this.#env.store.read((tx) => getNextOutput(tx));
    const outputs = await this.#federation.outputs(position, position + OUTPUT_SLICE, signal);
    if (outputs.length === 0) return await this.#lookAhead(position, signal);
    let { highest, byScript } = await this.#addresses.known();
    for (const output of outputs) {
      const addressIndex = byScript.get(toHex(output.script));
      if (addressIndex === undefined) continue;
      if (!output.spent && await this.#settle(output, addressIndex, signal) === "later") return false;
      // the claim came first: it is quick, and a client may be open for a moment only
      if (addressIndex === highest) {
        await this.#addresses.findNext(signal);
        ({ highest, byScript } = await this.#addresses.known());
      }
      await this.#advance(output.index + 1, output.index);
    }
    await this.#advance(outputs.at(-1)!.index + 1);
    return true;
  }

  /** @param settled an output whose claim need not be remembered any more */
  async #advance(position: number, settled?: number): Promise<void> {
    const { durable } = await this.#env.store.transact((tx) => {
      setNextOutput(tx, position);
      if (settled !== undefined) deleteClaim(tx, settled);
    });
    await durable;
  }

  /** An empty slice is the end, unless all of it can be no deposits. */
  async #lookAhead(position: number, signal: AbortSignal): Promise<boolean> {
    const [next] = await this.#federation.outputs(position + OUTPUT_SLICE, position + OUTPUT_LOOK_AHEAD, signal);
    if (next) {
      await this.#advance(next.index);
      return true;
    }
    await this.#retryDeferred(signal);
    return false;
  }

  /** Claims an unspent output, or remembers why not. */
  async #settle(output: OutputInfo, addressIndex: number, signal: AbortSignal): Promise<Outcome> {
    const underWay = await this.#env.store.read((tx) => getClaim(tx, output.index));
    if (underWay) return await this.#awaitClaim(output, underWay, signal);
    if (await this.#isCongested(signal)) return "later";
    const fee = await this.#federation.receiveFee(signal);
    const outcome = await this.#claim(output, addressIndex, fee, signal);
    if (outcome === "too_small") await this.#defer(output, addressIndex, fee);
    return outcome;
  }

  /** With so many transactions under way each further one costs double: in a few blocks it is over. */
  async #isCongested(signal: AbortSignal): Promise<boolean> {
    const pending = (await this.#federation.pendingChain(signal)).length;
    if (pending >= PENDING_CHAIN_MAX) this.#env.log.debug("Claiming waits for pending transactions", { pending });
    return pending >= PENDING_CHAIN_MAX;
  }

  async #claim(output: OutputInfo, addressIndex: number, fee: bigint, signal: AbortSignal): Promise<Outcome> {
    const { core, platform, log } = this.#env;
    const { index: outputIndex, value } = output;
    const address = this.#addresses.at(addressIndex);
    const bundle = claimBundle(this.#env, address, { outputIndex, value, fee });
    if (!bundle) return "too_small";
    const operationId = toHex(platform.dice.bytes(32)) as OperationId;
    const facts = {
      value: satoshi.toJson(value),
      fee: satoshi.toJson(fee),
      address: this.#addresses.textAt(addressIndex),
      outpoint: output.outpoint && bitcoinOutPoint.toJson(output.outpoint),
    };
    const submitted = await core.submit({
      operationId,
      inputs: [bundle],
      outputs: [],
      meta: (change) => ({ Receive: { change_outpoint_range: outPointRange.toJson(change), ...facts } }),
      also: (tx, change) => {
        setClaim(tx.store, outputIndex, { operationId, txid: change.txid });
        setChange(tx.store, operationId, change);
        tx.logEvent("payment-receive", { operation_id: operationId, ...facts });
        return Promise.resolve();
      },
    });
    if (!submitted.ok) {
      log.info("A deposit is not claimed now", {
        outputIndex,
        valueSat: value,
        feeSat: fee,
        code: submitted.error.code,
      });
      // without e-cash there is nothing to put the money into; every other reason lies in the deposit's size
      return submitted.error.code === "no_primary_module" ? "later" : "too_small";
    }
    return await this.#awaitClaim(output, { operationId, txid: submitted.value.txid }, signal);
  }

  /** A refused claim is made anew: by then somebody with the same words may have claimed, or the fee may have risen. */
  async #awaitClaim({ index }: OutputInfo, { operationId, txid }: Claim, signal: AbortSignal): Promise<Outcome> {
    const { core, store, log } = this.#env;
    const accepted = await core.awaitTransaction(operationId, txid, signal);
    if (accepted.ok) return "claimed";
    log.warn("The claim of a deposit was refused and is made again", { outputIndex: index, reason: accepted.error });
    const { durable } = await store.transact((tx) => deleteClaim(tx, index));
    await durable;
    return "later";
  }

  async #defer({ index: outputIndex, value }: OutputInfo, addressIndex: number, feeSat: bigint): Promise<void> {
    const { store, log } = this.#env;
    const { value: kept, durable } = await store.transact(async (tx) => {
      if ((await deferredOutputs(tx)).length >= DEFERRED_MAX) return false;
      setDeferred(tx, { outputIndex, addressIndex, feeSat });
      return true;
    });
    await durable;
    log.info("A deposit is smaller than the fees of its claim", { outputIndex, valueSat: value, feeSat, kept });
  }

  /** Deposits that were too small, once the fee is lower than when they were tried. */
  async #retryDeferred(signal: AbortSignal): Promise<void> {
    const { store } = this.#env;
    const waiting = await store.read((tx) => deferredOutputs(tx));
    if (waiting.length === 0 || await this.#isCongested(signal)) return;
    const fee = await this.#federation.receiveFee(signal);
    for (const deferred of waiting.filter(({ feeSat }) => fee < feeSat)) {
      const { outputIndex, addressIndex } = deferred;
      const [output] = await this.#federation.outputs(outputIndex, outputIndex + 1, signal);
      const underWay = await store.read((tx) => getClaim(tx, outputIndex));
      const outcome = !output || output.spent
        ? "claimed"
        : underWay
        ? await this.#awaitClaim(output, underWay, signal)
        : await this.#claim(output, addressIndex, fee, signal);
      if (outcome === "later") return;
      const { durable } = await store.transact((tx) => {
        deleteClaim(tx, outputIndex);
        if (outcome === "claimed") deleteDeferred(tx, outputIndex);
        else setDeferred(tx, { ...deferred, feeSat: fee });
      });
      await durable;
      if (await this.#isCongested(signal)) return;
    }
  }
}
