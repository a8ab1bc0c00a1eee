/**
 * Commits larger than the backend's. The operations are written as the journal's chunks, which mean nothing until the
 * head says how many there are: that one small commit is the moment it is decided. Then they are applied, and the head
 * goes last. A crash before the head leaves chunks that opening sweeps away; a crash after it is rolled forward by
 * opening. Applying twice is harmless, as every operation sets or deletes.
 */
import { assert } from "../../core/assert.ts";
import { type Backend, cutToFit, type Operation } from "./backend.ts";
import { StoreError } from "./error.ts";
import { journalKey, metaKey, Space, spaceEnd } from "./keys.ts";
import { BATCH_ENTRIES_MAX, CHUNK_BYTES } from "./limits.ts";

const HEAD = metaKey("journal");

/** Commits `operations` all or nothing, however many. Durable and applied when it resolves. */
export async function commitByJournal(backend: Backend, operations: readonly Operation[]): Promise<void> {
  let count = 0;
  for (const run of cutToFit(encodeAll(operations))) {
    await backend.commit(run);
    count += run.length;
  }
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, count);
  await backend.commit([{ key: HEAD, value: head }]);
  for (const run of cutToFit(operations)) await backend.commit(run);
  await backend.commit([{ key: HEAD, value: null }]);
  for (const run of cutToFit(deletesOf(count))) await backend.commit(run);
}

function* encodeAll(operations: Iterable<Operation>): Generator<Operation> {
  let index = 0;
  for (const chunk of cutToChunks(operations)) yield { key: journalKey(index++), value: encode(chunk) };
}

function* deletesOf(count: number): Generator<Operation> {
  for (let index = 0; index < count; index++) yield { key: journalKey(index), value: null };
}

/** Brings a decided journal to its end and removes an undecided one. @throws {StoreError} `corrupt` */
export async function recoverJournal(backend: Backend): Promise<void> {
  const head = await backend.get(HEAD);
  if (head !== undefined) {
    if (head.length !== 4) throw corrupt("its head has a wrong size");
    const count = new DataView(head.buffer, head.byteOffset).getUint32(0);
    for (let index = 0; index < count; index++) {
      const chunk = await backend.get(journalKey(index));
      if (chunk === undefined) throw corrupt(`chunk ${index} of ${count} is missing`);
      for (const run of cutToFit(decode(chunk))) await backend.commit(run);
    }
    await backend.commit([{ key: HEAD, value: null }]);
  }
  await sweep(backend, journalKey(0), spaceEnd(Space.journal));
}

/** Deletes the entries of start ≤ key < end, in as many commits as it takes. */
export async function sweep(backend: Backend, start: Operation["key"], end: Operation["key"]): Promise<void> {
  while (true) {
    const entries = await backend.list({ start, end, limit: BATCH_ENTRIES_MAX, reverse: false });
    for (const run of cutToFit(entries.map(({ key }) => ({ key, value: null })))) await backend.commit(run);
    if (entries.length < BATCH_ENTRIES_MAX) return;
  }
}

/** Runs of operations whose records fit one chunk. */
function* cutToChunks(operations: Iterable<Operation>): Generator<Operation[]> {
  let run: Operation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const size = recordBytes(operation);
    assert(size <= CHUNK_BYTES, "a journal record fits one chunk");
    if (bytes + size > CHUNK_BYTES) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push(operation);
    bytes += size;
  }
  if (run.length > 0) yield run;
}

// A record: key length (2 B) · value length + 1, or 0 for a delete (4 B) · key · value
const RECORD_HEAD_BYTES = 6;

function recordBytes({ key, value }: Operation): number {
  return RECORD_HEAD_BYTES + key.length + (value?.length ?? 0);
}

function encode(operations: readonly Operation[]): Operation["key"] {
  const bytes = new Uint8Array(operations.reduce((sum, operation) => sum + recordBytes(operation), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { key, value } of operations) {
    view.setUint16(at, key.length);
    view.setUint32(at + 2, value === null ? 0 : value.length + 1);
    bytes.set(key, at + RECORD_HEAD_BYTES);
    if (value !== null) bytes.set(value, at + RECORD_HEAD_BYTES + key.length);
    at += recordBytes({ key, value });
  }
  return bytes;
}

function* decode(bytes: Uint8Array): Generator<Operation> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length) {
    if (at + RECORD_HEAD_BYTES > bytes.length) throw corrupt("a record is cut off");
    const keyEnd = at + RECORD_HEAD_BYTES + view.getUint16(at);
    const size = view.getUint32(at + 2);
    const end = keyEnd + Math.max(0, size - 1);
    if (end > bytes.length) throw corrupt("a record is cut off");
    yield { key: bytes.slice(at + RECORD_HEAD_BYTES, keyEnd), value: size === 0 ? null : bytes.slice(keyEnd, end) };
    at = end;
  }
}

function corrupt(what: string): StoreError {
  return new StoreError(
    { code: "corrupt" },
    `The journal of the database is damaged: ${what}. Restore a backup; don't delete records by hand.`,
  );
}
