/**
 * The guardian's config on disk: pretty JSON, secrets readable by the owner alone. fedimint-server `config/io.rs`; sheet "API" 8.
 *
 * `consensus.json` says that a guardian is configured. The reference writes it second and a crash then leaves a directory that is of
 * no use; here it is written last, so a crash before leaves a guardian that isn't configured yet, whose half-written files are replaced.
 */
import type { Files } from "../../actors/platform/platform.ts";
import { join } from "@std/path";
import { FilesError } from "../../actors/platform/error.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { serverConfigConsensus, serverConfigLocal, serverConfigPrivate } from "../../core/types/server_config.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { CONFIG_FILE_BYTES_MAX } from "./limits.ts";

const CONSENSUS = "consensus.json";
const LOCAL = "local.json";
const PRIVATE = "private.json";
const CLIENT = "client.json";
const INVITE = "invite-code";

/** The file, undefined when there is none, `"too_large"` when no config is as large. */
async function readBounded(files: Files, path: string): Promise<Bytes | "too_large" | undefined> {
  try {
    return await files.read(path, CONFIG_FILE_BYTES_MAX);
  } catch (thrown) {
    if (thrown instanceof FilesError && thrown.code === "too_large") return "too_large";
    throw thrown;
  }
}

/** Also of a config that can't be read: only one that isn't there is set up anew. */
export async function isConfigured(files: Files, dir: string): Promise<boolean> {
  return await readBounded(files, join(dir, CONSENSUS)) !== undefined;
}

/** @throws {SetupError} `config_exists` */
export async function writeConfig(
  files: Files,
  dir: string,
  config: GuardianConfig,
  client: ClientConfig,
  invite: string,
): Promise<void> {
  if (await isConfigured(files, dir)) {
    throw new SetupError(
      { code: "config_exists", path: dir },
      `${dir} holds a guardian's config already: it is never overwritten`,
    );
  }
  const write = (name: string, text: string, secret: boolean): Promise<void> =>
    files.replace(join(dir, name), utf8(text), { secret });
  await write(LOCAL, stringifyJson(serverConfigLocal.toJson(config.local), 2), true);
  await write(INVITE, invite, false);
  await write(CLIENT, stringifyJson(clientConfig.toJson(client), 2), false);
  await write(PRIVATE, stringifyJson(serverConfigPrivate.toJson(config.private), 2), true);
  await write(CONSENSUS, stringifyJson(serverConfigConsensus.toJson(config.consensus), 2), true);
}

async function readFile<T>(files: Files, dir: string, name: string, decode: (json: Json) => T): Promise<T> {
  const path = join(dir, name);
  const bytes = await readBounded(files, path);
  if (!bytes) {
    throw new SetupError(
      { code: "config_missing", path },
      `${path} is missing: restore it from a backup of this guardian`,
    );
  }
  if (bytes === "too_large") {
    throw new SetupError(
      { code: "config_broken", path },
      `${path} can't be read (it holds more than ${CONFIG_FILE_BYTES_MAX} bytes): restore it from a backup of this guardian`,
    );
  }
  try {
    return decode(parseJson(fromUtf8(bytes)));
  } catch (thrown) {
    if (!(thrown instanceof DecodeError) && !(thrown instanceof TypeError)) throw thrown;
    // a cause could quote what the file holds, and the file may be secret
    const reason = thrown instanceof DecodeError ? errorText(thrown) : "it is not UTF-8";
    const hint = name === PRIVATE ? "" : ` (${reason})`;
    throw new SetupError(
      { code: "config_broken", path },
      `${path} can't be read${hint}: restore it from a backup of this guardian`,
    );
  }
}

/** @throws {SetupError} `config_missing` · `config_broken` */
export async function readConfig(files: Files, dir: string): Promise<GuardianConfig> {
  return {
    consensus: await readFile(files, dir, CONSENSUS, (json) => serverConfigConsensus.fromJson(json)),
    local: await readFile(files, dir, LOCAL, (json) => serverConfigLocal.fromJson(json)),
    private: await readFile(files, dir, PRIVATE, (json) => serverConfigPrivate.fromJson(json)),
  };
}

/**
 * Files that come out of an archive are often readable by everybody.
 * @returns paths of the secret files that others could read until now
 */
export async function closeConfig(files: Files, dir: string): Promise<string[]> {
  const open: string[] = [];
  for (const path of [LOCAL, PRIVATE, CONSENSUS].map((name) => join(dir, name))) {
    if (await files.makeSecret(path)) open.push(path);
  }
  return open;
}
