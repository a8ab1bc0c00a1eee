/**
 * Setup as it is kept on disk until the config is written, so that a guardian that restarts meanwhile is the same one:
 * own parameters, the TLS identity that the others were told, their codes. `setup.json` is secret: it holds the TLS
 * key.
 */
import { join } from "@std/path";
import { FilesError } from "../../actors/platform/error.ts";
import type { Files, TlsIdentity } from "../../actors/platform/platform.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import {
  bool,
  bytes,
  DecodeError,
  jsonAsHex,
  list,
  option,
  parseJson,
  stringifyJson,
  struct,
  text,
  u32,
} from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { formatSetupCode, parseSetupCode } from "../../core/types/setup_code.ts";
import { SetupError } from "../config/error.ts";
import { SETUP_FILE_BYTES_MAX } from "./limits.ts";
import type { LocalParams, SetupSettings, SetupState } from "./setup.ts";
import { checkLocalParams, initialSetup, setLocalParams } from "./setup.ts";

export const SETUP_FILE = "setup.json";

/** As `set_local_params` has them. */
export const localParams = struct("SetLocalParamsRequest", {
  name: text,
  federationName: option(text),
  disableBaseFees: option(bool),
  enabledModules: option(list(text)),
  federationSize: option(u32),
});

const stored = struct("Setup", {
  params: localParams,
  tlsCertificate: jsonAsHex(bytes),
  tlsKey: jsonAsHex(bytes),
  codes: list(text),
});

type Stored = { readonly params: LocalParams; readonly identity: TlsIdentity; readonly codes: readonly string[] };

function broken(path: string, why: string): SetupError {
  return new SetupError(
    { code: "config_broken", path },
    `${path} can't be read (${why}): delete it to begin setup anew; the other guardians then need the new code of this one`,
  );
}

async function read(files: Files, path: string): Promise<Stored | null> {
  try {
    const bytes = await files.read(path, SETUP_FILE_BYTES_MAX);
    if (bytes === undefined) return null;
    const { params, tlsCertificate, tlsKey, codes } = stored.fromJson(parseJson(fromUtf8(bytes)));
    return { params, identity: { certificate: tlsCertificate, privateKey: tlsKey }, codes };
  } catch (thrown) {
    // a decoder's words could quote the key
    if (thrown instanceof DecodeError || thrown instanceof TypeError) throw broken(path, "it is damaged");
    if (thrown instanceof FilesError && thrown.code === "too_large") throw broken(path, "it is too large");
    throw thrown;
  }
}

/**
 * Where setup had come to. The own code follows settings that have changed since; its keys stay.
 * @throws {SetupError} `config_broken` · `refused` when the settings don't allow any more what was set
 */
export async function readSetup(files: Files, dir: string, settings: SetupSettings): Promise<SetupState> {
  const path = join(dir, SETUP_FILE);
  const found = await read(files, path);
  if (!found) return initialSetup;
  const { params, identity, codes } = found;
  const allowed = checkLocalParams(initialSetup, params, settings);
  if (!allowed.ok) {
    const why = `Setup can't go on as it is kept in ${path}: ${allowed.error}`;
    throw new SetupError({ code: "refused", reason: "settings" }, why);
  }
  try {
    return { ...setLocalParams(initialSetup, params, settings, identity), codes: codes.map(parseSetupCode) };
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    throw broken(path, `a code in it is damaged: ${errorText(thrown)}`);
  }
}

/** Durable when it resolves; nothing is written before there is an identity to keep. @throws {FilesError} */
export async function writeSetup(files: Files, dir: string, { own, codes }: SetupState): Promise<void> {
  if (!own) return;
  const { params, identity } = own;
  const json = stored.toJson({
    params: { ...params, enabledModules: params.enabledModules && [...params.enabledModules] },
    tlsCertificate: identity.certificate,
    tlsKey: identity.privateKey,
    codes: codes.map(formatSetupCode),
  });
  await files.replace(join(dir, SETUP_FILE), utf8(stringifyJson(json, 2)), { secret: true });
}

/**
 * Once there is a config. @returns why it can't be removed, or null: a guardian that has its config starts all the same
 */
export async function removeSetup(files: Files, dir: string): Promise<string | null> {
  try {
    if ((await files.list(dir))?.includes(SETUP_FILE)) await files.remove(join(dir, SETUP_FILE));
    return null;
  } catch (thrown) {
    if (thrown instanceof FilesError) return errorText(thrown);
    throw thrown;
  }
}
