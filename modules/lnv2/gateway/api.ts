/** What the gateway around it asks of its module in one federation. */
import type { Bytes } from "../../../core/bytes.ts";
import type { PaymentStanding } from "../../../core/lightning/gateway_payment.ts";
import type { Result } from "../../../core/result.ts";
import { err } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { BitcoinNetwork } from "../../../core/bitcoin/network.ts";
import type { ContractId, IncomingContract } from "../contracts.ts";
import { incomingContractId } from "../contracts.ts";
import type { SendPaymentPayload } from "../gateway_api.ts";
import { readDurable } from "../../contract/read_durable.ts";
import { awaitBought, fund } from "./buying.ts";
import type { HeldForContract } from "./completing.ts";
import { awaitCompletion, relayHeld } from "./completing.ts";
import { begun, cancelledPayments, completing } from "./db.ts";
import type { RelayRefusal } from "./error.ts";
import type { GatewayWallet } from "./own.ts";
import { operationOf } from "./own.ts";
import type { SendOutcome } from "./paying.ts";
import { sendPayment } from "./paying.ts";
import type { FinalReceiveState } from "./states.ts";

/** What of the module the gateway tells to clients, and checks when it joins. */
export type GatewayModuleFacts = {
  /** 33 bytes: claims outgoing contracts, takes back incoming ones. */
  readonly publicKey: Bytes;
  readonly network: BitcoinNetwork;
};

/** The module of a gateway in one of its federations. */
export class GatewayModule {
  readonly #wallet: GatewayWallet;

  /** @internal */
  constructor(wallet: GatewayWallet) {
    this.#wallet = wallet;
  }

  /** Asks nobody. */
  facts(): Promise<GatewayModuleFacts> {
    const { publicKey, env: { config: { network } } } = this.#wallet;
    return Promise.resolve({ publicKey, network });
  }

  /**
   * Pays an invoice for an outgoing contract, and waits for the outcome. What has begun goes on when it is aborted, and
   * is joined by the next call.
   * @throws {SendPaymentError}
   */
  sendPayment(payload: SendPaymentPayload, signal: AbortSignal): Promise<SendOutcome> {
    return sendPayment(this.#wallet, payload, signal);
  }

  /** Of an operation that `sendPayment` may have begun. What it says is durable. */
  paymentStanding(operationId: OperationId): Promise<PaymentStanding> {
    return readDurable(this.#wallet.env.store, async (tx) => {
      if (await begun.get(tx, operationId) === undefined) return "unknown";
      return await cancelledPayments.get(tx, operationId) === undefined ? "under_way_or_paid" : "cancelled";
    });
  }

  /** Funds the contract that a held payment is for, and ends the payment as that ends. */
  relayHeld(held: HeldForContract, signal: AbortSignal): Promise<Result<null, RelayRefusal>> {
    return relayHeld(this.#wallet, held, signal);
  }

  /** Whether this contract was ever funded here, or is being funded. */
  isFunded(contract: IncomingContract): Promise<boolean> {
    return this.#wallet.env.core.operationExists(operationOf(incomingContractId(contract)));
  }

  /** The same of a contract that isn't at hand. */
  isFundedOf(id: ContractId): Promise<boolean> {
    return this.#wallet.env.core.operationExists(operationOf(id));
  }

  /**
   * Funds a contract for a swap, unless it was funded before, or guardians don't answer. Durable when it resolves. The
   * error: nothing was and nothing will be funded by this call.
   */
  async fund(
    contract: IncomingContract,
    invoiceAmountMsat: bigint,
    signal: AbortSignal,
  ): Promise<Result<null, string>> {
    const startedMs = this.#wallet.env.platform.clock.nowMs();
    // what is paid out for a federation that stands still comes back too late to be claimed for
    if (await this.#wallet.federation.blockCount(signal) === null) return err("federation_unreachable");
    const funded = await fund(this.#wallet, contract, invoiceAmountMsat, startedMs);
    return funded.ok ? funded : { ok: false, error: funded.error.code };
  }

  /** Waits for the end of a purchase: the preimage, or the money back. @throws {WaitError} `unknown_operation` */
  awaitBought(contract: IncomingContract, signal: AbortSignal): Promise<FinalReceiveState> {
    return awaitBought(this.#wallet, operationOf(incomingContractId(contract)), signal);
  }

  /** Held payments that the node hasn't ended yet. */
  completions(): Promise<number> {
    return readDurable(this.#wallet.env.store, async (tx) => {
      let count = 0;
      for await (const _ of completing.entries(tx)) count++;
      return count;
    });
  }

  /** Waits until a held payment has ended; the error: the node has ended it the other way. */
  awaitCompletion(operationId: OperationId, signal: AbortSignal): Promise<Result<null, string>> {
    return awaitCompletion(this.#wallet, operationId, signal);
  }
}
