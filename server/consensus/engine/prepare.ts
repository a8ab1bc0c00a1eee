/**
 * What is dear in transactions (signatures of notes) is checked ahead and together: one batch for many transactions
 * costs a fraction of what each would alone. A hint: results are the same without it.
 */
import type { Sender } from "../../../actors/actor.ts";
import type { TransactionId } from "../../../core/types/ids.ts";
import { PREPARED_BYTES_MAX } from "../limits.ts";
import type { ModuleRef } from "./module_actor.ts";
import type { DecodedTransaction } from "./transaction.ts";

/** `bad`: in these something bad was found. `broken`: what a module threw at the batch that they were in. */
export type Prepared = {
  readonly bad: ReadonlySet<TransactionId>;
  readonly broken: ReadonlyMap<TransactionId, string>;
};

/** Of its inputs. */
export function inputBytes({ transaction: { inputs } }: DecodedTransaction): number {
  return inputs.reduce((sum, { body }) => sum + body.length, 0);
}

/** In parts of about the same size, so that the last one doesn't pay alone. */
function* parts(transactions: readonly DecodedTransaction[]): Generator<readonly DecodedTransaction[]> {
  const total = transactions.reduce((sum, decoded) => sum + inputBytes(decoded), 0);
  // what has nothing to check makes no part of its own: a unit may hold thousands of those
  const partBytes = Math.max(1, total / Math.max(1, Math.ceil(total / PREPARED_BYTES_MAX)));
  let part: DecodedTransaction[] = [], bytes = 0;
  for (const decoded of transactions) {
    part.push(decoded);
    bytes += inputBytes(decoded);
    if (bytes < partBytes) continue;
    yield part;
    [part, bytes] = [[], 0];
  }
  if (part.length > 0) yield part;
}

type Inputs = { readonly txids: readonly TransactionId[]; readonly inputs: readonly (readonly unknown[])[] };

function inputsByModule(transactions: readonly DecodedTransaction[]): Map<ModuleRef, Inputs> {
  const byModule = new Map<ModuleRef, Map<TransactionId, unknown[]>>();
  for (const { txid, inputs } of transactions) {
    for (const { ref, value } of inputs) {
      const byTransaction = byModule.get(ref) ?? new Map<TransactionId, unknown[]>();
      byModule.set(ref, byTransaction);
      const values = byTransaction.get(txid);
      if (values) values.push(value);
      else byTransaction.set(txid, [value]);
    }
  }
  return new Map(
    [...byModule].map(([ref, inputs]) => [ref, { txids: [...inputs.keys()], inputs: [...inputs.values()] }]),
  );
}

/**
 * @param transactions each once
 * @param submission as `processTransaction`; what breaks in a module otherwise is a crash
 * @param pause others have their turn, between batches
 */
export async function prepareTransactions(
  sender: Sender,
  transactions: readonly DecodedTransaction[],
  submission: boolean,
  pause: () => Promise<void>,
): Promise<Prepared> {
  const bad = new Set<TransactionId>(), broken = new Map<TransactionId, string>();
  let isFirst = true;
  for (const part of parts(transactions)) {
    if (!isFirst) await pause();
    isFirst = false;
    for (const [ref, { txids, inputs }] of inputsByModule(part)) {
      const args = { transactions: inputs, submission };
      const verdicts = await sender.ask(ref, "prepareInputs", args, { deadlineMs: Infinity });
      for (const [i, txid] of txids.entries()) {
        if ("broken" in verdicts) broken.set(txid, verdicts.broken);
        else if (!verdicts[i]) bad.add(txid);
      }
    }
  }
  return { bad, broken };
}
