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
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, fromHex, toHex } from "../../core/bytes.ts";
import type { Bolt11Invoice } from "../../core/lightning/bolt11.ts";
import type { OutgoingPayment, PaymentMade, PaymentOwner } from "../../core/lightning/gateway_payment.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { addFee } from "../../modules/lnv2/fees.ts";
import { boughtOr } from "../../modules/lnv2/gateway/buying.ts";
import type { LightningGateway } from "../../modules/lnv2/gateway/context.ts";
import type { Cancelled } from "../../modules/lnv2/gateway/states.ts";
import type { Federations } from "./federations.ts";
import { CLTV_LIMIT_MAX, SEEN_AT_NODE_MS } from "./limits.ts";
import { sendFees } from "./federations.ts";
import type { LightningNode, PaymentOutcome } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { Way } from "./records.ts";
import { outgoing, registrationOf, seenAtNode } from "./records.ts";

export type PaymentsEnv = {
  /** The gateway's part. */
  readonly store: StoreView;
  readonly node: LightningNode;
  readonly watch: NodeWatch;
  readonly clock: Clock;
  /** They have modules, which pay: so they come later. */
  readonly federations: () => Federations;
};

type Swap = Extract<Way, { readonly tag: "Swap" }>["value"];
type Paid = Result<PaymentMade | null, Cancelled>;

export class Payments implements LightningGateway {
  readonly #env: PaymentsEnv;

  constructor(env: PaymentsEnv) {
    this.#env = env;
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

  async claimPaymentImage(
    paymentHash: Bytes,
    owner: PaymentOwner,
  ): Promise<boolean> {
    const hash = toHex(paymentHash) as Sha256;
    const { value, durable } = await this.#env.store.transact(async (tx) => {
      const first = await outgoing.get(tx, hash);
      if (first) return first.federationId === owner.federationId && first.operationId === owner.operationId;
      outgoing.set(tx, hash, { ...owner, way: null });
      return true;
    });
    await durable;
    return value;
  }

  async pay(payment: OutgoingPayment, signal: AbortSignal): Promise<Paid> {
    const { invoice, mayBegin } = payment;
    const begun = (await readDurable(this.#env.store, (tx) => outgoing.get(tx, invoice.paymentHash)))?.way ?? null;
    const found = begun ? ok(begun) : await this.#newWay(invoice, signal);
    if (!found.ok) return found;
    const isKept = begun !== null || mayBegin;
    const way = begun || !mayBegin ? found.value : await this.#keepWay(invoice.paymentHash, found.value);
    if (way.tag === "Node") return await this.#payByNode(payment, signal);
    const federations = this.#env.federations();
    return await federations.using(
      way.value.federationId,
      () =>
        way.tag === "Swap"
          ? this.#swap(way.value, payment, isKept, signal)
          : this.#lnv1Swap(way.value.federationId, payment, isKept, signal),
    );
  }

  /** The way that a payment takes that begins now. The error: it is one of ours, and can't be paid so. */
  async #newWay(invoice: Bolt11Invoice, signal: AbortSignal): Promise<Result<Way, Cancelled>> {
    const { publicKey } = await this.#env.watch.awaitInfo(signal);
    const hop = invoice.routeHints[0]?.at(-1);
    const offeredIn = hop && equalBytes(hop.srcNodeId, publicKey)
      ? await this.#env.federations().ofIndex(hop.shortChannelId)
      : null;
    if (offeredIn !== null) return ok({ tag: "Lnv1Swap", value: { federationId: offeredIn } });
    if (!equalBytes(invoice.payee, publicKey)) return ok({ tag: "Node", value: null });
    const refuse = (why: string): Result<Way, Cancelled> => err({ tag: "RegistrationError", value: why });
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

  /** Durable when it resolves. The first way stays. */
  async #keepWay(paymentHash: Sha256, way: Way): Promise<Way> {
    const { value, durable } = await this.#env.store.transact(async (tx) => {
      const record = await outgoing.get(tx, paymentHash);
      assert(record, "a payment's image is claimed before it is paid");
      if (record.way) return record.way;
      outgoing.set(tx, paymentHash, { ...record, way });
      return way;
    });
    await durable;
    return value;
  }

  async #swap(
    { federationId, contract }: Swap,
    { invoice, mayBegin }: OutgoingPayment,
    isKept: boolean,
    signal: AbortSignal,
  ): Promise<Paid> {
    // a federation that was left meanwhile is no outcome: the contract may have been funded
    const module = await this.#env.federations().awaitModule(federationId, signal, isKept);
    if (!module) return err({ tag: "RegistrationError", value: "The receiver's federation was left" });
    if (!await module.isFunded(contract)) {
      if (!mayBegin) return ok(null);
      const funded = await module.fund(contract, invoice.amountMsat!);
      if (!funded.ok) return err({ tag: "FinalizationError", value: funded.error });
    }
    const bought = boughtOr(await module.awaitBought(contract, signal));
    return bought.ok
      ? ok({ preimage: bought.value, targetFederation: federationId })
      : err({ tag: bought.error, value: null });
  }

  /** Buys what was offered in a federation with the module ln. */
  async #lnv1Swap(
    federationId: FederationId,
    { invoice: { paymentHash, amountMsat }, mayBegin }: OutgoingPayment,
    isKept: boolean,
    signal: AbortSignal,
  ): Promise<Paid> {
    const refuse = (value: string): Paid => err({ tag: "FinalizationError", value });
    const module = await this.#env.federations().awaitLnv1(federationId, signal, isKept);
    if (!module) return refuse("Federation does not have an LNv1 module");
    if (!await module.isBought(paymentHash)) {
      if (!mayBegin) return ok(null);
      const record = await this.#env.federations().record(federationId);
      if (!record?.receiveEnabled) return refuse("Receiving payments is disabled for the receiver's federation");
      const funded = await module.buy(paymentHash, amountMsat!, signal);
      if (!funded.ok) return refuse(funded.error);
    }
    const bought = await module.awaitBought(paymentHash, signal);
    return bought.tag === "Success"
      ? ok({ preimage: bought.preimage, targetFederation: federationId })
      : err({ tag: bought.tag, value: null });
  }

  async #payByNode(
    { invoice, cltvLimit, endBlockCount, feeLimitMsat, mayBegin }: OutgoingPayment,
    signal: AbortSignal,
  ): Promise<Paid> {
    const { node, watch } = this.#env;
    const { paymentHash } = invoice, hash = fromHex(paymentHash);
    const isSeen = await readDurable(this.#env.store, (tx) => seenAtNode.get(tx, paymentHash)) !== undefined;
    // what began before is followed by `pay` whatever its limits, so only what never began stops here
    if ((isSeen || !mayBegin) && !await node.paymentExists(hash, signal)) {
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
    if (!isSeen) void this.#note(paymentHash, AbortSignal.any([signal, over.signal])).catch(() => undefined);
    let paid: PaymentOutcome;
    try {
      paid = await node.pay({ invoice, feeLimitMsat, cltvLimit: blocks }, signal);
    } finally {
      over.abort(new Error("the payment has ended"));
    }
    return paid.ok
      ? ok({ preimage: paid.value.preimage, targetFederation: null })
      : err({ tag: "LightningRpcError", value: paid.error });
  }

  /** Keeps for ever that the node knows a payment, once it does. Rejects when that isn't needed any more. */
  async #note(paymentHash: Sha256, signal: AbortSignal): Promise<void> {
    const { store, node, clock } = this.#env;
    do await sleep(clock, SEEN_AT_NODE_MS, signal); while (!await node.paymentExists(fromHex(paymentHash), signal));
    await (await store.transact((tx) => seenAtNode.set(tx, paymentHash, null))).durable;
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
