import { assert, assertEquals } from "@std/assert";
import type { StoreView } from "../../../actors/store/store.ts";
import { encode, moduleEncoding, moduleEncodingBase64 } from "../../../core/encoding/mod.ts";
import type { AcceptedItem, SignedSessionOutcome } from "../../../core/types/session.ts";
import {
  acceptedItem,
  sessionOutcome,
  sessionStatus,
  sessionStatusV2,
  signedSessionOutcome,
} from "../../../core/types/session.ts";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import { setAcceptedItem, setSessionEnd } from "../../consensus/store/db.ts";
import { putItems, putOldSession, putSession } from "../../consensus/testing/db.ts";
import { EncodedJson } from "../encoded.ts";
import { sessionMethods } from "./sessions.ts";
import { call } from "../testing/calls.ts";

function items(count: number): AcceptedItem[] {
  return Array.from({ length: count }, (_, i) => ({
    item: { tag: "Module", value: { instance: i % 300, body: new Uint8Array(i % 70).fill(i) } },
    peer: i % 4,
  }));
}

const signatures = (count: number): Map<number, Uint8Array<ArrayBuffer>> =>
  new Map(Array.from({ length: count }, (_, peer) => [peer, new Uint8Array(64).fill(peer)]));

// sizes around the steps of the length's own encoding
const SESSIONS: SignedSessionOutcome[] = [
  { sessionOutcome: { items: [] }, signatures: signatures(1) },
  { sessionOutcome: { items: items(252) }, signatures: signatures(3) },
  { sessionOutcome: { items: items(253) }, signatures: signatures(0) },
  { sessionOutcome: { items: items(3_000) }, signatures: signatures(4) },
];
const PENDING = items(300);

Deno.test("answers about sessions are byte for byte what their codecs write, those of version 0 of the database too", async () => {
  for (const olds of [0, 2, SESSIONS.length]) {
    const store = await testStore();
    await store.transact((tx) => {
      for (const [index, outcome] of SESSIONS.entries()) {
        (index < olds ? putOldSession : putSession)(tx, index, outcome);
      }
      putItems(tx, SESSIONS.length, PENDING);
    });
    const methods = sessionMethods({ store });
    const [v1, v2] = [moduleEncoding(sessionStatus), moduleEncodingBase64(sessionStatusV2)];
    for (let round = 0; round < 2; round++) {
      for (const [index, signed] of SESSIONS.entries()) {
        const { sessionOutcome: unsigned } = signed;
        const expected = {
          session_status: v1.toJson({ tag: "Complete", value: unsigned }),
          signed_session_status: v2.toJson({ tag: "Complete", value: signed }),
          await_session_outcome: moduleEncoding(sessionOutcome).toJson(unsigned),
          await_signed_session_outcome: moduleEncoding(signedSessionOutcome).toJson(signed),
        };
        for (const [name, json] of Object.entries(expected)) assertEquals(await call(methods, name, index), json);
      }
    }
    const pending = { tag: "Pending", value: PENDING } as const;
    const initial = { tag: "Initial", value: null } as const;
    assertEquals(await call(methods, "session_count", null), SESSIONS.length);
    assertEquals(await call(methods, "session_status", SESSIONS.length), v1.toJson(pending));
    assertEquals(await call(methods, "signed_session_status", SESSIONS.length), v2.toJson(pending));
    assertEquals(await call(methods, "session_status", SESSIONS.length + 1), v1.toJson(initial));
    assertEquals(await call(methods, "signed_session_status", SESSIONS.length + 1), v2.toJson(initial));
  }
});

const TOO_BIG = { code: -32008, message: "Response is too big", data: "Exceeded max limit of 10485760" };

/** Items of 50 kB. */
function large(count: number): AcceptedItem[] {
  const body = new Uint8Array(50_000);
  return Array.from({ length: count }, () => ({ item: { tag: "Module", value: { instance: 0, body } }, peer: 0 }));
}

Deno.test("a session too large for an answer is told so, and its shorter form fits", async () => {
  const outcome = { sessionOutcome: { items: large(110) }, signatures: signatures(3) };
  assertEquals(encode(signedSessionOutcome, outcome).length > 5_242_880, true);
  for (const put of [putSession, putOldSession]) {
    const store = await testStore();
    await store.transact((tx) => put(tx, 0, outcome));
    const methods = sessionMethods({ store });
    assertEquals(await call(methods, "await_signed_session_outcome", 0), TOO_BIG);
    assertEquals(Array.isArray(await call(methods, "signed_session_status", 0)), true);
  }
});

Deno.test("a thousand who wait for a session are answered with the same bytes, read and encoded once", async () => {
  const backing = await testStore();
  const counted = counting(backing);
  const methods = sessionMethods({ store: counted.view });
  const signal = new AbortController().signal;
  const ask = (name: string) => methods[name]!({ auth: null, params: 0 }, signal);
  const waiting = Array.from({ length: 1_000 }, () => ask("await_session_outcome"));
  await backing.transact((tx) => putSession(tx, 0, SESSIONS[3]!));
  const answers = await Promise.all(waiting);
  assert(answers[0] instanceof EncodedJson);
  assertEquals(new Set(answers).size, 1);
  const items = SESSIONS[3]!.sessionOutcome.items.length;
  assertEquals(counted.items(), items);
  assertEquals(new Set(await Promise.all(Array.from({ length: 1_000 }, () => ask("session_status")))).size, 1);
  assertEquals(counted.items(), items);
});

Deno.test("of a session that no answer holds only the size is read, running or over", async () => {
  const store = await testStore();
  for (let session = 0; session < 2; session++) {
    for (let at = 0; at < 600; at += 50) {
      await store.transact((tx) => {
        const encoded = encode(acceptedItem, large(1)[0]!);
        for (let i = at; i < at + 50; i++) setAcceptedItem(tx, session, i, encoded);
      });
    }
  }
  const end = { items: 600, bytes: 600 * 50_010, root: new Uint8Array(32), signatures: signatures(3) };
  await store.transact((tx) => setSessionEnd(tx, 0, end));
  const counted = counting(store);
  const methods = sessionMethods({ store: counted.view });
  for (
    const name of ["await_session_outcome", "await_signed_session_outcome", "session_status", "signed_session_status"]
  ) {
    assertEquals(await call(methods, name, 0), TOO_BIG);
    assertEquals([counted.ends(), counted.items()], [name.endsWith("status") ? 1 : 2, 0], name);
  }
  assertEquals(await call(methods, "session_status", 1), TOO_BIG);
  assertEquals(counted.items(), Math.ceil(5_242_880 / 50_010), "not read on");
});

/** Counts entries that range reads give: of items, and of sessions' ends, of which only the last is asked for. */
function counting(store: StoreView) {
  let items = 0, ends = 0;
  const view: StoreView = {
    ...store,
    transact: (body, options) =>
      store.transact((tx) => {
        const range = tx.range.bind(tx);
        tx.range = async function* (given) {
          for await (const entry of range(given)) {
            if (given?.limit === 1) ends++;
            else items++;
            yield entry;
          }
        };
        return body(tx);
      }, options),
    changed: (prefix, signal) => store.changed(prefix, signal),
  };
  /** Since the last call. */
  const taken = (count: number, reset: () => void): number => {
    reset();
    return count;
  };
  return { view, items: () => taken(items, () => items = 0), ends: () => taken(ends, () => ends = 0) };
}
