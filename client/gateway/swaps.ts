/**
 * Payments from one federation of the gateway's into another. The gateway has paid when the other one shows the
 * preimage, and is paid back by the first, which may be much later: guardians may be away, or the gateway was killed
 * between the two. So what a swap came to is kept here, and the other federation may be left meanwhile: before it is,
 * the outcomes of all swaps into it are.
 */
import type { Clock } from "../../actors/platform/platform.ts";
import type { StoreTx, StoreView } from "../../actors/store/store.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { OutgoingPayment, PaymentMade } from "../../core/lightning/gateway_payment.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { federationId as federationIdCodec } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { GatewayModule } from "../../modules/lnv2/gateway/api.ts";
import { boughtOr } from "../../modules/lnv2/gateway/buying.ts";
import type { Cancelled } from "../../modules/lnv2/gateway/states.ts";
import type { Federations, ServedFederation } from "./federations.ts";
import { underWay } from "./federations.ts";
import { SWAP_BEGIN_WITHIN_MS, SWAPS_KEPT_AT_ONCE } from "./limits.ts";
import { NodeError } from "./node/node.ts";
import type { OutgoingRecord, Way } from "./records.ts";
import { outgoing, swapInto, swaps, swapsListed } from "./records.ts";

export type SwapsEnv = {
  /** The gateway's part. */
  readonly store: StoreView;
  readonly clock: Clock;
  readonly federations: () => Federations;
};

/** `askedMs`: when the gateway was asked, by the monotonic clock. */
export type AskedPayment = OutgoingPayment & { readonly askedMs: number };

export type Swap = Extract<Way, { readonly tag: "Swap" | "Lnv1Swap" }>;
type Into = Extract<Swap, { readonly tag: "Swap" }>["value"];
type Outcome = Result<PaymentMade, Cancelled>;
/** What waits for a purchase's end; null: nothing has begun, and it may not. */
type Begun = Result<(() => Promise<Outcome>) | null, Cancelled>;

export class Swaps {
  readonly #env: SwapsEnv;

  constructor(env: SwapsEnv) {
    this.#env = env;
  }

  /**
   * Pays on this way, or follows what has begun on it. `isKept`: the way is on disk, so that something may have begun.
   * Ok(null): nothing has, and it may not. The other federation isn't left meanwhile. Rejects when it may begin by what
   * was true too long ago: ask again.
   */
  async pay(
    swap: Swap,
    payment: AskedPayment,
    isKept: boolean,
    signal: AbortSignal,
  ): Promise<Result<PaymentMade | null, Cancelled>> {
    const begun = swap.tag === "Swap"
      ? await this.#fund(swap.value, payment, isKept, signal)
      : await this.#buy(swap.value.federationId, payment, isKept, signal);
    if (!begun.ok) return begun;
    if (begun.value === null) return ok(null);
    const outcome = await begun.value();
    // what was never funded isn't written down: it may yet begin
    if (isKept) await this.#ended(payment, swap, outcome);
    return outcome;
  }

  async #fund(
    value: Into,
    { invoice, mayBegin, askedMs }: AskedPayment,
    isKept: boolean,
    signal: AbortSignal,
  ): Promise<Begun> {
    // a federation that doesn't run is no outcome: the contract may have been funded
    const module = await this.#env.federations().awaitModule(value.federationId, signal, isKept);
    if (!module) return err(LEFT);
    if (!await module.isFunded(value.contract)) {
      if (!mayBegin) return ok(null);
      this.#checkTime(askedMs);
      const funded = await module.fund(value.contract, invoice.amountMsat!, signal);
      if (!funded.ok) return err({ tag: "FinalizationError", value: funded.error });
    }
    return ok(() => boughtBy(module, value, signal));
  }

  /** Buys what was offered in a federation with the module ln. */
  async #buy(
    federationId: FederationId,
    { invoice: { paymentHash, amountMsat }, mayBegin, askedMs }: AskedPayment,
    isKept: boolean,
    signal: AbortSignal,
  ): Promise<Begun> {
    const refuse = (value: string): Begun => err({ tag: "FinalizationError", value });
    const module = await this.#env.federations().awaitLnv1(federationId, signal, isKept);
    if (!module) return refuse("Federation does not have an LNv1 module");
    if (!await module.isBought(paymentHash)) {
      if (!mayBegin) return ok(null);
      this.#checkTime(askedMs);
      const record = await this.#env.federations().record(federationId);
      if (!record?.receiveEnabled) return refuse("Receiving payments is disabled for the receiver's federation");
      const funded = await module.buy(paymentHash, amountMsat!, signal);
      if (!funded.ok) return refuse(funded.error);
    }
    return ok(() => boughtByLnv1(module, federationId, paymentHash, signal));
  }

  /** The blocks that the payer's contract has left were counted when it was asked. @throws {NodeError} */
  #checkTime(askedMs: number): void {
    if (this.#env.clock.monotonicMs() - askedMs <= SWAP_BEGIN_WITHIN_MS) return;
    throw new NodeError(
      "unreachable",
      "The receiver's federation was away for too long to begin a swap: it is asked anew",
    );
  }

  /** Nobody waits for the disk: what isn't there after a crash is asked for again. */
  async #ended({ invoice: { paymentHash }, owner }: OutgoingPayment, way: Swap, outcome: Outcome): Promise<void> {
    const { durable } = await this.#env.store.transact((tx) => endSwap(tx, paymentHash, { ...owner, way }, outcome));
    // a store that fails is told to everybody
    durable.catch(() => undefined);
  }

  /**
   * Keeps what all swaps into a federation came to that is about to be left: who pays for them may ask later. Nothing
   * is under way in it, and nothing begins. May be done again, wherever it ended.
   * @throws {GatewayError} `under_way`
   */
  async keepOutcomes(served: ServedFederation, signal: AbortSignal): Promise<void> {
    const { store } = this.#env, { federationId } = served;
    await this.#list();
    for (;;) {
      const found = await readDurable(store, async (tx) => {
        const records: (readonly [Sha256, OutgoingRecord | undefined])[] = [];
        const options = { beginning: encode(federationIdCodec, federationId), limit: SWAPS_KEPT_AT_ONCE };
        for await (const [{ paymentHash }] of swaps.entries(tx, options)) {
          records.push([paymentHash, await outgoing.get(tx, paymentHash)]);
        }
        return records;
      });
      if (found.length === 0) return;
      const ended = await Promise.all(found.map(async ([paymentHash, record]) => ({
        paymentHash,
        record,
        outcome: await outcomeOf(paymentHash, record?.way ?? null, served, signal),
      })));
      const { durable } = await store.transact(async (tx) => {
        for (const { paymentHash, record, outcome } of ended) {
          if (record && outcome) await endSwap(tx, paymentHash, record, outcome);
          swaps.delete(tx, { federationId, paymentHash });
        }
      });
      await durable;
    }
  }

  /** Databases from before there was a list of swaps get one. */
  async #list(): Promise<void> {
    const { store } = this.#env;
    let after: Sha256 | undefined;
    if (await readDurable(store, (tx) => swapsListed.get(tx)) !== undefined) return;
    for (;;) {
      const { value: last, durable } = await store.transact(async (tx) => {
        let last: Sha256 | null = null;
        const page = { limit: SWAPS_KEPT_AT_ONCE, ...(after !== undefined && { after }) };
        for await (const [hash, { way }] of outgoing.entries(tx, page)) {
          const target = way && swapInto(way);
          if (target) swaps.set(tx, { federationId: target, paymentHash: hash }, null);
          last = hash;
        }
        if (last === null) swapsListed.set(tx, null);
        return last;
      });
      await durable;
      if (last === null) return;
      after = last;
    }
  }
}

/** Null for a way that isn't into this federation any more. @throws {GatewayError} `under_way` */
async function outcomeOf(
  paymentHash: Sha256,
  way: Way | null,
  { federationId, module, lnv1 }: ServedFederation,
  signal: AbortSignal,
): Promise<Outcome | null> {
  if (!way || swapInto(way) !== federationId) return null;
  if (way.tag === "Swap") {
    if (!module) throw underWay();
    return await module.isFunded(way.value.contract) ? await boughtBy(module, way.value, signal) : err(LEFT);
  }
  if (!lnv1) throw underWay();
  return await lnv1.isBought(paymentHash) ? await boughtByLnv1(lnv1, federationId, paymentHash, signal) : err(LEFT);
}

/** Nothing was funded there, and nothing will be. */
const LEFT: Cancelled = { tag: "RegistrationError", value: "The receiver's federation was left" };

async function boughtBy(
  module: GatewayModule,
  { federationId, contract }: Into,
  signal: AbortSignal,
): Promise<Outcome> {
  const bought = boughtOr(await module.awaitBought(contract, signal));
  return bought.ok
    ? ok({ preimage: bought.value, targetFederation: federationId })
    : err({ tag: bought.error, value: null });
}

async function boughtByLnv1(
  module: LnGatewayModule,
  federationId: FederationId,
  paymentHash: Sha256,
  signal: AbortSignal,
): Promise<Outcome> {
  const bought = await module.awaitBought(paymentHash, signal);
  return bought.tag === "Success"
    ? ok({ preimage: bought.preimage, targetFederation: federationId })
    : err({ tag: bought.tag, value: null });
}

/** Nothing happens where the payment has become another one's. */
async function endSwap(tx: StoreTx, paymentHash: Sha256, begun: OutgoingRecord, outcome: Outcome): Promise<void> {
  const record = await outgoing.get(tx, paymentHash), federationId = record?.way && swapInto(record.way);
  if (!record || !federationId) return;
  if (record.federationId !== begun.federationId || record.operationId !== begun.operationId) return;
  const way: Way = outcome.ok
    ? { tag: "Swapped", value: { federationId, preimage: outcome.value.preimage } }
    : { tag: "NotSwapped", value: outcome.error };
  outgoing.set(tx, paymentHash, { ...record, way });
  swaps.delete(tx, { federationId, paymentHash });
}
