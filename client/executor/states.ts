/**
 * States of state machines in the store. A state is immutable and is its own key, by its hash: two equal states of an
 * operation are one, so a machine never returns to where it was. `fedimint-client/src/sm/executor.rs`;
 * docs/protocol/07-client.md §D.1.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReadTx, StoreTx, StoreView } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex, toHex } from "../../core/bytes.ts";
import { bytes, decode, encode, option, struct, u64Number } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { endedBy, WaitError } from "../../modules/contract/waiting.ts";
import { ACTIVE_PREFIX, operationKey, STATE_PREFIX } from "../core/database.ts";

/** Which state of which machine: enough to run it. */
export type StateId = { readonly operationId: OperationId; readonly instance: ModuleInstanceId; readonly state: Bytes };

export type StoredState = StateId & { readonly createdUs: number; readonly leftUs: number | null };

const record = struct("StateRecord", { createdUs: u64Number, leftUs: option(u64Number), state: bytes });

function instanceBytes(instance: ModuleInstanceId): Bytes {
  return Uint8Array.of(instance >> 8, instance & 0xff);
}

/** Operation 32 ‖ instance u16 ‖ hash of the state 32. A state itself may be longer than a key. */
function suffix({ operationId, instance, state }: StateId): Bytes {
  return concat(fromHex(operationId), instanceBytes(instance), sha256(state));
}

function stored(suffixBytes: Uint8Array, value: Uint8Array): StoredState {
  return {
    operationId: toHex(suffixBytes.subarray(0, 32)) as OperationId,
    instance: (suffixBytes[32]! << 8) | suffixBytes[33]!,
    ...decode(record, value),
  };
}

/** Adds a state that must be new. @returns false when an equal one exists or existed */
export async function addState(tx: StoreTx, id: StateId, nowUs: number, terminal: boolean): Promise<boolean> {
  const key = concat(STATE_PREFIX, suffix(id));
  if (await tx.get(key) !== undefined) return false;
  tx.set(key, encode(record, { createdUs: nowUs, leftUs: terminal ? nowUs : null, state: id.state }));
  if (!terminal) tx.set(concat(ACTIVE_PREFIX, suffix(id)), new Uint8Array(0));
  return true;
}

/** Marks an active state as left. @returns false when it was left before */
export async function leaveState(tx: StoreTx, id: StateId, nowUs: number): Promise<boolean> {
  const active = concat(ACTIVE_PREFIX, suffix(id));
  if (await tx.get(active) === undefined) return false;
  const key = concat(STATE_PREFIX, suffix(id));
  const value = await tx.get(key);
  assert(value, "an active state has a record");
  tx.set(key, encode(record, { ...decode(record, value), leftUs: nowUs }));
  tx.delete(active);
  return true;
}

export async function isActive(tx: ReadTx, id: StateId): Promise<boolean> {
  return await tx.get(concat(ACTIVE_PREFIX, suffix(id))) !== undefined;
}

/** Whether anything of an operation waits for something. */
export async function isOperationActive(tx: ReadTx, operationId: OperationId): Promise<boolean> {
  for await (const _ of tx.range({ prefix: operationKey(ACTIVE_PREFIX, operationId), limit: 1 })) return true;
  return false;
}

/** Whether anything at all waits for something. */
export async function hasActiveStates(tx: ReadTx): Promise<boolean> {
  for await (const _ of tx.range({ prefix: ACTIVE_PREFIX, limit: 1 })) return true;
  return false;
}

/** Operations of which anything waits for something. */
export async function activeOperations(tx: ReadTx): Promise<Set<OperationId>> {
  const operations = new Set<OperationId>();
  for await (const { key } of tx.range({ prefix: ACTIVE_PREFIX })) {
    operations.add(toHex(key.subarray(ACTIVE_PREFIX.length, ACTIVE_PREFIX.length + 32)) as OperationId);
  }
  return operations;
}

/** Of all operations and modules. */
export async function activeStates(tx: ReadTx): Promise<StateId[]> {
  const suffixes: Uint8Array[] = [];
  for await (const { key } of tx.range({ prefix: ACTIVE_PREFIX })) suffixes.push(key.subarray(ACTIVE_PREFIX.length));
  const states: StateId[] = [];
  for (const active of suffixes) {
    const value = await tx.get(concat(STATE_PREFIX, active));
    assert(value, "an active state has a record");
    const { operationId, instance, state } = stored(active, value);
    states.push({ operationId, instance, state });
  }
  return states;
}

/** All states of an operation, or those of one module in it, in order of creation. */
export async function operationStates(
  tx: ReadTx,
  operationId: OperationId,
  instance?: ModuleInstanceId,
): Promise<StoredState[]> {
  const states: StoredState[] = [];
  const operation = operationKey(STATE_PREFIX, operationId);
  const prefix = instance === undefined ? operation : concat(operation, instanceBytes(instance));
  for await (const { key, value } of tx.range({ prefix })) {
    states.push(stored(key.subarray(STATE_PREFIX.length), value));
  }
  return states.sort((a, b) => a.createdUs - b.createdUs);
}

export async function hasStates(tx: ReadTx, operationId: OperationId): Promise<boolean> {
  for await (const _ of tx.range({ prefix: operationKey(STATE_PREFIX, operationId), limit: 1 })) return true;
  return false;
}

/**
 * States of one module in an operation: the stored ones, then new ones as they become durable. It never just ends.
 * @throws {WaitError} `aborted` · `closed` · `unknown_operation`: nothing of the operation is under way, so nothing
 *   will follow
 */
export async function* followStates(
  store: StoreView,
  operationId: OperationId,
  instance: ModuleInstanceId,
  signal?: AbortSignal,
): AsyncGenerator<Bytes, never> {
  // not by time: of two transactions the one that began first may commit last
  const seen = new Set<string>();
  for (;;) {
    // registered before reading, so that nothing in between is missed
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const changed = store.changed(operationKey(STATE_PREFIX, operationId), either).then(() => true, () => false);
    try {
      const states = await readDurable(store, (tx) => operationStates(tx, operationId));
      for (const { instance: owner, state } of states) {
        const key = toHex(state);
        if (owner !== instance || seen.has(key)) continue;
        seen.add(key);
        yield state;
      }
      if (states.every(({ leftUs }) => leftUs !== null)) throw WaitError.unknownOperation(operationId);
      if (!await changed) throw endedBy(signal);
    } finally {
      stop.abort();
    }
  }
}
