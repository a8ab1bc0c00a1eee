/**
 * What the gateway does for its modules: pays, by a swap or by the node, and ends held payments.
 *
 * Each payment has one way, which is on disk before anything begins on it: when payments, federations or prices have
 * changed since, it still goes on where it began. Nothing here takes an error for an outcome: what isn't known rejects,
 * and is asked again.
 */
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, fromHex, toHex } from "../../core/bytes.ts";
import type { Bolt11Invoice } from "../../core/lightning/bolt11.ts";
import type { OutgoingPayment, PaymentMade, PaymentOwner } from "../../core/lightning/gateway_payment.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { addFee } from "../../modules/lnv2/fees.ts";
import type { HeldNow, LightningGateway } from "../../modules/lnv2/gateway/context.ts";
import type { Cancelled } from "../../modules/lnv2/gateway/states.ts";
import type { Federations, ServedFederation } from "./federations.ts";
import { CLTV_LIMIT_MAX, SEEN_AT_NODE_MS } from "./limits.ts";
import { sendFees } from "./federations.ts";
import type { LightningNode, PaymentOutcome } from "./node/node.ts";
import { isBefore, NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { OutgoingRecord, Way } from "./records.ts";
import { outgoing, registrationOf, seenAtNode, swapInto, swaps } from "./records.ts";
import type { AskedPayment } from "./swaps.ts";
import { Swaps } from "./swaps.ts";

export type PaymentsEnv = {
  /** The gateway's part. */
  readonly store: StoreView;
  readonly node: LightningNode;
  readonly watch: NodeWatch;
  readonly clock: Clock;
  /** They have modules, which pay: so they come later. */
  readonly federations: () => Federations;
};

type Paid = Result<PaymentMade | null, Cancelled>;

export class Payments implements LightningGateway {
  readonly #env: PaymentsEnv;
  readonly #swaps: Swaps;

  constructor(env: PaymentsEnv) {
    this.#env = env;
    this.#swaps = new Swaps(env);
  }

  /** Before a federation is left, as `Swaps.keepOutcomes`. @throws {GatewayError} `under_way` */
  keepOutcomes(served: ServedFederation, signal: AbortSignal): Promise<void> {
    return this.#swaps.keepOutcomes(served, signal);
  }

  async isNodeConnected(): Promise<boolean> {
    return await this.#env.watch.info() !== null;
  }

  async awaitNode(signal: AbortSignal): Promise<void> {
    await this.#env.watch.awaitInfo(signal);
  }

  async minContractAmount(federationId: FederationId, amountMsat: bigint): Promise<Result<bigint, string>> {
    const record = await this.#env.federations().record(federationId);
    return record ? ok(addFee(sendFees(record).minimum, amountMsat)) : err("Routing Info not available");
  }

  async claimPaymentImage(paymentHash: Bytes, owner: PaymentOwner): Promise<boolean> {
    const hash = toHex(paymentHash) as Sha256, first = await this.#claim(hash, owner, null);
    if (isOwner(first, owner)) return true;
    return await this.#hasEndedUnpaid(first) && isOwner(await this.#claim(hash, owner, first), owner);
  }

  /**
   * Takes a hash that nobody has, or that `ended` has. Durable when it resolves.
   * @returns whose it is
   */
  async #claim(hash: Sha256, owner: PaymentOwner, ended: PaymentOwner | null): Promise<OutgoingRecord> {
    const { value, durable } = await this.#env.store.transact(async (tx) => {
      const first = await outgoing.get(tx, hash);
      if (first && !(ended && isOwner(first, ended))) return first;
      const taken: OutgoingRecord = { ...owner, way: null };
      outgoing.set(tx, hash, taken);
      seenAtNode.delete(tx, hash);
      return taken;
    });
    await durable;
    return value;
  }

  /**
   * Whether an operation that has a hash has ended, for certain, without a payment: then the hash may pass on. One that
   * was killed between its claim and its beginning has nothing on any way; if it begins after all, `pay` refuses it.
   */
  async #hasEndedUnpaid({ federationId, operationId, way }: OutgoingRecord): Promise<boolean> {
    const federations = this.#env.federations();
    const modules = [federations.module(federationId), federations.lnv1(federationId)];
    // it is of one of the two: the other knows nothing of it
    const standings = await Promise.all(modules.map((module) => module?.paymentStanding(operationId)));
    if (standings.includes("under_way_or_paid")) return false;
    return standings.includes("cancelled") || (standings.includes("unknown") && way === null);
  }

  async pay(outgoingPayment: OutgoingPayment, signal: AbortSignal): Promise<Paid> {
    const payment = { ...outgoingPayment, askedMs: this.#env.clock.monotonicMs() }, { invoice, owner } = payment;
    const record = await readDurable(this.#env.store, (tx) => outgoing.get(tx, invoice.paymentHash));
    if (!record || !isOwner(record, owner)) return err({ tag: "DuplicatePayment", value: null });
    if (record.way) return await this.#payOn(record.way, payment, true, signal);
    const found = await this.#newWay(invoice, signal);
    if (!found.ok) return found;
    const target = swapInto(found.value), federations = this.#env.federations();
    if (target === null) return await this.#begin(found.value, payment, signal);
    return await federations.using(target, async () => {
      // it may have been left since the way was found
      if (!await federations.record(target)) return refuse(`No federation available for prefix ${target.slice(0, 8)}`);
      return await this.#begin(found.value, payment, signal);
    });
  }

  async #begin(found: Way, payment: AskedPayment, signal: AbortSignal): Promise<Paid> {
    const way = payment.mayBegin ? await this.#keepWay(payment, found) : found;
    if (way === null) return err({ tag: "DuplicatePayment", value: null });
    return await this.#payOn(way, payment, payment.mayBegin, signal);
  }

  /** `isKept`: the way is on disk. */
  async #payOn(way: Way, payment: AskedPayment, isKept: boolean, signal: AbortSignal): Promise<Paid> {
    switch (way.tag) {
      case "Node":
        return await this.#payByNode(payment, null, signal);
      case "NodeAfter":
        return await this.#payByNode(payment, way.value, signal);
      case "Swap":
      case "Lnv1Swap": {
        const federations = this.#env.federations();
        return await federations.using(
          way.value.federationId,
          () => this.#swaps.pay(way, payment, isKept, signal),
        );
      }
      case "Swapped": {
        const { preimage, federationId } = way.value;
        return ok({ preimage, targetFederation: federationId });
      }
      case "NotSwapped":
        return err(way.value);
    }
  }

  /** The way that a payment takes that begins now. The error: it is one of ours, and can't be paid so. */
  async #newWay(invoice: Bolt11Invoice, signal: AbortSignal): Promise<Result<Way, Cancelled>> {
    const { publicKey } = await this.#env.watch.awaitInfo(signal);
    const hop = invoice.routeHints[0]?.at(-1);
    const offeredIn = hop && equalBytes(hop.srcNodeId, publicKey)
      ? await this.#env.federations().ofIndex(hop.shortChannelId)
      : null;
    if (offeredIn !== null) return ok({ tag: "Lnv1Swap", value: { federationId: offeredIn } });
    if (!equalBytes(invoice.payee, publicKey)) return ok(await this.#nodeWay(invoice.paymentHash, signal));
    const registered = await readDurable(this.#env.store, (tx) => registrationOf(tx, invoice.paymentHash));
    if (!registered) return refuse("No corresponding decryption contract available");
    const { federationId, contract, amountMsat } = registered;
    if (amountMsat !== invoice.amountMsat) {
      return refuse(
        `the registered contract is for ${amountMsat} msat, the payment carries ${invoice.amountMsat} msat`,
      );
    }
    const record = await this.#env.federations().record(federationId);
    if (!record) return refuse(`No federation available for prefix ${federationId.slice(0, 8)}`);
    if (!record.receiveEnabled) {
      return refuse(`Receiving payments is disabled for federation ${federationId.slice(0, 8)}`);
    }
    return ok({ tag: "Swap", value: { federationId, contract } });
  }

  /** Nothing of this operation has begun, so what has failed at the node was another's. */
  async #nodeWay(paymentHash: Sha256, signal: AbortSignal): Promise<Way> {
    const known = await this.#env.node.findPayment(fromHex(paymentHash), signal);
    return known?.hasFailed ? { tag: "NodeAfter", value: known.number } : { tag: "Node", value: null };
  }

  /** Durable when it resolves. The first way stays. Null: the hash has passed on to another operation. */
  async #keepWay({ invoice: { paymentHash }, owner }: OutgoingPayment, way: Way): Promise<Way | null> {
    const { value, durable } = await this.#env.store.transact(async (tx) => {
      const record = await outgoing.get(tx, paymentHash);
      if (!record || !isOwner(record, owner)) return null;
      if (record.way) return record.way;
      outgoing.set(tx, paymentHash, { ...record, way });
      const federationId = swapInto(way);
      if (federationId) swaps.set(tx, { federationId, paymentHash }, null);
      return way;
    });
    await durable;
    return value;
  }

  async #payByNode(
    { invoice, owner, cltvLimit, endBlockCount, feeLimitMsat, mayBegin }: OutgoingPayment,
    after: bigint | null,
    signal: AbortSignal,
  ): Promise<Paid> {
    const { node, watch } = this.#env;
    const { paymentHash } = invoice;
    const isSeen = await readDurable(this.#env.store, (tx) => seenAtNode.get(tx, paymentHash)) !== undefined;
    // what began before is followed by `pay` whatever its limits, so only what never began stops here
    if ((isSeen || !mayBegin) && !await this.#hasBegun(paymentHash, after, signal)) {
      if (!isSeen) return ok(null);
      throw new NodeError(
        "refused",
        "The Lightning node has lost its record of a payment: it came back with an older state. Nothing is paid again, " +
          "and nothing is forfeited",
      );
    }
    const { blockHeight } = await watch.awaitInfo(signal);
    const blocks = blocksFor(cltvLimit, endBlockCount, blockHeight), over = new AbortController();
    // it ends with the payment; a store that fails is told to everybody
    if (!isSeen) {
      void this.#note(paymentHash, owner, after, AbortSignal.any([signal, over.signal])).catch(() => undefined);
    }
    let paid: PaymentOutcome;
    try {
      paid = await node.pay({ invoice, feeLimitMsat, cltvLimit: blocks, after }, signal);
    } finally {
      over.abort(new Error("the payment has ended"));
    }
    return paid.ok
      ? ok({ preimage: paid.value.preimage, targetFederation: null })
      : err({ tag: "LightningRpcError", value: paid.error });
  }

  /** Whether the node knows a payment of this hash that isn't the failed one of this number. */
  async #hasBegun(paymentHash: Sha256, after: bigint | null, signal: AbortSignal): Promise<boolean> {
    const known = await this.#env.node.findPayment(fromHex(paymentHash), signal);
    return known !== null && !isBefore(known, after);
  }

  /** Keeps that the node knows a payment, once it does. Rejects when that isn't needed any more. */
  async #note(
    paymentHash: Sha256,
    owner: PaymentOwner,
    after: bigint | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, clock } = this.#env;
    do await sleep(clock, SEEN_AT_NODE_MS, signal); while (!await this.#hasBegun(paymentHash, after, signal));
    const { durable } = await store.transact(async (tx) => {
      const record = await outgoing.get(tx, paymentHash);
      if (record && isOwner(record, owner)) seenAtNode.set(tx, paymentHash, null);
    });
    await durable;
  }

  async heldNow(paymentHash: Bytes, signal: AbortSignal): Promise<HeldNow | null> {
    const { node, watch } = this.#env;
    const info = await watch.info();
    // a node that hasn't all blocks yet takes a deadline for far that is near
    if (!info?.isSynced) throw new NodeError("unreachable", "The Lightning node is away, or behind its chain");
    const held = await node.heldPayment(paymentHash, signal);
    return held && { ...held, blockHeight: info.blockHeight };
  }

  async completeHeld(
    paymentHash: Bytes,
    preimage: Bytes | null,
    signal: AbortSignal,
  ): Promise<Result<null, string>> {
    const { node, watch } = this.#env;
    // to another node the payment is unknown, and that would be taken for its end
    await watch.awaitInfo(signal);
    const ended = preimage ? await node.settle(preimage, signal) : await node.cancel(paymentHash, signal);
    return ended.ok ? ended : err(`the node has it as ${ended.error}`);
  }
}

/** One of the gateway's own that can't be paid. */
function refuse(why: string): Result<never, Cancelled> {
  return err({ tag: "RegistrationError", value: why });
}

function isOwner(record: PaymentOwner, { federationId, operationId }: PaymentOwner): boolean {
  return record.federationId === federationId && record.operationId === operationId;
}

/**
 * Blocks that a payment may bind money for. Guardians that are behind, or f of which hold their count back, say that
 * more are left than there are: the node's own height bounds it too. Payers choose how long their contracts last; money
 * is never bound for longer than nodes are used to.
 */
function blocksFor(cltvLimit: bigint, endBlockCount: bigint, blockHeight: number): number {
  const byHeight = endBlockCount - BigInt(blockHeight + 1);
  const blocks = [cltvLimit, byHeight, BigInt(CLTV_LIMIT_MAX)].reduce((a, b) => a < b ? a : b);
  return blocks > 0n ? Number(blocks) : 0;
}
