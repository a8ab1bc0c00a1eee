/**
 * A gateway of tests: speaks the two routes with the real codecs, holds its guardians to what they do, and does wrong
 * in every way that a test asks for. Nothing goes over Lightning: it knows the preimages that it is told.
 */
import { assert } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { parseJson } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import type { LnInput, LnOutput } from "../common.ts";
import type { OutgoingContract } from "../contracts.ts";
import { outgoingContractId } from "../contracts.ts";
import type { PayInvoicePayload } from "../gateway_api.ts";
import { payInvoicePayload } from "../gateway_api.ts";
import { cancelOutput, spending } from "./guardians.ts";

/** How it answers an order to pay. `take`: it claims the money and says nothing. */
export type Doing = "pay" | "take" | "cancel" | "silent" | "error" | "garbage" | "wrong_preimage" | "redirect" | "huge";

export type GatewayFederation = {
  input(input: LnInput): Promise<Result<unknown, unknown>>;
  output(output: LnOutput): Promise<Result<unknown, unknown>>;
  /** An outgoing contract, and what lies in it. */
  contract(id: Sha256): Promise<{ readonly terms: OutgoingContract; readonly amount: bigint }>;
};

/** Never answers. */
function never(): Promise<never> {
  return new Promise(() => {});
}

function answer(json: unknown): Response {
  return new Response(JSON.stringify(json));
}

export class TestGateway {
  /** Secret key, 32 bytes: of its id, its node and its contracts. */
  readonly key: Bytes;
  /** Each answer to an order to pay, the last one for all that follow. */
  doing: Doing[] = ["pay"];
  isSilent = false;
  /** Preimages by payment hash. */
  readonly preimages = new Map<string, Bytes>();
  /** Orders to pay that came, in order. */
  readonly orders: PayInvoicePayload[] = [];
  readonly #federation: GatewayFederation;

  constructor(key: Bytes, federation: GatewayFederation) {
    this.key = key;
    this.#federation = federation;
  }

  /** An HTTP server. */
  async handle(request: Request): Promise<Response> {
    if (this.isSilent) return await never();
    const { pathname } = new URL(request.url);
    if (request.method === "GET" && pathname === "/id") return answer("02".repeat(33));
    if (request.method !== "POST" || pathname !== "/pay_invoice") return new Response("not found", { status: 404 });
    const order = payInvoicePayload.fromJson(parseJson(await request.text()));
    this.orders.push(order);
    return await this.#pay(order, this.doing.length > 1 ? this.doing.shift()! : this.doing[0]!);
  }

  async #pay({ contractId, paymentData }: PayInvoicePayload, how: Doing): Promise<Response> {
    const hash = paymentData.value.paymentHash, preimage = this.preimages.get(hash);
    switch (how) {
      case "pay":
        await this.claim(contractId, preimage!);
        return answer(toHex(preimage!));
      case "take":
        await this.claim(contractId, preimage!);
        return await never();
      case "cancel":
        await this.cancel(contractId);
        return new Response("cancelled", { status: 400 });
      case "silent":
        return await never();
      case "error":
        return new Response("LightningPayError", { status: 500 });
      case "garbage":
        return answer({ preimage: "paid" });
      case "wrong_preimage":
        return answer("09".repeat(32));
      case "redirect":
        return new Response(null, { status: 307, headers: { location: "http://elsewhere/pay_invoice" } });
      case "huge":
        return new Response(" ".repeat(100_000));
    }
  }

  /** Takes the money of an outgoing contract; again it finds nothing. */
  async claim(id: Sha256, preimage: Bytes): Promise<void> {
    const { terms, amount } = await this.#federation.contract(id);
    assert(outgoingContractId(terms) === id);
    const claimed = await this.#federation.input(spending(id, amount, preimage));
    assert(claimed.ok, "guardians pay for the preimage");
  }

  /** Gives a contract up. */
  async cancel(id: Sha256): Promise<void> {
    const { terms } = await this.#federation.contract(id);
    const cancelled = await this.#federation.output(cancelOutput(terms, this.key));
    assert(cancelled.ok, "guardians take the gateway's own signature");
  }
}
