/**
 * `dev decode …` and `dev encode …`: invite codes, setup codes, transactions, e-cash of mint version 1.
 * docs/protocol/02b-cli.md §5.
 */
import type { Command } from "commander";
import { FilesError } from "../../actors/platform/error.ts";
import { fromUtf8, toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode, DecodeError, parseHex, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import { fromDyn } from "../../core/types/dyn.ts";
import type { FederationId, PeerId } from "../../core/types/ids.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { PASTED_CHARACTERS_MAX } from "../../core/types/limits.ts";
import { peerSetupCode } from "../../core/types/setup_code.ts";
import { transaction, transactionIdOf, transactionSignature } from "../../core/types/transaction.ts";
import type { Client } from "../core/client.ts";
import { federationIdArgument, peerArgument, urlArgument } from "./arguments.ts";
import { PastedError, readInviteCode, readSetupCode } from "../pasted.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { isGiven } from "./globals.ts";
import { oobNotesJson, oobNotesOfJson, parseOobNotes } from "./oob_notes.ts";
import { asArgument, pastedArgument } from "./pasted.ts";
import type { Session } from "./session.ts";

type Parts = { readonly url: string; readonly federation_id: FederationId; readonly peer: PeerId };

export function codeCommands(cli: Cli, dev: Command): void {
  const decoding = dev.command("decode").description("what is in a code");
  decoding.command("invite-code").argument("<invite_code...>", "fed11… or fedimint…; - reads it from standard input")
    .description("URL of its first guardian, and the federation's id")
    .action(
      cli.official(async (session, pieces: string[]) => {
        const pasted = await pastedArgument(session, pieces);
        const { url, federationId } = asArgument("invite_code", () => readInviteCode(pasted));
        return { url, federation_id: federationId };
      }),
    );
  decoding.command("setup-code").argument("<setup_code...>", "fedimint…; - reads it from standard input")
    .description("what a guardian tells the others in the ceremony")
    .action(cli.official(async (session, pieces: string[]) => setupCodeJson(await pastedArgument(session, pieces))));
  decoding.command("notes").argument("[notes...]", "e-cash of mint version 1; - reads it from standard input")
    .option("--file <FILE>", "a file that holds it").description("what is in e-cash of mint version 1")
    .action(cli.official(async (session, pieces: string[], { file }: { readonly file?: string }): Promise<Json> => {
      if ((pieces.length === 0) === (file === undefined)) throw CliError.usage("one of [notes] and --file is needed");
      if (file !== undefined) return oobNotesJson(notesIn(await textOfFile(session, file)));
      const pasted = await pastedArgument(session, pieces);
      return oobNotesJson(asArgument("notes", () => parseOobNotes(pasted)));
    }));
  decoding.command("transaction").argument("<transaction>", "hex").description("what is in a transaction")
    .action(
      cli.official((session, hex: string) =>
        session.withClient((client) => Promise.resolve({ transaction: transactionText(client, hex) }))
      ),
    );

  const encoding = dev.command("encode").description("make a code");
  encoding.command("notes").argument("<notes_json>", '{"federation_id_prefix":…,"notes":{"<msat>":[…]}}')
    .description("the text of e-cash of mint version 1")
    .action(cli.official((_session, json: string) => Promise.resolve(notesText(json))));
  encoding.command("invite-code").description("an invite code from its parts")
    .requiredOption("--url <URL>", "the guardian's", urlArgument)
    .requiredOption("--federation_id <HEX>", "64 digits", federationIdArgument)
    .requiredOption("--peer <N>", "guardian's number", peerArgument)
    .argument("[api_secret]", "of a federation that has one [env: FM_API_SECRET]")
    .action(cli.official((session, secret: string | undefined, { url, federation_id, peer }: Parts) => {
      const apiSecret = [secret, session.io.env("FM_API_SECRET")].find(isGiven) ?? null;
      return Promise.resolve({ invite_code: inviteOf({ url, federationId: federation_id, peer, apiSecret }) });
    }));
}

async function textOfFile({ io }: Session, path: string): Promise<string> {
  try {
    const bytes = await io.platform.files.read(path, PASTED_CHARACTERS_MAX);
    if (bytes !== undefined) return fromUtf8(bytes);
  } catch (thrown) {
    if (!(thrown instanceof FilesError || thrown instanceof TypeError)) throw thrown;
    throw CliError.failed(`failed to read file ${path}`, { cause: thrown });
  }
  throw CliError.failed(`failed to read file ${path}: there is none`);
}

function notesIn(source: string): ReturnType<typeof parseOobNotes> {
  try {
    return parseOobNotes(source);
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CliError.failed("failed to decode notes", { cause: thrown });
    throw thrown;
  }
}

function notesText(json: string): string {
  try {
    return oobNotesOfJson(parseJson(json));
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CliError.failed("invalid JSON for notes", { cause: thrown });
    throw thrown;
  }
}

/**
 * JSON with what its modules know of it; of what they can't decode the bytes. fedimint-cli prints Rust's debug text.
 */
function transactionText({ running: { definitions } }: Client, hex: string): string {
  const item = (kind: "input" | "output") => (value: Dyn): Json => {
    const { instance, body } = value, definition = definitions.get(instance);
    if (definition === undefined) return { module: instance, bytes: toHex(body) };
    const { codecs, kind: moduleKind } = definition;
    return {
      module: instance,
      kind: moduleKind,
      [kind]: codecs[kind].toJson(fromDyn(new Map([[instance, codecs]]), kind, value)),
    };
  };
  try {
    const { inputs, outputs, nonce, signatures } = decode(transaction, parseHex(hex));
    return stringifyJson({
      txid: transactionIdOf({ inputs, outputs, nonce }),
      inputs: inputs.map(item("input")),
      outputs: outputs.map(item("output")),
      nonce: toHex(nonce),
      signatures: transactionSignature.toJson(signatures),
    });
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CliError.failed("failed to decode transaction", { cause: thrown });
    throw thrown;
  }
}

function setupCodeJson(code: string): Json {
  try {
    return { setup_code: peerSetupCode.toJson(readSetupCode(code).code) };
  } catch (thrown) {
    if (thrown instanceof PastedError) throw CliError.failed("failed to decode setup code", { cause: thrown });
    throw thrown;
  }
}

function inviteOf(parts: Parameters<typeof newInviteCode>[0]): string {
  try {
    return formatInviteCode(newInviteCode(parts));
  } catch (thrown) {
    if (thrown instanceof RangeError) throw CliError.failed("the invite code would be too long", { cause: thrown });
    throw thrown;
  }
}
