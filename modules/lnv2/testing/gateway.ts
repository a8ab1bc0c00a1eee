/**
 * A gateway of tests: speaks the three routes with the real codecs, holds its guardians to what they do, and does wrong
 * in every way that a test asks for. Nothing goes over Lightning: it knows the preimages that it is told.
 */
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../core/bytes.ts";
import { fromHex, toHex } from "../../../core/bytes.ts";
import { publicKeyOf, schnorrSign } from "../../../core/crypto/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { option, parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { InvoiceCurrency } from "../../../core/lightning/bolt11.ts";
import type { Result } from "../../../core/result.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import type { LightningInput, LightningOutput } from "../common.ts";
import type { IncomingContract, OutgoingContract } from "../contracts.ts";
import { isInvoiceAuth, outgoingContractId } from "../contracts.ts";
import type { CreateBolt11InvoicePayload, RoutingInfo, SendPaymentPayload } from "../gateway_api.ts";
import {
  createBolt11InvoicePayload,
  GATEWAY_ROUTES,
  invoiceDigest,
  routingInfo,
  sendPaymentPayload,
  sendPaymentResponse,
} from "../gateway_api.ts";
import { incomingOutput, outgoingInput } from "./guardians.ts";
import { testInvoice } from "./invoice.ts";

/** What a gateway does on a federation. */
export type GatewayFederation = {
  /** Spends a contract. */
  input(input: LightningInput): Promise<Result<unknown, unknown>>;
  /** Funds a contract. */
  output(output: LightningOutput): Promise<Result<unknown, unknown>>;
};

/** How it answers an order to pay. `take`: it claims the money and says nothing. */
export type Paying =
  | "pay"
  | "forfeit"
  | "silent"
  | "take"
  | "forfeit_and_take"
  | "error"
  | "garbage"
  | "no_text"
  | "huge"
  | "redirect"
  | "wrong_preimage"
  | "wrong_signature"
  | "other_signature";

/** How it answers a wish for an invoice. */
export type Inviting =
  | "good"
  | "other_hash"
  | "other_amount"
  | "no_amount"
  | "other_network"
  | "expired"
  | "error"
  | "garbage";

const FEES = { base: 2_000n, partsPerMillion: 3_000n };

/** Never answers. */
function never(): Promise<never> {
  return new Promise(() => {});
}

export class TestGateway {
  /** Secret keys, 32 bytes. */
  readonly nodeKey: Bytes;
  readonly moduleKey: Bytes;
  /** Each answer to an order to pay, the last one for all that follow. */
  paying: Paying[] = ["pay"];
  inviting: Inviting = "good";
  /** Null: it doesn't serve the federation. */
  info: RoutingInfo | null;
  /** Whether it answers anything. */
  isSilent = false;
  /** Preimages by payment hash, of invoices in the outside world. */
  readonly preimages = new Map<string, Bytes>();
  /** Contracts for which it gave invoices. */
  readonly registered: IncomingContract[] = [];
  /** Orders to pay that came, in order. */
  readonly orders: SendPaymentPayload[] = [];
  readonly asked: string[] = [];
  readonly #federation: GatewayFederation;
  readonly #nowSecs: () => number;

  constructor(seed: number, federation: GatewayFederation, nowSecs: () => number) {
    this.nodeKey = new Uint8Array(32).fill(seed);
    this.moduleKey = new Uint8Array(32).fill(seed + 100);
    this.#federation = federation;
    this.#nowSecs = nowSecs;
    this.info = {
      lightningPublicKey: publicKeyOf(this.nodeKey),
      lightningAlias: null,
      modulePublicKey: publicKeyOf(this.moduleKey),
      sendFeeMinimum: { base: 1_000n, partsPerMillion: 0n },
      sendFeeDefault: FEES,
      expirationDeltaMinimum: 144n,
      expirationDeltaDefault: 500n,
      receiveFee: FEES,
      receiveEnabled: true,
    };
  }

  /** An HTTP server. */
  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    if (this.isSilent) return await never();
    const route = GATEWAY_ROUTES.find((each) => each === pathname);
    const body = parseJson(await request.text());
    switch (route) {
      case "/routing_info":
        return answer(option(routingInfo).toJson(this.info));
      case "/create_bolt11_invoice":
        return this.#invoice(createBolt11InvoicePayload.fromJson(body));
      case "/send_payment":
        return await this.#pay(sendPaymentPayload.fromJson(body));
      case undefined:
        return new Response("not found", { status: 404 });
    }
  }

  #invoice({ contract, amount, expirySecs, description }: CreateBolt11InvoicePayload): Response {
    const { paymentImage } = contract.commitment;
    assert(paymentImage.tag === "Hash");
    if (this.inviting === "error") return new Response("LNv2 operation failed", { status: 500 });
    if (this.inviting === "garbage") return answer("lnbcrt1");
    this.registered.push(contract);
    const honest = {
      paymentHash: paymentImage.value,
      amountMsat: amount,
      timestampSecs: this.#nowSecs(),
      expirySecs,
      ...(description.tag === "Direct" && { description: description.value }),
    };
    const lies = {
      good: {},
      other_hash: { paymentHash: "11".repeat(32) },
      other_amount: { amountMsat: amount + 1n },
      no_amount: { amountMsat: null },
      other_network: { currency: "bitcoin" },
      expired: { timestampSecs: this.#nowSecs() - expirySecs },
    } as const;
    return answer(testInvoice(this.nodeKey, { ...honest, ...lies[this.inviting] }));
  }

  async #pay(order: SendPaymentPayload): Promise<Response> {
    const { contract, outpoint, invoice, auth } = order;
    assert(isInvoiceAuth(contract, invoiceDigest(invoice), auth), "the payer signs what it orders");
    this.orders.push(order);
    const how = this.paying.length > 1 ? this.paying.shift()! : this.paying[0]!;
    const forfeit = this.#forfeit(contract), preimage = this.preimages.get(invoice.value.paymentHash);
    switch (how) {
      case "pay":
        assert(preimage, "the test has told the preimage");
        await this.claim(outpoint, preimage);
        return answer(sendPaymentResponse.toJson({ ok: true, value: preimage }));
      case "forfeit":
        return answer(sendPaymentResponse.toJson({ ok: false, error: forfeit }));
      case "take":
        await this.claim(outpoint, preimage!);
        return await never();
      case "forfeit_and_take":
        await this.claim(outpoint, preimage!);
        return answer(sendPaymentResponse.toJson({ ok: false, error: forfeit }));
      case "silent":
        return await never();
      case "error":
        return new Response("LNv2 operation failed, please contact gateway operator", { status: 500 });
      case "garbage":
        return answer({ Ok: "paid" });
      case "no_text":
        return new Response(Uint8Array.of(0xff, 0xfe));
      case "huge":
        return new Response(" ".repeat(1_000_000));
      case "redirect":
        return new Response(null, { status: 307, headers: { location: "http://elsewhere/send_payment" } });
      case "wrong_preimage":
        return answer(sendPaymentResponse.toJson({ ok: true, value: new Uint8Array(32).fill(9) }));
      case "wrong_signature":
        return answer(sendPaymentResponse.toJson({ ok: false, error: new Uint8Array(64).fill(1) }));
      case "other_signature":
        return answer(sendPaymentResponse.toJson({ ok: false, error: this.#forfeit({ ...contract, amount: 1n }) }));
    }
  }

  #forfeit(contract: OutgoingContract): Bytes {
    return schnorrSign(fromHex(outgoingContractId(contract)), this.moduleKey, new Uint8Array(32));
  }

  /** Takes the money of an outgoing contract. */
  async claim(at: OutPoint, preimage: Bytes): Promise<void> {
    const claimed = await this.#federation.input(outgoingInput(at, { tag: "Claim", value: preimage }));
    // asked again it has claimed already
    if (!claimed.ok) assertEquals(claimed.error, { tag: "UnknownContract", value: null });
  }

  /** Somebody pays an invoice: the contract is funded. */
  async fund(contract: IncomingContract): Promise<void> {
    const funded = await this.#federation.output(incomingOutput(contract));
    assert(funded.ok, "guardians take a contract that is sound");
  }

  /** An invoice of the outside world, whose preimage this gateway will learn. @param nodeKey who is paid */
  invoiceOf(
    amountMsat: bigint | null,
    { preimage = new Uint8Array(32).fill(77), nodeKey = new Uint8Array(32).fill(66), ...facts }: {
      readonly preimage?: Bytes;
      readonly nodeKey?: Bytes;
      readonly currency?: InvoiceCurrency;
      readonly expirySecs?: number;
      readonly timestampSecs?: number;
      readonly description?: string;
    } = {},
  ): string {
    const paymentHash = toHex(sha256(preimage));
    this.preimages.set(paymentHash, preimage);
    return testInvoice(nodeKey, { paymentHash, amountMsat, timestampSecs: this.#nowSecs(), ...facts });
  }
}

function answer(json: Json): Response {
  return new Response(stringifyJson(json), { headers: { "content-type": "application/json" } });
}
