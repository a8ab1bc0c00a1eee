/** fedimint-cli's commands about the wallet itself: join, info, secret, operations. docs/protocol/02b-cli.md §2, §3. */
import { InvalidArgumentError } from "commander";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { errorText, FedimintError } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { compactText } from "../../core/types/pasted_text.ts";
import type { PendingMoney } from "../../modules/contract/client.ts";
import type { Client } from "../core/client.ts";
import { modulePrefix } from "../core/database.ts";
import { fetchMeta } from "../federation/meta.ts";
import type { Renewal } from "../federation/renew.ts";
import { paidFeesMsat } from "../logs/transactions.ts";
import { FederationClient } from "../mod.ts";
import { PastedError, readInviteCode } from "../pasted.ts";
import { networkOf } from "../federation/network.ts";
import { refuseWords } from "../core/words.ts";
import { countArgument, inviteArgument, peerArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { pastedArgument } from "./pasted.ts";
import { printable } from "./printable.ts";
import type { Session } from "./session.ts";
import { isoTime } from "./time.ts";

/** A page of the operation log is held in memory. */
const OPERATIONS_MAX = 100_000;

export function walletCommands(cli: Cli): void {
  const { program } = cli;
  program.command("join").alias("join-federation").argument(
    "<invite_code...>",
    "fed11…; - reads it from standard input",
  )
    .description(
      "join a federation with its invite code; once more with a newer one, when guardians have moved or want it",
    )
    .action(cli.official((session, pieces: string[]) => join(session, pieces)));
  program.command("restore", { hidden: true }).requiredOption("--mnemonic <WORDS>", "the wallet's 12 words")
    .requiredOption("--invite-code <INVITE>", "of its federation", inviteArgument)
    .description("refused: this client can't find the money yet that belongs to given words")
    .action(cli.official((_session, { mnemonic }: { mnemonic: string }) => refuseWords(mnemonic)));
  program.command("info").description("show the federation and what the wallet holds")
    .action(cli.official((session) => session.withClient(info)));
  program.command("invite-code").argument("<peer>", "guardian's number", peerArgument)
    .description("an invite code for others, through this guardian")
    .action(
      cli.official((session, peer: PeerId) =>
        session.withClient((client) => Promise.resolve({ invite_code: client.inviteCode(peer) }))
      ),
    );
  program.command("print-secret").description("print the wallet's 12 words: whoever has them has the money")
    .action(cli.official((session) => session.withClient(async (client) => ({ secret: await client.words() }))));
  program.command("list-operations").description("what was done with the wallet, newest first")
    .option("--limit <N>", "how many at most", operationsArgument, 10)
    .action(
      cli.official((session, { limit }: { limit: number }) =>
        session.withClient((client) => operations(client, limit))
      ),
    );
}

function operationsArgument(text: string): number {
  const limit = countArgument(text);
  if (limit > OPERATIONS_MAX) throw new InvalidArgumentError(`At most ${OPERATIONS_MAX} at once.`);
  return limit;
}

function readInvite(text: string): InviteCode {
  try {
    return readInviteCode(text);
  } catch (thrown) {
    if (thrown instanceof PastedError) throw CliError.failed("invalid invite code", { cause: thrown });
    throw thrown;
  }
}

async function join(session: Session, pieces: readonly string[]): Promise<Json> {
  if (session.globals.federationSecretHex !== null) {
    throw CliError.failed("--federation-secret-hex cannot be used with join");
  }
  const pasted = await pastedArgument(session, pieces), invite = readInvite(pasted), text = compactText(pasted);
  return await session.withAnyClient(async (client) => {
    session.io.err(`Asking ${[...invite.guardians.values()].map(printable).join(", ")} …\n`);
    const outcome = await client.join(invite, session.io.signal);
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

/** The federation's message to those who join. Failing to get one is no reason not to have joined. */
async function welcome(client: Client, { io }: Session): Promise<void> {
  const { joined: { config }, federationId, api } = client.running;
  try {
    const { values } = await fetchMeta({ platform: io.platform, api, config, federationId }, io.signal);
    const message = values["welcome_message"];
    if (typeof message === "string") io.err(`${printable(message)}\n`);
  } catch (thrown) {
    if (!(thrown instanceof FedimintError)) throw thrown;
    io.err(`The federation's welcome message could not be read: ${printable(errorText(thrown))}\n`);
  }
}

async function info(client: Client): Promise<Json> {
  const { joined: { config }, federationId } = client.running;
  const network = networkOf(config);
  if (network === null) throw CliError.failed("No wallet module found");
  const { instance, module } = client.primary();
  const notes = await client.options.store.read((tx) => module.denominations(tx.view(modulePrefix(instance))));
  let totalMsat = 0n, count = 0;
  for (const [valueMsat, held] of notes) {
    totalMsat += valueMsat * BigInt(held);
    count += held;
  }
  return {
    federation_id: federationId,
    network,
    meta: Object.fromEntries(config.global.meta),
    total_amount_msat: totalMsat,
    total_num_notes: count,
    denominations_msat: Object.fromEntries([...notes].map(([valueMsat, held]) => [String(valueMsat), held])),
    ...pendingJson(await client.pending()),
  };
}

/**
 * Money that is in no balance; nothing of it is mentioned when there is none, as fedimint-cli knows no such figures.
 */
function pendingJson({ incomingMsat, outgoingMsat, inDoubtMsat }: PendingMoney): JsonObject {
  if (incomingMsat === 0n && outgoingMsat === 0n && inDoubtMsat === 0n) return {};
  return { pending_msat: { incoming: incomingMsat, outgoing: outgoingMsat, in_doubt: inDoubtMsat } };
}

async function operations(client: Client, limit: number): Promise<Json> {
  const operations = await new FederationClient(client).operations({ limit });
  return {
    operations: operations.map(({ operationId, kind, meta, createdUs, outcome, transactions }) => ({
      id: operationId,
      creation_time: isoTime(createdUs),
      operation_kind: kind,
      operation_meta: meta,
      ...(outcome && { outcome: outcome.outcome }),
      // what fedimint-cli doesn't tell: which transactions it took, and what they cost
      ...(transactions.length > 0 && {
        transactions: transactions.map(({ txid, status, feeMsat, reason }) => ({
          txid,
          status,
          fee_msat: feeMsat,
          ...(reason !== undefined && { reason }),
        })),
        fees_paid_msat: paidFeesMsat(transactions),
      }),
    })),
  };
}
