/** For tests: what is around a gateway's module, whichever: what it was asked to pay, and who claims which payment. */
import type { Bytes } from "../../bytes.ts";
import { toHex } from "../../bytes.ts";
import type { Result } from "../../result.ts";
import { ok } from "../../result.ts";
import type { OutgoingPayment, PaymentMade, PaymentOwner } from "../gateway_payment.ts";

/** The node and the payments of a gateway, on the test's strings. */
export class ScriptedPayments<Refusal> {
  isConnected = true;
  readonly payments: OutgoingPayment[] = [];
  /** Owners by payment hash. */
  readonly claims = new Map<string, string>();
  /** What a payment comes to; by default it is made. */
  outcome: (payment: OutgoingPayment) => Promise<Result<PaymentMade | null, Refusal>>;
  /** Resolves when the node is there; a test may hold it back. */
  node: Promise<void> = Promise.resolve();

  /** @param preimage 32 bytes: of all payments */
  constructor(preimage: Bytes) {
    this.outcome = (payment) => Promise.resolve(ok(payment.mayBegin ? { preimage, targetFederation: null } : null));
  }

  isNodeConnected(): Promise<boolean> {
    return Promise.resolve(this.isConnected);
  }

  awaitNode(): Promise<void> {
    return this.node;
  }

  protected made(payment: OutgoingPayment): Promise<Result<PaymentMade | null, Refusal>> {
    this.payments.push(payment);
    return this.outcome(payment);
  }

  claimPaymentImage(paymentHash: Bytes, { federationId, operationId }: PaymentOwner): Promise<boolean> {
    const name = `${federationId} ${operationId}`, hash = toHex(paymentHash);
    if (!this.claims.has(hash)) this.claims.set(hash, name);
    return Promise.resolve(this.claims.get(hash) === name);
  }
}
