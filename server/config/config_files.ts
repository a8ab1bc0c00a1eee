/**
 * The guardian's config on disk: pretty JSON, readable by the owner alone. fedimint-server `config/io.rs`;
 * docs/protocol/02-api.md §8.
 *
 * The other guardians finish the ceremony whatever happens to us, and no key can be made again. So a new config is
 * first written as one file, whole or not at all, then as its files, and the one file is removed: what a crash cuts off
 * is finished at the next start. No file that is there already is ever replaced.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Files } from "../../actors/platform/platform.ts";
import { join } from "@std/path";
import { FilesError } from "../../actors/platform/error.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, isJsonObject, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { serverConfigConsensus, serverConfigLocal, serverConfigPrivate } from "../../core/types/server_config.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { CONFIG_FILE_BYTES_MAX, UNFINISHED_CONFIG_BYTES_MAX } from "../setup/limits.ts";

const CONSENSUS = "consensus.json";
const LOCAL = "local.json";
const PRIVATE = "private.json";
const CLIENT = "client.json";
export const INVITE = "invite-code";
/** What a guardian can't run without, and what its backup holds. */
export const CONFIG_FILES = [LOCAL, CONSENSUS, PRIVATE] as const;
/** Secrets of a config as releases before 0.13 wrote it: a sign that a config was here. */
const ENCRYPTED = ["private.encrypt", "private.salt"];
/** A whole config on its way to its files. */
const UNFINISHED = "unfinished-config.json";

/** The file, undefined when there is none, `"too_large"` when no config is as large. */
async function readBounded(files: Files, path: string, bytesMax: number): Promise<Bytes | "too_large" | undefined> {
  try {
    return await files.read(path, bytesMax);
  } catch (thrown) {
    if (thrown instanceof FilesError && thrown.code === "too_large") return "too_large";
    throw thrown;
  }
}

/** Also a file that can't be read counts: only what isn't there may be written. */
async function present(files: Files, dir: string, names: readonly string[]): Promise<string[]> {
  const listed = await files.list(dir) ?? [];
  return names.filter((name) => listed.includes(name));
}

/**
 * Whether the guardian is configured, once what a crash left unfinished is finished.
 * @throws {SetupError} `config_half` when a part of a config is there: it is a guardian's, and a new one must not take
 *   its place
 */
export async function isConfigured(files: Files, dir: string): Promise<boolean> {
  await finishWriting(files, dir);
  const found = await present(files, dir, [...CONFIG_FILES, CLIENT, INVITE, ...ENCRYPTED]);
  if (found.length === 0) return false;
  if (found.includes(CONSENSUS)) return true;
  const missing = CONFIG_FILES.filter((name) => !found.includes(name));
  throw new SetupError(
    { code: "config_half", path: dir },
    `${dir} holds ${found.join(", ")} of a guardian's config, and lacks ${missing.join(", ")}. ` +
      "Nothing was changed. Put the missing files back from a backup of this guardian; to set up a new guardian use an empty folder",
  );
}

/**
 * Writes a new guardian's config. May be repeated with the same config when it failed, for want of room say.
 * @throws {SetupError} `config_exists`, and nothing is changed
 * @throws {FilesError} when the disk is full or read-only; what is written is whole and is finished at the next start
 */
export async function writeConfig(
  files: Files,
  dir: string,
  config: GuardianConfig,
  client: ClientConfig,
  invite: string,
): Promise<void> {
  const texts = {
    [LOCAL]: stringifyJson(serverConfigLocal.toJson(config.local), 2),
    [CLIENT]: stringifyJson(clientConfig.toJson(client), 2),
    [INVITE]: invite,
    [PRIVATE]: stringifyJson(serverConfigPrivate.toJson(config.private), 2),
    [CONSENSUS]: stringifyJson(serverConfigConsensus.toJson(config.consensus), 2),
  };
  const whole = utf8(stringifyJson(texts));
  const path = join(dir, UNFINISHED);
  const begun = await readBounded(files, path, UNFINISHED_CONFIG_BYTES_MAX);
  if (begun === undefined) {
    const found = await present(files, dir, [...Object.keys(texts), ...ENCRYPTED]);
    if (found.length > 0) throw exists(dir, found);
    await files.replace(path, whole, { secret: true });
  } else if (begun === "too_large" || fromUtf8(begun) !== fromUtf8(whole)) {
    throw exists(dir, [UNFINISHED]);
  }
  await finishWriting(files, dir);
}

function exists(dir: string, names: readonly string[]): SetupError {
  return new SetupError(
    { code: "config_exists", path: dir },
    `${dir} holds a guardian's config already (${names.join(", ")}): it is never overwritten`,
  );
}

/** Each file that isn't there yet; the order doesn't matter, since the whole is kept until all are. */
async function finishWriting(files: Files, dir: string): Promise<void> {
  const path = join(dir, UNFINISHED);
  const whole = await readBounded(files, path, UNFINISHED_CONFIG_BYTES_MAX);
  if (whole === undefined) return;
  const texts = whole === "too_large" ? null : unfinishedOf(whole);
  if (!texts) {
    throw new SetupError({ code: "config_broken", path }, `${path} can't be read: it is none that this program wrote`);
  }
  for (const [name, text] of texts) {
    const target = join(dir, name), bytes = utf8(text);
    const before = await readBounded(files, target, CONFIG_FILE_BYTES_MAX);
    if (before === undefined) await files.replace(target, bytes, { secret: true });
    else if (before === "too_large" || fromUtf8(before) !== text) throw exists(dir, [name]);
  }
  await files.remove(path);
}

function unfinishedOf(bytes: Bytes): [string, string][] | null {
  try {
    const json = parseJson(fromUtf8(bytes));
    if (!isJsonObject(json)) return null;
    const entries = Object.entries(json);
    const known = [...CONFIG_FILES, CLIENT, INVITE] as readonly string[];
    return entries.every(([name, text]) => known.includes(name) && typeof text === "string")
      ? entries as [string, string][]
      : null;
  } catch (thrown) {
    if (thrown instanceof DecodeError || thrown instanceof TypeError) return null;
    throw thrown;
  }
}

async function readFile(files: Files, dir: string, name: string): Promise<Bytes> {
  const path = join(dir, name);
  const bytes = await readBounded(files, path, CONFIG_FILE_BYTES_MAX);
  if (!bytes) {
    throw new SetupError(
      { code: "config_missing", path },
      `${path} is missing: restore it from a backup of this guardian`,
    );
  }
  if (bytes !== "too_large") return bytes;
  throw new SetupError(
    { code: "config_broken", path },
    `${path} can't be read (it holds more than ${CONFIG_FILE_BYTES_MAX} bytes): restore it from a backup of this guardian`,
  );
}

function parsed<T>(path: string, bytes: Bytes, decode: (json: Json) => T): T {
  try {
    return decode(parseJson(fromUtf8(bytes)));
  } catch (thrown) {
    if (!(thrown instanceof DecodeError) && !(thrown instanceof TypeError)) throw thrown;
    // a cause could quote what the file holds, and the file may be secret
    const reason = thrown instanceof DecodeError ? errorText(thrown) : "it is not UTF-8";
    const hint = path.endsWith(PRIVATE) ? "" : ` (${reason})`;
    throw new SetupError(
      { code: "config_broken", path },
      `${path} can't be read${hint}: restore it from a backup of this guardian`,
    );
  }
}

/**
 * @param bytesOf a file's content
 * @param pathOf how it is called in errors
 * @throws {SetupError} `config_broken`, and what `bytesOf` throws
 */
export async function parseConfig(
  bytesOf: (name: (typeof CONFIG_FILES)[number]) => Promise<Bytes> | Bytes,
  pathOf: (name: string) => string,
): Promise<GuardianConfig> {
  return {
    consensus: parsed(pathOf(CONSENSUS), await bytesOf(CONSENSUS), (json) => serverConfigConsensus.fromJson(json)),
    local: parsed(pathOf(LOCAL), await bytesOf(LOCAL), (json) => serverConfigLocal.fromJson(json)),
    private: parsed(pathOf(PRIVATE), await bytesOf(PRIVATE), (json) => serverConfigPrivate.fromJson(json)),
  };
}

/** @throws {SetupError} `config_missing` · `config_broken` */
export async function readConfig(files: Files, dir: string): Promise<GuardianConfig> {
  return await parseConfig((name) => readFile(files, dir, name), (name) => join(dir, name));
}

/** A secret file that others could read until now: `closed`, or why it can't be. */
export type OpenFile = { readonly path: string; readonly closed: true } | {
  readonly path: string;
  readonly closed: false;
  readonly reason: string;
};

/**
 * Files that come out of an archive are often readable by everybody. One that can't be changed (it is another user's,
 * or its disk is read-only) is no reason not to start: its owner may have meant it so.
 */
export async function closeConfig(files: Files, dir: string): Promise<OpenFile[]> {
  const open: OpenFile[] = [];
  for (const path of [...CONFIG_FILES, INVITE].map((name) => join(dir, name))) {
    try {
      if (await files.makeSecret(path)) open.push({ path, closed: true });
    } catch (thrown) {
      if (!(thrown instanceof FilesError)) throw thrown;
      open.push({ path, closed: false, reason: errorText(thrown) });
    }
  }
  return open;
}

export function tellOpenFile(log: Logger, open: OpenFile): void {
  const { path } = open;
  if (open.closed) {
    log.warn("Others could read this secret file until now; if other people use this machine, they may know it", {
      path,
    });
  } else {
    log.warn("Others can read this secret file, and it can't be closed to them", { path, reason: open.reason });
  }
}
