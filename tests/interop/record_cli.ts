/**
 * Records what the official fedimint-cli prints, for the golden tests of our command line
 * (`client/cli/golden_test.ts`), and what its guardians answer, so that those tests need neither.
 *
 * ```
 * deno run -A tests/interop/record_cli.ts --cli /path/to/fedimint-cli --fed DIR --out tests/vectors/cli
 * ```
 * `DIR` is a folder of `federation.sh up`: a fresh official federation of four on this machine.
 */
import { join } from "@std/path";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject, parseJson, stringifyJson } from "../../core/encoding/mod.ts";

const GUARDIANS = [0, 1, 2, 3];
const TEXT_KEPT = 200;

/**
 * How a test compares: `exact` output · `shape`: members and types · `exit`: only the code, as the text is the
 * program's own.
 */
type Compare = "exact" | "shape" | "exit";

export type Recorded = {
  readonly args: readonly string[];
  readonly compare: Compare;
  readonly exit: number;
  /** Parsed when it is JSON, else its lines as text. */
  readonly stdout: Json;
};

function flag(name: string): string {
  const at = Deno.args.indexOf(`--${name}`);
  const value = at < 0 ? undefined : Deno.args[at + 1];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

const cli = flag("cli"), fed = flag("fed"), out = flag("out");
const invite = (await Deno.readTextFile(join(fed, "g0", "invite-code"))).trim();
const dir = await Deno.makeTempDir({ prefix: "record-cli-" });

async function call(args: readonly string[]): Promise<{ exit: number; stdout: Json }> {
  const { code, stdout } = await new Deno.Command(cli, { args: [...args], env: { RUST_LOG: "off" }, stderr: "null" })
    .output();
  const text = new TextDecoder().decode(stdout);
  try {
    return { exit: code, stdout: parseJson(text) };
  } catch {
    return { exit: code, stdout: text };
  }
}

async function api(method: string, params: Json, options: readonly string[]): Promise<Json> {
  const { exit, stdout } = await call(["--data-dir", dir, "dev", "api", method, stringifyJson(params), ...options]);
  if (exit !== 0) throw new Error(`${method}: ${stringifyJson(stdout)}`);
  return (stdout as JsonObject).value!;
}

/** Long texts (a backup) say no more about the shape than short ones. */
function shortened(json: Json): Json {
  if (typeof json === "string") return json.slice(0, TEXT_KEPT);
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, shortened(value)]));
}

const recorded: Recorded[] = [];
async function record(compare: Compare, ...args: string[]): Promise<Json> {
  const { exit, stdout } = await call(args);
  const kept = compare === "exact" ? stdout : shortened(stdout);
  recorded.push({ args: args.map((arg) => arg === dir ? "{dir}" : arg), compare, exit, stdout: kept });
  return stdout;
}

/** Of the wallet in `dir`. */
function wallet(compare: Compare, ...args: string[]): Promise<Json> {
  return record(compare, "--data-dir", dir, ...args);
}

/** E-cash of mint version 1, put together by hand: the signature is a point, and no federation's. */
async function recordNotes(): Promise<void> {
  const signature = "8d13876b25d5ea98f5c409662aac58321415b0ed8a2cf9007d2421aa1383fb9d9efb7d7a5696b3ef8b4c861c5fb3676a";
  const note = (first: string) => ({ signature, spend_key: first + "01".repeat(31) });
  const notes = { "1": [note("01")], "1024": [note("02"), note("03")] };
  const given = stringifyJson({ federation_id_prefix: "aabbccdd", notes });
  const text = await record("exact", "dev", "encode", "notes", given) as string;
  await record("exact", "dev", "decode", "notes", text);
  await record("exit", "dev", "decode", "notes", "AgEEqrvM3QABAA==");
  await record("exit", "dev", "decode", "notes");
  await record("exit", "dev", "decode", "notes", text, "--file", "/nope");
  await record("shape", "dev", "decode", "notes", "--file", "/nope");
  await record("shape", "dev", "encode", "notes", "x");
  await record("shape", "dev", "encode", "notes", '{"federation_id_prefix":"aabbcc","notes":{}}');
  await record("exact", "dev", "encode", "notes", '{"federation_id_prefix":"aabbccdd","notes":{"1":[]}}');
}

const admin = ["--our-id", "0", "--password", "pass"];

await record("exact", "version-hash");
await record("exact", "-V");
await record("exact", "info");
await wallet("exact", "info");
await wallet("shape", "join", "abc");
await wallet("exit", "join");
await wallet("exact", "--federation-secret-hex", "00", "join", invite);
await wallet("exact", "join", invite);
await wallet("exact", "join", invite);
await wallet("exact", "join-federation", invite);
await wallet("exact", "info");
await wallet("exact", "invite-code", "0");
await wallet("exact", "invite-code", "9");
await wallet("exit", "invite-code", "x");
await wallet("shape", "print-secret");
await wallet("exact", "list-operations");
await wallet("exit", "list-operations", "--limit", "x");
await wallet("shape", "module");
await wallet("exit", "module", "mintv2");
await wallet("exit", "module", "mintv2", "nonsense");
await wallet("exact", "module", "9", "x");
await wallet("exact", "module", "nothere", "x");
await wallet("exact", "module", "mintv2", "count");
await wallet("exact", "module", "mintv2", "send", "1sat");
await wallet("shape", "module", "mintv2", "receive", "fedimintabc");
await wallet("exact", "module", "meta", "get");
await wallet("exact", "module", "meta", "get-rev");
await wallet("exact", "module", "meta", "get-submissions");
await wallet("exact", "module", "meta", "submit", '{"a":"b"}');
await wallet("exact", ...admin, "module", "meta", "get-submissions");
await wallet("shape", ...admin, "module", "meta", "submit", "no json");
await wallet("exact", "version-hash");
await wallet("exact", "config");
await wallet("shape", "session-count");
await wallet("exact", "dev", "config");
await wallet("shape", "dev", "session-count");
await wallet("exact", "dev", "wait", "0.1");
await wallet("exit", "dev", "wait", "x");
await wallet("exact", "dev", "wait-complete");
await wallet("exact", "dev", "next-event-log-id");
await wallet("exact", "dev", "show-event-log");
await wallet("exit", "dev", "show-event-log", "--pos", "x");
await wallet("exact", "dev", "api-announcements");
// the reference's wallet asks for these in the background: a while, and they are there
await call(["--data-dir", dir, "dev", "wait", "3"]);
await wallet("exact", "dev", "guardian-metadata");
await wallet("exact", "dev", "meta-fields");
await wallet("exact", "dev", "chain-id");
await wallet("shape", "dev", "refresh-api-versions");
await wallet("exact", "dev", "peer-version", "--peer-id", "0");
await wallet("exact", "dev", "peer-version", "--peer-id", "7");
await wallet("exit", "dev", "peer-version");
await wallet("exact", "dev", "api", "version");
await wallet("shape", "dev", "api", "session_count", "--peer-id", "1");
await wallet("exact", "dev", "api", "session_count", "--peer-id", "9");
await wallet("exact", "dev", "api", "nope", "--peer-id", "0");
await wallet("exit", "dev", "api", "nope");
await wallet("exit", "dev", "api", "audit", "--password", "pass");
await wallet("exact", "dev", "api", "audit", "--peer-id", "0", "--password", "pass");
await wallet("exact", "dev", "api", "audit", "--peer-id", "0", "--password", "bad");
await wallet("exact", "dev", "api", "--module", "meta", "get_consensus", "0");
await wallet("shape", "dev", "submit-transaction", "00");
await wallet("shape", "dev", "submit-transaction", "zz");
await record("exact", "dev", "decode", "invite-code", invite);
await record("exit", "dev", "decode", "invite-code", "abc");
await record("shape", "dev", "decode", "setup-code", "fedimintaaaa");
const federationId = (await wallet("exact", "info") as JsonObject).federation_id as string;
const parts = ["--url", "wss://a.example:1/x", "--federation_id", federationId, "--peer", "3"];
await record("exact", "dev", "encode", "invite-code", ...parts);
await record("exact", "dev", "encode", "invite-code", ...parts, "secret");
await record("exit", "dev", "encode", "invite-code", "--url", "wss://a.example", "--peer", "3");
await recordNotes();
await record("exit", "dev", "panic");
await record("exit", "completion", "csh");
await record("exit", "dev", "config-decrypt", "--in-file", "/nope");
const nowhere = ["--in-file", "/nope", "--out-file", "/out", "--salt-file", "/nope"];
await record("shape", "dev", "config-decrypt", ...nowhere, "pw");
await wallet("shape", ...admin, "admin", "status");
await wallet("shape", "admin", "status");
await wallet("exact", ...admin, "admin", "audit");
await wallet("exact", "--our-id", "0", "admin", "audit");
await wallet("exact", "--our-id", "0", "--password", "bad", "admin", "audit");
await wallet("exact", "--our-id", "9", "--password", "pass", "admin", "audit");
await wallet("exact", "admin", "audit");
await wallet("exact", ...admin, "admin", "backup-statistics");
await wallet("shape", ...admin, "admin", "guardian-config-backup");
await wallet("exact", ...admin, "admin", "sign-api-announcement", "http://127.0.0.1:1");
await wallet("exact", "admin", "auth", "--peer-id", "0", "--password", "pass");
await wallet("exact", "admin", "auth", "--peer-id", "0", "--password", "bad", "--no-verify");
await wallet("exact", "admin", "auth", "--peer-id", "9", "--password", "pass", "--no-verify");
await wallet("exit", "admin", "auth", "--password", "pass", "--no-verify");
await wallet("exact", "admin", "auth", "--peer-id", "0", "--password", "pass", "--no-verify");
await wallet("exact", "admin", "auth", "--peer-id", "0", "--password", "pass", "--no-verify");
await wallet("exact", "admin", "auth", "--peer-id", "0", "--password", "pass", "--no-verify", "--force");
await wallet("shape", "admin", "status");
await wallet("exact", "admin", "audit");
const url = ((await api("client_config", null, ["--peer-id", "0"]) as JsonObject).api_endpoints as JsonObject)["0"];
const endpoint = (url as JsonObject).url as string;
await record("exact", "admin", "setup", endpoint, "status");
await record("exact", "--password", "pass", "admin", "setup", endpoint, "status");
await record("exact", "--password", "bad", "admin", "setup", endpoint, "set-local-params", "x");
await record("exit", "--password", "pass", "admin", "setup", endpoint, "add-peer");
await record("shape", "--password", "pass", "admin", "setup", "ws://127.0.0.1:1", "status");
await record("exit");
await record("exit", "nonsense");
await record("exit", "info", "--data-dir", dir);
await record("exit", "--our-id", "x", "info");

const METHODS: readonly (readonly [string, Json])[] = [
  ["client_config", null],
  ["version", null],
  ["session_count", null],
  ["chain_id", null],
  ["api_announcements", null],
  ["guardian_metadata", null],
  ["fedimintd_version", null],
  ["setup_status", null],
  ["status", null],
  ["module_1_get_consensus", 0],
  ["module_1_get_consensus_rev", 0],
  ["module_2_recovery_count", null],
];
const ADMIN_METHODS: readonly (readonly [string, Json])[] = [
  ["audit", null],
  ["backup_statistics", null],
  ["auth", null],
  ["module_1_get_submission", 0],
];

/** `method params` → what the guardian answers. */
async function answersOf(peer: number): Promise<Record<string, Json>> {
  const answers: Record<string, Json> = {};
  const one = ["--peer-id", String(peer)];
  for (const [method, params] of METHODS) {
    answers[`${method} ${stringifyJson(params)}`] = await api(method, params, one);
  }
  for (const [method, params] of ADMIN_METHODS) {
    answers[`${method} ${stringifyJson(params)}`] = await api(method, params, [...one, "--password", "pass"]);
  }
  return answers;
}

/** Not the number of sessions: one may end between asking one guardian and the next. */
const CHANGING = "session_count null";

/** What all say alike is under `all`; where a guardian differs, under its number. */
const all = await answersOf(GUARDIANS[0]!);
const guardians: Record<string, JsonObject> = { all };
for (const peer of GUARDIANS.slice(1)) {
  const own = Object.entries(await answersOf(peer)).filter(([call, answer]) =>
    call !== CHANGING && stringifyJson(answer) !== stringifyJson(all[call]!)
  );
  guardians[String(peer)] = Object.fromEntries(own);
}
await Deno.writeTextFile(join(out, "commands.json"), `${stringifyJson(recorded, 1)}\n`);
await Deno.writeTextFile(join(out, "guardians.json"), `${stringifyJson(guardians, 1)}\n`);
await Deno.remove(dir, { recursive: true });
console.log(`${recorded.length} commands recorded`);
