/** `dev decode …` and `dev encode …`: invite codes and setup codes. No wallet needed. docs/protocol/02b-cli.md §5. */
import type { Command } from "commander";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import type { FederationId, PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { parseSetupCode, peerSetupCode } from "../../core/types/setup_code.ts";
import { federationIdArgument, inviteArgument, peerArgument, urlArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { isGiven } from "./globals.ts";

type Parts = { readonly url: string; readonly federation_id: FederationId; readonly peer: PeerId };

export function codeCommands(cli: Cli, dev: Command): void {
  const decode = dev.command("decode").description("what is in a code");
  decode.command("invite-code").argument("<invite_code>", "fed11… or fedimint…", inviteArgument)
    .description("URL of its first guardian, and the federation's id")
    .action(
      cli.official((_session, { url, federationId }: InviteCode) =>
        Promise.resolve({ url, federation_id: federationId })
      ),
    );
  decode.command("setup-code").argument("<setup_code>", "fedimint…")
    .description("what a guardian tells the others in the ceremony")
    .action(cli.official((_session, code: string) => Promise.resolve(setupCodeJson(code))));

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
    return { setup_code: peerSetupCode.toJson(parseSetupCode(code)) };
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CliError.failed("failed to decode setup code", { cause: thrown });
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
