/** `dev api METHOD [PARAMS]`: a call as it stands, to one guardian or to all. docs/protocol/02b-cli.md §5. */
import type { Command } from "commander";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, parseJson } from "../../core/encoding/mod.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { Client } from "../core/client.ts";
import type { ModuleSelector } from "./arguments.ts";
import { moduleArgument, peerArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { isGiven } from "./globals.ts";
import { resolveModule } from "./module.ts";
import { rawJson } from "./raw.ts";
import type { Session } from "./session.ts";

type Options = { readonly peerId?: PeerId; readonly module?: ModuleSelector; readonly password?: string };

const EXAMPLES = `
Examples:
  dev api session_count                      what a threshold of guardians agrees on
  dev api status --peer-id 0                 one guardian's answer
  dev api --module walletv2 consensus_block_count
  dev api --peer-id 0 --password PASSWORD audit`;

export function apiCommand(cli: Cli, dev: Command): void {
  dev.command("api").argument("<method>", "its name").argument(
    "[params]",
    "JSON; what is not JSON is sent as a string",
    "null",
  )
    .description('call a method of the guardians\' API; prints {"value": …}')
    .option(
      "--peer-id <N>",
      "ask this guardian alone; otherwise all, and the answer that a threshold gives",
      peerArgument,
    )
    .option("--module <SELECTOR>", "method of a module, by instance or kind", moduleArgument)
    .option("--password <PASSWORD>", "for methods that want it; needs --peer-id")
    .addHelpText("after", EXAMPLES)
    .action(cli.official((session, method: string, params: string, options: Options) => {
      if (options.password !== undefined && options.peerId === undefined) {
        throw CliError.usage("the following required argument was not provided: --peer-id <N>");
      }
      return session.withClient(async (client) => ({
        value: await call(client, session, method, paramsOf(params), options),
      }));
    }));
}

function paramsOf(text: string): Json {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return text;
    throw thrown;
  }
}

async function call(
  client: Client,
  { io: { signal } }: Session,
  method: string,
  params: Json,
  { peerId, module, password }: Options,
): Promise<Json> {
  const api = module === undefined ? client.running.api : client.running.api.forModule(resolveModule(client, module));
  const request = { method, params, result: rawJson };
  if (peerId === undefined) return await api.consensus(request, { signal });
  const answer = await api.ask(peerId, request, { password: isGiven(password) ? password : null, signal });
  if (!answer.ok) throw CliError.failed(answer.error);
  return answer.value;
}
