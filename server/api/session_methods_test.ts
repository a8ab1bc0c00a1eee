import { assertEquals } from "@std/assert";
import { encode, moduleEncoding, moduleEncodingBase64 } from "../../core/encoding/mod.ts";
import type { AcceptedItem, SignedSessionOutcome } from "../../core/types/session.ts";
import { sessionOutcome, sessionStatus, sessionStatusV2, signedSessionOutcome } from "../../core/types/session.ts";
import { testStore } from "../../modules/contract/testing.ts";
import { setAcceptedItem, setSessionOutcome } from "../consensus/db.ts";
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
