/** What a gateway does with its module ln in one federation. */
import type { Bytes } from "../../../core/bytes.ts";
import type { BitcoinNetwork } from "../../../core/bitcoin/network.ts";
import type { Result } from "../../../core/result.ts";
import type { PaymentStanding } from "../../../core/lightning/gateway_payment.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import { readDurable } from "../../contract/read_durable.ts";
import type { PayInvoicePayload } from "../gateway_api.ts";
import { awaitBought, buy } from "./buying.ts";
import { payments, unpaid } from "./db.ts";
import type { RelayRefusal } from "./error.ts";
import type { LnGatewayWallet } from "./own.ts";
import { operationOf } from "./own.ts";
import { payInvoice } from "./paying.ts";
import type { Announced } from "./registering.ts";
import { register, unregister } from "./registering.ts";
import type { Forward, Unanswered } from "./relaying.ts";
import { answered, awaitRelayed, isRelayed, relay, unanswered } from "./relaying.ts";
import type { Bought } from "./states.ts";

export class LnGatewayModule {
  readonly #wallet: LnGatewayWallet;

  constructor(wallet: LnGatewayWallet) {
    this.#wallet = wallet;
  }

  /** Of the federation. `publicKey`, 33 bytes: claims outgoing contracts. */
  facts(): Promise<{ readonly network: BitcoinNetwork; readonly publicKey: Bytes }> {
    const { env: { config: { network } }, publicKey } = this.#wallet;
    return Promise.resolve({ network, publicKey });
  }

  /**
   * Pays an invoice for an outgoing contract, or joins its payment. @returns the preimage, 32 bytes
   * @throws {PayInvoiceError} · {WaitError}
   */
  payInvoice(payload: PayInvoicePayload, signal: AbortSignal): Promise<Bytes> {
    return payInvoice(this.#wallet, payload, signal);
  }

  /** Of an operation that `payInvoice` may have begun. What it says is durable. */
  paymentStanding(operationId: OperationId): Promise<PaymentStanding> {
    return readDurable(this.#wallet.env.store, async (tx) => {
      if (await payments.get(tx, operationId) === undefined) return "unknown";
      return await unpaid.get(tx, operationId) === undefined ? "under_way_or_paid" : "cancelled";
    });
  }

  /** Whether an offer of this hash was bought, or a contract is being funded for it. */
  isBought(paymentHash: Sha256): Promise<boolean> {
    return this.#wallet.env.core.operationExists(operationOf(paymentHash));
  }

  /**
   * Buys the preimage of an offer for a swap, unless it was bought before. Durable when it resolves. The error: nothing
   * was and nothing will be funded by this call.
   */
  buy(paymentHash: Sha256, mostMsat: bigint, signal: AbortSignal): Promise<Result<null, RelayRefusal>> {
    return buy(this.#wallet, { paymentHash, mostMsat }, signal);
  }

  /** Waits for the end of a purchase. @throws {WaitError} `unknown_operation` */
  awaitBought(paymentHash: Sha256, signal: AbortSignal): Promise<Bought> {
    return awaitBought(this.#wallet, operationOf(paymentHash), signal);
  }

  /** Whether a contract was funded for this forward. */
  isRelayed(forward: Pick<Forward, "paymentHash" | "circuit">): Promise<boolean> {
    return isRelayed(this.#wallet, forward);
  }

  /** Funds the contract of a forward's offer, unless that was done before. The error: the forward may go back. */
  relay(forward: Forward, signal: AbortSignal): Promise<Result<null, RelayRefusal>> {
    return relay(this.#wallet, forward, signal);
  }

  /** Waits for what a forward comes to: the preimage (32 bytes), or null: it goes back. @throws {WaitError} */
  awaitRelayed(paymentHash: Sha256, signal: AbortSignal): Promise<Bytes | null> {
    return awaitRelayed(this.#wallet, paymentHash, signal);
  }

  /** The answer to a forward is kept, `preimage` (32 bytes) or null: it is under way no more. Durable. */
  answered(paymentHash: Sha256, preimage: Bytes | null): Promise<void> {
    return answered(this.#wallet, paymentHash, preimage);
  }

  /** Forwards that a contract was funded for, and that haven't been answered yet. */
  unanswered(): Promise<readonly Unanswered[]> {
    return unanswered(this.#wallet);
  }

  /** Registers the gateway with every guardian that answers. @returns how many have it */
  register(announced: Announced, gatewayKey: Bytes, signal: AbortSignal): Promise<number> {
    return register(this.#wallet, announced, gatewayKey, signal);
  }

  /** Has every guardian that answers forget the gateway. @returns how many had it, and forgot it */
  unregister(gatewayKey: Bytes, signal: AbortSignal): Promise<number> {
    return unregister(this.#wallet, gatewayKey, signal);
  }
}
