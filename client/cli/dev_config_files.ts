/**
 * `dev config-decrypt` and `dev config-encrypt`: guardians' secrets as releases before 0.13 kept them, under a
 * password. No wallet needed. docs/protocol/02b-cli.md §5, docs/protocol/01-encoding.md §15.
 */
import { dirname, join } from "@std/path";
import type { Command } from "commander";
import { FilesError } from "../../actors/platform/error.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8, toHex, utf8 } from "../../core/bytes.ts";
import { aeadDecrypt, aeadEncrypt, passwordKey } from "../../core/crypto/aead.ts";
import { CryptoError } from "../../core/crypto/error.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, parseHex } from "../../core/encoding/mod.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { isGiven } from "./globals.ts";
import type { Session } from "./session.ts";

const SALT_FILE = "private.salt";
const NONCE_BYTES = 12;
/** The secrets of a guardian of the largest federation are a small part of it. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

type Paths = { readonly inFile: string; readonly outFile: string; readonly saltFile?: string };

export function configFileCommands(cli: Cli, dev: Command): void {
  const command = (
    name: string,
    description: string,
    saltBeside: "inFile" | "outFile",
    convert: (bytes: Bytes, key: () => Bytes, session: Session) => Bytes,
  ): void => {
    dev.command(name).description(description)
      .requiredOption("--in-file <FILE>", "what is read")
      .requiredOption("--out-file <FILE>", "what is written; it must not exist")
      .option("--salt-file <FILE>", `default: ${SALT_FILE} beside the encrypted file`)
      .argument("[password]", "[env: FM_PASSWORD_API]")
      .action(cli.official(async (session, password: string | undefined, paths: Paths): Promise<Json> => {
        const given = [password, session.io.env("FM_PASSWORD_API")].find(isGiven);
        if (given === undefined) {
          throw CliError.usage("the following required arguments were not provided: <PASSWORD>");
        }
        const salt = await read(session, paths.saltFile ?? join(dirname(paths[saltBeside]), SALT_FILE));
        // it takes half a second: only when everything else is there
        const key = (): Bytes => keyOf(given, textOf(salt, "The salt file"));
        await create(session, paths.outFile, convert(await read(session, paths.inFile), key, session));
        return null;
      }));
  };
  command("config-decrypt", "secrets of an old guardian's config, readable", "inFile", decrypted);
  command(
    "config-encrypt",
    "the opposite",
    "outFile",
    (bytes, key, { io }) => utf8(toHex(aeadEncrypt(bytes, key(), io.platform.dice.bytes(NONCE_BYTES)))),
  );
}

async function read({ io }: Session, path: string): Promise<Bytes> {
  let bytes: Bytes | undefined;
  try {
    bytes = await io.platform.files.read(path, FILE_BYTES_MAX);
  } catch (thrown) {
    if (thrown instanceof FilesError) throw CliError.failed(`${path} can't be read`, { cause: thrown });
    throw thrown;
  }
  if (bytes === undefined) throw CliError.failed(`There is no file ${path}`);
  return bytes;
}

/** Readable by its owner alone: it holds keys. */
async function create({ io }: Session, path: string, bytes: Bytes): Promise<void> {
  try {
    await io.platform.files.create(path, bytes, { secret: true });
  } catch (thrown) {
    if (thrown instanceof FilesError) throw CliError.failed(`${path} can't be written`, { cause: thrown });
    throw thrown;
  }
}

function textOf(bytes: Bytes, what: string): string {
  try {
    return fromUtf8(bytes);
  } catch (thrown) {
    if (thrown instanceof TypeError) throw CliError.failed(`${what} is no text`);
    throw thrown;
  }
}

function keyOf(password: string, salt: string): Bytes {
  try {
    return passwordKey(password, salt);
  } catch (thrown) {
    if (thrown instanceof CryptoError) throw CliError.failed(thrown.message);
    throw thrown;
  }
}

function decrypted(file: Bytes, key: () => Bytes): Bytes {
  let bytes: Bytes;
  try {
    bytes = parseHex(textOf(file, "The file"));
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CliError.failed("The file is no hex: it isn't an encrypted config");
    throw thrown;
  }
  const plain = aeadDecrypt(bytes, key());
  if (!plain.ok) throw CliError.failed("Another password, another salt file, or the file is damaged");
  return plain.value;
}
