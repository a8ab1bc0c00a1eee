/**
 * For tests: a gateway's module ln at guardians without a federation, and a gateway around it that the test holds by
 * its strings: what the node says, and when.
 */
import { assert } from "@std/assert";
import type { Bytes } from "../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import type { Bolt11Invoice } from "../../../../core/lightning/bolt11.ts";
import type { InvoiceTerms } from "../../../../core/lightning/bolt11_write.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../../core/lightning/bolt11_write.ts";
import type { OutgoingPayment, PaymentMade } from "../../../../core/lightning/gateway_payment.ts";
import type { RoutingFees } from "../../../../core/lightning/route_hint.ts";
import type { Result } from "../../../../core/result.ts";
import { ScriptedPayments } from "../../../../core/lightning/testing/scripted_gateway.ts";
import { TestClient } from "../../../contract/testing/client.ts";
import type { LnClientConfig } from "../../config.ts";
import type { OutgoingContract } from "../../contracts.ts";
import { outgoingContractId, preimageOfKey } from "../../contracts.ts";
import type { PayInvoicePayload } from "../../gateway_api.ts";
import type { TestLn } from "../../testing/guardians.ts";
import { BLOCK_COUNT, HASH, NOW_MS, outgoingOf, outgoingOutput, PREIMAGE_KEY } from "../../testing/guardians.ts";
import type { LnGatewayModule } from "../api.ts";
import type { LnGateway } from "../context.ts";
import { lnGateway } from "../module.ts";
import type { PaymentError } from "../payment_error.ts";
import type { LnGatewayState } from "../states.ts";

/** 32 bytes: of all tests. */
export const PREIMAGE: Bytes = preimageOfKey(PREIMAGE_KEY);
/** Of the usual invoice, and what lies in its contract: the gateway takes 1 sat. */
export const INVOICE_MSAT = 99_000n;
export const CONTRACT_MSAT = 100_000n;

/** What the gateway around the module was asked, and what it answers. */
export class ScriptedLnGateway extends ScriptedPayments<PaymentError> implements LnGateway {
  fees: RoutingFees | null = { baseMsat: 1_000, proportionalMillionths: 0 };

  constructor() {
    super(PREIMAGE);
  }

  payFor(payment: OutgoingPayment): Promise<Result<PaymentMade | null, PaymentError>> {
    return this.made(payment);
  }

  routingFees(): Promise<RoutingFees | null> {
    return Promise.resolve(this.fees);
  }
}

export type TestLnGateway = {
  readonly gateway: ScriptedLnGateway;
  readonly client: TestClient<LnClientConfig, LnGatewayState, LnGatewayModule>;
  /** 33 bytes. */
  readonly publicKey: Bytes;
};

/** A gateway's client with this much e-cash. */
export async function testLnGateway(
  { guardians, clock }: TestLn,
  { balanceMsat = 0n, gateway = new ScriptedLnGateway(), seed = 1, dice = 1_001 } = {},
): Promise<TestLnGateway> {
  const client = await TestClient.start(lnGateway(gateway), guardians, { clock, balanceMsat, seed, dice });
  const { publicKey } = await client.api.facts();
  return { gateway, client, publicKey };
}

/** An outgoing contract, keyed to the gateway and funded, for 500 blocks. */
export async function fundedFor(
  { guardians }: TestLn,
  { publicKey }: TestLnGateway,
  { amount = CONTRACT_MSAT, ...changes }: Partial<OutgoingContract> & { readonly amount?: bigint } = {},
): Promise<OutgoingContract> {
  const contract = outgoingOf({ gatewayKey: publicKey, timelock: BLOCK_COUNT + 500, ...changes });
  const funded = await guardians.output(outgoingOutput(contract, amount));
  assert(funded.ok, "guardians take the contract");
  return contract;
}

const AUTH = "a0".repeat(32);

/** What a payer sends. */
export function payloadOf(
  contract: OutgoingContract,
  invoice: Bolt11Invoice,
  changes: Partial<PayInvoicePayload> = {},
): PayInvoicePayload {
  return {
    federationId: "00".repeat(32),
    contractId: outgoingContractId(contract),
    paymentData: { tag: "invoice", value: invoice },
    preimageAuth: AUTH,
    ...changes,
  };
}

const PAYEE_KEY: Bytes = new Uint8Array(32).fill(9);

/** An invoice of 99 sat for the preimage of all tests. */
export function invoiceOf(changes: Partial<InvoiceTerms> = {}): Bolt11Invoice {
  return parseBolt11(writeBolt11({
    currency: "regtest",
    amountMsat: INVOICE_MSAT,
    timestamp: BigInt(NOW_MS / 1_000),
    expirySecs: 3_600n,
    paymentHash: HASH,
    description: { tag: "Direct", value: "" },
    minFinalCltvExpiryDelta: 18n,
    paymentSecret: new Uint8Array(32).fill(5),
    features: FEATURES_BASIC,
    routeHints: [],
    ...changes,
  }, PAYEE_KEY));
}
