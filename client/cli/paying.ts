/** `pay`: for people, over Lightning. */
import { toHex } from "../../core/bytes.ts";
import { MSAT_PER_SAT } from "../../core/types/amount.ts";
import type { FederationClient, PaymentQuote } from "../mod.ts";
import type { PastedLightning } from "../pasted.ts";
import { CliError } from "./error.ts";
import { moneyText } from "./money.ts";
import { printable } from "./printable.ts";
import type { Session } from "./session.ts";

const BLOCKS_PER_DAY = 144n;

export type GatewayOption = { readonly gateway?: string };
export type PayOptions = GatewayOption & { readonly yes?: boolean };

/** What is paid, and through whom. */
type Order = { readonly invoice: string; readonly through: GatewayOption };

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
  const most = amount === "all" ? await wallet.maxSendable({ ...through, signal: io.signal }) : null;
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
  return {
    invoice: await wallet.invoiceOf(request, asked, io.signal),
    through: most ? { gateway: most.gateway } : through,
  };
}

function leastOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** How long the money may be away, or why it can't be. */
function refundText({ gateway, isDirect, refundBlocks }: PaymentQuote): string {
  if (gateway === null) return "The payee is in this federation: nothing goes over Lightning.\n";
  const days = (refundBlocks + BLOCKS_PER_DAY - 1n) / BLOCKS_PER_DAY;
  const direct = isDirect ? "The payee uses the same gateway: nothing goes over Lightning.\n" : "";
  return `${direct}Should the gateway do nothing at all, the money is back within ${days} day${
    days === 1n ? "" : "s"
  }.\n`;
}

function showQuote({ io }: Session, quote: PaymentQuote): void {
  const { amountMsat, gatewayFeeMsat, federationFeeMsat, totalMsat, gateway, description } = quote;
  const about = description === null || description === "" ? "" : ` for “${printable(description)}”`;
  io.err(`Paying ${moneyText(amountMsat)}${about}.\n`);
  const takers = gateway === null
    ? "The federation takes"
    : `Gateway ${printable(gateway)} takes ${moneyText(gatewayFeeMsat)}, the federation`;
  io.err(`${takers} ${moneyText(federationFeeMsat)}. ${moneyText(totalMsat)} leave the wallet.\n`);
  if (quote.isOwn) io.err("This wallet wrote the invoice itself: paying it costs the fees, and does nothing else.\n");
  io.err(refundText(quote));
}

export async function pay(
  session: Session,
  wallet: FederationClient,
  payee: PastedLightning,
  amount: bigint | "all" | null,
  { yes = false, gateway }: PayOptions,
): Promise<void> {
  const { io } = session, { signal } = io;
  const { invoice, through } = await orderOf(session, wallet, payee, amount, gateway === undefined ? {} : { gateway });
  const quote = await wallet.quotePayment(invoice, { ...through, signal });
  showQuote(session, quote);
  if (!yes) {
    if (io.ask === null) {
      throw CliError.failed("Nothing was paid: there is no terminal to ask on. With --yes it pays without asking.");
    }
    const answer = await io.ask("Go ahead? (y/N): ");
    if (!/^(y|yes)$/i.test(answer.trim())) throw CliError.failed("Nothing was paid.");
  }
  const operationId = await wallet.payInvoice(invoice, { quote, signal });
  io.err("On its way. Ctrl-C stops waiting; it goes on while the wallet is open.\n");
  const outcome = await wallet.awaitPayment(operationId, signal);
  switch (outcome.outcome) {
    case "success":
      // what was paid with more than it costs comes back as change
      await wallet.awaitNotes(operationId, signal);
      io.out(`Paid. Preimage: ${toHex(outcome.preimage)}\nBalance: ${moneyText(await wallet.getBalance())}\n`);
      return;
    case "refunded":
      throw CliError.failed(
        `The gateway could not pay${
          outcome.reason === null ? "" : ` (${printable(outcome.reason)})`
        }. The money is back, less fees. Balance: ${moneyText(await wallet.getBalance())}`,
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
