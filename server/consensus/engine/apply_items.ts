/**
 * What ordered items do to the store: each is accepted with all that it did, or leaves nothing behind, in one
 * transaction for all. fedimint-server `consensus/engine.rs` (`process_consensus_item`),
 * docs/protocol/03-consensus.md §B4.
 */
import type { Sender } from "../../../actors/actor.ts";
import type { StoreTx } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes } from "../../../core/bytes.ts";
import { encode } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import type { ModuleInstanceId, PeerId } from "../../../core/types/ids.ts";
import type { AcceptedItem, KnownItem } from "../../../core/types/session.ts";
import { acceptedItem } from "../../../core/types/session.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transaction as transactionCodec, transactionIdOf } from "../../../core/types/transaction.ts";
import type { Version } from "../../../core/types/version.ts";
import {
  getAcceptedItem,
  getAcceptedTransaction,
  modulePrefix,
  setAcceptedItem,
  setAcceptedTransaction,
} from "../store/db.ts";
import { wastedUs } from "../wasted_work.ts";
import type { Modules } from "./transaction.ts";
import { decodeModuleItem, decodeTransaction, processTransaction } from "./transaction.ts";

/** An item of a kind that this version knows. */
export type Candidate = AcceptedItem & { readonly item: KnownItem };

export type Applied = {
  /** Encoded, those from before a restart too. */
  readonly accepted: readonly Bytes[];
  /** Why others were not. */
  readonly refused: readonly string[];
  /** Accepted now. */
  readonly fresh: readonly Candidate[];
  /** Microseconds that refused ones took which no honest guardian has in its units, by whose they are. */
  readonly wasted: readonly (readonly [peer: PeerId, us: number])[];
};

export type Applying = {
  readonly sender: Sender;
  readonly modules: Modules;
  readonly version: Version;
  readonly session: number;
  /** Items accepted before these. */
  readonly position: number;
  /** Items of the session that the store has. */
  readonly stored: number;
  /** An item may wait for the Bitcoin node: then its reason is thrown, and what is not whole is undone. */
  readonly stopping: AbortSignal;
  /** Ends at the first that is refused. */
  readonly untilRefused: boolean;
};

async function applyTransaction(
  { sender, modules, version }: Applying,
  tx: StoreTx,
  transaction: Transaction,
  wasted: (us: number) => void,
): Promise<Result<null, string>> {
  const decoded = decodeTransaction(modules, transaction);
  modules.memo.processed(decoded.txid);
  if (await getAcceptedTransaction(tx, decoded.txid) !== undefined) return err("transaction was accepted before");
  return await tx.savepoint<Result<null, string>>(async (inner) => {
    const processed = await processTransaction(sender, modules, inner, decoded, { version, submission: false });
    if (!processed.ok) {
      wasted(wastedUs(modules, processed.error, encode(transactionCodec, transaction).length));
      return rollback(err(`transaction is refused: ${processed.error.tag}`));
    }
    setAcceptedTransaction(inner, decoded.txid, transaction.outputs.map((output) => output.instance));
    return ok(null);
  });
}

/** Its items that a guardian's unit has side by side come to a module in one message: a unit may hold ten thousand. */
type ModuleRun = { readonly instance: ModuleInstanceId; readonly peer: PeerId; readonly items: readonly Dyn[] };

function runAt(candidates: readonly Candidate[], from: number, instance: ModuleInstanceId): ModuleRun {
  const { peer } = candidates[from]!;
  const items: Dyn[] = [];
  for (let i = from; i < candidates.length; i++) {
    const { item, peer: by } = candidates[i]!;
    if (item.tag !== "Module" || item.value.instance !== instance || by !== peer) break;
    items.push(item.value);
  }
  return { instance, peer, items };
}

async function applyRun(
  { sender, modules, stopping }: Applying,
  tx: StoreTx,
  { instance, items, peer }: ModuleRun,
): Promise<readonly Result<null, string>[]> {
  const ref = modules.refs.get(instance);
  assert(ref, "items are decoded against the registered modules before they are processed");
  const values = items.map((item) => decodeModuleItem(modules, item));
  const args = { tx: tx.view(modulePrefix(instance)), items: values, peer, stopping };
  const results = await sender.ask(ref, "processConsensusItems", args, { deadlineMs: Infinity });
  if (results === null) throw stopping.reason;
  return results;
}

export async function applyItems(tx: StoreTx, candidates: readonly Candidate[], args: Applying): Promise<Applied> {
  const { session, position, stored, untilRefused } = args;
  const accepted: Bytes[] = [], refused: string[] = [], fresh: Candidate[] = [], wasted: [PeerId, number][] = [];
  const isOver = (): boolean => untilRefused && refused.length > 0;
  for (let i = 0; i < candidates.length && !isOver();) {
    const candidate = candidates[i]!;
    const at = position + accepted.length;
    if (at < stored) {
      // after a restart the broadcast orders the same items again: those accepted before come in the same order
      const before = await getAcceptedItem(tx, session, at);
      assert(before, "there are no gaps in a session's items");
      if (equalBytes(before, encode(acceptedItem, candidate))) accepted.push(before);
      else refused.push("item was rejected before");
      if (candidate.item.tag === "Transaction") args.modules.memo.processed(transactionIdOf(candidate.item.value));
      i++;
      continue;
    }
    const { item, peer } = candidate;
    const results = item.tag === "Module"
      ? await applyRun(args, tx, runAt(candidates, i, item.value.instance))
      : [await applyTransaction(args, tx, item.value, (us) => wasted.push([peer, us]))];
    for (let j = 0; j < results.length && !isOver(); j++) {
      const result = results[j]!;
      if (!result.ok) {
        refused.push(result.error);
        continue;
      }
      const encoded = encode(acceptedItem, candidates[i + j]!);
      setAcceptedItem(tx, session, position + accepted.length, encoded);
      accepted.push(encoded);
      fresh.push(candidates[i + j]!);
    }
    i += results.length;
  }
  return { accepted, refused, fresh, wasted };
}

/** Modules whose state an item may have changed. */
export function modulesTouchedBy({ item }: Candidate): ModuleInstanceId[] {
  if (item.tag === "Module") return [item.value.instance];
  return [...item.value.inputs, ...item.value.outputs].map(({ instance }) => instance);
}
