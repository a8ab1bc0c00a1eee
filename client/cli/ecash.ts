/** For people: what there is, e-cash out, e-cash in. */
import { FedimintError } from "../../core/result.ts";
import type { Client } from "../core/client.ts";
import { modulePrefix } from "../core/database.ts";
import { FederationClient, mintv2Client } from "../mod.ts";
import { readEcashTexts } from "../pasted.ts";
import { friendlyError } from "./advice.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { lookAround } from "./looking.ts";
import { moneyText, pendingLines } from "./money.ts";
import { amountPieces, pastedArgument } from "./pasted.ts";
import { printable } from "./printable.ts";
import { qrText } from "./qr.ts";
import type { Session } from "./session.ts";

type SpendOptions = { readonly includeInvite?: boolean; readonly qr: boolean; readonly quote?: boolean };
type ReceiveOptions = { readonly quote?: boolean };

export function ecashCommands(cli: Cli): void {
  const { program } = cli;
  program.command("balance").description("what there is")
    .action(cli.friendly((session) => withWallet(session, (wallet) => balance(session, wallet))));
  program.command("spend").argument(
    "<amount...>",
    'such as "100 sat"; a number alone is msat; 512 msat is the smallest step',
  )
    .description("take e-cash out of the wallet as text and QR code: whoever has it has the money")
    .option("--include-invite", "so that somebody who isn't a member yet can join with it")
    .option("--no-qr", "text only")
    .option("--quote", "only tell what it would cost")
    .action(
      cli.friendly(async (session, amount: string[], options: SpendOptions) => {
        const amountMsat = amountPieces(amount);
        if (options.quote) {
          await session.looking((client) => quoteSpend(session, new FederationClient(client), amountMsat));
          return;
        }
        await session.lookingFirst(
          (client) => client.use(mintv2Client).isAtHand(amountMsat),
          (client) => spend(session, new FederationClient(client), amountMsat, options),
        );
      }),
    );
  program.command("receive").argument(
    "<ecash...>",
    "text that somebody gave you: fedimint…; - reads it from standard input",
  )
    .description("redeem e-cash; waits until it is in the balance")
    .option("--quote", "only tell what of it would arrive")
    .action(
      cli.friendly(async (session, pieces: string[], { quote }: ReceiveOptions) => {
        // before the wallet is opened: another process may wait for it
        const texts = readEcashTexts(await pastedArgument(session, pieces));
        const one = quote ? quoteReceive : receive;
        const all = (client: Client): Promise<void> => {
          const wallet = new FederationClient(client);
          return each(session, texts, ({ text }) => one(session, wallet, text));
        };
        await (quote ? session.looking(all) : session.withClient(all));
      }),
    );
  program.command("retry-refunds")
    .description("ask once more for e-cash that didn't come back when a payment was refused")
    .action(cli.friendly((session) => withWallet(session, (wallet) => retryRefunds(session, wallet))));
}

/** One after the other; one that is refused keeps none of the others back. */
async function each<T>({ io }: Session, items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
  let refused = 0;
  for (const item of items) {
    try {
      await use(item);
    } catch (thrown) {
      if (items.length === 1 || io.signal.aborted || !(thrown instanceof FedimintError)) throw thrown;
      io.err(friendlyError(thrown));
      refused++;
    }
  }
  if (refused > 0) throw CliError.failed(`${refused} of ${items.length} texts were refused.`);
}

export function withWallet<T>(session: Session, use: (wallet: FederationClient) => Promise<T>): Promise<T> {
  return session.withClient((client) => use(new FederationClient(client)));
}

async function balance(session: Session, wallet: FederationClient): Promise<void> {
  const { io } = session;
  const age = await lookAround(session, wallet);
  const { instance, module } = wallet.client.primary();
  const notes = await wallet.client.options.store.read((tx) => module.denominations(tx.view(modulePrefix(instance))));
  const count = [...notes.values()].reduce((sum, held) => sum + held, 0);
  io.out(`${moneyText(await wallet.getBalance())} in ${count} note${count === 1 ? "" : "s"}\n`);
  for (const line of pendingLines(await wallet.getPending())) io.out(`${line}\n`);
  if (age !== null) io.out(`${age}\n`);
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

async function quoteSpend({ io }: Session, wallet: FederationClient, wantedMsat: bigint): Promise<void> {
  const { amountMsat, feeMsat, texts } = await wallet.quoteSpend(wantedMsat);
  io.out(`E-cash of ${moneyText(amountMsat)} costs ${moneyText(feeMsat)} in fees`);
  io.out(texts === 1 ? ".\n" : `, and is ${texts} texts.\n`);
  if (feeMsat > 0n) io.err("The wallet has no notes that fit: it would exchange some first.\n");
}

async function spend(
  { io }: Session,
  wallet: FederationClient,
  amountMsat: bigint,
  { includeInvite = false, qr }: SpendOptions,
): Promise<void> {
  const spent = await wallet.spend(amountMsat, { includeInvite, signal: io.signal });
  const texts = [spent.ecash, ...spent.further];
  // the texts alone are on standard output, for a pipe or a file
  io.err(`E-cash of ${moneyText(spent.amountMsat)}. It has left the wallet: whoever redeems it first has the money.\n`);
  if (texts.length > 1) {
    io.err(
      `It is ${texts.length} texts, a line each, as nobody can redeem so many notes at once. Give away all of them.\n`,
    );
  }
  io.err("Should it get lost, `list-operations` shows it, and `receive` takes it back.\n");
  const code = qr && io.terminal && texts.length === 1 ? qrText(spent.ecash, io.terminal) : null;
  if (code !== null) io.out(`${code}\n`);
  else if (qr && io.terminal) io.err("It is too long for a QR code in this terminal.\n");
  for (const text of texts) io.out(`${text}\n`);
}

async function quoteReceive({ io }: Session, wallet: FederationClient, ecash: string): Promise<void> {
  const { amountMsat, arrivesMsat, feeMsat } = await wallet.quoteReceive(ecash);
  io.out(`Of ${moneyText(amountMsat)}, ${moneyText(arrivesMsat)} would arrive, ${moneyText(feeMsat)} are fees.\n`);
  io.err("Whether it is genuine, and not redeemed yet, `receive` finds out.\n");
}

async function receive({ io }: Session, wallet: FederationClient, ecash: string): Promise<void> {
  const { operationId, amountMsat } = await wallet.receive(ecash);
  io.err(`E-cash of ${moneyText(amountMsat)} is being redeemed …\n`);
  const outcome = await wallet.awaitReceive(operationId, io.signal);
  if (!outcome.ok) {
    io.err("The federation refused this e-cash. Taking what is good of it …\n");
    await wallet.awaitNotes(operationId, io.signal);
    const cameMsat = await wallet.broughtBy(operationId);
    const rest = cameMsat > 0n ? `${moneyText(cameMsat)} of it came.` : "Nothing of it came.";
    throw CliError.failed(
      `The federation refused this e-cash: ${outcome.error}. Somebody may have redeemed it before. ${rest}`,
    );
  }
  io.out(`Received ${moneyText(await wallet.broughtBy(operationId))} after fees.\n`);
  io.out(`Balance: ${moneyText(await wallet.getBalance())}\n`);
}

async function retryRefunds({ io }: Session, wallet: FederationClient): Promise<void> {
  const operationId = await wallet.retryRefunds();
  if (operationId === null) {
    io.out("There is no e-cash whose refund failed.\n");
    return;
  }
  await wallet.awaitNotes(operationId, io.signal);
  io.out(
    `${moneyText(await wallet.broughtBy(operationId))} came back.\nBalance: ${moneyText(await wallet.getBalance())}\n`,
  );
  for (const { amountMsat, reason } of await wallet.failedRefunds()) {
    io.err(`A note of ${moneyText(amountMsat)} is still refused: ${printable(reason)}\n`);
  }
}
