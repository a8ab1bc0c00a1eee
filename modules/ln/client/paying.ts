/**
 * A payment, up to its contract: what can be refused is refused before anything is stored. fedimint-ln-client 0.13.0
 * (`pay_bolt11_invoice`); docs/protocol/06-lightning-meta.md §F.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { isSecretKey, publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { tryDecoding } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { invoiceExpiresAt, parseBolt11 } from "../../../core/lightning/bolt11.ts";
import { checkedAdd } from "../../../core/types/amount.ts";
import { formatAmount } from "../../../core/types/amount_text.ts";
import type { OperationId, TransactionId } from "../../../core/types/ids.ts";
import { outPointsOf } from "../../../core/types/ids.ts";
import { compactText } from "../../../core/types/pasted_text.ts";
import { mostSendable } from "../../contract/most_sendable.ts";
import type { Contract, ContractId, OutgoingContract } from "../contracts.ts";
import { outgoingContractId } from "../contracts.ts";
import { gatewayFeeMsat } from "../fees.ts";
import type { LightningGateway } from "../gateways.ts";
import { anyFunding, fundingBundle } from "./bundles.ts";
import type { Attempts } from "./db.ts";
import { paymentAttempts } from "./db.ts";
import { logEvent } from "./ended.ts";
import type { Earlier } from "./error.ts";
import { LnError } from "./error.ts";
import type { Gateways } from "./gateways.ts";
import { internalNode, payOperationId, preimageAuth, receiveOperationId, redeemKey } from "./keys.ts";
import { GATEWAY_FEE_DEFAULT_MAX } from "./limits.ts";
import { metaJson } from "./operation_log.ts";
import type { LnParts } from "./parts.ts";
import type { OutgoingPayment } from "./shown.ts";
import type { LnState } from "./states.ts";
import { timelockBlocks, timelockOf } from "./timelock.ts";

/** What a payment costs, and through whom. */
export type PayQuote = {
  /** The gateway's id as hex; null: it is paid within the federation. */
  readonly gatewayId: string | null;
  /** What the payee gets. */
  readonly amountMsat: bigint;
  readonly gatewayFeeMsat: bigint;
  /** The federation's own fees, and what is too small to come back as change. */
  readonly federationFeeMsat: bigint;
  /** What leaves the balance: all of the above. */
  readonly totalMsat: bigint;
  /** Blocks until the money comes back by itself if the gateway does nothing; 0 without one. */
  readonly refundBlocks: bigint;
  /** What the payee says it is for; null where it gave a hash alone. */
  readonly description: string | null;
  /** The wallet wrote the invoice itself: paying it costs fees and nothing else. */
  readonly isOwn: boolean;
};

/** The most that can be paid, and through whom: other gateways take other fees. */
export type MostPayable = {
  /** What the payee gets; 0 where the balance pays for nothing. */
  readonly amountMsat: bigint;
  /** 33 bytes. */
  readonly gatewayId: Bytes;
};

/** How to pay. */
export type PayOptions = {
  /** Id of a registered gateway, 33 bytes; default: the cheapest that answers. */
  readonly gatewayId?: Bytes;
  /** Within the federation or not at all. */
  readonly isInternal?: boolean;
  /** Most that the gateway may take. Default: 100 sat and 1.5 % of the amount. */
  readonly gatewayFeeMsatMax?: bigint;
  /** What a quote said that the gateway takes: more is refused. */
  readonly quotedFeeMsat?: bigint;
  /** An invoice that is paid is refused, and not told again. */
  readonly refusePaid?: boolean;
  /** Kept in the operation log. */
  readonly extraMeta?: Json;
};

/** A payment that has begun, or was made before. `feeMsat`: the gateway's. */
export type Begun = {
  readonly operationId: OperationId;
  readonly contractId: ContractId;
  readonly feeMsat: bigint;
  readonly isInternal: boolean;
};

/** An invoice that this wallet could pay, as the n-th attempt. */
type Payable = {
  readonly invoice: Bolt11Invoice;
  readonly amountMsat: bigint;
  readonly attempt: number;
  readonly operationId: OperationId;
};

/** What is funded, by which machine. */
type Draft = {
  readonly contract: Contract;
  readonly contractId: ContractId;
  readonly contractMsat: bigint;
  readonly feeMsat: bigint;
  readonly gatewayId: Bytes | null;
  readonly machine: (txid: TransactionId) => LnState;
};

/** What says that an invoice isn't paid once more. */
const EARLIER: Readonly<Record<Attempts["outcome"]["tag"], Earlier | null>> = {
  Pending: "in_progress",
  Open: null,
  Paid: "paid",
  Claimed: "claimed",
};

/** @throws {LnError} `duplicate_payment` */
function refuseEarlier(attempts: Attempts | undefined): void {
  const earlier = attempts && EARLIER[attempts.outcome.tag];
  if (earlier) throw LnError.duplicate(attempts.payment.paymentType.value, earlier);
}

/** @throws {LnError} `not_an_invoice` */
function readInvoice(text: string): Bolt11Invoice {
  const invoice = tryDecoding(() => parseBolt11(compactText(text)));
  if (invoice.ok) return invoice.value;
  throw LnError.of("not_an_invoice", invoice.error.message);
}

function begun({ paymentType, contractId, fee }: OutgoingPayment): Begun {
  return { operationId: paymentType.value, contractId, feeMsat: fee, isInternal: paymentType.tag === "internal" };
}

/** 32 bytes, secret, that nobody can find again but in the store. */
export function freshKey(bytes: (size: number) => Bytes): Bytes {
  let key = bytes(32);
  while (!isSecretKey(key)) key = bytes(32);
  return key;
}

export class Paying {
  readonly #parts: LnParts;
  readonly #gateways: Gateways;

  constructor(parts: LnParts, gateways: Gateways) {
    this.#parts = parts;
    this.#gateways = gateways;
  }

  /** @throws {LnError} as `pay` does */
  async quote(text: string, gatewayId: Bytes | null, signal: AbortSignal): Promise<PayQuote> {
    const { env } = this.#parts, invoice = readInvoice(text);
    const payable = this.#payable(invoice, await this.#attempts(invoice));
    const { contractMsat, feeMsat, gatewayId: through } = await this.#draft(payable, gatewayId, signal);
    if (feeMsat > feeMaxMsat(payable.amountMsat)) throw tooDear(feeMsat, feeMaxMsat(payable.amountMsat));
    const cost = await env.core.quoteFee({ inputs: [], outputs: [anyFunding(env, contractMsat)] });
    if (!cost.ok) throw LnError.notFunded(cost.error);
    return {
      gatewayId: through && toHex(through),
      amountMsat: contractMsat - feeMsat,
      gatewayFeeMsat: feeMsat,
      federationFeeMsat: cost.value,
      totalMsat: contractMsat + cost.value,
      refundBlocks: through ? timelockBlocks(invoice.minFinalCltvExpiryDelta) : 0n,
      description: invoice.description.tag === "Direct" ? invoice.description.value : null,
      isOwn: await env.core.operationExists(receiveOperationId(invoice.paymentHash)),
    };
  }

  /** @throws {LnError} as `pay` does, but for what is wrong with an invoice */
  async maxPayable(gatewayId: Bytes | null, signal: AbortSignal): Promise<MostPayable> {
    const { env } = this.#parts;
    const mostWith = async (feeMsat: (amountMsat: bigint) => bigint): Promise<bigint> => {
      const most = await mostSendable(
        env.core,
        (msat) => anyFunding(env, msat),
        (amountMsat) => amountMsat + feeMsat(amountMsat),
      );
      if (!most.ok) throw LnError.notFunded(most.error);
      return most.value;
    };
    // the cheapest for about so much
    const gateway =
      await (gatewayId
        ? this.#gateways.named(gatewayId, signal)
        : this.#gateways.select(await mostWith(() => 0n), signal));
    const amountMsat = await mostWith((wanted) => gatewayFeeMsat(gateway.fees, wanted));
    return { amountMsat, gatewayId: gateway.gatewayId };
  }

  /** @throws {LnError} */
  async pay(text: string, options: PayOptions, signal: AbortSignal): Promise<Begun> {
    const invoice = readInvoice(text), attempts = await this.#attempts(invoice);
    // paid: told again, whatever has become of the invoice
    if (attempts?.outcome.tag === "Paid" && !options.refusePaid) return begun(attempts.payment);
    const payable = this.#payable(invoice, attempts);
    const { isInternal = false, gatewayId = null } = options;
    const draft = await this.#draft(payable, isInternal ? "none" : gatewayId, signal);
    const { gatewayFeeMsatMax: most = feeMaxMsat(payable.amountMsat), quotedFeeMsat } = options;
    if (quotedFeeMsat !== undefined && draft.feeMsat > quotedFeeMsat) throw LnError.of("terms_changed");
    if (draft.feeMsat > most) throw tooDear(draft.feeMsat, most);
    return await this.#fund(payable, draft, options.extraMeta ?? null, signal);
  }

  /** The operation that pays an invoice, or the last one that did; null when there is none. */
  async paymentOf(text: string): Promise<OperationId | null> {
    return (await this.#attempts(readInvoice(text)))?.payment.paymentType.value ?? null;
  }

  /** @throws {LnError} `duplicate_payment` · `not_an_invoice` */
  async assertUnpaid(text: string): Promise<void> {
    refuseEarlier(await this.#attempts(readInvoice(text)));
  }

  async #draft(payable: Payable, wanted: Bytes | "none" | null, signal: AbortSignal): Promise<Draft> {
    const gateway = await this.#gatewayFor(payable.invoice, payable.amountMsat, wanted, signal);
    return gateway ? await this.#outgoing(payable, gateway, signal) : await this.#internal(payable, signal);
  }

  #attempts({ paymentHash }: Bolt11Invoice): Promise<Attempts | undefined> {
    return this.#parts.env.store.read((tx) => paymentAttempts.get(tx, paymentHash));
  }

  /** In the reference's order. */
  #payable(invoice: Bolt11Invoice, attempts: Attempts | undefined): Payable {
    const { env } = this.#parts, { amountMsat, currency, paymentHash } = invoice;
    refuseEarlier(attempts);
    const endSecs = invoiceExpiresAt(invoice);
    if (endSecs !== null && endSecs <= BigInt(Math.floor(env.platform.clock.nowMs() / 1_000))) {
      throw LnError.of("invoice_expired");
    }
    if (amountMsat === null || amountMsat === 0n) throw LnError.of("amount_missing");
    // nodes on testnet4 write invoices of testnet
    const wanted = env.config.network === "testnet4" ? "testnet" : env.config.network;
    if (currency !== wanted) {
      throw LnError.of("wrong_network", `the invoice is for ${currency}, the federation is on ${env.config.network}`);
    }
    const attempt = (attempts?.last ?? 0) + 1;
    return { invoice, amountMsat, attempt, operationId: payOperationId(paymentHash, attempt) };
  }

  /**
   * Null when the invoice leads back into the federation: then nobody else is needed. That it leads to a gateway of
   * the list doesn't say so alone, as anybody registers as whatever node it likes: the offer must be there, too.
   */
  async #gatewayFor(
    { paymentHash, routeHints: [hint] }: Bolt11Invoice,
    amountMsat: bigint,
    gatewayId: Bytes | "none" | null,
    signal: AbortSignal,
  ): Promise<LightningGateway | null> {
    const last = hint?.at(-1), { env: { federationId }, federation } = this.#parts;
    const leadsTo = (node: Bytes, channel: bigint): boolean =>
      last !== undefined && last.shortChannelId === channel && toHex(last.srcNodeId) === toHex(node);
    if (leadsTo(internalNode(federationId), 0n)) return null;
    const known = last ? await this.#gateways.fresh(signal) : [];
    const leadsBack = known.some(({ nodePubKey, federationIndex }) => leadsTo(nodePubKey, federationIndex));
    if (leadsBack && await federation.offer(paymentHash, signal)) return null;
    if (gatewayId === "none") throw LnError.of("not_internal");
    return await (gatewayId ? this.#gateways.named(gatewayId, signal) : this.#gateways.select(amountMsat, signal));
  }

  async #outgoing(
    { invoice, amountMsat }: Payable,
    gateway: LightningGateway,
    signal: AbortSignal,
  ): Promise<Draft> {
    const { env, federation } = this.#parts, { dice } = env.platform;
    const timelock = timelockOf(await federation.blockCount(signal), invoice.minFinalCltvExpiryDelta);
    if (timelock === null) throw LnError.of("expiration_exceeds_limit");
    assert(timelock < 2n ** 32n, "a chain has fewer blocks than 32 bits count");
    const userKey = freshKey((size) => dice.bytes(size)), contractMsat = withFee(gateway, amountMsat);
    const contract: OutgoingContract = {
      hash: invoice.paymentHash,
      gatewayKey: gateway.gatewayRedeemKey,
      timelock: Number(timelock),
      userKey: publicKeyOf(userKey),
      cancelled: false,
    };
    const payment = {
      contract,
      amount: contractMsat,
      userKey,
      gateway,
      invoice,
      preimageAuth: preimageAuth(env.secret, invoice.paymentHash),
    };
    return {
      contract: { tag: "Outgoing", value: contract },
      contractId: outgoingContractId(contract),
      contractMsat,
      feeMsat: contractMsat - amountMsat,
      gatewayId: gateway.gatewayId,
      machine: (txid) => ({ tag: "PayFunding", value: { payment, txid } }),
    };
  }

  /** A contract that is there would take the money for whoever funded it first: then nothing is funded. */
  async #internal({ invoice: { paymentHash }, amountMsat }: Payable, signal: AbortSignal): Promise<Draft> {
    const { env, federation } = this.#parts;
    const offer = await federation.offer(paymentHash, signal);
    if (!offer) throw LnError.of("no_offer");
    if (offer.amount > amountMsat) throw LnError.of("offer_too_dear");
    if (offer.hash !== paymentHash) throw LnError.of("federation", "The offer is for another payment");
    if (await federation.accountNow(paymentHash, signal)) throw LnError.of("contract_exists");
    const { encryptedPreimage, amount } = offer;
    const gatewayKey = publicKeyOf(redeemKey(env.secret));
    const value = {
      hash: paymentHash,
      encryptedPreimage,
      decryptedPreimage: { tag: "Pending", value: null },
      gatewayKey,
    } as const;
    return {
      contract: { tag: "Incoming", value },
      contractId: paymentHash,
      contractMsat: amount,
      feeMsat: 0n,
      gatewayId: null,
      machine: (txid) => ({ tag: "InternalFunding", value: { purchase: { hash: paymentHash, amount }, txid } }),
    };
  }

  async #fund(payable: Payable, draft: Draft, extraMeta: Json, signal: AbortSignal): Promise<Begun> {
    const { env } = this.#parts, { invoice, amountMsat, attempt, operationId } = payable;
    const { contract, contractId, contractMsat, feeMsat, gatewayId, machine } = draft;
    const isInternal = contract.tag === "Incoming";
    const payment: OutgoingPayment = {
      paymentType: { tag: isInternal ? "internal" : "lightning", value: operationId },
      contractId,
      fee: feeMsat,
    };
    const submitted = await env.core.submit({
      operationId,
      inputs: [],
      outputs: [fundingBundle(env, contract, contractMsat, machine)],
      meta: (change) =>
        metaJson({
          tag: "pay",
          value: {
            outPoint: { txid: change.txid, outIdx: 0 },
            invoice,
            fee: feeMsat,
            change: outPointsOf(change),
            isInternalPayment: isInternal,
            contractId,
            gatewayId,
          },
        }, extraMeta),
      also: async (tx) => {
        // another attempt that was stored meanwhile has another number, or this one's
        const before = await paymentAttempts.get(tx.store, invoice.paymentHash);
        assert((before?.last ?? 0) === attempt - 1, "one attempt comes after the other");
        paymentAttempts.set(tx.store, invoice.paymentHash, {
          last: attempt,
          outcome: { tag: "Pending", value: null },
          payment,
        });
        logEvent(tx, "payment-send", { operationId, amount: amountMsat, fee: feeMsat });
      },
      signal,
    });
    if (!submitted.ok) throw LnError.notFunded(submitted.error);
    return begun(payment);
  }
}

function tooDear(feeMsat: bigint, mostMsat: bigint): LnError {
  return LnError.of("fee_exceeds_limit", `${formatAmount(feeMsat)}, of at most ${formatAmount(mostMsat)}`);
}

function feeMaxMsat(amountMsat: bigint): bigint {
  const { baseMsat, partsPerMillion } = GATEWAY_FEE_DEFAULT_MAX;
  return baseMsat + amountMsat * partsPerMillion / 1_000_000n;
}

/** What lies in the contract. @throws {LnError} `fee_exceeds_limit` */
function withFee({ fees }: LightningGateway, amountMsat: bigint): bigint {
  const sum = checkedAdd(amountMsat, gatewayFeeMsat(fees, amountMsat));
  if (sum === null) throw LnError.of("fee_exceeds_limit");
  return sum;
}
