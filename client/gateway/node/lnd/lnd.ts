/**
 * A gateway's node that is an LND, by its REST interface. docs/protocol/08-lightning-nodes.md §A,
 * docs/protocol/06-lightning-meta.md §E.1.
 */
import type { Clock, Dice, Files } from "../../../../actors/platform/platform.ts";
import type { PinnedHttp } from "../../../../actors/platform/pinned_http.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { type BitcoinNetwork, isBitcoinNetwork } from "../../../../core/bitcoin/network.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { equalBytes, fromHex, fromUtf8, toHex } from "../../../../core/bytes.ts";
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import { ok } from "../../../../core/result.ts";
import type { HoldInvoiceRequest, HoldOutcome, LightningNode } from "../node.ts";
import { HOLD_CLTV_DELTA, NodeError } from "../node.ts";
import { base64, bytesIn, countIn, flagIn, hashIn, hexIn, numberIn, objectsIn, textIn } from "./answers.ts";
import { insist, invoiceOf, type LndContext } from "./context.ts";
import { held, heldPayment, heldPayments, NewInvoices } from "./held.ts";
import { stateOf, stepOf } from "./hold.ts";
import { lndInterceptor } from "./interceptor.ts";
import { CERTIFICATE_BYTES_MAX, MACAROON_BYTES_MAX } from "./limits.ts";
import { lndOperator } from "./operator.ts";
import { findPayment, type PaymentOptions, payThrough } from "./pay.ts";
import { LndRefusal, lndRest } from "./rest.ts";

export type LndOptions = PaymentOptions & {
  /** `https://HOST:PORT` of LND's REST interface. */
  readonly url: string;
  /** Files: LND's `tls.cert`, and its `admin.macaroon`. */
  readonly certificatePath: string;
  readonly macaroonPath: string;
};

/** As gatewayd's defaults. */
export const DEFAULT_PAYMENT_OPTIONS: PaymentOptions = { paymentTimeoutSecs: 180, timePreference: 0.5 };

export type LndOutside = {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly files: Files;
  readonly openHttp: (server: { readonly url: string; readonly certificate: string }) => PinnedHttp;
  /** Told why something is asked again. */
  readonly onTrouble: (what: string) => void;
};

export type Lnd = LightningNode & {
  /** Whether everybody on this machine can read the macaroon's file, and so take the node's money. */
  readonly isMacaroonPublic: boolean;
  /** Ends idle connections. */
  close(): void;
};

/** Longest that LND may look for ways: gatewayd's own bound. */
const PAYMENT_SECS_MAX = 600;

/**
 * Reads both files and makes the node's face; LND need not be there yet. When LND makes itself a new certificate
 * (`tlsautorefresh`, or the file was deleted), every call fails with that until this is done again with the new file.
 * @throws {NodeError} `refused` for a file that isn't there or is none, an address that is none, and terms that LND
 * doesn't take
 */
export async function openLnd(options: LndOptions, outside: LndOutside): Promise<Lnd> {
  const { paymentTimeoutSecs, timePreference } = options;
  if (!Number.isInteger(paymentTimeoutSecs) || paymentTimeoutSecs < 1 || paymentTimeoutSecs > PAYMENT_SECS_MAX) {
    throw new NodeError("refused", `LND looks for ways for 1 to ${PAYMENT_SECS_MAX} seconds.`);
  }
  if (!(timePreference >= -1 && timePreference <= 1)) {
    throw new NodeError("refused", "LND's preference between cheap and sure ways is from -1 to 1.");
  }
  const certificate = fromUtf8(await contentOf(outside.files, options.certificatePath, CERTIFICATE_BYTES_MAX));
  const macaroon = toHex(await contentOf(outside.files, options.macaroonPath, MACAROON_BYTES_MAX));
  let http: PinnedHttp;
  try {
    http = outside.openHttp({ url: options.url, certificate });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new NodeError("refused", `LND at ${options.url} with ${options.certificatePath}: ${cause.message}`, {
      cause,
    });
  }
  return {
    ...lndNode({ ...outside, rest: lndRest(http, macaroon) }, options),
    isMacaroonPublic: await outside.files.isPublic(options.macaroonPath),
    close: () => http.close(),
  };
}

async function contentOf(files: Files, path: string, bytesMax: number): Promise<Bytes> {
  const bytes = await files.read(path, bytesMax);
  if (bytes === undefined) throw new NodeError("refused", `There is no file ${path}: name LND's own.`);
  return bytes;
}

export function lndNode(outside: Omit<LndContext, "followed">, options: PaymentOptions): LightningNode {
  const context: LndContext = { ...outside, followed: { count: 0 } }, { rest } = context, fresh = new NewInvoices();
  return {
    info: async (signal) => infoOf(await rest.get("/v1/getinfo", { signal })),
    createHoldInvoice: async (request, signal) => {
      const text = await holdInvoice(context, request, signal);
      fresh.add(request.paymentHash);
      return text;
    },
    heldPayments: (signal) => heldPayments(context, fresh, signal),
    heldPayment: (paymentHash, signal) => heldPayment(context, paymentHash, signal),
    held: (signal) => held(context, signal),
    settle: (preimage, signal) =>
      end(context, "settle", sha256(preimage) as Bytes, { preimage: base64(preimage) }, signal),
    cancel: (paymentHash, signal) => end(context, "cancel", paymentHash, { payment_hash: base64(paymentHash) }, signal),
    pay: (request, signal) => payThrough(context, options, request, signal),
    findPayment: (paymentHash, signal) => findPayment(context, paymentHash, signal),
    operator: lndOperator(context),
    interceptor: lndInterceptor(context),
  };
}

function infoOf(answer: JsonObject): Awaited<ReturnType<LightningNode["info"]>> {
  const chain = objectsIn(answer, "chains")[0];
  const named = chain === undefined ? "none" : textIn(chain, "network");
  return {
    publicKey: hexIn(answer, "identity_pubkey", 33),
    alias: textIn(answer, "alias"),
    network: networkOf(named),
    blockHeight: numberIn(answer, "block_height"),
    isSynced: flagIn(answer, "synced_to_chain"),
    // before LND 0.15 it doesn't say
    keepsForwards: answer.require_htlc_interceptor === undefined ? null : flagIn(answer, "require_htlc_interceptor"),
  };
}

function networkOf(named: string): BitcoinNetwork {
  if (named === "mainnet") return "bitcoin";
  if (isBitcoinNetwork(named)) return named;
  throw new NodeError("wrong_network", `LND is on the network ${named}, which is none of Fedimint's.`);
}

async function holdInvoice(context: LndContext, request: HoldInvoiceRequest, signal?: AbortSignal): Promise<string> {
  const { paymentHash, amountMsat, expirySecs, description } = request;
  try {
    const made = await context.rest.post("/v2/invoices/hodl", {
      hash: base64(paymentHash),
      value_msat: String(amountMsat),
      expiry: String(expirySecs),
      cltv_expiry: String(HOLD_CLTV_DELTA),
      ...(description.tag === "Direct"
        ? { memo: description.value }
        : { description_hash: base64(fromHex(description.value)) }),
    }, { signal });
    return textIn(made, "payment_request");
  } catch (thrown) {
    // made before, whose answer was lost
    const isThere = thrown instanceof LndRefusal && thrown.said === "invoice with payment hash already exists";
    if (!isThere) throw thrown;
    const invoice = await invoiceOf(context, paymentHash, signal);
    if (invoice === null || !isOfTerms(invoice, request)) {
      throw new NodeError("refused", "LND has another invoice of this payment hash.");
    }
    return textIn(invoice, "payment_request");
  }
}

/** Whether it is the hold invoice that was asked for. An ordinary one has its preimage from the beginning. */
function isOfTerms(invoice: JsonObject, { amountMsat, expirySecs, description }: HoldInvoiceRequest): boolean {
  const isHold = stateOf(invoice) === "settled" || hashIn(invoice, "r_preimage") === null;
  const isDescribed = description.tag === "Direct"
    ? textIn(invoice, "memo") === description.value && bytesIn(invoice, "description_hash").length === 0
    : equalBytes(bytesIn(invoice, "description_hash"), fromHex(description.value));
  return isHold && isDescribed && countIn(invoice, "value_msat") === amountMsat &&
    numberIn(invoice, "expiry") === expirySecs && numberIn(invoice, "cltv_expiry") === HOLD_CLTV_DELTA;
}

/** Looks before it acts, and after each act that wasn't answered: only LND's record says how it ended. */
function end(
  context: LndContext,
  wanted: "settle" | "cancel",
  paymentHash: Bytes,
  body: JsonObject,
  signal?: AbortSignal,
): Promise<HoldOutcome> {
  return insist<HoldOutcome>(context, `to ${wanted} a payment`, async () => {
    const invoice = await invoiceOf(context, paymentHash, signal);
    const step = stepOf(wanted, invoice === null ? "missing" : stateOf(invoice));
    if (!step.ok) return step;
    if (step.value === "is") return ok(null);
    if (step.value === "wait") return null;
    await context.rest.post(`/v2/invoices/${wanted}`, body, { signal });
    return ok(null);
  }, signal);
}
