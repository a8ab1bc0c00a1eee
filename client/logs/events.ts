/**
 * The event log: what happened, numbered without gaps. An event is written inside the transaction that causes it,
 * without a number; one actor gives the numbers in order of time, so that writers never wait for each other.
 * `fedimint-eventlog`; docs/protocol/07-client.md §D.4.
 */
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../actors/protocol.ts";
import { numberIn, numberKey } from "../../actors/store/number_key.ts";
import type { ReadTx, StoreTx, StoreView } from "../../actors/store/store.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode, encode, option, struct, text, u16, u64Number } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { EVENT_PREFIX, UNORDERED_EVENT_PREFIX } from "../core/database.ts";
import { json } from "./json.ts";

const event = struct("Event", {
  kind: text,
  module: option(struct("EventModule", { kind: text, id: u16 })),
  tsUs: u64Number,
  payload: json,
});

/** What happened. */
export type ClientEvent = {
  readonly kind: string;
  /** Null for the core's own. */
  readonly module: { readonly kind: string; readonly id: ModuleInstanceId } | null;
  readonly tsUs: number;
  readonly payload: Json;
};
/** An event in its place: numbers have no gaps. */
export type NumberedEvent = ClientEvent & { readonly id: number };

/** `tsUs` must be unique: it is the key until the event has its number. */
export function logEvent(tx: StoreTx, value: ClientEvent): void {
  tx.set(numberKey(UNORDERED_EVENT_PREFIX, value.tsUs), encode(event, value));
}

/** Number after the newest event. */
export async function nextEventId(tx: ReadTx): Promise<number> {
  for await (const { key } of tx.range({ prefix: EVENT_PREFIX, reverse: true, limit: 1 })) {
    return numberIn(key, EVENT_PREFIX.length) + 1;
  }
  return 0;
}

/** Events with numbers from … from + limit − 1. */
export async function getEvents(tx: ReadTx, from: number, limit: number): Promise<NumberedEvent[]> {
  const events: NumberedEvent[] = [];
  const range = {
    prefix: EVENT_PREFIX,
    start: numberKey(EVENT_PREFIX, from),
    end: numberKey(EVENT_PREFIX, from + limit),
  };
  for await (const { key, value } of tx.range(range)) {
    events.push({ id: numberIn(key, EVENT_PREFIX.length), ...decode(event, value) });
  }
  return events;
}

/** Gives numbers to all events that have none. @returns how many */
export async function orderEvents(tx: StoreTx): Promise<number> {
  let id = await nextEventId(tx);
  const begun = id;
  for await (const { key, value } of tx.range({ prefix: UNORDERED_EVENT_PREFIX })) {
    tx.set(numberKey(EVENT_PREFIX, id++), value);
    tx.delete(key);
  }
  return id - begun;
}

/** Events from a number on, live. Ends when the signal is aborted. */
export async function* followEvents(
  store: StoreView,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<NumberedEvent> {
  const page = 100;
  let at = from;
  for (;;) {
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const changed = store.changed(EVENT_PREFIX, either).then(() => true, () => false);
    try {
      for (;;) {
        const events = await readDurable(store, (tx) => getEvents(tx, at, page));
        for (const value of events) {
          at = value.id + 1;
          yield value;
        }
        if (events.length < page) break;
      }
      if (!await changed) return;
    } finally {
      stop.abort();
    }
  }
}

export type EventOrderMessage =
  | Cast<"changed", { outcome: Result<void, unknown> }>
  /** Resolves when every event committed before has its number. @returns the number after the newest */
  | Request<"flush", null, number>;
export type EventOrderRef = ActorRef<EventOrderMessage>;

async function order(store: StoreView): Promise<number> {
  const { value, durable } = await store.transact(async (tx) => {
    await orderEvents(tx);
    return nextEventId(tx);
  });
  await durable;
  return value;
}

/** Orders what is there, then whatever comes. */
export const eventOrder = defineActor<EventOrderMessage, { readonly store: StoreView }, { readonly store: StoreView }>({
  name: "event_log",
  init: async (ctx, { store }) => {
    ctx.run(
      (signal) => store.changed(UNORDERED_EVENT_PREFIX, signal),
      (outcome) => ({ type: "changed", args: { outcome } }),
    );
    await order(store);
    return { store };
  },
  handle: {
    changed: async (state, { outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      // ordering deletes under the prefix, which wakes this once more for nothing: the next round finds nothing and rests
      ctx.run(
        (signal) => state.store.changed(UNORDERED_EVENT_PREFIX, signal),
        (done) => ({ type: "changed", args: { outcome: done } }),
      );
      const waiting = await state.store.read(async (tx) => {
        for await (const _ of tx.range({ prefix: UNORDERED_EVENT_PREFIX, limit: 1 })) return true;
        return false;
      });
      if (waiting) await order(state.store);
      return next(state);
    },
    flush: async (state) => reply(state, await order(state.store)),
  },
});
