/**
 * The endpoints about sessions. Anybody may ask for any session as often as they like, and one holds megabytes: answers
 * are put together from the bytes in the store, without decoding and encoding thousands of items again. A session may
 * be larger than any answer: that is told by its size, without reading it. fedimint-server `consensus/api.rs`;
 * docs/protocol/02-api.md §3.3.
 */
import { base64urlnopad } from "@scure/base";
import type { ReadTx } from "../../../actors/store/store.ts";
import { Coalesced } from "../../../core/coalesced.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, toHex } from "../../../core/bytes.ts";
import { encode, Reader, u64Number, unit, Writer } from "../../../core/encoding/mod.ts";
import { sessionOutcome, sessionSignatures } from "../../../core/types/session.ts";
import { readDurable } from "../../../modules/contract/read_durable.ts";
import { acceptedItems, finishedSessions, getSessionEnd, sessionEndKey } from "../../consensus/store/db.ts";
import { getOldOutcome } from "../../consensus/store/old_layout.ts";
import type { ApiDeps } from "../deps.ts";
import type { Method } from "../dispatch.ts";
import { EncodedJson, RecentAnswers } from "../encoded.ts";
import { ANSWER_BYTES_MAX, LARGE_ANSWER_DEPOSIT, OUTCOME_LENGTHS_MAX, SESSION_ANSWERS_BYTES_MAX } from "../limits.ts";
import { asItIs, method } from "../method.ts";
import { ResponseTooBig } from "../too_big.ts";
import { awaitValue } from "../../../modules/contract/await_value.ts";

/** An encoded SignedSessionOutcome in its two parts. */
type Signed = { readonly outcome: Uint8Array; readonly signatures: Uint8Array };

/** What a session's status is made of: bytes as they are in the store. */
type Found =
  | { readonly tag: "Initial" }
  /** An encoded list of accepted items. */
  | { readonly tag: "Pending"; readonly items: Bytes }
  | { readonly tag: "Complete"; readonly signed: Signed };

const VARIANT = { Initial: 0, Pending: 1, Complete: 2 };

/** How an answer's bytes become text, and how many may become one. */
type Form = { readonly bytesMax: number; readonly encode: (bytes: Uint8Array) => EncodedJson };

/** A list of a session's items. @throws {ResponseTooBig} without reading on */
async function listOfItems(tx: ReadTx, index: number, bytesMax: number): Promise<Bytes> {
  const items: Bytes[] = [];
  let bytes = 0;
  for await (const item of acceptedItems(tx, index)) {
    items.push(item);
    bytes += item.length;
    if (bytes > bytesMax) throw new ResponseTooBig();
  }
  const writer = new Writer(bytes + 9);
  writer.bigSize(items.length);
  for (const item of items) writer.raw(item);
  return writer.finish();
}

/** Where a session in the old layout has its signatures. A session never changes, so it is looked for once. */
class OldOutcomes {
  readonly #lengths = new Map<number, number>();

  split(index: number, signed: Bytes): Signed {
    const length = this.#lengths.get(index) ?? this.#find(index, signed);
    return { outcome: signed.subarray(0, length), signatures: signed.subarray(length) };
  }

  #find(index: number, signed: Bytes): number {
    const reader = new Reader(signed);
    sessionOutcome.read(reader);
    const length = signed.length - reader.remaining;
    if (this.#lengths.size >= OUTCOME_LENGTHS_MAX) this.#lengths.clear();
    this.#lengths.set(index, length);
    return length;
  }
}

/** Variant and body of a status, as the enums `SessionStatus` and `SessionStatusV2` are encoded. */
function status(found: Found, complete: (signed: Signed) => Uint8Array): Bytes {
  const body = found.tag === "Initial"
    ? new Uint8Array()
    : found.tag === "Pending"
    ? found.items
    : complete(found.signed);
  const writer = new Writer(body.length + 10);
  writer.bigSize(VARIANT[found.tag]);
  writer.sized(body);
  return writer.finish();
}

const unsignedOf = ({ outcome }: Signed): Uint8Array => outcome;
const wholeOf = ({ outcome, signatures }: Signed): Uint8Array => concat(outcome, signatures);

/** `SerdeModuleEncoding` of what is encoded already. */
function wrapped(bytes: Uint8Array): Bytes {
  const writer = new Writer(bytes.length + 9);
  writer.sized(bytes);
  return writer.finish();
}

/** `SerdeModuleEncodingBase64` of what is encoded already. */
export function base64Answer(bytes: Uint8Array): EncodedJson {
  return EncodedJson.of([base64urlnopad.encode(wrapped(bytes))]);
}

const hexForm: Form = { bytesMax: ANSWER_BYTES_MAX / 2, encode: (bytes) => EncodedJson.of([toHex(wrapped(bytes))]) };
const base64Form: Form = { bytesMax: ANSWER_BYTES_MAX / 4 * 3, encode: base64Answer };

export function sessionMethods({ store }: Pick<ApiDeps, "store">): Record<string, Method> {
  const old = new OldOutcomes();
  const recent = new RecentAnswers(SESSION_ANSWERS_BYTES_MAX);
  const coalesced = new Coalesced<EncodedJson>();

  const signedOutcome = async (tx: ReadTx, index: number, { bytesMax }: Form): Promise<Signed | undefined> => {
    const end = await getSessionEnd(tx, index);
    if (end && end.bytes > bytesMax) throw new ResponseTooBig();
    if (end) {
      return { outcome: await listOfItems(tx, index, bytesMax), signatures: encode(sessionSignatures, end.signatures) };
    }
    const whole = await getOldOutcome(tx, index);
    return whole && old.split(index, whole);
  };

  const find = (index: number, form: Form): Promise<Found> =>
    readDurable(store, async (tx): Promise<Found> => {
      const finished = await finishedSessions(tx);
      if (index > finished) return { tag: "Initial" };
      if (index === finished) return { tag: "Pending", items: await listOfItems(tx, index, form.bytesMax) };
      const signed = await signedOutcome(tx, index, form);
      assert(signed, "there are no gaps in session outcomes");
      return { tag: "Complete", signed };
    });

  /** Read and encoded once for all who ask now; of a finished session once for all who ask later, too. */
  const answered = async (
    name: string,
    index: number,
    form: Form,
    body: (found: Found) => Uint8Array,
  ): Promise<EncodedJson> => {
    const key = `${name} ${index}`;
    return recent.get(key) ?? await coalesced.ask(key, async () => {
      const known = recent.get(key); // made while this turn was waited for
      if (known) return known;
      const found = await find(index, form);
      const answer = form.encode(body(found));
      if (found.tag === "Complete") recent.set(key, answer);
      return answer;
    });
  };
  const complete = (found: Found): Signed => {
    assert(found.tag === "Complete", "a session that is finished stays so");
    return found.signed;
  };
  const untilFinished = (index: number, signal: AbortSignal): Promise<true> =>
    awaitValue(
      store,
      sessionEndKey(index),
      async (tx) => await finishedSessions(tx) > index ? true as const : undefined,
      signal,
    );
  const ofSession = { params: u64Number, result: asItIs };

  return {
    session_count: method({
      params: unit,
      result: u64Number,
      handle: () => readDurable(store, (tx) => finishedSessions(tx)),
    }),
    await_session_outcome: method({
      ...ofSession,
      handle: async (index, signal) => {
        await untilFinished(index, signal);
        return await answered("outcome", index, hexForm, (found) => unsignedOf(complete(found)));
      },
    }),
    await_signed_session_outcome: method({
      ...ofSession,
      handle: async (index, signal) => {
        await untilFinished(index, signal);
        return await answered("signed", index, hexForm, (found) => wholeOf(complete(found)));
      },
    }),
    session_status: method({
      ...ofSession,
      deposit: LARGE_ANSWER_DEPOSIT,
      handle: (index) => answered("status", index, hexForm, (found) => status(found, unsignedOf)),
    }),
    signed_session_status: method({
      ...ofSession,
      deposit: LARGE_ANSWER_DEPOSIT,
      handle: (index) => answered("signed status", index, base64Form, (found) => status(found, wholeOf)),
    }),
  };
}
