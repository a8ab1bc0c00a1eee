/**
 * The endpoints about sessions. Anybody may ask for any session as often as they like, and one holds megabytes: answers are put together
 * from the bytes in the store, without decoding and encoding thousands of items again. fedimint-server `consensus/api.rs`; sheet "API" 3.3.
 */
import { base64urlnopad } from "@scure/base";
import type { ReadTx } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { Reader, u64Number, unit, Writer } from "../../core/encoding/mod.ts";
import { sessionOutcome } from "../../core/types/session.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { ACCEPTED_ITEM_PREFIX, finishedSessions, sessionOutcomeKey } from "../consensus/db.ts";
import type { ApiDeps } from "./deps.ts";
import type { Method } from "./dispatch.ts";
import { Coalesced, EncodedJson, RecentAnswers } from "./encoded.ts";
import { LARGE_ANSWER_DEPOSIT, OUTCOME_LENGTHS_MAX, SESSION_ANSWERS_BYTES_MAX } from "./limits.ts";
import { method } from "./method.ts";
import { awaitValue } from "./wait.ts";

/** What a session's status is made of: bytes as they are in the store. */
type Found =
  | { readonly tag: "Initial" }
  /** Encoded accepted items. */
  | { readonly tag: "Pending"; readonly items: readonly Bytes[] }
  /** An encoded SignedSessionOutcome. */
  | { readonly tag: "Complete"; readonly signed: Bytes };

const VARIANT = { Initial: 0, Pending: 1, Complete: 2 };

async function find(tx: ReadTx, index: number): Promise<Found> {
  const finished = await finishedSessions(tx);
  if (index > finished) return { tag: "Initial" };
  if (index < finished) {
    const signed = await tx.get(sessionOutcomeKey(index));
    assert(signed, "there are no gaps in session outcomes");
    return { tag: "Complete", signed };
  }
  const items: Bytes[] = [];
  for await (const { value } of tx.range({ prefix: ACCEPTED_ITEM_PREFIX })) items.push(value);
  return { tag: "Pending", items };
}

function listOf(items: readonly Bytes[]): Bytes {
  const writer = new Writer(items.reduce((sum, item) => sum + item.length, 9));
  writer.bigSize(items.length);
  for (const item of items) writer.raw(item);
  return writer.finish();
}

function bodyOf(found: Found, complete: (signed: Bytes) => Uint8Array): Uint8Array {
  if (found.tag === "Initial") return new Uint8Array();
  return found.tag === "Pending" ? listOf(found.items) : complete(found.signed);
}

/** Variant and body of a status, as the enums `SessionStatus` and `SessionStatusV2` are encoded. */
function status(found: Found, complete: (signed: Bytes) => Uint8Array): Bytes {
  const body = bodyOf(found, complete);
  const writer = new Writer(body.length + 10);
  writer.bigSize(VARIANT[found.tag]);
  writer.sized(body);
  return writer.finish();
}

/** `SerdeModuleEncoding` of what is encoded already. */
function wrapped(bytes: Uint8Array): Bytes {
  const writer = new Writer(bytes.length + 9);
  writer.sized(bytes);
  return writer.finish();
}

type Encoder = (bytes: Uint8Array) => EncodedJson;
const inHex: Encoder = (bytes) => EncodedJson.of([toHex(wrapped(bytes))]);
const inBase64: Encoder = (bytes) => EncodedJson.of([base64urlnopad.encode(wrapped(bytes))]);

/** Cuts the signatures off. A session never changes, so where its outcome ends is looked for once. */
class Outcomes {
  readonly #lengths = new Map<number, number>();

  unsigned(index: number, signed: Bytes): Uint8Array {
    const known = this.#lengths.get(index);
    if (known !== undefined) return signed.subarray(0, known);
    const reader = new Reader(signed);
    sessionOutcome.read(reader);
    const length = signed.length - reader.remaining;
    if (this.#lengths.size >= OUTCOME_LENGTHS_MAX) this.#lengths.clear();
    this.#lengths.set(index, length);
    return signed.subarray(0, length);
  }
}

const asItIs = { toJson: (answer: EncodedJson): EncodedJson => answer };

export function sessionMethods({ store }: Pick<ApiDeps, "store">): Record<string, Method> {
  const outcomes = new Outcomes();
  const recent = new RecentAnswers(SESSION_ANSWERS_BYTES_MAX);
  const coalesced = new Coalesced<EncodedJson>();

  /** Read and encoded once for all who ask now; of a finished session once for all who ask later, too. */
  const answered = async (name: string, index: number, encode: (found: Found) => EncodedJson): Promise<EncodedJson> => {
    const key = `${name} ${index}`;
    return recent.get(key) ?? await coalesced.ask(key, async () => {
      const known = recent.get(key); // made while this turn was waited for
      if (known) return known;
      const found = await readDurable(store, (tx) => find(tx, index));
      const answer = encode(found);
      if (found.tag === "Complete") recent.set(key, answer);
      return answer;
    });
  };
  const complete = (found: Found): Bytes => {
    assert(found.tag === "Complete", "a session that is finished stays so");
    return found.signed;
  };
  const untilFinished = (index: number, signal: AbortSignal): Promise<true> =>
    awaitValue(
      store,
      sessionOutcomeKey(index),
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
        return await answered("outcome", index, (found) => inHex(outcomes.unsigned(index, complete(found))));
      },
    }),
    await_signed_session_outcome: method({
      ...ofSession,
      handle: async (index, signal) => {
        await untilFinished(index, signal);
        return await answered("signed", index, (found) => inHex(complete(found)));
      },
    }),
    session_status: method({
      ...ofSession,
      deposit: LARGE_ANSWER_DEPOSIT,
      handle: (index) =>
        answered("status", index, (found) => inHex(status(found, (signed) => outcomes.unsigned(index, signed)))),
    }),
    signed_session_status: method({
      ...ofSession,
      deposit: LARGE_ANSWER_DEPOSIT,
      handle: (index) => answered("signed status", index, (found) => inBase64(status(found, (signed) => signed))),
    }),
  };
}
