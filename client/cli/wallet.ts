/** fedimint-cli's commands about the wallet itself: info, invite code, operations. docs/protocol/02b-cli.md §2, §3. */
import { InvalidArgumentError } from "commander";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { PendingMoney } from "../../modules/contract/client.ts";
import type { Client } from "../core/client.ts";
import { modulePrefix } from "../core/database.ts";
import { paidFeesMsat } from "../logs/transactions.ts";
import { FederationClient } from "../mod.ts";
import { networkOf } from "../federation/network.ts";
import { countArgument, peerArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { recoveriesJson } from "./recoveries.ts";
import { isoTime } from "./time.ts";

/** A page of the operation log is held in memory. */
export const OPERATIONS_MAX = 100_000;

export function walletCommands(cli: Cli): void {
  const { program } = cli;
  program.command("info").description("show the federation and what the wallet holds")
    .action(cli.official((session) => session.looking(info)));
  program.command("invite-code").argument("<peer>", "guardian's number", peerArgument)
    .description("an invite code for others, through this guardian")
    .action(
      cli.official((session, peer: PeerId) =>
        session.looking((client) => Promise.resolve({ invite_code: client.inviteCode(peer) }))
      ),
    );
  program.command("list-operations").description("what was done with the wallet, newest first")
    .option("--limit <N>", "how many at most", operationsArgument, 10)
    .action(
      cli.official((session, { limit }: { limit: number }) => session.looking((client) => operations(client, limit))),
    );
}

function operationsArgument(text: string): number {
  const limit = countArgument(text);
  if (limit > OPERATIONS_MAX) throw new InvalidArgumentError(`At most ${OPERATIONS_MAX} at once.`);
  return limit;
}

export async function info(client: Client): Promise<Json> {
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
    ...await recoveriesJson(client),
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
    operations: operations.map(({ operationId, kind, meta, createdUs, outcome, transactions, isRecovered }) => ({
      id: operationId,
      creation_time: isoTime(createdUs),
      operation_kind: kind,
      operation_meta: meta,
      ...(outcome && { outcome: outcome.outcome }),
      // what fedimint-cli doesn't know: what a recovery found of a wallet before
      ...(isRecovered && { recovered: true }),
      // what it doesn't tell: which transactions it took, and what they cost
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
