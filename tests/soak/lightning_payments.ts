/** What people do in the soak with gateways: they pay the outside world, are paid by it, and pay each other. */
import { realPlatform } from "../../actors/platform/real.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { FederationClient } from "../../client/mod.ts";
import { LightningError } from "../../core/lightning/error.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { fromHex } from "../../core/bytes.ts";
import { within } from "../demo/waits.ts";
import type { SoakGateway, SoakWorld } from "./lightning_world.ts";

const platform = realPlatform();
const AMOUNT_MSAT = 20_000_000n;
/** Of a payment of the outside world's, and more than one from gateway to gateway costs on its way. */
export const LIMITS = { feeLimitMsat: 500_000n, cltvLimit: 1_000 };
const EXPIRY_SECS = 900;
/** Of people's own: one that couldn't be paid keeps its wallet busy until it is over. */
const PEOPLES_EXPIRY_SECS = 180;
const AGAIN_MS = 1_000;
/** A node that was killed is away for half a minute, and its peer comes back to it later still. */
const PAYMENT_MS = 900_000;

/** What became of it all. */
export type Totals = {
  /** By kind, gateway and outcome. */
  readonly ended: Map<string, number>;
  /** Of the outside world: what it should have got, and paid with routing's fees and without. */
  gotMsat: bigint;
  paidMsat: bigint;
  intoMsat: bigint;
  /** Over the outside world, from one gateway to the other. */
  acrossCount: number;
};

/** Again while the gateway is away: nothing was done. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (thrown) {
      if (!(thrown instanceof LightningError) || thrown.code !== "gateway_failed") throw thrown;
    }
    await sleep(platform.clock, AGAIN_MS);
  }
}

/** What took from when to when, monotonic ms. */
export type Span = { readonly name: string; readonly beginMs: number; readonly endMs: number };

export class People {
  readonly totals: Totals = { ended: new Map(), gotMsat: 0n, paidMsat: 0n, intoMsat: 0n, acrossCount: 0 };
  readonly #world: SoakWorld;
  /** Payments that are under way, by when they began, ms: for whoever looks what a soak hangs on. */
  readonly underWay = new Map<string, number>();
  readonly over: Span[] = [];
  #count = 0;

  constructor(world: SoakWorld) {
    this.#world = world;
  }

  get payments(): number {
    return [...this.totals.ended.values()].reduce((sum, count) => sum + count, 0);
  }

  #ended(what: string): void {
    this.totals.ended.set(what, (this.totals.ended.get(what) ?? 0) + 1);
  }

  async #pay(wallet: FederationClient, invoice: string, { url }: SoakGateway): Promise<string> {
    const operation = await asked(() => wallet.payInvoice(invoice, { gateway: url }));
    return (await wallet.awaitPayment(operation)).outcome;
  }

  async #out(wallet: FederationClient, gateway: SoakGateway): Promise<void> {
    const { operator } = this.#world.outside.node;
    const terms = { amountMsat: AMOUNT_MSAT, expirySecs: EXPIRY_SECS, description: `${this.#count}` };
    const invoice = await operator.createInvoice(terms), outcome = await this.#pay(wallet, invoice, gateway);
    const booked = await operator.invoice(fromHex(parseBolt11(invoice).paymentHash));
    if ((booked?.status === "succeeded") !== (outcome === "success")) {
      throw new Error(`A payment by ${gateway.name} is a ${outcome}, and the payee has it as ${booked?.status}`);
    }
    if (outcome === "success") this.totals.gotMsat += AMOUNT_MSAT;
    this.#ended(`out by ${gateway.name}: ${outcome}`);
  }

  async #into(wallet: FederationClient, gateway: SoakGateway): Promise<void> {
    const options = { gateway: gateway.url, expirySecs: PEOPLES_EXPIRY_SECS };
    const { invoice, operationId } = await asked(() => wallet.createInvoice(AMOUNT_MSAT, options));
    const paid = await this.#world.outside.node.pay({ invoice: parseBolt11(invoice), ...LIMITS });
    if (!paid.ok) return this.#ended(`in by ${gateway.name}: failed`);
    this.totals.paidMsat += AMOUNT_MSAT + paid.value.feeMsat;
    this.totals.intoMsat += AMOUNT_MSAT;
    const { outcome } = await wallet.awaitInvoice(operationId);
    if (outcome !== "claimed") throw new Error(`What was paid in by ${gateway.name} is ${outcome}`);
    this.#ended(`in by ${gateway.name}: ${outcome}`);
  }

  async #toEachOther(from: number, by: SoakGateway, to: SoakGateway): Promise<void> {
    const payer = this.#world.wallets[from]!, payee = this.#world.wallets[1 - from]!;
    const options = { gateway: to.url, expirySecs: PEOPLES_EXPIRY_SECS };
    const { invoice, operationId } = await asked(() => payee.createInvoice(AMOUNT_MSAT, options));
    const outcome = await this.#pay(payer, invoice, by);
    const kind = by === to ? `within ${by.name}` : `from ${by.name} to ${to.name}`;
    this.#ended(`${kind}: ${outcome}`);
    if (outcome !== "success") return;
    if (by !== to) this.totals.acrossCount++;
    const received = await payee.awaitInvoice(operationId);
    if (received.outcome !== "claimed") throw new Error(`What was paid ${kind} is ${received.outcome}`);
  }

  /** One payment after the other until it is over, all kinds by turns. @param first of which it begins with */
  async live(first: number, isOver: () => boolean): Promise<void> {
    const { wallets, gateways, hasLnd } = this.#world, [a, b] = gateways as [SoakGateway, SoakGateway];
    const kinds: [string, (wallet: number) => Promise<void>][] = [];
    for (const gateway of gateways) {
      kinds.push([`out by ${gateway.name}`, (wallet) => this.#out(wallets[wallet]!, gateway)]);
      kinds.push([`in by ${gateway.name}`, (wallet) => this.#into(wallets[1 - wallet]!, gateway)]);
      kinds.push([`within ${gateway.name}`, (wallet) => this.#toEachOther(wallet, gateway, gateway)]);
    }
    // an embedded node of the outside world knows no way from one to the other
    if (hasLnd) {
      kinds.push(["from a to b", (wallet) => this.#toEachOther(wallet, a, b)]);
      kinds.push(["from b to a", (wallet) => this.#toEachOther(wallet, b, a)]);
    }
    for (let turn = first; !isOver(); turn++) {
      const [kind, work] = kinds[turn % kinds.length]!, name = `${this.#count++} ${kind}`;
      const beginMs = platform.clock.monotonicMs();
      this.underWay.set(name, beginMs);
      await within(`A payment ${kind}`, work(turn % wallets.length), PAYMENT_MS);
      this.underWay.delete(name);
      this.over.push({ name, beginMs, endMs: platform.clock.monotonicMs() });
    }
  }
}
