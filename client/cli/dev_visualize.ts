/**
 * `dev visualize …`: operations with their steps, transactions with what went in and out, as text for people; then
 * `{}`. docs/protocol/02b-cli.md §5; the forms are those of `fedimint-client/src/visualize.rs`.
 */
import type { Command } from "commander";
import type { ReadTx } from "../../actors/store/store.ts";
import { decode } from "../../core/encoding/mod.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import { GLOBAL_INSTANCE_ID } from "../../core/types/ids.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import { transactionIdOf } from "../../core/types/transaction.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import type { Client } from "../core/client.ts";
import type { StoredState } from "../executor/states.ts";
import { operationStates } from "../executor/states.ts";
import { submissionState } from "../executor/submission.ts";
import type { OperationEntry } from "../logs/operations.ts";
import { getOperation, listOperations } from "../logs/operations.ts";
import { operationTransactions } from "../logs/transactions.ts";
import { countArgument, operationIdArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { stateName } from "./dev_states.ts";
import { CliError } from "./error.ts";
import { secondTime } from "./time.ts";
import { OPERATIONS_MAX } from "./wallet.ts";

type Visualized = (client: Client, tx: ReadTx, entry: OperationEntry) => Promise<string>;

export function visualizeCommands(cli: Cli, dev: Command): void {
  const visualize = dev.command("visualize").description("what is inside a wallet, as text");
  visualize.command("notes").description("where each e-cash note came from and went: of mint version 1, not here")
    .option("--limit <N>", "how many at most", countArgument)
    .action(
      cli.official((session) =>
        session.withClient(() => Promise.reject(CliError.failed("This program has no module of mint version 1")))
      ),
    );
  const command = (name: string, description: string, none: string, text: Visualized): void => {
    visualize.command(name).description(description)
      .argument("[operation_id]", "64 digits; default: the newest", operationIdArgument)
      .option("--limit <N>", "how many operations at most", countArgument)
      .action(
        cli.official((session, id: OperationId | undefined, { limit }: { readonly limit?: number }) =>
          session.withClient(async (client) => {
            const texts = await readDurable(client.options.store, async (tx) => {
              const found: string[] = [];
              for (const entry of await chosen(tx, id, limit)) found.push(await text(client, tx, entry));
              return found;
            });
            session.io.out(texts.length === 0 ? none : texts.join(""));
            return {};
          })
        ),
      );
  };
  command("transactions", "transactions with their inputs and outputs, by operation", "", transactionsText);
  command("operations", "operations with the steps that they took", "  (no operations)\n", operationText);
}

async function chosen(tx: ReadTx, id: OperationId | undefined, limit = OPERATIONS_MAX): Promise<OperationEntry[]> {
  if (id === undefined) return await listOperations(tx, { limit: Math.min(limit, OPERATIONS_MAX) });
  const entry = await getOperation(tx, id);
  if (entry === undefined) throw CliError.failed(`Operation not found: ${shortId(id)}`);
  return [entry];
}

/** Four bytes at the front and four at the end. */
function shortId(hex: string): string {
  return `${hex.slice(0, 8)}_${hex.slice(-8)}`;
}

function kindOf(client: Client, instance: ModuleInstanceId): string {
  if (instance === GLOBAL_INSTANCE_ID) return "tx";
  return client.modules().find(({ id }) => id === instance)?.kind ?? "unknown";
}

async function transactionsText(client: Client, tx: ReadTx, { operationId, kind }: OperationEntry): Promise<string> {
  const bodies = new Map<string, { readonly transaction: Transaction; readonly createdUs: number }>();
  for (const { state, createdUs } of await operationStates(tx, operationId, GLOBAL_INSTANCE_ID)) {
    const { tag, value } = decode(submissionState, state);
    if (tag === "Created") bodies.set(transactionIdOf(value), { transaction: value, createdUs });
  }
  let text = `### Transactions for op ${operationId} (${kind})\n\n`;
  const transactions = await operationTransactions(tx, operationId);
  if (transactions.length === 0) text += "  (no transactions found)\n";
  for (const { txid, status, reason } of transactions) {
    const { transaction: { inputs, outputs }, createdUs } = bodies.get(txid)!;
    text += `  tx ${shortId(txid)} [${reason === undefined ? status : `${status}: ${reason}`}]  ${
      secondTime(createdUs)
    }\n${itemsText(client, "inputs", inputs)}${itemsText(client, "outputs", outputs)}`;
  }
  return `${text}\n`;
}

/** Whose each is and how long: what is in them may be money. */
function itemsText(client: Client, what: string, items: readonly Dyn[]): string {
  if (items.length === 0) return "";
  return `    ${what}:\n${
    items.map(({ instance, body }, i) =>
      `      [${i}] mod=${instance} (${kindOf(client, instance)}) ${body.length} bytes\n`
    ).join("")
  }`;
}

async function operationText(client: Client, tx: ReadTx, entry: OperationEntry): Promise<string> {
  const { operationId, kind, createdUs, outcome } = entry;
  const states = await operationStates(tx, operationId);
  const text = `### Operation ${shortId(operationId)} (${kind}) ${secondTime(createdUs)} [${
    outcome === null ? "pending" : "done"
  }]\n\n`;
  if (states.length === 0) return `${text}  (no state machines)\n\n`;
  return `${text}${states.map((state) => stateText(client, state)).join("")}\n`;
}

function stateText(client: Client, state: StoredState): string {
  const { instance, createdUs, leftUs } = state;
  const took = leftUs === null ? "" : ` (${tookText(leftUs - createdUs)})`;
  const head = `    [${leftUs === null ? "active" : "done  "}] (${kindOf(client, instance)}) ${
    secondTime(createdUs)
  }${took}`;
  return `${head}\n             ${stateName(client, state)}\n`;
}

/** `42ms`, `1.234s`. */
function tookText(us: number): string {
  const ms = Math.max(0, Math.floor(us / 1_000));
  return ms < 1_000 ? `${ms}ms` : `${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, "0")}s`;
}
