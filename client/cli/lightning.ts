/** For people: paying and being paid over Lightning. */
import { InvalidArgumentError } from "commander";
import type { FederationClient, ListedGateway, PaymentFee } from "../mod.ts";
import { readLightning } from "../pasted.ts";
import { gatewayArgument, urlArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { withWallet } from "./ecash.ts";
import { CliError } from "./error.ts";
import { moneyText } from "./money.ts";
import { amountPieces, asArgument, pastedArgument } from "./pasted.ts";
import type { GatewayOption, PayOptions } from "./paying.ts";
import { pay } from "./paying.ts";
import { printable } from "./printable.ts";
import { qrText } from "./qr.ts";
import type { Session } from "./session.ts";

type InvoiceOptions = GatewayOption & {
  readonly description?: string;
  readonly expiry?: number;
  readonly wait?: boolean;
  readonly qr: boolean;
};
type LnurlOptions = GatewayOption & { readonly qr: boolean };

export function lightningCommands(cli: Cli): void {
  const { program } = cli;
  const flag = "--gateway <URL>",
    what = "another gateway than the federation's own choice: a URL, or an id that `gateways` shows";
  program.command("invoice").argument("<amount...>", 'such as "1000 sat"; a number alone is msat')
    .description("ask for a payment over Lightning: a QR code; on a terminal wait for the money")
    .option("--description <TEXT>", "what the payer reads")
    .option("--expiry <SECONDS>", "an hour unless you say otherwise; a day at most", secondsArgument)
    .option(flag, what, gatewayArgument)
    .option("--wait", "also wait when this is no terminal")
    .option("--no-wait", "print the invoice only")
    .option("--no-qr", "text only")
    .action(
      cli.friendly((session, amount: string[], options: InvoiceOptions) => {
        const amountMsat = amountPieces(amount);
        return withWallet(session, (wallet) => invoice(session, wallet, amountMsat, options));
      }),
    );
  program.command("pay").argument("<payee>", "invoice, Lightning address or LNURL; - reads it from standard input")
    .argument("[amount...]", 'where the payee doesn\'t say it, such as "1000 sat", or all; a number alone is msat')
    .description("pay over Lightning; shows what it costs and asks")
    .option("-y, --yes", "don't ask")
    .option(flag, what, gatewayArgument)
    .action(
      cli.friendly(async (session, pasted: string, amount: string[], options: PayOptions) => {
        const text = await pastedArgument(session, [pasted]);
        const payee = asArgument("payee", () => readLightning(text));
        const isAll = amount.length === 1 && amount[0]!.toLowerCase() === "all";
        const amountMsat = amount.length === 0 ? null : isAll ? "all" : amountPieces(amount);
        await withWallet(session, (wallet) => pay(session, wallet, payee, amountMsat, options));
      }),
    );
  program.command("gateways").description("the federation's gateways, and what they take")
    .action(cli.friendly((session) => withWallet(session, (wallet) => gateways(session, wallet))));
  program.command("lnurl").argument("<server>", "URL of a server that writes invoices for you", urlArgument)
    .description("a text that anybody can pay to at any time; the money comes by itself")
    .option(flag, what, gatewayArgument)
    .option("--no-qr", "text only")
    .action(
      cli.friendly((session, server: string, options: LnurlOptions) =>
        withWallet(session, (wallet) => lnurl(session, wallet, server, options))
      ),
    );
}

function secondsArgument(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError("Expected a number of seconds.");
  return Number(text);
}

function show({ io }: Session, text: string, link: string, qr: boolean): void {
  const code = qr && io.terminal ? qrText(link, io.terminal) : null;
  if (code !== null) io.out(`${code}\n`);
  else if (qr && io.terminal) io.err("It is too long for a QR code in this terminal.\n");
  io.out(`${text}\n`);
}

async function invoice(
  session: Session,
  wallet: FederationClient,
  amountMsat: bigint,
  { description, expiry, gateway, wait, qr }: InvoiceOptions,
): Promise<void> {
  const { io } = session, { signal } = io;
  const quote = await wallet.quoteInvoice(amountMsat, { signal, ...(gateway !== undefined && { gateway }) });
  const { invoice, operationId } = await wallet.createInvoice(amountMsat, {
    quote,
    signal,
    ...(description !== undefined && { description }),
    ...(expiry !== undefined && { expirySecs: expiry }),
  });
  // a QR code of capitals is smaller
  show(session, invoice, invoice.toUpperCase(), qr);
  io.err(`Of ${moneyText(amountMsat)}, ${moneyText(quote.arrivesMsat)} arrive. `);
  io.err(
    `The gateway takes ${moneyText(quote.gatewayFeeMsat)}, the federation ${moneyText(quote.federationFeeMsat)}.\n`,
  );
  if (!(wait ?? io.terminal !== null)) return;
  io.err("Waiting for the money. Ctrl-C stops waiting; nothing is lost, it comes the next time the wallet is open.\n");
  const outcome = await wallet.awaitInvoice(operationId, signal);
  switch (outcome.outcome) {
    case "claimed":
      io.out(`Received. Balance: ${moneyText(await wallet.getBalance())}\n`);
      return;
    case "expired":
      throw CliError.failed("Nobody paid in time. Nothing was lost: the payer has kept the money.");
    case "uneconomical":
      throw CliError.failed("It was paid, and is worth less than the federation's fees for crediting it.");
    case "failure":
      throw CliError.failed(
        `The federation refused to credit it (${
          printable(outcome.reason)
        }). Ask its guardians about operation ${operationId}.`,
      );
  }
}

function feeText({ base, partsPerMillion }: PaymentFee): string {
  return `${moneyText(base)} + ${Number(partsPerMillion) / 10_000} %`;
}

function gatewayText({ name, url, alias, prices }: ListedGateway): string {
  const at = name === url ? printable(url) : `${printable(name)} at ${printable(url)}`;
  if (!prices) return `${at}: doesn't answer, or doesn't serve this federation\n`;
  const { paying, beingPaid } = prices;
  const receiving = beingPaid ? feeText(beingPaid) : "not at the moment";
  const called = alias === null ? "" : ` (${printable(alias)})`;
  return `${at}${called}\n  paying ${feeText(paying)}; being paid: ${receiving}\n`;
}

async function gateways({ io }: Session, wallet: FederationClient): Promise<void> {
  const listed = await wallet.gateways(io.signal);
  if (listed.length === 0) io.out("This federation has no gateway at the moment.\n");
  for (const gateway of listed) io.out(gatewayText(gateway));
}

async function lnurl(
  session: Session,
  wallet: FederationClient,
  server: string,
  { gateway, qr }: LnurlOptions,
): Promise<void> {
  const { io } = session;
  const text = await wallet.lnurl(server, { signal: io.signal, ...(gateway !== undefined && { gateway }) });
  show(session, text, text.toUpperCase(), qr);
  io.err(`Whoever has it can pay to this wallet, as long as ${printable(server)} is there and serves lnurls.\n`);
  io.err("The money comes while the wallet is open, or the next time it is.\n");
}
