/**
 * How far the recovery of each module is, in the store: one record a module, written when the client is restored, and
 * with every step. It stays when the recovery is done: a module recovers once.
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat } from "../../core/bytes.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import {
  bytes,
  closedEnum,
  decode,
  encode,
  list,
  mapCodec,
  option,
  struct,
  text,
  u32,
  u64,
  u64Number,
  unit,
} from "../../core/encoding/mod.ts";
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import { operationId } from "../../core/types/ids.ts";
import type { Derivation, Recovered, StepCount } from "../../modules/contract/recovery.ts";
import { RECOVERY_PREFIX } from "../core/database.ts";

const derivation: Codec<Derivation> = mapCodec(
  closedEnum("Derivation", { Standard: unit, Sdk: unit }),
  "Derivation",
  {
    decode: ({ tag }): Derivation => tag === "Sdk" ? "sdk" : "standard",
    encode: (value) => ({ tag: value === "sdk" ? "Sdk" as const : "Standard" as const, value: null }),
  },
);

const recovered: Codec<Recovered> = struct("Recovered", {
  amountMsat: option(u64),
  otherMsat: list(struct("OtherMsat", { derivation, amountMsat: u64 })),
}) as Codec<Recovered>;

const moduleBackup = struct("ModuleBackup", { body: bytes, sessionCount: u64Number });
/** A module's part of the backup that a client was restored with. */
export type ModuleBackup = { readonly body: Bytes; readonly sessionCount: number };

const look = struct("LaterLook", { operationId, looks: u32, progress: bytes });
/** A pass that follows a recovery. */
export type LaterLook = {
  /** Of the look's own operation. */
  readonly operationId: OperationId;
  /** Those that are made when it is done. */
  readonly looks: number;
  readonly progress: Bytes;
};

const later = struct("LaterLooks", {
  recovered,
  doneMs: u64Number,
  looks: u32,
  progress: bytes,
  look: option(look),
});
/** A recovery that is done, and looks again. */
export type Later = {
  readonly recovered: Recovered;
  /** When the recovery was done, ms since the epoch, by the clock as it was set at the last look. */
  readonly doneMs: number;
  /** Those that are made. */
  readonly looks: number;
  /** What the last pass ended with. */
  readonly progress: Bytes;
  /** The one under way. */
  readonly look: LaterLook | null;
};

const stage = closedEnum("RecoveryStage", {
  /** The module has none, or didn't when the client was restored: it was started afresh. */
  None: unit,
  /** This program met the module after the client had been restored: how far the log reaches isn't known yet. */
  Unprepared: unit,
  /** The module's own progress, as it encodes it. */
  Running: bytes,
  Done: recovered,
  /** Done, but for looks that follow. */
  Later: later,
});
/** What is left to do of a recovery. */
export type RecoveryStage =
  | { readonly tag: "None" | "Unprepared"; readonly value: null }
  | { readonly tag: "Running"; readonly value: Bytes }
  | { readonly tag: "Done"; readonly value: Recovered }
  | { readonly tag: "Later"; readonly value: Later };

const record = struct("RecoveryRecord", {
  kind: text,
  operationId,
  complete: u32,
  total: u32,
  backup: option(moduleBackup),
  stage,
});

export type RecoveryRecord = StepCount & {
  readonly kind: string;
  /** Of the recovery's own operation, to which the machines belong that it adds. */
  readonly operationId: OperationId;
  readonly backup: ModuleBackup | null;
  readonly stage: RecoveryStage;
};

function recordKey(instance: ModuleInstanceId): Bytes {
  return concat(RECOVERY_PREFIX, Uint8Array.of(instance >> 8, instance & 0xff));
}

export async function getRecovery(tx: ReadTx, instance: ModuleInstanceId): Promise<RecoveryRecord | undefined> {
  const value = await tx.get(recordKey(instance));
  return value && decode(record, value);
}

export function setRecovery(tx: StoreTx, instance: ModuleInstanceId, value: RecoveryRecord): void {
  tx.set(recordKey(instance), encode(record, value));
}

/** Of all modules, in order of instances. */
export async function allRecoveries(tx: ReadTx): Promise<Map<ModuleInstanceId, RecoveryRecord>> {
  const records = new Map<ModuleInstanceId, RecoveryRecord>();
  for await (const { key, value } of tx.range({ prefix: RECOVERY_PREFIX })) {
    records.set((key[RECOVERY_PREFIX.length]! << 8) | key[RECOVERY_PREFIX.length + 1]!, decode(record, value));
  }
  return records;
}

/** Whether a recovery's machines belong to this operation. */
export async function isOfRecovery(tx: ReadTx, operation: OperationId): Promise<boolean> {
  return [...(await allRecoveries(tx)).values()].some(({ operationId }) => operationId === operation);
}

/** Is there anything left to do? */
export function isPending({ stage: { tag } }: RecoveryRecord): boolean {
  return tag === "Unprepared" || tag === "Running";
}

/** Whether any module still recovers. */
export async function isAnyPending(tx: ReadTx): Promise<boolean> {
  return [...(await allRecoveries(tx)).values()].some(isPending);
}

/** The count of a recovery that is done: all of it, and one step where the module knew none. */
export function doneCount({ total }: StepCount): StepCount {
  const steps = Math.max(total, 1);
  return { complete: steps, total: steps };
}
