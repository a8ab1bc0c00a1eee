/**
 * `restore`: a wallet from its words. fedimint-cli's command and result (docs/protocol/02b-cli.md §2), and for people
 * what it is about, how far it is and what came, on standard error.
 */
import type { Json } from "../../core/encoding/mod.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import type { Client } from "../core/client.ts";
import { primaryOf } from "../core/running.ts";
import { entropySlot } from "../federation/join_state.ts";
import { FederationClient } from "../mod.ts";
import { federationLines, readInvite, welcome } from "./about.ts";
import { backupLines } from "./backup.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { lookAround } from "./looking.ts";
import { moneyText, pendingLines } from "./money.ts";
import { recoveredLines, showComing, showRecoveries } from "./recoveries.ts";
import type { Session } from "./session.ts";
import { askWords, wordsArgument } from "./words.ts";

type Options = { readonly mnemonic?: string; readonly inviteCode?: string; readonly yes?: boolean };

const HELP = `
The words are asked for on the terminal, or read from standard input when - stands in their place. They may be in one
line or in many, with numbers, in capitals, or cut to their first four letters. Words that this folder has already need
not be given, and a restore that was cut off goes on when it is called again.

What the federation's guardians remember comes back: e-cash, also that which was handed out and nobody redeemed, and
deposits. What the lost wallet alone knew doesn't: to whom it paid, and e-cash texts that it hadn't begun to redeem.`;

export function restoreCommand(cli: Cli): void {
  cli.program.command("restore").argument("[words...]", "only -: read them from standard input")
    .option("--invite-code <INVITE>", "of the federation; any of its guardians may have given it out")
    .option("--mnemonic <WORDS>", "for scripts: other programs on this machine see it, and the shell keeps it")
    .option("-y, --yes", "don't ask whether it is the right federation")
    .description("bring back the money that belongs to a wallet's words")
    .addHelpText("after", HELP)
    .action(cli.official((session, words: string[], options: Options) => restore(session, words, options)));
}

async function restore(session: Session, pieces: readonly string[], options: Options): Promise<Json> {
  const { mnemonic, inviteCode, yes = false } = options;
  if (session.federationSecret() !== null && (mnemonic !== undefined || pieces.length > 0)) {
    throw CliError.failed("restore accepts either --mnemonic or --federation-secret-hex, not both");
  }
  const invite = inviteCode === undefined ? null : readInvite(inviteCode);
  // before the wallet is opened: another process may wait for it
  const given = await wordsArgument(session, pieces, mnemonic);
  let isStored = false;
  try {
    return await session.withAnyClient(async (client) => {
      if (invite === null) {
        if (!client.isJoined) {
          throw CliError.usage("the following required argument was not provided: --invite-code <INVITE>");
        }
      } else {
        const words = given?.words ?? await wordsFor(session, client, invite, yes);
        await restoreFrom(session, client, invite, words);
      }
      isStored = true;
      await recover(session, client);
      return null;
    });
  } catch (thrown) {
    if (isStored && thrown instanceof CliError && thrown.code === "interrupted") {
      session.io.err("\nWhat was found is kept. It goes on with the next command; `restore` waits for it again.\n");
    }
    throw thrown;
  }
}

/**
 * Those that are asked for, together with what they are to be restored in. Undefined: the folder has its own.
 * @throws {CliError} `failed`
 */
async function wordsFor(
  session: Session,
  client: Client,
  invite: InviteCode,
  yes: boolean,
): Promise<string | undefined> {
  const { io } = session;
  if (client.isJoined || session.federationSecret() !== null) return undefined;
  const hasWords = await client.options.store.read((tx) => entropySlot.get(tx)) !== undefined;
  if (hasWords) io.err("Restoring with the words that this folder has already.\n");
  const asks = io.ask !== null && !yes;
  // nobody types words for a federation that is away
  const about = asks ? federationLines(await client.preview(invite, io.signal)) : [];
  for (const line of about) io.err(`${line}\n`);
  const words = hasWords ? undefined : (await askWords(session)).words;
  if (io.ask === null || yes) return words;
  const answer = await session.orInterrupted(io.ask("Restore here? (y/N): "));
  if (!/^(y|yes)$/i.test(answer.trim())) throw CliError.failed("Nothing was restored.");
  return words;
}

/** @param words undefined: those of the database, or the secret that was given */
export async function restoreFrom(
  session: Session,
  client: Client,
  invite: InviteCode,
  words: string | undefined,
): Promise<void> {
  const { io } = session;
  io.err("Asking guardians what they have of this wallet …\n");
  const outcome = await client.restore(invite, { words }, io.signal);
  if (outcome.restored === "before") {
    io.err("This wallet was restored before. What is left to find is looked for.\n");
    return;
  }
  for (const line of backupLines(outcome, io.platform.clock.nowMs())) io.err(`${line}\n`);
  await welcome(client, session);
}

/** Waits for all recoveries, and tells what they brought. @throws {ClientError} `recovery_failed` */
export async function recover(session: Session, client: Client): Promise<void> {
  const { io } = session;
  const statuses = await showRecoveries(io, client);
  if (statuses.length === 0) io.err("There is nothing to recover: no module of this wallet was restored from words.\n");
  const lines = recoveredLines(statuses);
  if (lines.length > 0) io.err(`Found:\n${lines.map((line) => `  ${line}\n`).join("")}`);
  await client.awaitRecoveries(io.signal);
  if (primaryOf(client.running.table) === null) return;
  await showComing(io, client, statuses);
  const wallet = new FederationClient(client);
  const age = await lookAround(session, wallet);
  io.err(`Balance: ${moneyText(await wallet.getBalance())}\n`);
  for (const line of pendingLines(await wallet.getPending())) io.err(`${line}\n`);
  if (age !== null) io.err(`${age}\n`);
  io.err(
    "E-cash that this wallet gave away and that nobody has redeemed is among it: it is yours again, and whoever has it " +
      "can redeem it only as long as you don't spend it. If the lost wallet is alive on another device, use it no more.\n",
  );
}
