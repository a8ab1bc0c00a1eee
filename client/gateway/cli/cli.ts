/** `deno task gateway cli …`: gateway-cli's commands, with its JSON. docs/protocol/06-lightning-meta.md §E.3. */
import { Argument, Command, Option } from "commander";
import { NetworkError } from "../../../actors/platform/error.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { DecodeError, parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { errorText } from "../../../core/result.ts";
import { COMPLETION_SHELLS, completionScript } from "../../cli/completion.ts";
import { ADMIN_ANSWER_BYTES_MAX } from "../limits.ts";
import type { Ask, GatewayCommand, Given } from "./commands.ts";
import { COMMANDS, InputError } from "./commands.ts";
import { FRIENDLY } from "./friendly.ts";

/** Payments and withdrawals wait for their end. */
const TIMEOUT_MS = 600_000;
const VERSION_HASH = "0".repeat(40);

type Code = "auth_failed" | "connection_failed" | "invalid_input" | "not_found" | "internal";
const EXITS: Readonly<Record<Code, number>> = {
  internal: 1,
  connection_failed: 2,
  auth_failed: 3,
  invalid_input: 4,
  not_found: 5,
};

/** The gateway's no, with its text. */
class AskError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, cause?: string) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** Output and exit code of a run. */
export type Ran = { readonly output: string; readonly exit: number };

export type CliEnv = {
  readonly platform: Pick<Platform, "network" | "clock">;
  /** Without the program's name. */
  readonly args: readonly string[];
  /** Whether people read the output. Default: programs do. */
  readonly isTerminal?: boolean;
};

function pretty(json: Json): string {
  return `${stringifyJson(json, 2)}\n`;
}

function asking({ platform: { network } }: CliEnv, address: string, password: string | undefined): Ask {
  return async (route, body) => {
    const url = new URL(route, address).href;
    let answer: Awaited<ReturnType<typeof network.fetch>>;
    try {
      answer = await network.fetch(url, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          ...(password !== undefined && { authorization: `Bearer ${password}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: stringifyJson(body) }),
        timeoutMs: TIMEOUT_MS,
        bodyBytesMax: ADMIN_ANSWER_BYTES_MAX,
      });
    } catch (thrown) {
      if (!(thrown instanceof NetworkError)) throw thrown;
      throw new AskError("connection_failed", `The gateway at ${address} can't be asked`, errorText(thrown));
    }
    const text = new TextDecoder().decode(answer.body), { status } = answer;
    if (status === 200) return parseJson(text);
    const code = status === 401 ? "auth_failed" : status === 404 ? "not_found" : "internal";
    throw new AskError(code, `HTTP request returned unexpected status: ${status}`, text === "" ? undefined : text);
  };
}

/** `federation_id` is `--federation-id`. */
function flagOf(name: string): Option {
  const bare = name.replace(/[?!*]$/, ""), flag = `--${bare.replaceAll("_", "-")}`;
  if (name.endsWith("!")) return new Option(flag);
  if (name.endsWith("*")) {
    return new Option(`${flag} <value>`).argParser((text, before: readonly string[] = []) => [...before, text]);
  }
  return new Option(`${flag} <value>`).makeOptionMandatory(!name.endsWith("?"));
}

function camel(name: string): string {
  return name.replace(/[?!*]$/, "").replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function commandOf(command: GatewayCommand, run: (given: Given) => Promise<void>): Command {
  const made = new Command(command.path.at(-1)).description(command.help);
  for (const name of command.args ?? []) made.argument(`<${name}>`);
  for (const name of command.flags ?? []) made.addOption(flagOf(name));
  return made.action(async (...received: readonly unknown[]) => {
    const flags = made.opts<{ readonly [name: string]: string | true | readonly string[] }>();
    const given: { [name: string]: string | true | readonly string[] | undefined } = {};
    for (const [at, name] of (command.args ?? []).entries()) given[name] = received[at] as string;
    for (const name of command.flags ?? []) given[name.replace(/[?!*]$/, "")] = flags[camel(name)];
    await run(given);
  });
}

/** Runs one command. */
export async function runGatewayCli(env: CliEnv): Promise<Ran> {
  let output = "", exit = 0;
  const root = new Command("gateway cli").description("Asks a gateway what its operator wants to know")
    .addOption(new Option("-a, --address <url>", "of the gateway").default("http://127.0.0.1:80"))
    .addOption(new Option("--rpcpassword <text>", "the operator's password"))
    .addOption(new Option("--json", "JSON on a terminal too"))
    .exitOverride()
    // a command may have an address of its own
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => void (output += text), writeErr: (text) => void (output += text) });
  const groups = new Map<string, Command>();
  const parentOf = ([group, ...rest]: readonly string[]): Command => {
    if (rest.length === 0) return root;
    const known = groups.get(group!) ?? root.command(group!).exitOverride().copyInheritedSettings(root);
    groups.set(group!, known);
    return known;
  };
  for (const command of [...COMMANDS, ...FRIENDLY]) {
    const parent = parentOf(command.path);
    parent.addCommand(
      commandOf(command, async (given) => {
        const { address, rpcpassword, json } = root.opts<
          { readonly address: string; readonly rpcpassword?: string; readonly json?: true }
        >();
        const answer = await command.run(asking(env, address, rpcpassword), given, env.platform.clock.nowMs());
        const { show } = command;
        if (show && env.isTerminal === true && !json) output += show(answer);
        else if (answer !== null) output += pretty(answer);
      }).exitOverride().copyInheritedSettings(root),
    );
  }
  root.command("version-hash").description("of this program").action(() => void (output += `${VERSION_HASH}\n`));
  root.command("completion").description("a script that completes commands in a shell, for the name gateway-cli")
    .addArgument(new Argument("<shell>", "which").choices(COMPLETION_SHELLS))
    .action((shell: string) => void (output += completionScript(root, "gateway-cli", shell)));
  try {
    await root.parseAsync(["deno", "gateway", ...env.args]);
  } catch (thrown) {
    const failed = failureOf(thrown);
    if (!failed) throw thrown;
    if (failed.json) output += env.isTerminal === true ? explained(failed.json) : pretty(failed.json);
    exit = failed.exit;
  }
  return { output, exit };
}

function failureOf(thrown: unknown): { readonly json: JsonObject | null; readonly exit: number } | null {
  if (thrown instanceof AskError) {
    const { code, message, cause } = thrown;
    return {
      json: { error: message, code, ...(typeof cause === "string" && { cause }) },
      exit: EXITS[code],
    };
  }
  if (thrown instanceof InputError || thrown instanceof DecodeError) {
    return { json: { error: thrown.message, code: "invalid_input" }, exit: EXITS.invalid_input };
  }
  // help, or arguments that are none: it has said so
  const exitCode = (thrown as { readonly exitCode?: unknown }).exitCode;
  return thrown instanceof Error && typeof exitCode === "number" ? { json: null, exit: exitCode === 0 ? 0 : 2 } : null;
}

const ADVICE: Readonly<Record<string, string>> = {
  auth_failed:
    "Give the operator's password by --rpcpassword; create-password-hash makes what the gateway is set up with.",
  connection_failed: "Is the gateway running, and is this its address (--address)?",
};

/** A failure for people: what, why, and what to do. */
function explained({ error, cause, code }: JsonObject): string {
  const advice = ADVICE[String(code)];
  return `error: ${String(error)}${cause === undefined ? "" : `: ${String(cause)}`}\n${advice ? `${advice}\n` : ""}`;
}
