/** For people: bitcoin in, bitcoin out. */
import { InvalidArgumentError } from "commander";
import { MSAT_PER_SAT } from "../../core/types/amount.ts";
import type { AddressOptions } from "../mod.ts";
import { FederationClient } from "../mod.ts";
import { addressArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { positiveAmount, withWallet } from "./ecash.ts";
import { CliError } from "./error.ts";
import { moneyText, satText } from "./money.ts";
import { qrText } from "./qr.ts";
import type { Session } from "./session.ts";

/** One in so many passes the federation's filter. */
const INDICES_ON_AVERAGE = 65_536;

type DepositOptions = { readonly wait?: boolean; readonly qr: boolean };
type WithdrawOptions = { readonly yes?: boolean };

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
  program.command("withdraw").argument("<address>", "Bitcoin address", addressArgument)
    .argument("<amount>", 'whole sat, such as "20000 sat", or `all`; a number alone is msat', satOrAll)
    .description("pay to a Bitcoin address; shows the fee and asks")
    .option("-y, --yes", "don't ask")
    .action(
      cli.friendly((session, address: string, amount: bigint | "all", options: WithdrawOptions) =>
        withWallet(session, (wallet) => withdraw(session, wallet, address, amount, options))
      ),
    );
}

function satOrAll(text: string): bigint | "all" {
  if (text.toLowerCase() === "all") return "all";
  const msat = positiveAmount(text);
  if (msat % MSAT_PER_SAT !== 0n) throw new InvalidArgumentError("Bitcoin has no fractions of a sat.");
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

/** Until one deposit is in the balance. Other commands have their turn meanwhile; a deposit that they claim counts as well. */
async function awaitDeposit(session: Session, fromEventId: number): Promise<void> {
  const { io } = session;
  let at = fromEventId;
  const balanceMsat = await session.inTurns(async (client, signal) => {
    const wallet = new FederationClient(client);
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
  });
  io.out(`Received. Balance: ${moneyText(balanceMsat)}\n`);
}

async function withdraw(
  { io }: Session,
  wallet: FederationClient,
  address: string,
  amountSat: bigint | "all",
  { yes = false }: WithdrawOptions,
): Promise<void> {
  const { sendSat: feeSat } = await wallet.bitcoinFees(io.signal);
  const valueSat = amountSat === "all" ? await wallet.maxWithdrawable(feeSat, io.signal) : amountSat;
  if (amountSat === "all" && valueSat === await wallet.maxPayable(feeSat, io.signal)) {
    io.err("It is all that the federation can pay: some bitcoin must stay with it. The rest stays in the wallet.\n");
  }
  io.err(`Paying ${satText(valueSat)} to ${address}.\n`);
  io.err(`On-chain fee: ${satText(feeSat)}; the federation's own fees come on top.\n`);
  if (!yes && io.ask !== null) {
    const answer = await io.ask("Go ahead? (y/N): ");
    if (!/^(y|yes)$/i.test(answer.trim())) throw CliError.failed("Nothing was paid.");
  }
  const operationId = await wallet.withdraw(address, valueSat, { feeSat, signal: io.signal });
  const withdrawal = await wallet.awaitWithdraw(operationId, io.signal);
  switch (withdrawal.outcome) {
    case "success":
      io.out(`Paid. Bitcoin transaction ${withdrawal.txid}\nBalance: ${moneyText(await wallet.getBalance())}\n`);
      return;
    case "aborted":
      io.err(`The federation refused the payment (${withdrawal.reason}). Taking the money back …\n`);
      await wallet.awaitNotes(operationId, io.signal);
      throw CliError.failed(`Nothing was paid. Balance: ${moneyText(await wallet.getBalance())}`);
    case "failure":
      throw CliError.failed(
        `The federation took the payment, and its Bitcoin transaction is not known. Ask its guardians about operation ${operationId}.`,
      );
  }
}
