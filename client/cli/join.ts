/** `join`: a federation by its invite code, or what is news in one. docs/protocol/02b-cli.md §2. */
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { compactText } from "../../core/types/pasted_text.ts";
import type { Client } from "../core/client.ts";
import type { JoinOutcome } from "../core/joining.ts";
import { ClientError } from "../error.ts";
import type { Renewal } from "../federation/renew.ts";
import { readInvite, welcome } from "./about.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { pastedArgument } from "./pasted.ts";
import { printable } from "./printable.ts";
import { recover, restoreFrom } from "./restore.ts";
import type { Session } from "./session.ts";

export function joinCommand(cli: Cli): void {
  cli.program.command("join").alias("join-federation").argument(
    "<invite_code...>",
    "fed11…; - reads it from standard input",
  )
    .description(
      "join a federation with its invite code; once more with a newer one, when guardians have moved or want it",
    )
    .action(cli.official((session, pieces: string[]) => join(session, pieces)));
}

async function join(session: Session, pieces: readonly string[]): Promise<Json> {
  if (session.globals.federationSecretHex !== null) {
    throw CliError.failed("--federation-secret-hex cannot be used with join");
  }
  const pasted = await pastedArgument(session, pieces), invite = readInvite(pasted), text = compactText(pasted);
  return await session.withJoining(async (client) => {
    session.io.err(`Asking ${[...invite.guardians.values()].map(printable).join(", ")} …\n`);
    const outcome = await joinOrOffer(session, client, invite);
    if (outcome.joined === "restored") return { joined: text, restored: true };
    if (outcome.joined === "before") {
      const { renewal } = outcome;
      session.io.err(renewalText(renewal));
      // without news it is the second join that fedimint-cli refuses
      if (renewal.apiSecret !== "replaced" && renewal.moved.size === 0) {
        throw CliError.failed("The client database is already initialized");
      }
      return { joined: text, renewed: renewalJson(renewal) };
    }
    await welcome(client, session);
    return { joined: text };
  });
}

/**
 * Words that may have money there already are restored, where somebody says so.
 * @throws as `Client.join` · {CliError} `failed`
 */
async function joinOrOffer(
  session: Session,
  client: Client,
  invite: InviteCode,
): Promise<JoinOutcome | { readonly joined: "restored" }> {
  const { io } = session;
  try {
    return await client.join(invite, io.signal);
  } catch (thrown) {
    if (!(thrown instanceof ClientError && thrown.code === "has_history")) throw thrown;
    if (io.ask === null) {
      const command = "Restore it with this command: restore --invite-code INVITE_CODE";
      throw CliError.failed(`${thrown.message}. ${command}`);
    }
    io.err(`${printable(thrown.message)}.\n`);
    const answer = await session.orInterrupted(io.ask("Restore it now? (Y/n): "));
    if (/^(n|no)$/i.test(answer.trim())) throw CliError.failed("Nothing was joined.");
  }
  await client.goOn(io.signal);
  await restoreFrom(session, client, invite, undefined);
  await recover(session, client);
  return { joined: "restored" };
}

const SECRET_TEXT: Readonly<Record<Renewal["apiSecret"], string>> = {
  same: "",
  replaced: "The guardians' API secret is replaced.\n",
  not_needed: "The guardians take everybody: the invite code's API secret is not needed.\n",
  refused: "The guardians don't take the invite code's API secret: the wallet keeps the one it has.\n",
};

/** Lines for people. */
function renewalText({ apiSecret, moved }: Renewal): string {
  const lines = [...moved].map(([peer, url]) => `Guardian ${peer} is found at ${printable(url)} now.\n`);
  const news = `${SECRET_TEXT[apiSecret]}${lines.join("")}`;
  return `This wallet has joined the federation before, and keeps everything.\n${
    news || "The invite code has no news for it.\n"
  }`;
}

/** fedimint-cli knows nothing of the kind. */
function renewalJson({ apiSecret, moved }: Renewal): JsonObject {
  return { api_secret: apiSecret, moved: Object.fromEntries([...moved].map(([peer, url]) => [String(peer), url])) };
}
