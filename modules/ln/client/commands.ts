/** `module ln …`: names and JSON of fedimint-cli. fedimint-ln-client 0.13.0 (`cli.rs`); docs/protocol/02b-cli.md §6. */
import type { Platform } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { list, tryDecoding, u64 } from "../../../core/encoding/mod.ts";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import { formatAmount } from "../../../core/types/amount_text.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { compactText } from "../../../core/types/pasted_text.ts";
import { publicKey } from "../../../core/types/keys.ts";
import type { ClientCommand } from "../../contract/client.ts";
import { amountArgument, oneArgument, operationArgument, takeArgument } from "../../contract/command_arguments.ts";
import { CommandError } from "../../contract/command_error.ts";
import { askInvoice, askPayRequest, isLnurlPayee } from "../../contract/lnurl_pay.ts";
import { gatewayAnnouncement } from "../gateways.ts";
import type { LnClient } from "./api.ts";
import { finalPayJson } from "./outcome.ts";
import { lnurlCommand } from "./recurring_commands.ts";

/** Takes `--name` out of the arguments. */
function takeFlag(
  args: readonly string[],
  name: string,
): { readonly isSet: boolean; readonly rest: readonly string[] } {
  const rest = args.filter((arg) => arg !== name);
  return { isSet: rest.length < args.length, rest };
}

function gatewayOf(text: string | null): Bytes | null {
  if (text === null) return null;
  const key = tryDecoding(() => publicKey.fromJson(text));
  if (!key.ok) throw CommandError.usage("--gateway-id is a public key");
  return key.value;
}

function secsOf(text: string | null): bigint | null {
  if (text === null) return null;
  const secs = /^[0-9]{1,19}$/.test(text) ? tryDecoding(() => u64.fromJson(BigInt(text))) : null;
  if (!secs?.ok) throw CommandError.usage("--expiry-time is a number of seconds");
  return secs.value;
}

/** Which gateway: one by its id, or none at all. */
function takeGateway(args: readonly string[]) {
  const { value, rest: others } = takeArgument(args, "--gateway-id");
  const { isSet, rest } = takeFlag(others, "--force-internal");
  return { gatewayId: gatewayOf(value), isInternal: isSet, rest };
}

const announcements = list(gatewayAnnouncement);

/** What is paid to who writes an invoice for any amount. */
type Wish = {
  readonly amount: string | null;
  readonly isAll: boolean;
  readonly comment: string | null;
  readonly gatewayId: Bytes | null;
  readonly isInternal: boolean;
};
/** What is paid, and through whom. */
type Order = { readonly invoice: string; readonly gatewayId: Bytes | null };

/** The invoice itself, or one of whom an LNURL or a Lightning address names. */
async function orderOf(
  ln: LnClient,
  platform: Platform,
  payee: string,
  wish: Wish,
  signal: AbortSignal,
): Promise<Order> {
  const { isAll, comment, gatewayId, isInternal } = wish;
  const wantedMsat = wish.amount === null ? null : amountArgument(wish.amount, "--amount");
  if (!isLnurlPayee(payee.trim())) {
    const invoice = tryDecoding(() => parseBolt11(compactText(payee)));
    if (isAll && invoice.ok) throw CommandError.failed(ALL_OF_INVOICE);
    const isTwice = wantedMsat !== null && invoice.ok && invoice.value.amountMsat !== null;
    if (isTwice) throw CommandError.failed("The amount is specified both in the invoice and separately");
    return { invoice: payee, gatewayId };
  }
  if (wantedMsat === null && !isAll) throw CommandError.failed("An amount must be specified when paying to an LNURL");
  const request = await askPayRequest(platform, payee.trim(), signal), said = comment === null ? {} : { comment };
  if (wantedMsat !== null) {
    const invoice = await askInvoice(platform, request, { amountMsat: wantedMsat, ...said }, signal);
    return { invoice, gatewayId };
  }
  if (isInternal) throw CommandError.failed(ALL_INTERNAL);
  const most = await ln.maxPayable(gatewayId, signal), { minMsat, maxMsat } = request;
  const amountMsat = most.amountMsat < maxMsat ? most.amountMsat : maxMsat;
  if (amountMsat < minMsat) {
    const least = `the recipient requires at least ${formatAmount(minMsat)} (LNURL minSendable)`;
    throw CommandError.failed(`--all can send at most ${formatAmount(amountMsat)}, but ${least}`);
  }
  // through whom the fees are known
  const invoice = await askInvoice(platform, request, { amountMsat, ...said }, signal);
  return { invoice, gatewayId: most.gatewayId };
}

const ALL_OF_INVOICE = "--all is only valid for LNURL/Lightning Address payments, not fixed-amount invoices";

const ALL_INTERNAL = "--all requires a gateway to price the payment; internal payments are not supported";

export function lnCommands(ln: LnClient, platform: Platform): { readonly [name: string]: ClientCommand } {
  const finalPay = async (id: OperationId, signal: AbortSignal): Promise<Json> =>
    finalPayJson(await ln.awaitPay(id, signal), await ln.isInternal(id, signal));
  return {
    invoice: {
      usage: "invoice AMOUNT [--description TEXT] [--expiry-time SECS] [--gateway-id KEY] [--force-internal]",
      help: "An invoice, for a day unless said otherwise. AMOUNT in msat unless it has a unit",
      run: async (args, signal) => {
        const { gatewayId, isInternal, rest: rest1 } = takeGateway(args);
        const { value: description, rest: rest2 } = takeArgument(rest1, "--description");
        const { value: expiry, rest } = takeArgument(rest2, "--expiry-time");
        const expirySecs = secsOf(expiry), gateway = gatewayId ?? (isInternal ? "internal" : null);
        const { operationId, invoice } = await ln.receive(amountArgument(oneArgument(rest, "AMOUNT"), "AMOUNT"), {
          ...(description !== null && { description }),
          ...(expirySecs !== null && { expirySecs }),
          ...(gateway !== null && { gateway }),
        }, signal);
        return { operation_id: operationId, invoice };
      },
    },
    "await-invoice": {
      usage: "await-invoice OPERATION_ID",
      help: 'Waits until an invoice is paid: {"status":"paid"}',
      run: async (args, signal) => {
        const received = await ln.awaitReceive(operationArgument(args), signal);
        if (received.outcome === "claimed") return { status: "paid" };
        throw CommandError.failed(RECEIVE_TEXTS[received.outcome]);
      },
    },
    pay: {
      usage: "pay INVOICE_OR_LNURL [--amount AMOUNT | --all] [--lnurl-comment TEXT] " +
        "[--gateway-id KEY] [--force-internal] [--max-fee AMOUNT]",
      help:
        "Pays an invoice, or --amount (or all that there is) to an LNURL or a Lightning address, and waits for the end: " +
        "the preimage, or why it wasn't paid. The gateway may take 100 sat and 1.5 % unless --max-fee says otherwise",
      run: async (args, signal) => {
        const { value: maxFee, rest: rest1 } = takeArgument(args, "--max-fee");
        const { value: amount, rest: rest2 } = takeArgument(rest1, "--amount");
        const { value: comment, rest: rest3 } = takeArgument(rest2, "--lnurl-comment");
        const { isSet: isAll, rest: rest4 } = takeFlag(rest3, "--all");
        if (isAll && amount !== null) throw CommandError.usage("--amount and --all exclude each other");
        const { gatewayId: wanted, isInternal, rest } = takeGateway(rest4),
          payee = oneArgument(rest, "INVOICE_OR_LNURL");
        const { invoice, gatewayId } = await orderOf(
          ln,
          platform,
          payee,
          { amount, isAll, comment, gatewayId: wanted, isInternal },
          signal,
        );
        const { operationId } = await ln.pay(invoice, {
          isInternal,
          ...(gatewayId && { gatewayId }),
          ...(maxFee !== null && { gatewayFeeMsatMax: amountArgument(maxFee, "--max-fee") }),
        }, signal);
        return await finalPay(operationId, signal);
      },
    },
    "await-pay": {
      usage: "await-pay OPERATION_ID",
      help: "Waits for the end of a payment",
      run: (args, signal) => finalPay(operationArgument(args), signal),
    },
    lnurl: lnurlCommand(ln, RECEIVE_TEXTS),
    "list-gateways": {
      usage: "list-gateways [--no-update]",
      help: "Gateways that are registered with guardians",
      run: async (args, signal) => {
        const { isSet, rest } = takeFlag(args, "--no-update");
        if (rest.length > 0) throw CommandError.usage("list-gateways takes --no-update alone");
        if (!isSet) await ln.updateGateways(signal);
        return announcements.toJson(await ln.gateways());
      },
    },
  };
}

const RECEIVE_TEXTS = {
  expired: "Incoming Lightning invoice was not paid within the timeout",
  invalid: "The decrypted preimage was invalid",
  rejected: "Offer transaction was rejected",
  failure: "Claim transaction was rejected",
} as const;
