/**
 * The command line as a function: arguments in, exit code out, everything else through `CliIo`. The program is
 * fedimint-cli 0.13.0's tree of commands (docs/protocol/02b-cli.md §2), and a few for people on top.
 *
 * What belongs to the modules of version 1 is not there.
 */
import { CommanderError } from "commander";
import { FEDIMINT_VERSION } from "../../core/types/version.ts";
import { adminCommands } from "./admin.ts";
import { backupCommand } from "./backup.ts";
import { bitcoinCommands } from "./bitcoin.ts";
import { Cli } from "./cli.ts";
import { exitCodeOf, newProgram } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { devCommands, hiddenCommands } from "./dev.ts";
import { ecashCommands } from "./ecash.ts";
import { addGlobals } from "./globals.ts";
import { ABOUT, EXAMPLES } from "./help.ts";
import type { CliIo } from "./io.ts";
import { lightningCommands } from "./lightning.ts";
import { joinCommand } from "./join.ts";
import { moduleCommand, oldLightningCommands } from "./module.ts";
import { restoreCommand } from "./restore.ts";
import { secretCommand } from "./secret.ts";
import { walletCommands } from "./wallet.ts";

/** Of the commit that it was built from, 40 digits; zeros where nobody says, as in the reference. */
const VERSION_HASH = "0".repeat(40);

export async function runCli(io: CliIo): Promise<number> {
  // the reference answers this before it parses anything
  if (io.args[0] === "version-hash") {
    io.out(`${VERSION_HASH}\n`);
    return 0;
  }
  const program = newProgram("client", io).description(ABOUT)
    .version(`fedimint-cli ${FEDIMINT_VERSION}`, "-V, --version", "print the version that it is like");
  addGlobals(program);
  const cli = new Cli(io, program);
  program.commandsGroup("For people:");
  ecashCommands(cli);
  bitcoinCommands(cli);
  lightningCommands(cli);
  program.commandsGroup("As in fedimint-cli, with JSON:");
  joinCommand(cli);
  restoreCommand(cli);
  backupCommand(cli);
  walletCommands(cli);
  secretCommand(cli);
  moduleCommand(cli);
  adminCommands(cli);
  devCommands(cli);
  completionCommand(cli);
  program.command("version-hash").description("commit that this program was built from")
    .action(cli.official(() => Promise.resolve({ hash: VERSION_HASH })));
  hiddenCommands(cli);
  oldLightningCommands(cli);
  program.addHelpText("after", EXAMPLES);
  try {
    await program.parseAsync(io.args, { from: "user" });
    return cli.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return exitCodeOf(thrown);
    throw thrown;
  }
}
