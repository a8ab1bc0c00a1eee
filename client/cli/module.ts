/**
 * `module [SELECTOR] COMMAND …`: lists modules, or hands the rest to one. Its commands are the module's own.
 * docs/protocol/02b-cli.md §6.
 */
import type { Json } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { AnyClientModuleDefinition, ClientCommand } from "../../modules/contract/client.ts";
import { CommandError } from "../../modules/contract/command_error.ts";
import type { Client } from "../core/client.ts";
import type { ModuleSelector } from "./arguments.ts";
import { moduleArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { info } from "./wallet.ts";
import type { Session } from "./session.ts";

/** Words that ask for help instead of a result. */
const HELP = new Set(["help", "--help", "-h"]);

export function moduleCommand(cli: Cli): void {
  cli.program.command("module").argument("[selector]", "instance number or kind", moduleArgument)
    .argument("[args...]", "the module's command; `help` lists them")
    .passThroughOptions().allowUnknownOption()
    .description("list the federation's modules, or call a command of one")
    .action(async (selector: ModuleSelector | undefined, args: string[]) => {
      if (selector === undefined) {
        await cli.official((session) => session.looking((client) => Promise.resolve(list(client))))();
      } else if (
        args.length > 0 && HELP.has(args[0]!) || args.slice(1).some((arg) => arg === "--help" || arg === "-h")
      ) {
        await cli.friendly((session) => help(session, selector, args))();
      } else {
        await cli.official((session) => callAtHand(session, selector, args))();
      }
    });
}

function list(client: Client): Json {
  return {
    list: client.modules().map(({ id, kind, active }) => ({
      kind,
      id,
      status: active ? "Active" : "UnsupportedByClient",
    })),
  };
}

/** @throws {CliError} `failed` */
export function resolveModule(client: Client, selector: ModuleSelector): ModuleInstanceId {
  if ("id" in selector) {
    if (!client.modules().some(({ id, active }) => active && id === selector.id)) {
      throw CliError.failed(`Unknown module instance ${selector.id}`);
    }
    return selector.id;
  }
  const found = client.modules().find(({ kind }) => kind === selector.kind);
  if (!found) throw CliError.failed("No module with this kind found");
  return found.id;
}

/**
 * Commands of the first Lightning module under the names that fedimint-cli once had for them. Hidden: `module ln …`
 * says the same.
 */
export function oldLightningCommands(cli: Cli): void {
  const ln: ModuleSelector = { kind: "ln" };
  const old = (name: string, as: string): void => {
    cli.program.command(name, { hidden: true }).argument("[args...]").passThroughOptions().allowUnknownOption()
      .action(
        cli.official((session, args: string[]) =>
          session.withClient((client) => call(client, session, ln, [as, ...withoutAmountFlag(name, args)]))
        ),
      );
  };
  old("ln-invoice", "invoice");
  old("ln-pay", "pay");
  old("await-ln-pay", "await-pay");
  old("list-gateways", "list-gateways");
  cli.program.command("await-invoice", { hidden: true }).argument("<operation-id>")
    .action(cli.official((session, operationId: string) =>
      session.withClient(async (client) => {
        await call(client, session, ln, ["await-invoice", operationId]);
        return await info(client);
      })
    ));
}

/** The old command wants `--amount`, where the newer one takes the amount alone. */
function withoutAmountFlag(name: string, args: readonly string[]): readonly string[] {
  if (name !== "ln-invoice") return args;
  const at = args.findIndex((arg) => arg === "--amount" || arg.startsWith("--amount="));
  if (at < 0) throw CliError.usage("--amount is missing");
  const value = args[at] === "--amount" ? args[at + 1] : args[at]!.slice("--amount=".length);
  if (value === undefined) throw CliError.usage("--amount needs a value");
  return [value, ...args.toSpliced(at, args[at] === "--amount" ? 2 : 1)];
}

function commandsOf(client: Client, selector: ModuleSelector): Readonly<Record<string, ClientCommand>> {
  const commands = client.commands(resolveModule(client, selector));
  if (!commands) throw CliError.failed("Module not found");
  return commands;
}

function named(selector: ModuleSelector): string {
  return "id" in selector ? String(selector.id) : selector.kind;
}

function usage(selector: ModuleSelector, commands: Readonly<Record<string, ClientCommand>>): string {
  const all = Object.values(commands);
  const width = Math.max(0, ...all.map(({ usage }) => usage.length));
  const lines = all.map(({ usage, help }) => `  ${usage.padEnd(width)}  ${help}`);
  return [`Usage: module ${named(selector)} COMMAND`, "", "Commands:", ...lines].join("\n");
}

async function help(session: Session, selector: ModuleSelector, args: readonly string[]): Promise<void> {
  await session.looking((client) => {
    const commands = commandsOf(client, selector);
    const command = commands[args[0]!];
    session.io.out(
      command
        ? `Usage: module ${named(selector)} ${command.usage}\n\n${command.help}\n`
        : `${usage(selector, commands)}\n`,
    );
    return Promise.resolve();
  });
}

/** Guardians are asked, and what is under way goes on, where the command needs it. */
function callAtHand(session: Session, selector: ModuleSelector, args: readonly string[]): Promise<Json> {
  return session.lookingFirst(
    (client) => withCommand(client, selector, args, (_, rest) => isAtHand(client, selector, args[0]!, rest)),
    (client) => call(client, session, selector, args),
    (modules) => args[0] !== undefined && modules.some((module) => knowsAtHand(module, args[0]!)),
  );
}

function knowsAtHand({ atHand }: AnyClientModuleDefinition, command: string): boolean {
  return atHand !== undefined && Object.hasOwn(atHand, command);
}

async function isAtHand(
  client: Client,
  selector: ModuleSelector,
  command: string,
  args: readonly string[],
): Promise<boolean> {
  const definition = client.running.definitions.get(resolveModule(client, selector))!;
  return knowsAtHand(definition, command) && await definition.atHand![command]!(client.use(definition), args);
}

function call(client: Client, { io }: Session, selector: ModuleSelector, args: readonly string[]): Promise<Json> {
  return withCommand(client, selector, args, (command, rest) => command.run(rest, io.signal));
}

/** @throws {CliError} `usage`, and what `use` throws */
async function withCommand<T>(
  client: Client,
  selector: ModuleSelector,
  [name, ...args]: readonly string[],
  use: (command: ClientCommand, args: readonly string[]) => Promise<T>,
): Promise<T> {
  const commands = commandsOf(client, selector);
  if (name === undefined) throw CliError.usage(`a command of the module is missing\n\n${usage(selector, commands)}`);
  if (!Object.hasOwn(commands, name)) {
    // it may be e-cash that was pasted in the wrong place: it is not repeated
    throw CliError.usage(`unrecognized subcommand\n\n${usage(selector, commands)}`);
  }
  const command = commands[name]!;
  try {
    return await use(command, args);
  } catch (thrown) {
    if (!(thrown instanceof CommandError && thrown.code === "usage")) throw thrown;
    throw CliError.usage(`${thrown.message}\n\nUsage: module ${named(selector)} ${command.usage}`);
  }
}
