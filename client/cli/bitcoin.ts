/** For people: bitcoin in, bitcoin out. */
import { sleep } from "../../actors/platform/platform.ts";
import { MSAT_PER_SAT } from "../../core/types/amount.ts";
import { fractionOfSatText } from "../../core/types/amount_text.ts";
import type { AddressOptions, PendingDeposit, WithdrawQuote } from "../mod.ts";
import { CallError, FederationClient } from "../mod.ts";
import { readBitcoinAddress } from "../pasted.ts";
import type { Cli } from "./cli.ts";
import { withWallet } from "./ecash.ts";
import { CliError } from "./error.ts";
import { moneyText, satText } from "./money.ts";
import { amountPieces, asArgument } from "./pasted.ts";
import { printable } from "./printable.ts";
import { qrText } from "./qr.ts";
import type { Session } from "./session.ts";

/** Between two looks at what keeps a deposit from coming. Reads the store alone. */
const TROUBLE_POLL_MS = 2_000;
/** One in so many passes the federation's filter. */
const INDICES_ON_AVERAGE = 65_536;

type DepositOptions = { readonly wait?: boolean; readonly qr: boolean };
type WithdrawOptions = { readonly yes?: boolean; readonly highFee?: boolean };
type DepositsOptions = { readonly retry?: boolean };

export function bitcoinCommands(cli: Cli): void {
  const { program } = cli;
  program.command("deposit").description("show a Bitcoin address; on a terminal wait for the money")
    .option("--wait", "also wait when this is no terminal")
    .option("--no-wait", "print the address only")
    .option("--no-qr", "text only")
    .action(
      cli.friendly(async (session, options: DepositOptions) => {
        const fromEventId = await withWallet(session, (wallet) => deposit(session, wallet, options));
        if (fromEventId !== null) await awaitDeposit(session, fromEventId);
      }),
    );
  program.command("deposits").description("Bitcoin on its way in, with what keeps it from the balance")
    .option("--retry", "look for all of it again and try each at once")
    .action(
      cli.friendly((session, options: DepositsOptions) =>
        withWallet(session, (wallet) => deposits(session, wallet, options))
      ),
    );
  program.command("withdraw").argument("<address>", "Bitcoin address, or a link bitcoin:ADDRESS?amount=…")
    .argument("[amount...]", 'whole sat, such as "20000 sat", or `all`; a number alone is msat; a link may hold it')
    .description("pay to a Bitcoin address; shows what it costs and asks")
    .option("-y, --yes", "don't ask")
    .option("--high-fee", "pay also where the on-chain fee is more than a tenth of the amount")
    .action(
      cli.friendly(async (session, pasted: string, pieces: string[], options: WithdrawOptions) => {
        const { address, amountSat } = payee(pasted, pieces);
        await withWallet(session, (wallet) => withdraw(session, wallet, address, amountSat, options));
      }),
    );
}

type Payee = { readonly address: string; readonly amountSat: bigint | "all" };

/**
 * Who gets what: the amount is what is said, or what the link asks for, and never one of two.
 * @throws {CliError} `usage`
 */
function payee(pasted: string, pieces: readonly string[]): Payee {
  const { address, amountSat: asked } = asArgument("address", () => readBitcoinAddress(pasted));
  const said = pieces.length === 0 ? null : satOrAll(pieces);
  if (said === null && asked === null) {
    throw CliError.usage('amount: it is missing. Say it, such as "20000 sat", or `all`.');
  }
  if (said !== null && asked !== null && said !== asked) {
    throw CliError.usage(
      `amount: the link asks for ${satText(asked)}. Leave the amount out, or give the address alone.`,
    );
  }
  return { address, amountSat: said ?? asked! };
}

function satOrAll(pieces: readonly string[]): bigint | "all" {
  const text = pieces.join(" ");
  if (text.toLowerCase() === "all") return "all";
  const msat = amountPieces(pieces);
  if (msat % MSAT_PER_SAT !== 0n) throw CliError.usage(`amount: ${fractionOfSatText(text, msat)}`);
  return msat / MSAT_PER_SAT;
}

/** @returns position in the event log to wait from; null: not to wait */
async function deposit(
  session: Session,
  wallet: FederationClient,
  { wait, qr }: DepositOptions,
): Promise<number | null> {
  const { io } = session;
  const fromEventId = await wallet.nextEventId();
  io.err("Looking for an address of this federation. The very first takes some seconds …\n");
  const address = await wallet.depositAddress({ signal: io.signal, ...progress(session) });
  if (io.terminal) io.err("\x1b[K");
  const code = qr && io.terminal ? qrText(`bitcoin:${address}`, io.terminal) : null;
  if (code !== null) io.out(`${code}\n`);
  io.out(`${address}\n`);
  io.err(`Pay to this address${wallet.network === null ? "" : ` on ${wallet.network}`}. `);
  io.err("The federation credits it after some blocks, less an on-chain fee.\n");
  if (!(wait ?? io.terminal !== null)) return null;
  io.err("Waiting for the money. Ctrl-C stops waiting; nothing is lost, it comes the next time the wallet is open.\n");
  return fromEventId;
}

/** Lines that replace each other, where somebody sees them. */
function progress({ io }: Session): AddressOptions {
  if (io.terminal === null) return {};
  const average = INDICES_ON_AVERAGE.toLocaleString("en");
  return {
    onProgress: (tried) => io.err(`\r\x1b[K${tried.toLocaleString("en")} keys tried, one in ${average} will do\r`),
  };
}

/**
 * Until one deposit is in the balance. Other commands have their turn meanwhile; a deposit that they claim counts as
 * well.
 */
async function awaitDeposit(session: Session, fromEventId: number): Promise<void> {
  const { io } = session;
  let at = fromEventId;
  const told = new Set<string>();
  const balanceMsat = await session.inTurns(async (client, signal) => {
    const wallet = new FederationClient(client), done = new AbortController();
    const telling = tellTrouble(session, wallet, told, AbortSignal.any([signal, done.signal]));
    // what it fails with is thrown once the wait is over
    telling.catch(() => undefined);
    try {
      return await nextDeposit(wallet, signal);
    } finally {
      done.abort();
      await telling;
    }
  });
  io.out(`Received. Balance: ${moneyText(balanceMsat)}\n`);

  async function nextDeposit(wallet: FederationClient, signal: AbortSignal): Promise<bigint | undefined> {
    for await (const event of wallet.deposits(at, signal)) {
      switch (event.status) {
        case "claiming":
          io.err(`${satText(event.valueSat)} arrived, on-chain fee ${satText(event.feeSat)}. Claiming …\n`);
          break;
        case "aborted":
          io.err("The claim was refused; the wallet tries again.\n");
          break;
        case "claimed":
          await wallet.awaitNotes(event.operationId, signal);
          return await wallet.getBalance();
      }
      at = event.eventId + 1;
    }
    return undefined;
  }
}

/** Says what keeps money from coming, each thing once, until the signal is aborted. */
async function tellTrouble(
  { io }: Session,
  wallet: FederationClient,
  told: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = io.platform;
  while (!signal.aborted) {
    for (const line of await troubles(wallet)) {
      if (!told.has(line)) io.err(`${line}.\n`);
      told.add(line);
    }
    await sleep(clock, TROUBLE_POLL_MS, signal).catch((thrown) => {
      if (!signal.aborted) throw thrown;
    });
  }
}

async function troubles(wallet: FederationClient): Promise<string[]> {
  try {
    const pending = await wallet.pendingDeposits(), { trouble } = await wallet.depositsState();
    const lines = pending.filter(({ reason }) => reason !== null)
      .map((deposit) => `${satText(deposit.valueSat)} to ${deposit.address}: ${depositText(deposit)}`);
    if (trouble === null || lines.length > 0) return lines;
    return [`Nothing can be credited at the moment: ${printable(trouble)}`];
  } catch (thrown) {
    // the module starts anew, and says it the next time
    if (thrown instanceof CallError) return [];
    throw thrown;
  }
}

/** Each on a line of its own. */
async function deposits({ io }: Session, wallet: FederationClient, { retry = false }: DepositsOptions): Promise<void> {
  if (retry) await wallet.retryDeposits(io.signal);
  const pending = await wallet.pendingDeposits();
  if (pending.length === 0) io.out("No Bitcoin is on its way in that the federation has seen.\n");
  for (const deposit of pending) {
    io.out(`${satText(deposit.valueSat)} to ${deposit.address}: ${depositText(deposit)}\n`);
  }
}

function depositText({ status, tries, reason }: PendingDeposit): string {
  switch (status) {
    case "claiming":
      return "being claimed";
    case "waiting":
      return reason === null ? "waits for its turn" : `waits: ${printable(reason)}`;
    case "failing":
      return `claimed ${tries} times in vain (${printable(reason ?? "")}), and tried again`;
    case "too_small":
      return `too small: ${printable(reason ?? "")}; tried again when the fee falls`;
  }
}

/** What it costs, what waits before it. */
function showQuote({ io }: Session, quote: WithdrawQuote): void {
  const { address, valueSat, feeSat, federationFeeMsat, totalMsat, pending, isShort } = quote;
  if (isShort) {
    io.err("It is all that the federation can pay: some bitcoin must stay with it. The rest stays in the wallet.\n");
  }
  io.err(`Paying ${satText(valueSat)} to ${address}.\n`);
  io.err(`On-chain fee: ${satText(feeSat)}; the federation's own fees: ${moneyText(federationFeeMsat)}.\n`);
  io.err(`${moneyText(totalMsat)} leave the wallet.\n`);
  if (pending === 0) return;
  const they = pending === 1
    ? "1 transaction of the federation waits"
    : `${pending} transactions of the federation wait`;
  io.err(`${they} for a block. Yours comes behind, and each one makes the next dearer until a block comes.\n`);
}

async function withdraw(
  session: Session,
  wallet: FederationClient,
  address: string,
  amountSat: bigint | "all",
  { yes = false, highFee = false }: WithdrawOptions,
): Promise<void> {
  const { io } = session;
  const quote = await wallet.quoteWithdraw(address, amountSat, { signal: io.signal });
  showQuote(session, quote);
  if (quote.isFeeHigh && !highFee) {
    throw CliError.failed(
      "The on-chain fee is more than a tenth of the amount. Nothing was paid: try again after the next block, pay more at once, " +
        "or say --high-fee.",
    );
  }
  if (!yes) {
    if (io.ask === null) {
      throw CliError.failed("Nothing was paid: there is no terminal to ask on. With --yes it pays without asking.");
    }
    const answer = await io.ask("Go ahead? (y/N): ");
    if (!/^(y|yes)$/i.test(answer.trim())) throw CliError.failed("Nothing was paid.");
  }
  // the fee that was shown: should it have risen meanwhile, guardians refuse and the money comes back
  const operationId = await wallet.withdraw(address, quote.valueSat, { feeSat: quote.feeSat, signal: io.signal });
  const withdrawal = await wallet.awaitWithdraw(operationId, io.signal);
  switch (withdrawal.outcome) {
    case "success":
      // what was paid with more than it costs comes back as change
      await wallet.awaitNotes(operationId, io.signal);
      io.out(`Bitcoin transaction ${withdrawal.txid}\nBalance: ${moneyText(await wallet.getBalance())}\n`);
      io.err("The federation signs it and hands it to the Bitcoin network. It is paid once a block holds it.\n");
      return;
    case "aborted":
      io.err(`The federation refused the payment (${printable(withdrawal.reason)}). Taking the money back …\n`);
      await wallet.awaitNotes(operationId, io.signal);
      throw CliError.failed(`Nothing was paid. Balance: ${moneyText(await wallet.getBalance())}`);
    case "failure":
      throw CliError.failed(
        `The federation took the payment, and its Bitcoin transaction is not known. Ask its guardians about operation ${operationId}.`,
      );
  }
}
