/**
 * `admin setup ENDPOINT …`: what a guardian's owner does in the ceremony. docs/protocol/02b-cli.md §4,
 * docs/protocol/02-api.md §7.
 */
import type { Command } from "commander";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject, stringifyJson } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { listedModules } from "../../modules/contract/loading.ts";
import { u32Argument, urlArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { newProgram } from "./command.ts";
import { SETUP_PEER, withEndpoint } from "./endpoint.ts";
import { CliError } from "./error.ts";
import { pastedArgument, setupCodeForGuardian } from "./pasted.ts";
import { printable } from "./printable.ts";
import { rawJson } from "./raw.ts";
import type { Session } from "./session.ts";

/**
 * The endpoint stands before the command, which commander has no notion of: the rest is parsed as a program of its own.
 */
export function setupCommand(cli: Cli, admin: Command): void {
  admin.command("setup").argument("<endpoint>", "URL of the guardian's API, ws://host:port", urlArgument)
    .argument("[command...]", "see below").passThroughOptions().allowUnknownOption()
    .usage("<endpoint> <command>")
    .description("set a guardian up: its name, the others' codes, the start of key generation")
    .addHelpText("after", () => `\n${setupProgram(cli, "ws://HOST:PORT").helpInformation()}`)
    .action(async (url: string, command: string[]) => {
      await setupProgram(cli, url).parseAsync(command, { from: "user" });
    });
}

type LocalParams = {
  readonly federationName?: string;
  readonly federationSize?: number;
  readonly modules?: readonly string[];
};

function setupProgram(cli: Cli, url: string): Command {
  const program = newProgram(`admin setup ${url}`, cli.io);
  const action = <Args extends unknown[]>(method: string, params: (...args: Args) => Json) =>
    cli.official((session, ...args: Args) => call(session, url, method, params(...args)));

  program.command("status").description("what the guardian waits for, and who is in so far")
    .action(cli.official(async (session) => {
      const status = await call(session, url, "setup_status", null);
      if (status === "SharingConnectionCodes") session.io.err(await whoIsIn(session, url));
      return status;
    }));
  program.command("set-local-params").argument("<name>", "the guardian's")
    .description("name the guardian; prints its setup code for the others")
    .option("--federation-name <NAME>", "one guardian, the leader, names the federation")
    .option("--federation-size <N>", "the leader also says how many guardians there are", u32Argument)
    .option("--modules <KINDS>", "the leader may choose modules, separated by commas", listedModules)
    .action(action("set_local_params", (name: string, { federationName, federationSize, modules }: LocalParams) => ({
      name,
      federation_name: federationName ?? null,
      disable_base_fees: null,
      enabled_modules: modules ?? null,
      federation_size: federationSize ?? null,
    })));
  program.command("modules").description("kinds that the guardian has, and those that the federation is to have")
    .action(action("setup_modules", () => null));
  program.command("add-peer").argument("<info...>", "setup code of another guardian; - reads it from standard input")
    .description("tell the guardian of another one; prints that one's name")
    .action(cli.official(async (session, pieces: string[]) => {
      const code = setupCodeForGuardian(await pastedArgument(session, pieces));
      return await call(session, url, "add_peer_setup_code", code);
    }));
  program.command("reset-codes").description("forget the other guardians' codes; the guardian's own stays")
    .action(action("reset_peer_setup_codes", () => null));
  program.command("start-dkg").description("start generating keys; every guardian must be told")
    .action(action("start_dkg", () => null));
  return program;
}

type SetupPeers = { readonly expected: number | null; readonly guardians: readonly JsonObject[] };

/** Lines for people; none from a guardian of another program, which can't tell. */
async function whoIsIn(session: Session, url: string): Promise<string> {
  let answer: Json;
  try {
    answer = await ask(session, url, "setup_peers", null);
  } catch (thrown) {
    if (thrown instanceof ApiError) return "";
    throw thrown;
  }
  if (!isJsonObject(answer) || !Array.isArray(answer.guardians)) return "";
  const { expected, guardians } = answer as unknown as SetupPeers;
  const lines = guardians.map(({ name, p2p_url, api_url, own }) =>
    printable(`  ${name}${own === true ? " (this guardian)" : ""}  ${p2p_url}  ${api_url}`)
  );
  const count = expected === null
    ? `Have ${guardians.length} guardians`
    : `Expected ${expected} guardians, have ${guardians.length}`;
  return `${count}:\n${lines.join("\n")}\n`;
}

async function call(session: Session, url: string, method: string, params: Json): Promise<Json> {
  try {
    return await ask(session, url, method, params);
  } catch (thrown) {
    if (!(thrown instanceof FedimintError)) throw thrown;
    throw CliError.failed("Config Gen Error", { cause: thrown });
  }
}

async function ask(session: Session, url: string, method: string, params: Json): Promise<Json> {
  const password = passwordOf(session);
  const endpoint = { url, peer: SETUP_PEER, apiSecret: null };
  return await withEndpoint(
    session,
    endpoint,
    (api) => api.one(SETUP_PEER, { method, params, result: rawJson }, { password, signal: session.io.signal }),
  );
}

/** The reference wraps this error in its own JSON text; scripts may look for it. */
function passwordOf(session: Session): string {
  if (session.globals.password !== null) return session.globals.password;
  throw CliError.failed(stringifyJson({ error: "CLI needs password set" }, 2));
}
