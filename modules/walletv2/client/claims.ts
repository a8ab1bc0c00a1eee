/**
 * Claims deposits that the scanner has found: the largest first, each in an operation of its own, one after the other.
 * A claim pays its fees itself and takes nothing from the wallet, so it stands or falls with the deposit alone. Only a
 * deposit that can't pay its fee is put off, and is tried again when the fee is another one, now and then, and when
 * somebody asks; whatever else goes wrong is tried again later and later, and shown.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { toHex } from "../../../core/bytes.ts";
import { bitcoinOutPoint } from "../../../core/bitcoin/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { BITCOIN_UNIT, outPointRange } from "../../../core/types/ids.ts";
import type { FinalizeError } from "../../contract/client_env.ts";
import { deleteClaim, deleteDeposit, depositsIn, getClaim, setChange, setClaim, setClaimed, setDeposit } from "./db.ts";
import type { Claim, Deposit } from "./db.ts";
import type { WalletFederation } from "./federation.ts";
import type { WalletClientEnv } from "./wallet.ts";
import { claimBundle } from "./wallet.ts";
import type { Watches } from "./watches.ts";
import { satoshi } from "../config.ts";
import {
  CLAIM_RETRY_FIRST_MS,
  CLAIM_RETRY_FIRST_TEST_MS,
  CLAIM_RETRY_LAST_MS,
  PENDING_CHAIN_MAX,
  PUT_OFF_RETRY_MS,
} from "../limits.ts";

/** `settled`: it is claimed, or somebody else has it · `wait`: nothing can be claimed at the moment. */
type Outcome = "settled" | "too_small" | "failed" | "wait";

/** Deposits that are looked at before others have their turn: a stranger may have sent thousands. */
const DEPOSITS_AT_ONCE = 64;

/** What guardians say of claims now; asked anew after each claim, which changes it. */
type Terms = { readonly pending: number; readonly feeSat: bigint };

export class Claims {
  readonly #env: WalletClientEnv;
  readonly #watches: Watches;
  readonly #federation: WalletFederation;
  #terms: Terms | null = null;
  /** By output, on the monotonic clock. Forgotten with the client: who opens a wallet wants to know. */
  readonly #retryMs = new Map<number, number>();
  #wait: string | null = null;
  /** The fee for which the largest deposit put off was too small, and when that was. */
  #putOff: { readonly feeSat: bigint; readonly atMs: number } | null = null;

  constructor(env: WalletClientEnv, watches: Watches, federation: WalletFederation) {
    this.#env = env;
    this.#watches = watches;
    this.#federation = federation;
  }

  /** Why nothing can be claimed at the moment; null when that isn't so. */
  get wait(): string | null {
    return this.#wait;
  }

  /** @param asked whether somebody wants it now: nothing is left out because it failed a moment ago */
  async round(asked: boolean, signal: AbortSignal): Promise<void> {
    this.#terms = null;
    this.#wait = null;
    if (asked) {
      this.#retryMs.clear();
      this.#putOff = null;
    }
    const { store, platform } = this.#env;
    for (const [at, deposit] of (await store.read((tx) => depositsIn(tx, "to_claim"))).entries()) {
      if (at % DEPOSITS_AT_ONCE === DEPOSITS_AT_ONCE - 1) await sleep(platform.clock, 0, signal);
      if (this.#nowMs() < (this.#retryMs.get(deposit.outputIndex) ?? 0)) continue;
      if (await this.#settle(deposit, signal) === "wait") return;
    }
    await this.#retryPutOff(signal);
  }

  #nowMs(): number {
    return this.#env.platform.clock.monotonicMs();
  }

  async #askTerms(signal: AbortSignal): Promise<Terms> {
    return this.#terms ??= {
      pending: (await this.#federation.pendingChain(signal)).length,
      feeSat: await this.#federation.receiveFee(signal),
    };
  }

  /** From the largest on, as long as they can pay: if it can't, none can. */
  async #retryPutOff(signal: AbortSignal): Promise<void> {
    for (;;) {
      const [largest] = await this.#env.store.read((tx) => depositsIn(tx, "put_off", 1));
      if (!largest) return;
      const { feeSat } = await this.#askTerms(signal), tried = this.#putOff;
      if (tried?.feeSat === feeSat && this.#nowMs() < tried.atMs + PUT_OFF_RETRY_MS) return;
      const outcome = await this.#settle(largest, signal);
      if (outcome === "wait") return;
      if (outcome === "too_small") this.#putOff = { feeSat, atMs: this.#nowMs() };
    }
  }

  async #settle(deposit: Deposit, signal: AbortSignal): Promise<Outcome> {
    const { outputIndex } = deposit;
    const underWay = await this.#env.store.read((tx) => getClaim(tx, outputIndex));
    if (underWay) return await this.#awaitClaim(deposit, underWay, signal);
    if (deposit.tries > 0 && !await this.#isUnspent(outputIndex, signal)) return await this.#settled(deposit, false);
    const { pending, feeSat } = await this.#askTerms(signal);
    const addresses = await this.#watches.of(deposit.derivation);
    const bundle = claimBundle(this.#env, addresses.at(deposit.addressIndex), {
      outputIndex,
      value: deposit.valueSat,
      fee: feeSat,
    });
    if (!bundle) return await this.#tooSmall(deposit, feeSat);
    const { core, log } = this.#env;
    const draft = { inputs: [bundle], outputs: [], spending: "nothing" } as const;
    const cost = await core.quoteFee(draft);
    if (!cost.ok) return await this.#refused(deposit, feeSat, cost.error);
    // a claim that brings no note would only pay fees
    const worthMsat = bundle.inputs[0]!.amounts.get(BITCOIN_UNIT)!;
    if (cost.value >= worthMsat) return await this.#tooSmall(deposit, feeSat);
    if (pending >= PENDING_CHAIN_MAX) {
      // in a few blocks it is over; until then each further transaction costs double
      log.debug("Claiming waits for pending transactions", { pending });
      this.#wait =
        `${pending} transactions of the federation wait for a block, and each makes the next dearer: claims go on after it`;
      return "wait";
    }
    return await this.#claim(deposit, feeSat, draft, signal);
  }

  async #claim(
    deposit: Deposit,
    feeSat: bigint,
    draft: Parameters<WalletClientEnv["core"]["quoteFee"]>[0],
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { core, platform } = this.#env;
    const { outputIndex, valueSat, addressIndex, derivation, outpoint } = deposit;
    const operationId = toHex(platform.dice.bytes(32)) as OperationId;
    const facts = {
      value: satoshi.toJson(valueSat),
      fee: satoshi.toJson(feeSat),
      address: (await this.#watches.of(derivation)).textAt(addressIndex),
      outpoint: outpoint && bitcoinOutPoint.toJson(outpoint),
    };
    this.#terms = null;
    const submitted = await core.submit({
      ...draft,
      operationId,
      meta: (change) => ({ Receive: { change_outpoint_range: outPointRange.toJson(change), ...facts } }),
      also: (tx, change) => {
        setClaim(tx.store, outputIndex, { operationId, txid: change.txid });
        setChange(tx.store, operationId, change);
        tx.logEvent("payment-receive", { operation_id: operationId, ...facts });
        return Promise.resolve();
      },
    });
    if (!submitted.ok) return await this.#refused(deposit, feeSat, submitted.error);
    return await this.#awaitClaim(deposit, { operationId, txid: submitted.value.txid }, signal);
  }

  /** A refused claim is made anew: by then somebody with the same words may have claimed, or the fee may have risen. */
  async #awaitClaim(deposit: Deposit, { operationId, txid }: Claim, signal: AbortSignal): Promise<Outcome> {
    const accepted = await this.#env.core.awaitTransaction(operationId, txid, signal);
    return accepted.ok ? await this.#settled(deposit, true) : await this.#failed(deposit, accepted.error);
  }

  async #isUnspent(outputIndex: number, signal: AbortSignal): Promise<boolean> {
    const [output] = await this.#federation.outputs(outputIndex, outputIndex + 1, signal);
    return output !== undefined && !output.spent;
  }

  async #settled(deposit: Deposit, isOurs: boolean): Promise<Outcome> {
    this.#retryMs.delete(deposit.outputIndex);
    const { durable } = await this.#env.store.transact((tx) => {
      deleteDeposit(tx, deposit);
      deleteClaim(tx, deposit.outputIndex);
      if (isOurs) setClaimed(tx, deposit.outputIndex);
    });
    await durable;
    return "settled";
  }

  #refused(deposit: Deposit, feeSat: bigint, error: FinalizeError): Promise<Outcome> {
    return error.code === "insufficient_funds" ? this.#tooSmall(deposit, feeSat) : this.#failed(deposit, error.code);
  }

  async #tooSmall(deposit: Deposit, feeSat: bigint): Promise<Outcome> {
    const reason = `it doesn't pay the fee of its claim, ${feeSat} sat and the federation's own`;
    if (deposit.reason === reason) return "too_small";
    const { durable } = await this.#env.store.transact((tx) => setDeposit(tx, "put_off", { ...deposit, reason }));
    await durable;
    const { outputIndex, valueSat } = deposit;
    this.#env.log.info("A deposit is smaller than the fees of its claim", { outputIndex, valueSat, feeSat });
    return "too_small";
  }

  async #failed(deposit: Deposit, reason: string): Promise<Outcome> {
    const { store, log, testEnvironment } = this.#env;
    const tries = deposit.tries + 1;
    const firstMs = testEnvironment ? CLAIM_RETRY_FIRST_TEST_MS : CLAIM_RETRY_FIRST_MS;
    const delayMs = Math.min(firstMs * 2 ** Math.min(tries - 1, 20), CLAIM_RETRY_LAST_MS);
    this.#retryMs.set(deposit.outputIndex, this.#nowMs() + delayMs);
    const { durable } = await store.transact((tx) => {
      setDeposit(tx, "to_claim", { ...deposit, tries, reason });
      deleteClaim(tx, deposit.outputIndex);
    });
    await durable;
    const { outputIndex, valueSat } = deposit;
    log.warn("The claim of a deposit failed and is made again", { outputIndex, valueSat, tries, delayMs, reason });
    return "failed";
  }
}
