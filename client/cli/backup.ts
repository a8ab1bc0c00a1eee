/** `backup`, and what people are told of backups that guardians keep. docs/protocol/02b-cli.md §2. */
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import type { Derivation } from "../../modules/contract/recovery.ts";
import type { FoundBackup, FoundBackups } from "../backup/found.ts";
import type { Client } from "../core/client.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { printable } from "./printable.ts";
import type { Session } from "./session.ts";
import { agoText, minuteText } from "./time.ts";

const HELP = `
Money needs no backup: the words alone bring it back. What \`--metadata\` says is kept with it, until other metadata are
given, and \`restore\` brings it back. Only whoever has the words can read a backup.`;

export function backupCommand(cli: Cli): void {
  cli.program.command("backup")
    .option("--metadata <KEY=VALUE>", "to be kept in the backup; may be given again", collect)
    .description("store an encrypted backup with the federation's guardians")
    .addHelpText("after", HELP)
    .action(cli.official((session, { metadata }: { metadata?: readonly string[] }) => {
      const json = metadata === undefined ? undefined : metadataOf(metadata);
      return session.withClient((client) => backUp(session, client, json));
    }));
}

function collect(text: string, before: readonly string[] | undefined): string[] {
  return [...before ?? [], text];
}

/** As fedimint-cli: an object of texts, by its keys in order. Not repeated in errors: it may be anything. */
function metadataOf(given: readonly string[]): JsonObject {
  const pairs = given.map((item): [string, string] => {
    const at = item.indexOf("=");
    if (at < 0) throw CliError.failed("invalid metadata: Metadata is missing a value: expected KEY=VALUE");
    return [item.slice(0, at), item.slice(at + 1)];
  });
  return Object.fromEntries([...new Map(pairs)].sort(([a], [b]) => a < b ? -1 : 1));
}

async function backUp({ io }: Session, client: Client, metadata: Json | undefined): Promise<Json> {
  const { sessionCount, leftOut } = await client.backup(metadata, io.signal);
  for (const { instance, bytes, hasOlder } of leftOut) {
    const rest = hasOlder ? "the last one's is in its place" : "it is left out";
    io.err(`The part of module ${instance} has ${bytes} bytes, too many for a backup: ${rest}.\n`);
  }
  io.err(`Guardians have a backup as of session ${sessionCount}.\n`);
  return null;
}

/** Guardians say when it was; beyond it a time is no time. */
const DAY_MS = 86_400_000;
const MAKERS: Readonly<Record<Derivation, string>> = {
  standard: "by this client or fedimint-cli",
  sdk: "by the JavaScript SDK, whose keys of the same words are others",
};

function foundText({ derivation, madeAtMs, unread }: FoundBackup, nowMs: number): string {
  const when = madeAtMs >= 0 && madeAtMs < nowMs + DAY_MS
    ? `of ${minuteText(madeAtMs)}, ${agoText(nowMs - madeAtMs)}`
    : "of a time that can't be";
  const rest = unread.length === 0 || derivation !== "standard"
    ? ""
    : ` What modules ${unread.join(", ")} put there this client doesn't read; it stays in the next backup.`;
  return `Guardians keep a backup ${when}, made ${MAKERS[derivation]}.${rest}`;
}

/** What guardians keep of a wallet that is restored; a line each. */
export function backupLines({ backups, rejected }: FoundBackups, nowMs: number): string[] {
  const found = backups.map((backup) => foundText(backup, nowMs));
  return [
    ...found.length > 0 ? found : ["Guardians keep no backup of this wallet; its money doesn't need one."],
    ...rejected.map(({ peer, reason }) =>
      `Guardian ${peer} sent something that is no backup of this wallet: ${printable(reason)}.`
    ),
  ];
}
