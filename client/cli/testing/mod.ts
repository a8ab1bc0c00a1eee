/** For tests: the command line in this process, on a simulated machine, with guardians as they were recorded. */
import { assertEquals } from "@std/assert";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { AnyClientModuleDefinition } from "../../../modules/contract/client.ts";
import type { Asked } from "../../testing/world.ts";
import { ClientWorld, Refusal, serveGuardians, unknownMethod } from "../../testing/world.ts";
import commands from "../../../tests/vectors/cli/commands.json" with { type: "text" };
import guardians from "../../../tests/vectors/cli/guardians.json" with { type: "text" };
import { builtInModules } from "../../modules.ts";
import { runCli } from "../run.ts";
import type { CliIo } from "../io.ts";

/**
 * What modules do in quiet moments (searching for addresses, scanning) takes no simulated time, but seconds of a
 * test's.
 */
export const quietModules: readonly AnyClientModuleDefinition[] = builtInModules.map((definition) => ({
  ...definition,
  start: async (env) => {
    const { background: _, ...module } = await definition.start(env);
    return module;
  },
}));

export type Ran = { readonly exit: number; readonly out: string; readonly err: string };

export type RunOptions = {
  readonly modules: readonly AnyClientModuleDefinition[];
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: CliIo["terminal"];
  /** What the person at the terminal answers, to each question or one after the other; without it there is none. */
  readonly answer?: string | readonly string[];
  /** What standard input holds; nothing by default. */
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  readonly openStore?: CliIo["openStore"];
  /** Called with everything that is printed, as it is printed. */
  readonly onOutput?: (text: string) => void;
};

/** A machine of a simulated world. */
export type CliWorld = Pick<ClientWorld, "platform" | "openStore" | "finish">;

export function runInWorld(world: CliWorld, args: readonly string[], options: RunOptions): Promise<Ran> {
  return world.finish(startInWorld(world, args, options));
}

/** The same, and whoever wants lets the world go on. */
export async function startInWorld(
  world: Omit<CliWorld, "finish">,
  args: readonly string[],
  options: RunOptions,
): Promise<Ran> {
  let out = "", err = "";
  const { answer, onOutput } = options, answers = typeof answer === "object" ? [...answer] : [];
  const io: CliIo = {
    args,
    env: (name) => ({ RUST_LOG: "off", ...options.env } as Record<string, string>)[name],
    platform: world.platform,
    loadModules: () => Promise.resolve(options.modules),
    openStore: options.openStore ?? ((path) => world.openStore(path)),
    out: (text) => {
      out += text;
      onOutput?.(text);
    },
    err: (text) => {
      err += text;
      onOutput?.(text);
    },
    terminal: options.terminal ?? null,
    ask: answer === undefined ? null : (question) => {
      err += question;
      return Promise.resolve(typeof answer === "string" ? answer : answers.shift() ?? "");
    },
    stdin: (charactersMax) => Promise.resolve((options.stdin ?? "").slice(0, charactersMax + 1)),
    signal: options.signal ?? new AbortController().signal,
  };
  const exit = await runCli(io);
  return { exit, out, err };
}

/** As modules, which tests without permissions may load. */
const VECTORS: Readonly<Record<string, string>> = { "commands.json": commands, "guardians.json": guardians };
const ADMIN_METHODS = new Set([
  "audit",
  "auth",
  "backup_statistics",
  "download_guardian_backup",
  "module_1_get_submission",
]);
export const WALLET_DIR = "/wallet";

export function readVector(name: "commands.json" | "guardians.json"): Json {
  return parseJson(VECTORS[name]!);
}

function portsOf(config: JsonObject): Map<PeerId, number> {
  const endpoints = Object.entries(config.api_endpoints as JsonObject);
  return new Map(endpoints.map(([peer, endpoint]) => [
    Number(peer),
    Number(new URL((endpoint as JsonObject).url as string).port),
  ]));
}

/** What guardians signed counts only if it is not from the future. */
function recordedAtMs(guardians: JsonObject): number {
  const metadata = Object.values((guardians.all as JsonObject)["guardian_metadata null"] as JsonObject);
  const contents = metadata.map((signed) => parseJson((signed as JsonObject).content as string) as JsonObject);
  return 1_000 * Math.max(...contents.map(({ timestamp_secs }) => Number(timestamp_secs)));
}

/** As the official guardians answered; a wrong password is refused as by them. */
function replay(guardians: JsonObject): (asked: Asked) => Json {
  return ({ peer, method, params, auth }) => {
    if (ADMIN_METHODS.has(method) && auth !== "pass") throw new Refusal(401, "Invalid authorization");
    // a real one holds keys: it is not among what was recorded
    if (method === "download_guardian_backup") return { tar_archive_bytes: "00" };
    const call = `${method} ${stringifyJson(params)}`;
    const own = guardians[String(peer)] as JsonObject | undefined;
    const answers = { ...(guardians.all as JsonObject), ...own };
    return call in answers ? answers[call]! : unknownMethod();
  };
}

/** The recorded federation, and a machine beside it. */
export async function recordedFederation(
  script: (asked: Asked, recorded: (asked: Asked) => Json) => Json | Promise<Json> = (asked, recorded) =>
    recorded(asked),
): Promise<ClientWorld> {
  const guardians = readVector("guardians.json") as JsonObject;
  const recorded = replay(guardians);
  const world = new ClientWorld(1, { startMs: recordedAtMs(guardians) });
  const config = (guardians.all as JsonObject)["client_config null"] as JsonObject;
  await world.finish(serveGuardians(world.platform, portsOf(config), (asked) => script(asked, recorded)));
  return world;
}

/** The invite code that was recorded. */
export function recordedInvite(): string {
  const recorded = readVector("commands.json") as readonly JsonObject[];
  const joined = recorded.find(({ args, exit }) => (args as readonly string[]).includes("join") && exit === 0)!;
  return (joined.stdout as JsonObject).joined as string;
}

/** The recorded federation, and a wallet that has joined it. */
export async function joinedWorld(modules: readonly AnyClientModuleDefinition[] = quietModules): Promise<ClientWorld> {
  const world = await recordedFederation();
  const joined = await runInWorld(world, ["--data-dir", WALLET_DIR, "join", recordedInvite()], { modules });
  assertEquals(joined.exit, 0, joined.out);
  return world;
}
