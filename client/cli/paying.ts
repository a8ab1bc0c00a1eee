/**
 * `pay`: for people, over Lightning: by the second module for it where the federation has that one, else by the first.
 */
import { toHex } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import { parseHex } from "../../core/encoding/mod.ts";
import { MSAT_PER_SAT } from "../../core/types/amount.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { lnClient } from "../../modules/ln/client.ts";
import { LN_KIND } from "../../modules/ln/common.ts";
import { CONFIRMATION_BUFFER_BLOCKS } from "../../modules/lnv2/client/limits.ts";
import { LNV2_KIND } from "../../modules/lnv2/common.ts";
import type { FederationClient } from "../mod.ts";
import type { PastedLightning } from "../pasted.ts";
import { CliError } from "./error.ts";
import { moneyText } from "./money.ts";
import { printable } from "./printable.ts";
import type { Session } from "./session.ts";

const BLOCKS_PER_DAY = 144n;

export type GatewayOption = { readonly gateway?: string };
export type PayOptions = GatewayOption & { readonly yes?: boolean };

/** A payment as it would be made now. */
type Offer = {
  readonly amountMsat: bigint;
  readonly gatewayFeeMsat: bigint;
  readonly federationFeeMsat: bigint;
  readonly totalMsat: bigint;
  readonly description: string | null;
  /** Through whom. Null: within the federation. */
  readonly gateway: string | null;
  /** What else is to be known of it: sentences. */
  readonly more: readonly string[];
  readonly pay: () => Promise<OperationId>;
  readonly end: (operationId: OperationId) => Promise<PaymentEnd>;
};

type PaymentEnd =
  | { readonly outcome: "success"; readonly preimage: Bytes }
  | { readonly outcome: "refunded" }
  | { readonly outcome: "rejected" | "failure"; readonly reason: string };

/** Which gateway: one of its URL, or in the first module of its id. Without either any. */
type Through = GatewayOption & { readonly gatewayId?: Bytes };
/** What is paid, and through whom. */
type Order = { readonly invoice: string; readonly through: Through };

function hasModule(wallet: FederationClient, wanted: string): boolean {
  return wallet.client.modules().some(({ kind, active }) => active && kind === wanted);
}

function isFirst(wallet: FederationClient): boolean {
  return !hasModule(wallet, LNV2_KIND) && hasModule(wallet, LN_KIND);
}

function offerOf(wallet: FederationClient, order: Order, signal: AbortSignal): Promise<Offer> {
  return isFirst(wallet) ? offerOfFirst(wallet, order, signal) : offerOfSecond(wallet, order, signal);
}

async function offerOfSecond(
  wallet: FederationClient,
  { invoice, through: { gateway } }: Order,
  signal: AbortSignal,
): Promise<Offer> {
  const quote = await wallet.quotePayment(invoice, { signal, ...(gateway !== undefined && { gateway }) });
  const days = (quote.terms.expirationDelta + CONFIRMATION_BUFFER_BLOCKS + BLOCKS_PER_DAY - 1n) / BLOCKS_PER_DAY;
  return {
    ...quote,
    more: [
      ...quote.isDirect ? ["The payee uses the same gateway: nothing goes over Lightning."] : [],
      `Should the gateway do nothing at all, the money is back within ${days} day${days === 1n ? "" : "s"}.`,
    ],
    pay: () => wallet.payInvoice(invoice, { quote, signal }),
    end: (operationId) => wallet.awaitPayment(operationId, signal),
  };
}

async function offerOfFirst(
  wallet: FederationClient,
  { invoice, through }: Order,
  signal: AbortSignal,
): Promise<Offer> {
  const ln = wallet.use(lnClient), quote = await ln.quotePay(invoice, through.gatewayId ?? null, signal);
  const { gatewayId } = quote;
  return {
    ...quote,
    gateway: gatewayId,
    more: [
      gatewayId === null
        ? "The payee is in this federation: nothing goes over Lightning."
        : "Should the gateway do nothing at all, the money is back within some days.",
    ],
    pay: async () => {
      const by = gatewayId === null ? {} : { gatewayId: parseHex(gatewayId) };
      return (await ln.pay(invoice, { ...by, gatewayFeeMsatMax: quote.gatewayFeeMsat }, signal)).operationId;
    },
    end: (operationId) => ln.awaitPay(operationId, signal),
  };
}

/** The invoice to pay, with what is known of who is paid. */
async function orderOf(
  { io }: Session,
  wallet: FederationClient,
  { what, text }: PastedLightning,
  amount: bigint | "all" | null,
  through: GatewayOption,
): Promise<Order> {
  if (what === "invoice") {
    if (amount !== null) throw CliError.usage("amount: the invoice says it. Leave it out.");
    return { invoice: text, through };
  }
  const request = await wallet.payRequest(text, io.signal);
  const { host, minMsat, maxMsat, description } = request;
  if (description !== null) io.err(`${host}: ${printable(description)}\n`);
  const takes = `${host} takes ${moneyText(minMsat)} at least and ${moneyText(maxMsat)} at most.`;
  const most = amount === "all" ? await mostOf(wallet, through, io.signal) : null;
  const asked = most
    ? leastOf(most.amountMsat - most.amountMsat % MSAT_PER_SAT, maxMsat)
    : typeof amount === "bigint"
    ? amount
    : minMsat === maxMsat
    ? minMsat
    : null;
  if (asked === null) throw CliError.usage(`amount: it is missing. ${takes}`);
  if (most && asked < minMsat) {
    throw CliError.failed(`Nothing was paid: the balance pays for ${moneyText(asked)} at most, and ${takes}`);
  }
  return { invoice: await wallet.invoiceOf(request, asked, io.signal), through: most?.through ?? through };
}

function leastOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The most that the balance pays for. */
async function mostOf(
  wallet: FederationClient,
  through: GatewayOption,
  signal: AbortSignal,
): Promise<{ readonly amountMsat: bigint; readonly through: Through }> {
  if (isFirst(wallet)) {
    const { amountMsat, gatewayId } = await wallet.use(lnClient).maxPayable(null, signal);
    return { amountMsat, through: { gatewayId } };
  }
  const { amountMsat, gateway } = await wallet.maxSendable({ ...through, signal });
  return { amountMsat, through: { gateway } };
}

function showOffer({ io }: Session, offer: Offer): void {
  const { amountMsat, gatewayFeeMsat, federationFeeMsat, totalMsat, gateway, description, more } = offer;
  const about = description === null || description === "" ? "" : ` for “${printable(description)}”`;
  io.err(`Paying ${moneyText(amountMsat)}${about}.\n`);
  const takers = gateway === null
    ? "The federation takes"
    : `Gateway ${printable(gateway)} takes ${moneyText(gatewayFeeMsat)}, the federation`;
  io.err(`${takers} ${moneyText(federationFeeMsat)}. ${moneyText(totalMsat)} leave the wallet.\n`);
  for (const sentence of more) io.err(`${sentence}\n`);
}

export async function pay(
  session: Session,
  wallet: FederationClient,
  payee: PastedLightning,
  amount: bigint | "all" | null,
  { yes = false, gateway }: PayOptions,
): Promise<void> {
  const { io } = session, { signal } = io;
  if (gateway !== undefined && isFirst(wallet)) {
    throw CliError.usage("--gateway: this federation's gateways have no URLs. `module ln pay --gateway-id` takes one.");
  }
  const order = await orderOf(session, wallet, payee, amount, gateway === undefined ? {} : { gateway });
  const offer = await offerOf(wallet, order, signal);
  showOffer(session, offer);
  if (!yes) {
    if (io.ask === null) {
      throw CliError.failed("Nothing was paid: there is no terminal to ask on. With --yes it pays without asking.");
    }
    const answer = await io.ask("Go ahead? (y/N): ");
    if (!/^(y|yes)$/i.test(answer.trim())) throw CliError.failed("Nothing was paid.");
  }
  const operationId = await offer.pay();
  io.err("On its way. Ctrl-C stops waiting; it goes on while the wallet is open.\n");
  const outcome = await offer.end(operationId);
  switch (outcome.outcome) {
    case "success":
      // what was paid with more than it costs comes back as change
      await wallet.awaitNotes(operationId, signal);
      io.out(`Paid. Preimage: ${toHex(outcome.preimage)}\nBalance: ${moneyText(await wallet.getBalance())}\n`);
      return;
    case "refunded":
      throw CliError.failed(
        `The gateway could not pay. The money is back, less fees. Balance: ${moneyText(await wallet.getBalance())}`,
      );
    case "rejected":
      io.err(`The federation refused the payment (${printable(outcome.reason)}). Taking the money back …\n`);
      await wallet.awaitNotes(operationId, signal);
      throw CliError.failed(`Nothing was paid. Balance: ${moneyText(await wallet.getBalance())}`);
    case "failure":
      throw CliError.failed(
        `It was neither paid nor refunded (${
          printable(outcome.reason)
        }). Ask the guardians about operation ${operationId}.`,
      );
  }
}
