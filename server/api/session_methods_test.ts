import { assert, assertEquals } from "@std/assert";
import type { StoreView } from "../../actors/store/store.ts";
import { equalBytes } from "../../core/bytes.ts";
import { encode, moduleEncoding, moduleEncodingBase64 } from "../../core/encoding/mod.ts";
import type { AcceptedItem, SignedSessionOutcome } from "../../core/types/session.ts";
import { sessionOutcome, sessionStatus, sessionStatusV2, signedSessionOutcome } from "../../core/types/session.ts";
import { testStore } from "../../modules/contract/testing.ts";
import { sessionOutcomeKey, setAcceptedItem, setSessionOutcome } from "../consensus/db.ts";
import { EncodedJson } from "./encoded.ts";
import { sessionMethods } from "./session_methods.ts";
import { call } from "./testing.ts";

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

Deno.test("answers about sessions are byte for byte what their codecs write, the first time and later", async () => {
  const store = await testStore();
  await store.transact((tx) => {
    for (const [index, outcome] of SESSIONS.entries()) setSessionOutcome(tx, index, outcome);
    for (const [position, item] of PENDING.entries()) setAcceptedItem(tx, position, item);
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
  assertEquals(await call(methods, "session_status", SESSIONS.length), v1.toJson(pending));
  assertEquals(await call(methods, "signed_session_status", SESSIONS.length), v2.toJson(pending));
  assertEquals(await call(methods, "session_status", SESSIONS.length + 1), v1.toJson(initial));
  assertEquals(await call(methods, "signed_session_status", SESSIONS.length + 1), v2.toJson(initial));
});

Deno.test("a session too large for an answer is told so", async () => {
  const store = await testStore();
  const body = new Uint8Array(50_000);
  const large: AcceptedItem[] = Array.from({ length: 110 }, () => ({
    item: { tag: "Module", value: { instance: 0, body } },
    peer: 0,
  }));
  const outcome = { sessionOutcome: { items: large }, signatures: signatures(3) };
  assertEquals(encode(signedSessionOutcome, outcome).length > 5_242_880, true);
  await store.transact((tx) => setSessionOutcome(tx, 0, outcome));
  const methods = sessionMethods({ store });
  const tooBig = { code: -32008, message: "Response is too big", data: "Exceeded max limit of 10485760" };
  assertEquals(await call(methods, "await_signed_session_outcome", 0), tooBig);
  // its shorter form fits
  assertEquals(Array.isArray(await call(methods, "signed_session_status", 0)), true);
});

Deno.test("a thousand who wait for a session are answered with the same bytes, read and encoded once", async () => {
  const backing = await testStore();
  let reads = 0;
  const store: StoreView = {
    read: (body) => backing.read(body),
    changed: (prefix, signal) => backing.changed(prefix, signal),
    view: (prefix) => backing.view(prefix),
    transact: (body, options) =>
      backing.transact((tx) =>
        body(
          new Proxy(tx, {
            get: (target, name) => {
              const found = Reflect.get(target, name, target);
              if (name !== "get") return typeof found === "function" ? found.bind(target) : found;
              return (key: Uint8Array) => {
                if (equalBytes(key, sessionOutcomeKey(0))) reads++;
                return target.get(key);
              };
            },
          }),
        ), options),
  };
  const methods = sessionMethods({ store });
  const signal = new AbortController().signal;
  const ask = (name: string) => methods[name]!({ auth: null, params: 0 }, signal);
  const waiting = Array.from({ length: 1_000 }, () => ask("await_session_outcome"));
  await backing.transact((tx) => setSessionOutcome(tx, 0, SESSIONS[3]!));
  const answers = await Promise.all(waiting);
  assert(answers[0] instanceof EncodedJson);
  assertEquals(new Set(answers).size, 1);
  assertEquals(reads, 1);
  assertEquals(new Set(await Promise.all(Array.from({ length: 1_000 }, () => ask("session_status")))).size, 1);
  assertEquals(reads, 2);
});
