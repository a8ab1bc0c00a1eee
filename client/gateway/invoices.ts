/**
 * What clients ask of a gateway before money moves: its prices, invoices for their contracts, and how an invoice
 * stands. fedimint-gateway-server 0.13.0 (`lib.rs`); docs/protocol/06-lightning-meta.md §D.1, §E.
 */
import type { Address, Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, fromHex } from "../../core/bytes.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { orLate, WaitError } from "../../modules/contract/waiting.ts";
import { isValidContract } from "../../modules/lnv2/contracts.ts";
import { subtractFee } from "../../modules/lnv2/fees.ts";
import { EXPIRATION_DELTA_MINIMUM } from "../../modules/lnv2/gateway/limits.ts";
import type { CreateBolt11InvoicePayload, RoutingInfo, SendPaymentPayload } from "../../modules/lnv2/gateway_api.ts";
import { INVOICE_EXPIRY_SECS_MAX } from "../../modules/lnv2/gateway_api.ts";
import { GatewayError } from "./error.ts";
import type { Federations } from "./federations.ts";
import { sendFees } from "./federations.ts";
import { InvoiceRate } from "./invoice_rate.ts";
import { VERIFY_LOOK_MS, VERIFY_WAIT_MS, VERIFY_WAITING_MAX } from "./limits.ts";
import type { LightningNode } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import { register, registrationOf, unregister } from "./records.ts";

/** Blocks that a client gives to a payment over Lightning. */
const EXPIRATION_DELTA_DEFAULT = 1_440n;

export type InvoicesEnv = {
  readonly store: StoreView;
  readonly clock: Clock;
  readonly node: LightningNode;
  readonly watch: NodeWatch;
  readonly federations: Federations;
  readonly rate: { readonly burst: number; readonly perSecond: number };
};

/** How an invoice stands: its preimage (32 bytes) once its receiver was paid. */
export type Verified = { readonly preimage: Bytes | null };

export class Invoices {
  readonly #env: InvoicesEnv;
  readonly #rate: InvoiceRate;
  #waiting = 0;

  constructor(env: InvoicesEnv) {
    this.#env = env;
    this.#rate = new InvoiceRate(env.rate, env.clock);
  }

  /**
   * Asks nobody but what is remembered of the node.
   * @throws {GatewayError} `node_not_connected` · `not_connected` · `no_lightning`
   */
  async routingInfo(federationId: FederationId): Promise<RoutingInfo> {
    const info = await this.#env.watch.info();
    if (!info) throw new GatewayError({ code: "node_not_connected" }, "The Lightning node is not connected");
    const { record, module } = await this.#served(federationId);
    const fees = sendFees(record);
    return {
      lightningPublicKey: info.publicKey,
      lightningAlias: info.alias,
      modulePublicKey: (await module.facts()).publicKey,
      sendFeeMinimum: fees.minimum,
      sendFeeDefault: fees.default,
      expirationDeltaMinimum: EXPIRATION_DELTA_MINIMUM,
      expirationDeltaDefault: EXPIRATION_DELTA_DEFAULT,
      receiveFee: record.transactionFee,
      receiveEnabled: record.receiveEnabled,
    };
  }

  /**
   * Pays an invoice for an outgoing contract, and waits for the outcome.
   * @throws {GatewayError} `not_connected` · `no_lightning`
   */
  async sendPayment(payload: SendPaymentPayload, signal: AbortSignal): Promise<Result<Bytes, Bytes>> {
    const { federations } = this.#env, { federationId } = payload;
    return await federations.using(federationId, async () => {
      const { module } = await this.#served(federationId);
      return await module.sendPayment(payload, signal);
    });
  }

  /** One with the module lnv2. @throws {GatewayError} `not_connected` · `no_lightning` */
  async #served(federationId: FederationId) {
    const { record, module } = await this.#env.federations.served(federationId);
    if (module) return { record, module };
    throw new GatewayError({ code: "no_lightning" }, "The federation has no Lightning module lnv2");
  }

  /**
   * Registers an incoming contract, and makes the invoice whose payment it will be funded for.
   * @param remote who asks
   * @returns its text
   * @throws {GatewayError} `rate_limited` · `incoming` (what is wrong with the contract) · `receive_disabled` ·
   * `not_connected` · `node_not_connected` · `node`
   */
  async create(
    payload: CreateBolt11InvoicePayload,
    signal: AbortSignal,
    remote: Address | null = null,
  ): Promise<string> {
    const { federations } = this.#env;
    // before anything that costs
    if (!this.#rate.mayAsk(remote)) {
      throw new GatewayError({ code: "rate_limited" }, "Too many requests");
    }
    return await federations.using(payload.federationId, () => this.#create(payload, signal));
  }

  async #create(payload: CreateBolt11InvoicePayload, signal: AbortSignal): Promise<string> {
    const { store, node, clock } = this.#env, { contract, federationId, amount, expirySecs } = payload;
    const nowSecs = Math.floor(clock.nowMs() / 1_000);
    const paymentHash = await this.#checked(payload, nowSecs);
    await this.#refuseComeIn(fromHex(paymentHash), signal);
    const { value: outcome, durable } = await store.transact((tx) =>
      register(tx, paymentHash, {
        federationId,
        amountMsat: amount,
        invoiceExpiresAtSecs: nowSecs + expirySecs,
        contract,
      })
    );
    await durable;
    if (outcome === "taken") throw refuse("PaymentHash is already registered");
    if (outcome === "full") throw new GatewayError({ code: "rate_limited" }, "Too many invoices are open");
    try {
      const text = await node.createHoldInvoice({
        paymentHash: fromHex(paymentHash),
        amountMsat: amount,
        expirySecs,
        description: payload.description,
      }, signal);
      checkInvoice(text, paymentHash, amount);
      return text;
    } catch (thrown) {
      // nobody has the invoice, if there is one: the hash may be tried again
      const { durable } = await store.transact((tx) => unregister(tx, paymentHash));
      await durable;
      if (!(thrown instanceof NodeError)) throw thrown;
      throw new GatewayError({ code: "node" }, `Lightning rpc error: ${errorText(thrown)}`, { cause: thrown });
    }
  }

  /**
   * A payment that the node had before this database knew of the hash was another database's, which may have funded its
   * contract: one that is funded anew would be paid for once and sold twice.
   */
  async #refuseComeIn(paymentHash: Bytes, signal: AbortSignal): Promise<void> {
    const { node } = this.#env;
    try {
      const known = await node.operator.invoice(paymentHash, signal);
      if (known === null) return;
      if (known.status === "pending" && await node.heldPayment(paymentHash, signal) === null) return;
    } catch (thrown) {
      if (!(thrown instanceof NodeError)) throw thrown;
      throw new GatewayError({ code: "node" }, `Lightning rpc error: ${errorText(thrown)}`, { cause: thrown });
    }
    throw refuse("The node has had an invoice of this payment hash before");
  }

  /** The payment hash of a contract that an invoice may be made for. @throws {GatewayError} */
  async #checked(payload: CreateBolt11InvoicePayload, nowSecs: number): Promise<Sha256> {
    const { contract, federationId } = payload, { commitment } = contract;
    if (!isValidContract(contract)) throw refuse("The contract is invalid");
    const info = await this.routingInfo(federationId);
    if (!info.receiveEnabled) {
      throw new GatewayError(
        { code: "receive_disabled" },
        `Receiving payments is disabled for federation ${federationId.slice(0, 8)}`,
      );
    }
    if (!equalBytes(commitment.refundPk, info.modulePublicKey)) {
      throw refuse("The incoming contract is keyed to another gateway");
    }
    const contractMsat = subtractFee(info.receiveFee, payload.amount);
    if (contractMsat === 0n) throw refuse("Zero amount incoming contracts are not supported");
    if (contractMsat !== commitment.amount) throw refuse("The contract amount does not pay the correct amount of fees");
    if (commitment.expiration <= BigInt(nowSecs)) throw refuse("The contract has already expired");
    if (payload.expirySecs > INVOICE_EXPIRY_SECS_MAX) {
      throw refuse("The invoice expiry exceeds the maximum of one day");
    }
    // LND makes its default of it: a day after which this knows nothing of it any more
    if (payload.expirySecs === 0) throw refuse("The invoice expires at once");
    if (commitment.paymentImage.tag !== "Hash") throw refuse("PaymentImage is not a payment hash");
    return commitment.paymentImage.value;
  }

  /**
   * How the invoice of a hash stands. With `wait` its payment is waited for, half a minute at most.
   * @throws {GatewayError} `invalid`: it is unknown, or was not paid for good
   */
  async verify(paymentHash: Sha256, wait: boolean, signal: AbortSignal): Promise<Verified> {
    const registered = await readDurable(this.#env.store, (tx) => registrationOf(tx, paymentHash));
    if (!registered) throw new GatewayError({ code: "invalid" }, "Unknown payment hash");
    const { contract, federationId } = registered;
    const module = this.#env.federations.module(federationId);
    if (!module) throw new GatewayError({ code: "invalid" }, "Not connected to federation");
    const isFunded = await module.isFunded(contract);
    const isFull = this.#waiting >= VERIFY_WAITING_MAX;
    if (!isFunded && (!wait || isFull)) return { preimage: null };
    this.#waiting++;
    try {
      const late = (): WaitError => new WaitError({ code: "aborted" }, "It takes longer");
      const final = await orLate(
        { clock: this.#env.clock, deadlineMs: isFull ? VERIFY_LOOK_MS : VERIFY_WAIT_MS, signal, late },
        async (until) => {
          while (!await module.isFunded(contract)) await this.#funding(until);
          return await module.awaitBought(contract, until);
        },
      );
      switch (final.tag) {
        case "Success":
          return { preimage: final.value };
        case "Failure":
          throw new GatewayError({ code: "invalid" }, "Payment has failed");
        case "Refunded":
          throw new GatewayError({ code: "invalid" }, "Payment has been refunded");
        case "Rejected":
          throw new GatewayError({ code: "invalid" }, "Payment has been rejected");
      }
    } catch (thrown) {
      if (thrown instanceof WaitError && !signal.aborted) return { preimage: null };
      throw thrown;
    } finally {
      this.#waiting--;
    }
  }

  /** Resolves a second later: whether an invoice is paid is looked at again. */
  #funding(signal: AbortSignal): Promise<void> {
    return sleep(this.#env.clock, 1_000, signal);
  }
}

function refuse(why: string): GatewayError {
  return new GatewayError({ code: "incoming" }, why);
}

/** A client would refuse it as well, but pays attention to less. @throws {GatewayError} `node` */
function checkInvoice(text: string, paymentHash: Sha256, amountMsat: bigint): void {
  const invoice = tryDecoding(() => parseBolt11(text));
  if (invoice.ok && invoice.value.paymentHash === paymentHash && invoice.value.amountMsat === amountMsat) return;
  throw new GatewayError({ code: "node" }, "The node made another invoice than was asked for");
}
