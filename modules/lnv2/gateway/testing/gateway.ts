/**
 * For tests: a gateway's module at guardians without a federation, and a gateway around it that the test holds by its
 * strings: what the node says, and when.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import { schnorrSign } from "../../../../core/crypto/mod.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import type { Bolt11Invoice } from "../../../../core/lightning/bolt11.ts";
import type { InvoiceTerms } from "../../../../core/lightning/bolt11_write.ts";
import type { OutgoingPayment, PaymentMade } from "../../../../core/lightning/gateway_payment.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../../core/lightning/bolt11_write.ts";
import { ScriptedPayments } from "../../../../core/lightning/testing/scripted_gateway.ts";
import type { Result } from "../../../../core/result.ts";
import { ok } from "../../../../core/result.ts";
import type { OutPoint } from "../../../../core/types/ids.ts";
import { TestClient } from "../../../contract/testing/client.ts";
import type { OutgoingContract } from "../../contracts.ts";
import type { SendPaymentPayload } from "../../gateway_api.ts";
import { invoiceDigest } from "../../gateway_api.ts";
import type { LightningConfig } from "../../config.ts";
import type { TestLightning } from "../../testing/guardians.ts";
import { fund, NOW_SECS, outgoingOf, outgoingOutput, PREIMAGE, REFUND_KEY } from "../../testing/guardians.ts";
import type { GatewayModule } from "../api.ts";
import type { HeldNow, LightningGateway } from "../context.ts";
import { lnv2Gateway } from "../module.ts";
import type { Cancelled, GatewayState } from "../states.ts";

/** What the gateway around the module was asked, and what it answers. */
export class ScriptedGateway extends ScriptedPayments<Cancelled> implements LightningGateway {
  readonly completed: { readonly paymentHash: string; readonly preimage: string | null }[] = [];
  completion: Result<null, string> = ok(null);
  /** What the node holds. */
  held: HeldNow | null = { amountMsat: 101_000n, claimDeadlineHeight: 1_000_000, blockHeight: 499 };
  /** What the gateway takes for a payment. */
  feeMsat = 1_000n;

  constructor() {
    super(PREIMAGE);
  }

  pay(payment: OutgoingPayment): Promise<Result<PaymentMade | null, Cancelled>> {
    return this.made(payment);
  }

  minContractAmount(_: string, amountMsat: bigint): Promise<Result<bigint, string>> {
    return Promise.resolve(ok(amountMsat + this.feeMsat));
  }

  heldNow(): Promise<HeldNow | null> {
    return Promise.resolve(this.held);
  }

  async completeHeld(paymentHash: Bytes, preimage: Bytes | null): Promise<Result<null, string>> {
    this.completed.push({ paymentHash: toHex(paymentHash), preimage: preimage && toHex(preimage) });
    await this.node;
    return this.completion;
  }
}

export type TestGateway = {
  readonly gateway: ScriptedGateway;
  readonly client: TestClient<LightningConfig, GatewayState, GatewayModule>;
  /** 33 bytes. */
  readonly publicKey: Bytes;
};

/** A gateway's client with this much e-cash. */
export async function testGateway(
  { guardians, clock }: TestLightning,
  { balanceMsat = 0n, gateway = new ScriptedGateway(), seed = 1, dice = 1_001 } = {},
): Promise<TestGateway> {
  const client = await TestClient.start(lnv2Gateway(gateway), guardians, { clock, balanceMsat, seed, dice });
  const { publicKey } = await client.api.facts();
  return { gateway, client, publicKey };
}

/** The payee's node, which is nobody's. */
const PAYEE_KEY: Bytes = new Uint8Array(32).fill(9);

/** An outgoing contract for an invoice of 99 sat, funded at these guardians, keyed to the gateway. */
export async function fundedFor(
  federation: TestLightning,
  { publicKey }: TestGateway,
  changes: Partial<OutgoingContract> = {},
): Promise<{ readonly contract: OutgoingContract; readonly outpoint: OutPoint }> {
  const contract = outgoingOf({
    claimPk: publicKey,
    expiration: BigInt(federation.chain.blockCount) + 500n,
    ...changes,
  });
  return { contract, outpoint: await fund(federation, outgoingOutput(contract)) };
}

/** What a payer sends; signed by the contract's refund key unless it is said otherwise. */
export function payloadOf(
  { contract, outpoint }: { readonly contract: OutgoingContract; readonly outpoint: OutPoint },
  invoice: Bolt11Invoice,
  key: Bytes = REFUND_KEY,
): SendPaymentPayload {
  const wrapped = { tag: "Bolt11", value: invoice } as const;
  return {
    federationId: "00".repeat(32),
    outpoint,
    contract,
    invoice: wrapped,
    auth: schnorrSign(invoiceDigest(wrapped), key, new Uint8Array(32)),
  };
}

/** An invoice of 99 sat for the preimage of all tests. */
export function invoiceOf(changes: Partial<InvoiceTerms> = {}): Bolt11Invoice {
  return parseBolt11(writeBolt11({
    currency: "regtest",
    amountMsat: 99_000n,
    timestamp: NOW_SECS,
    expirySecs: 3_600n,
    paymentHash: toHex(sha256(PREIMAGE)),
    description: { tag: "Direct", value: "" },
    minFinalCltvExpiryDelta: 18n,
    paymentSecret: new Uint8Array(32).fill(5),
    features: FEATURES_BASIC,
    routeHints: [],
    ...changes,
  }, PAYEE_KEY));
}
