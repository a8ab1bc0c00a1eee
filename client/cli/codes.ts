/** `dev decode …` and `dev encode …`: invite codes and setup codes. No wallet needed. docs/protocol/02b-cli.md §5. */
import type { Command } from "commander";
import type { Json } from "../../core/encoding/mod.ts";
import type { FederationId, PeerId } from "../../core/types/ids.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { peerSetupCode } from "../../core/types/setup_code.ts";
import { federationIdArgument, peerArgument, urlArgument } from "./arguments.ts";
import { PastedError, readInviteCode, readSetupCode } from "../pasted.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { isGiven } from "./globals.ts";
import { asArgument, pastedArgument } from "./pasted.ts";

type Parts = { readonly url: string; readonly federation_id: FederationId; readonly peer: PeerId };

export function codeCommands(cli: Cli, dev: Command): void {
  const decode = dev.command("decode").description("what is in a code");
  decode.command("invite-code").argument("<invite_code...>", "fed11… or fedimint…; - reads it from standard input")
    .description("URL of its first guardian, and the federation's id")
    .action(
      cli.official(async (session, pieces: string[]) => {
        const pasted = await pastedArgument(session, pieces);
        const { url, federationId } = asArgument("invite_code", () => readInviteCode(pasted));
        return { url, federation_id: federationId };
      }),
    );
  decode.command("setup-code").argument("<setup_code...>", "fedimint…; - reads it from standard input")
    .description("what a guardian tells the others in the ceremony")
    .action(cli.official(async (session, pieces: string[]) => setupCodeJson(await pastedArgument(session, pieces))));

  dev.command("encode").description("make a code")
    .command("invite-code").description("an invite code from its parts")
    .requiredOption("--url <URL>", "the guardian's", urlArgument)
    .requiredOption("--federation_id <HEX>", "64 digits", federationIdArgument)
    .requiredOption("--peer <N>", "guardian's number", peerArgument)
    .argument("[api_secret]", "of a federation that has one [env: FM_API_SECRET]")
    .action(cli.official((session, secret: string | undefined, { url, federation_id, peer }: Parts) => {
      const apiSecret = [secret, session.io.env("FM_API_SECRET")].find(isGiven) ?? null;
      return Promise.resolve({ invite_code: inviteOf({ url, federationId: federation_id, peer, apiSecret }) });
    }));
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
