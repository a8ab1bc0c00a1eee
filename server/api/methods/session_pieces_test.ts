/** Sessions told in pieces: what is answered, to whom, and how often a session is gone through for it. */
import { assert, assertEquals } from "@std/assert";
import type { Store, StoreTx, StoreView } from "../../../actors/store/store.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { bytes, encode, moduleEncodingBase64 } from "../../../core/encoding/mod.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { acceptedItem } from "../../../core/types/session.ts";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import { setAcceptedItem, setSessionEnd } from "../../consensus/store/db.ts";
import { itemsIn, putItems, putOldSession, treeOf } from "../../consensus/testing/db.ts";
import { checkEnd, checkPiece } from "../../consensus/pieces/fetched_piece.ts";
import { PIECE_BYTES_MAX } from "../../consensus/limits.ts";
import { itemsOf, keychains, signed, voteCodecs } from "../../consensus/testing/outcome.ts";
import { endOf, pausingClock, signaturesOver, storedSession } from "../../consensus/testing/pieces.ts";
import { signedSessionEnd } from "../../consensus/pieces/session_pieces.ts";
import { codecsWith, INSTANCE, refs } from "../../consensus/testing/processing.ts";
import { modulesWith } from "../../consensus/engine/transaction.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { EncodedJson } from "../encoded.ts";
import { ANSWER_BYTES_MAX, CUT_SESSION_BYTES_MIN, PIECE_UNITS } from "../limits.ts";
import { sessionMethods } from "./sessions.ts";
import { sessionPieceMethods } from "./session_pieces.ts";
import { badRequest, call } from "../testing/calls.ts";

const numbers = (count: number): bigint[] => Array.from({ length: count }, (_, i) => BigInt(i));
const SMALL = { pieceBytesMax: 40, cutBytesMin: 0 };

/** `entries`: read by ranges of transactions. `written`: records set. */
function counting(store: Store) {
  const work = { entries: 0, written: 0 };
  const watch = (tx: StoreTx): StoreTx => {
    const range = tx.range.bind(tx), set = tx.set.bind(tx);
    tx.range = async function* (options) {
      for await (const entry of range(options)) {
        work.entries++;
        yield entry;
      }
    };
    tx.set = (key, value) => {
      work.written++;
      set(key, value);
    };
    return tx;
  };
  const view = new Proxy<StoreView>(store, {
    get: (target, name) => {
      if (name === "transact") {
        return (body: Parameters<StoreView["transact"]>[0], options: Parameters<StoreView["transact"]>[1]) =>
          store.transact((tx) => body(watch(tx)), options);
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { view, work };
}

Deno.test("a finished session's end is told, of any size, and nothing of one that goes on or that is of an old database", async () => {
  const items = itemsOf(1n, 2n, 3n);
  const store = await storedSession(1, items);
  await store.transact((tx) => {
    putOldSession(tx, 0, signed(items));
    putItems(tx, 2, items);
  });
  const methods = sessionPieceMethods({ store, clock: pausingClock() });
  const told = await call(methods, "signed_session_end", 1);
  const { items: count, root, signatures } = moduleEncodingBase64(signedSessionEnd).fromJson(told);
  assertEquals([count, root], [3, treeOf(items).root()]);
  assertEquals([...signatures.keys()], [1, 2, 3]);
  for (const session of [2, 3, 2 ** 50]) {
    assertEquals(await call(methods, "signed_session_end", session), badRequest(`Session ${session} is not over`));
    assertEquals(
      await call(methods, "signed_session_piece", { session, position: 0 }),
      badRequest(`Session ${session} is not over`),
    );
  }
  assertEquals(await call(methods, "signed_session_end", 0), badRequest("Session 0 is told as a whole only"));
});

Deno.test("what can't be a question is refused", async () => {
  const store = await storedSession(0, itemsOf(1n, 2n));
  const methods = sessionPieceMethods({ store, clock: pausingClock(), ...SMALL });
  const questions: Json[] = [null, 7, {}, { session: 0 }, { session: -1, position: 0 }, { session: 0, position: "x" }];
  for (const params of questions) {
    const { code } = await call(methods, "signed_session_piece", params) as { code: number };
    assertEquals(code, 400);
  }
  for (const position of [2, 3, Number.MAX_SAFE_INTEGER]) {
    assertEquals(
      await call(methods, "signed_session_piece", { session: 0, position }),
      badRequest("Session 0 has 2 items"),
    );
  }
});

Deno.test("a session that any answer holds is not cut, and costs whoever asks for its pieces nothing", async () => {
  const { view, work } = counting(await storedSession(0, itemsOf(...numbers(50))));
  const methods = sessionPieceMethods({ store: view, clock: pausingClock() });
  assertEquals(
    await call(methods, "signed_session_piece", { session: 0, position: 0 }),
    badRequest("Session 0 is small: ask for all of it"),
  );
  assertEquals(work, { entries: 1, written: 0 });
});

Deno.test("a session is cut once in its life, however many ask, and after a restart too", async () => {
  const store = await storedSession(0, itemsOf(...numbers(90)));
  const { view, work } = counting(store);
  const ask = async (methods = sessionPieceMethods({ store: view, clock: pausingClock(), ...SMALL })) => {
    const signal = new AbortController().signal;
    const asked = Array.from(
      { length: 300 },
      (_, i) => methods["signed_session_piece"]!({ auth: null, params: { session: 0, position: i % 90 } }, signal),
    );
    return await Promise.all(asked);
  };
  const answers = await ask();
  const cuts = new Set(answers).size;
  assert(cuts > 5 && cuts < 90 && answers.every((answer) => answer instanceof EncodedJson));
  assertEquals(work.written, cuts);
  await ask();
  assertEquals(work.written, cuts);
});

Deno.test("a caller that has gone doesn't keep another from its piece", async () => {
  const store = await storedSession(0, itemsOf(...numbers(90)));
  const methods = sessionPieceMethods({ store, clock: pausingClock(), ...SMALL });
  const gone = new AbortController();
  const ask = (signal: AbortSignal) => methods["signed_session_piece"]!(request, signal);
  const request = { auth: null, params: { session: 0, position: 0 } };
  const first = ask(gone.signal), second = ask(new AbortController().signal);
  gone.abort(new Error("gone"));
  assertEquals((await Promise.allSettled([first, second])).map(({ status }) => status), ["rejected", "fulfilled"]);
});

Deno.test("a piece costs its caller what it takes to put it together", async () => {
  const { signed_session_piece, signed_session_end } = sessionPieceMethods({
    store: await testStore(),
    clock: pausingClock(),
  });
  assertEquals([signed_session_piece!.units, signed_session_end!.units], [PIECE_UNITS, 1]);
});

Deno.test("sessions that are cut at the same time are all told", async () => {
  const store = await testStore();
  for (const session of [0, 1, 2]) await storedSession(session, itemsOf(...numbers(30 + session)), store);
  const methods = sessionPieceMethods({ store, clock: pausingClock(), ...SMALL });
  await Promise.all([0, 1, 2].map(async (session) => {
    const items = itemsOf(...numbers(30 + session)), position = 29 + session;
    const json = await call(methods, "signed_session_piece", { session, position });
    const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, voteCodecs]]));
    const args = { peers: numPeers(4), modules, clock: pausingClock() };
    const { from, items: told } = await checkPiece(json, endOf(session, items), position, args);
    assertEquals(from + told.length, items.length);
  }));
});

Deno.test("a session of 11 MB, which no answer holds, comes whole in pieces of a megabyte", async () => {
  const count = 220, codecs = codecsWith({ consensusItem: bytes });
  const item = (at: number): AcceptedItem => ({
    item: { tag: "Module", value: toDyn(INSTANCE, bytes, new Uint8Array(49_900).fill(at)) },
    peer: at % 4,
  });
  const store = await testStore();
  const items = Array.from({ length: count }, (_, at) => item(at));
  const tree = treeOf(items), root = tree.root();
  for (let at = 0; at < count; at += 50) {
    await store.transact((tx) => {
      for (let i = at; i < Math.min(at + 50, count); i++) setAcceptedItem(tx, 0, i, encode(acceptedItem, items[i]!));
    });
  }
  await store.transact((tx) =>
    setSessionEnd(tx, 0, { items: count, bytes: tree.bytes, root, signatures: signaturesOver(0, root) })
  );
  assert(tree.bytes > ANSWER_BYTES_MAX && CUT_SESSION_BYTES_MIN < ANSWER_BYTES_MAX / 2);
  const methods = { ...sessionMethods({ store }), ...sessionPieceMethods({ store, clock: pausingClock() }) };
  for (const whole of ["await_signed_session_outcome", "signed_session_status"]) {
    assertEquals((await call(methods, whole, 0) as { code: number }).code, -32008);
  }
  const args = {
    session: 0,
    peers: numPeers(4),
    keychain: keychains[0]!,
    modules: modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]])),
    clock: pausingClock(),
  };
  const end = checkEnd(await call(methods, "signed_session_end", 0), args);
  let pieces = 0, position = 0;
  for (; position < count; pieces++) {
    const json = await call(methods, "signed_session_piece", { session: 0, position }) as string[];
    assert(json[0]!.length < ANSWER_BYTES_MAX / 4);
    const { from, items: told } = await checkPiece(json, end, position, args);
    assertEquals(from, position);
    for (const [i, encoded] of told.entries()) assertEquals(encoded, encode(acceptedItem, items[from + i]!));
    position += told.length;
  }
  assertEquals([position, pieces], [count, Math.ceil(count / Math.floor(PIECE_BYTES_MAX / 49_910))]);
  assertEquals((await store.read((tx) => itemsIn(tx, 0))).length, count);
});
