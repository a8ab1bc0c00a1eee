/** A server of tests that writes invoices for wallets, as recurringd does: its answers, and its offers to guardians. */
import { assert } from "@std/assert";
import type { Clock } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { fromHex } from "../../../core/bytes.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import { encodeLnurl } from "../../../core/lightning/lnurl.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../core/lightning/bolt11_write.ts";
import { invoicePublicKey } from "../client/keys.ts";
import { paymentHashOfKey } from "../contracts.ts";
import type { LnWallets } from "./wallet.ts";
import { offerOf, offerOutput } from "./guardians.ts";

const NODE_KEY: Bytes = new Uint8Array(32).fill(78);

/** Where offers go, and what time it is. */
export type RecurringWorld = Pick<LnWallets["world"], "guardians"> & { readonly clock: Pick<Clock, "nowMs"> };

type Registered = { readonly rootKey: Bytes; readonly meta: string; readonly federationId: string };

export class TestRecurringServer {
  /** What came with each registration, in order. */
  readonly registered: Registered[] = [];
  /** `method path` of each request. */
  readonly asked: string[] = [];
  /** Says so instead of an answer; a number is a status without a body. */
  failing: string | number | null = null;
  /** Writes for another key than it should. */
  isLying = false;
  readonly #world: RecurringWorld;
  readonly #invoices: string[] = [];
  #written = Promise.withResolvers<void>();

  constructor(world: RecurringWorld) {
    this.#world = world;
  }

  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.asked.push(`${request.method} ${pathname}`);
    if (typeof this.failing === "number") return new Response("", { status: this.failing });
    if (this.failing !== null) return Response.json({ error: this.failing });
    if (request.method === "PUT" && pathname.endsWith("/lnv1/paycodes")) {
      const { federation_id, protocol, payment_code_root_key, meta } = await request.json();
      assert(protocol === "LNURL");
      this.registered.push({ rootKey: fromHex(payment_code_root_key), meta, federationId: federation_id });
      return Response.json({ recurring_payment_code: encodeLnurl(`https://pay.example/${payment_code_root_key}`) });
    }
    const index = Number(/\/generated\/([0-9]+)$/.exec(pathname)?.[1]);
    while (this.#invoices.length < index) await this.#written.promise;
    return Response.json(this.#invoices[index - 1]);
  }

  /** Somebody asks for an invoice of the only code, and it is offered to guardians. @returns the invoice */
  async write(amountMsat: bigint): Promise<string> {
    const { guardians } = this.#world, { key, hash } = this.#next();
    const offered = await guardians.output(
      offerOutput(offerOf(guardians.config, { plaintext: key, hash, amount: amountMsat })),
    );
    assert(offered.ok, "guardians take the offer");
    return this.writeUnoffered(amountMsat);
  }

  #next(): { readonly key: Bytes; readonly hash: Sha256 } {
    const { rootKey } = this.registered[0]!;
    const key = invoicePublicKey(rootKey, BigInt(this.#invoices.length + (this.isLying ? 2 : 1)));
    return { key, hash: paymentHashOfKey(key) };
  }

  /** Nobody can pay it. */
  writeUnoffered(amountMsat: bigint, expirySecs = 3_600n): string {
    const invoice = writeBolt11({
      currency: "regtest",
      amountMsat,
      timestamp: BigInt(Math.floor(this.#world.clock.nowMs() / 1_000)),
      expirySecs,
      paymentHash: this.#next().hash,
      description: { tag: "Direct", value: "by lnurl" },
      minFinalCltvExpiryDelta: 18n,
      paymentSecret: new Uint8Array(32).fill(4),
      features: FEATURES_BASIC,
      routeHints: [],
    }, NODE_KEY);
    this.#invoices.push(invoice);
    this.#written.resolve();
    this.#written = Promise.withResolvers<void>();
    return invoice;
  }

  /** What was written for the wrong key is taken back. */
  forget(): void {
    this.#invoices.pop();
  }
}
