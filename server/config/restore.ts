/**
 * A guardian out of the backup of its config: what `admin guardian-config-backup` gives, ours or fedimintd's. All is
 * checked before anything is written, and nothing that is there is ever overwritten. Its database comes back from the
 * other guardians. fedimint-server `config/setup.rs` (`parse_backup`).
 */
import type { Files } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, fromUtf8, isHex } from "../../core/bytes.ts";
import { DecodeError, isJsonObject, parseJson } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { AnyServerModuleDefinition } from "../../modules/contract/server.ts";
import { readTar, TarError } from "./tar.ts";
import { CONFIG_FILES, isConfigured, parseConfig, writeConfig } from "./config_files.ts";
import { SetupError } from "./error.ts";
import { claimDatabase } from "./database_owner.ts";
import type { ConfiguredModule, GuardianConfig } from "./guardian_config.ts";
import { configuredModules, handedOut } from "./guardian_config.ts";
import { CONFIG_FILE_BYTES_MAX } from "../setup/limits.ts";
import { addressesOfConfig, tlsOfConfig } from "./peer_addresses.ts";
import { SETUP_FILE } from "../setup/setup_file.ts";

/** As hex in JSON, with room for what stands around it. */
export const ARCHIVE_FILE_BYTES_MAX = 2 * CONFIG_FILES.length * CONFIG_FILE_BYTES_MAX + 100_000;

const GZIP = [0x1f, 0x8b];
const ENCRYPTED = "private.encrypt";

function broken(path: string, why: string): SetupError {
  return new SetupError({ code: "config_broken", path }, `${path} can't be restored: ${why}`);
}

/** Raw, as hex, or as the JSON that the command line prints. @throws {SetupError} without quoting what is in it */
function tarBytes(archive: Bytes, path: string): Bytes {
  if (archive[0] === GZIP[0] && archive[1] === GZIP[1]) {
    throw broken(path, "it is compressed: unpack it by gzip -d first");
  }
  const text = textOf(archive)?.trim();
  if (text === undefined || text === "") return archive;
  if (isHex(text)) return fromHex(text);
  if (!text.startsWith("{")) return archive;
  try {
    const json = parseJson(text);
    const hex = isJsonObject(json) ? json.tar_archive_bytes : undefined;
    if (typeof hex === "string" && isHex(hex)) return fromHex(hex);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
  }
  throw broken(path, "expected JSON with tar_archive_bytes, as admin guardian-config-backup prints it");
}

/** Undefined for what can't be text: a tar archive has zeros. */
function textOf(bytes: Bytes): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return fromUtf8(bytes);
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

/** @throws {SetupError} `config_broken` that says which file of the archive is wrong */
async function configOfArchive(archive: Bytes, path: string): Promise<GuardianConfig> {
  let found: Map<string, Bytes>;
  try {
    found = readTar(tarBytes(archive, path));
  } catch (thrown) {
    if (thrown instanceof TarError) throw broken(path, thrown.message);
    throw thrown;
  }
  if (found.has(ENCRYPTED)) {
    const how = "restore it with fedimintd 0.13, and take a new backup of that guardian";
    throw broken(path, `it is an encrypted backup of an older release, which this program can't read: ${how}`);
  }
  const stranger = [...found.keys()].find((name) => !(CONFIG_FILES as readonly string[]).includes(name));
  if (stranger !== undefined) throw broken(path, `it holds ${JSON.stringify(stranger)}, which is no part of a backup`);
  const missing = CONFIG_FILES.filter((name) => !found.has(name));
  if (missing.length > 0) throw broken(path, `it lacks ${missing.join(", ")}`);
  return await parseConfig((name) => found.get(name)!, (name) => `${name} in ${path}`);
}

/** A backup that has been checked. `config.private` is secret. */
export type Backup = {
  readonly config: GuardianConfig;
  readonly modules: ReadonlyMap<ModuleInstanceId, ConfiguredModule>;
};

/** @throws {SetupError} when it is not the whole config of one guardian that this program can run */
export async function readBackup(
  files: Files,
  path: string,
  definitions: ReadonlyMap<string, AnyServerModuleDefinition>,
): Promise<Backup> {
  const archive = await files.read(path, ARCHIVE_FILE_BYTES_MAX);
  if (archive === undefined) throw broken(path, "there is no such file");
  const config = await configOfArchive(archive, path);
  const modules = configuredModules(config, definitions);
  addressesOfConfig(config);
  tlsOfConfig(config);
  return { config, modules };
}

/**
 * @param dir an empty data directory, or one with this guardian's database alone
 * @param store its database, so that no guardian runs in this directory meanwhile
 * @param apiSecret in the invite code of a private federation. Secret.
 * @throws {SetupError} and no file was written
 */
export async function restoreGuardian(
  { config, modules }: Backup,
  { files, dir, store, apiSecret }: {
    readonly files: Files;
    readonly dir: string;
    readonly store: StoreView;
    readonly apiSecret: string | null;
  },
): Promise<void> {
  if (await isConfigured(files, dir)) {
    throw new SetupError({ code: "config_exists", path: dir }, `${dir} holds a guardian already: nothing was changed`);
  }
  if ((await files.list(dir))?.includes(SETUP_FILE)) {
    throw new SetupError(
      { code: "config_exists", path: dir },
      `The setup of another guardian has begun in ${dir}: use an empty folder, or delete ${SETUP_FILE} there`,
    );
  }
  await claimDatabase(store, config);
  const { client, invite } = handedOut(config, modules, apiSecret);
  await writeConfig(files, dir, config, client, invite);
}
