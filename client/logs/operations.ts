/**
 * The operation log: what the user did, newest first, with what came of it. Never deleted.
 * `fedimint-client/src/oplog.rs`; docs/protocol/07-client.md §D.3.
 */
import { numberKey } from "../../actors/store/number_key.ts";
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex, toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode, encode, option, struct, text, u64Number } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { OPERATION_ORDER_PREFIX, OPERATION_PREFIX, operationKey, RECOVERED_PREFIX } from "../core/database.ts";
import { json } from "./json.ts";

const entry = struct("OperationLogEntry", {
  kind: text,
  meta: json,
  createdUs: u64Number,
  outcome: option(struct("Outcome", { atUs: u64Number, outcome: json })),
});

/** What the user did, and what came of it. */
export type OperationEntry = {
  readonly operationId: OperationId;
  /** Kind of the module that it belongs to. */
  readonly kind: string;
  readonly meta: Json;
  readonly createdUs: number;
  readonly outcome: { readonly atUs: number; readonly outcome: Json } | null;
};

function orderKey({ createdUs, operationId }: Pick<OperationEntry, "createdUs" | "operationId">): Bytes {
  return concat(numberKey(OPERATION_ORDER_PREFIX, createdUs), fromHex(operationId));
}

export function addOperation(tx: StoreTx, operationId: OperationId, kind: string, meta: Json, nowUs: number): void {
  tx.set(operationKey(OPERATION_PREFIX, operationId), encode(entry, { kind, meta, createdUs: nowUs, outcome: null }));
  tx.set(orderKey({ createdUs: nowUs, operationId }), new Uint8Array(0));
}

export async function getOperation(tx: ReadTx, operationId: OperationId): Promise<OperationEntry | undefined> {
  const value = await tx.get(operationKey(OPERATION_PREFIX, operationId));
  return value && { operationId, ...decode(entry, value) };
}

/** Stores the outcome; the first one stays. */
export async function setOperationOutcome(
  tx: StoreTx,
  operationId: OperationId,
  outcome: Json,
  nowUs: number,
): Promise<void> {
  const before = await getOperation(tx, operationId);
  if (!before || before.outcome !== null) return;
  const { kind, meta, createdUs } = before;
  tx.set(
    operationKey(OPERATION_PREFIX, operationId),
    encode(entry, { kind, meta, createdUs, outcome: { atUs: nowUs, outcome } }),
  );
}

/**
 * An entry for what the federation's log shows that the wallet did before it was lost. Nothing happens when there is
 * one of this id.
 * @param restoredUs when the wallet was restored
 */
export async function addRecoveredOperation(
  tx: StoreTx,
  { operationId, kind, meta, outcome }: Pick<OperationEntry, "operationId" | "kind" | "meta"> & {
    readonly outcome: Json | null;
  },
  restoredUs: number,
): Promise<void> {
  if (await getOperation(tx, operationId)) return;
  addOperation(tx, operationId, kind, meta, restoredUs);
  if (outcome !== null) await setOperationOutcome(tx, operationId, outcome, restoredUs);
  tx.set(operationKey(RECOVERED_PREFIX, operationId), new Uint8Array(0));
}

/** Whether an entry is what a recovery found: then its times are that of the restore, before which it was. */
export async function isRecovered(tx: ReadTx, operationId: OperationId): Promise<boolean> {
  return await tx.get(operationKey(RECOVERED_PREFIX, operationId)) !== undefined;
}

/** Newest first. `before` = the last entry of the page before. */
export async function listOperations(
  tx: ReadTx,
  options: {
    readonly limit: number;
    readonly before?: { readonly createdUs: number; readonly operationId: OperationId };
  },
): Promise<OperationEntry[]> {
  const { limit, before } = options;
  const end = before && orderKey(before);
  const ids: OperationId[] = [];
  const range = { prefix: OPERATION_ORDER_PREFIX, reverse: true, limit, ...(end && { end }) };
  for await (const { key } of tx.range(range)) {
    ids.push(toHex(key.slice(OPERATION_ORDER_PREFIX.length + 8)) as OperationId);
  }
  const entries: OperationEntry[] = [];
  for (const id of ids) entries.push((await getOperation(tx, id))!);
  return entries;
}
