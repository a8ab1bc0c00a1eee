/** For people: what there is, e-cash out, e-cash in. */
import { InvalidArgumentError } from "commander";
import { modulePrefix } from "../database.ts";
import { FederationClient } from "../mod.ts";
import { amountArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { moneyText, pendingLines } from "./money.ts";
import { printable } from "./printable.ts";
import { qrText } from "./qr.ts";
import type { Session } from "./session.ts";

type SpendOptions = { readonly includeInvite?: boolean; readonly qr: boolean };

export function ecashCommands(cli: Cli): void {
  const { program } = cli;
  program.command("balance").description("what there is")
    .action(cli.friendly((session) => withWallet(session, (wallet) => balance(session, wallet))));
  program.command("spend").argument("<amount>", 'such as "100 sat"; a number alone is msat', positiveAmount)
    .description("take e-cash out of the wallet as text and QR code: whoever has it has the money")
    .option("--include-invite", "so that somebody who isn't a member yet can join with it")
    .option("--no-qr", "text only")
    .action(
      cli.friendly((session, amountMsat: bigint, options: SpendOptions) =>
        withWallet(session, (wallet) => spend(session, wallet, amountMsat, options))
      ),
    );
  program.command("receive").argument("<ecash>", "text that somebody gave you: fedimint…")
    .description("redeem e-cash; waits until it is in the balance")
    .action(cli.friendly((session, ecash: string) => withWallet(session, (wallet) => receive(session, wallet, ecash))));
}

export function positiveAmount(text: string): bigint {
  const msat = amountArgument(text);
  if (msat === 0n) throw new InvalidArgumentError("Expected more than nothing.");
  return msat;
}

export function withWallet<T>(session: Session, use: (wallet: FederationClient) => Promise<T>): Promise<T> {
  return session.withClient((client) => use(new FederationClient(client)));
}

async function balance({ io }: Session, wallet: FederationClient): Promise<void> {
  const { instance, module } = wallet.client.primary();
  const notes = await wallet.client.options.store.read((tx) => module.denominations(tx.view(modulePrefix(instance))));
  const count = [...notes.values()].reduce((sum, held) => sum + held, 0);
  io.out(`${moneyText(await wallet.getBalance())} in ${count} note${count === 1 ? "" : "s"}\n`);
  for (const line of pendingLines(await wallet.getPending())) io.out(`${line}\n`);
  const { federationName, network } = wallet;
  const name = federationName === null ? wallet.federationId : printable(federationName);
  io.out(`Federation: ${name}${network === null ? "" : `, on ${network}`}\n`);
  const waiting = await wallet.client.activeMachines();
  if (waiting > 0) {
    io.out(
      "Payments are under way. They go on while the wallet is open: `dev wait-complete` keeps it open until they are done.\n",
    );
  }
}

async function spend(
  { io }: Session,
  wallet: FederationClient,
  amountMsat: bigint,
  { includeInvite = false, qr }: SpendOptions,
): Promise<void> {
  const { ecash, amountMsat: spentMsat } = await wallet.spend(amountMsat, { includeInvite, signal: io.signal });
  // the text alone is on standard output, for a pipe or a file
  io.err(`E-cash of ${moneyText(spentMsat)}. It has left the wallet: whoever redeems it first has the money.\n`);
  io.err("Should it get lost, `list-operations` shows it, and `receive` takes it back.\n");
  const code = qr && io.terminal ? qrText(ecash, io.terminal) : null;
  if (code !== null) io.out(`${code}\n`);
  else if (qr && io.terminal) io.err("It is too long for a QR code in this terminal.\n");
  io.out(`${ecash}\n`);
}

async function receive({ io }: Session, wallet: FederationClient, ecash: string): Promise<void> {
  const beforeMsat = await wallet.getBalance();
  const { operationId, amountMsat } = await wallet.receive(ecash);
  io.err(`E-cash of ${moneyText(amountMsat)} is being redeemed …\n`);
  const outcome = await wallet.awaitReceive(operationId, io.signal);
  if (!outcome.ok) {
    throw CliError.failed(
      `The federation refused this e-cash: ${outcome.error}. Somebody may have redeemed it before.`,
    );
  }
  const balanceMsat = await wallet.getBalance();
  io.out(`Received ${moneyText(balanceMsat - beforeMsat)} after fees.\nBalance: ${moneyText(balanceMsat)}\n`);
}
