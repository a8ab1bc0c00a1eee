/** Pieces from guardians that lie, hinder, or know of none. */
import { assert, assertEquals } from "@std/assert";
import { base64urlnopad } from "@scure/base";
import type { RpcError } from "../../../actors/rpc/mod.ts";
import type { Store } from "../../../actors/store/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { bytes, decode, encode } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import { sessionPieceMethods } from "../../api/methods/session_pieces.ts";
import { call } from "../../api/testing/calls.ts";
import { itemsIn, putSession, treeOf } from "../testing/db.ts";
import { itemsOf, ROUNDS, SESSION, unitOf } from "../testing/outcome.ts";
import type { Answer, Behaviour } from "../testing/pieces.ts";
import {
  endOf,
  isHonest,
  pausingClock,
  signaturesOver,
  silence,
  storedSession,
  TOO_BIG,
  withFetching,
} from "../testing/pieces.ts";
import { cutSession } from "./session_pieces.ts";
import { stored } from "../testing/processing.ts";
import {
  all,
  END,
  expectTaken,
  ITEMS,
  luring,
  NUMBERS,
  oneIs,
  PIECE,
  positions,
  toldEnd,
} from "../testing/expected_pieces.ts";

/** A piece with another byte somewhere in its items. */
async function spoilt(told: Answer): Answer {
  const answer = await told;
  if (!answer.ok) return answer;
  const piece = decode(bytes, base64urlnopad.decode((answer.value as string[])[0]!));
  piece[piece.length - 2]! ^= 1;
  return ok([base64urlnopad.encode(encode(bytes, piece))]);
}

const GOOD_END = endOf(SESSION, ITEMS);
const FORGED = new Map([1, 2, 3].map((peer) => [peer, new Uint8Array(64).fill(7)]));

const onEnd = (end: Result<Json, RpcError>): Behaviour => (method, params, honest) =>
  method === END ? Promise.resolve(end) : honest(params);
const onPiece = (answer: (honest: Answer) => Answer): Behaviour => (method, params, honest) =>
  method === PIECE ? answer(honest(params)) : honest(params);

const LIARS: readonly (readonly [what: string, behaviour: Behaviour])[] = [
  ["forges signatures", onEnd(toldEnd(60, GOOD_END.root, FORGED))],
  ["has too few signatures", onEnd(toldEnd(60, GOOD_END.root, signaturesOver(SESSION, GOOD_END.root, [1, 2])))],
  ["tells another session's end", onEnd(toldEnd(60, GOOD_END.root, signaturesOver(SESSION + 1, GOOD_END.root)))],
  ["tells another root", onEnd(toldEnd(60, new Uint8Array(32), GOOD_END.signatures))],
  ["tells of no items", onEnd(toldEnd(0, GOOD_END.root, GOOD_END.signatures))],
  ["tells of more items", onEnd(toldEnd(61, GOOD_END.root, GOOD_END.signatures))],
  ["tells of far more items", onEnd(toldEnd(2 ** 50, GOOD_END.root, GOOD_END.signatures))],
  ["tells of fewer items", onEnd(toldEnd(33, GOOD_END.root, GOOD_END.signatures))],
  ["tells an end that is none", onEnd(ok("nonsense"))],
  ["tells pieces that are none", onPiece(() => Promise.resolve(ok(["AAAA"])))],
  ["changes a byte of each piece", onPiece(spoilt)],
  [
    "tells the first piece whatever is asked",
    (method, params, honest) => honest(method === PIECE ? { session: SESSION, position: 0 } : params),
  ],
];

for (const [what, behaviour] of LIARS) {
  Deno.test(`a guardian that ${what} is asked no more, and the session comes from the others`, async () => {
    const their = await storedSession(SESSION, ITEMS);
    await withFetching({ their, others: oneIs(behaviour) }, async (test) => {
      await expectTaken(test);
      const warned = test.log.filter(({ level }) => level === "warn");
      // an honest API behind a false end knows of no more items
      const lies = what.includes("more items") ? 0 : 1;
      assertEquals(
        warned.map(({ message, facts }) => [message, facts!.peer]),
        Array.from({ length: lies }, () => ["A guardian's piece of the session is refused", 1]),
      );
      assert(positions(test.calls.filter(({ peer }) => peer === 1)).length <= 4);
    });
  });
}

Deno.test("who was asked last of all because others lied is believed", async () => {
  const their = await storedSession(SESSION, ITEMS);
  for (const [, behaviour] of LIARS) {
    const others = new Map([[1, behaviour], [2, behaviour], [3, isHonest]]);
    await withFetching({ their, others }, (test) => expectTaken(test));
  }
});

const HINDERERS: readonly (readonly [what: string, behaviour: Behaviour, askedMax: number])[] = [
  ["keeps silent about pieces", onPiece(silence), 1],
  ["keeps silent about its end", (method, params, honest) => method === END ? silence() : honest(params), 0],
  ["fails", onPiece(() => Promise.resolve(err({ kind: "server", code: 500, message: "panicked" }))), 3],
  [
    "knows no pieces",
    (method, params, honest) =>
      method === PIECE || method === END
        ? Promise.resolve(err({ kind: "method_not_found", message: "?" }))
        : honest(params),
    0,
  ],
];

for (const [what, behaviour, askedMax] of HINDERERS) {
  Deno.test(`a guardian that ${what} holds a session up for no longer than the patience with one piece`, async () => {
    const their = await storedSession(SESSION, ITEMS);
    await withFetching({ their, others: oneIs(behaviour) }, async (test) => {
      await expectTaken(test, ITEMS, 8_000);
      assert(positions(test.calls.filter(({ peer }) => peer === 1)).length <= askedMax);
    });
  });
}

Deno.test("a guardian that gives good pieces of one item each is asked for few of them", async () => {
  const their = await storedSession(SESSION, ITEMS), tiny = await storedSession(SESSION, ITEMS);
  await cutSession(tiny, SESSION, ITEMS.length, { bytesMax: 1, clock: pausingClock() });
  const tinyApi = apiOf(tiny);
  const others = oneIs((method, params, honest) => method === PIECE ? tinyApi(params) : honest(params));
  await withFetching({ their, others, pieceBytesMax: 60 }, async (test) => {
    await expectTaken(test);
    assert(positions(test.calls.filter(({ peer }) => peer === 1)).length <= 2);
  });
});

function apiOf(store: Store): (params: Json) => Answer {
  const methods = sessionPieceMethods({ store, clock: pausingClock(), cutBytesMin: 0 });
  return async (params) => ok(await call(methods, PIECE, params));
}

Deno.test("guardians that know no pieces are told of in the log once each, and what is ordered goes on", async () => {
  const official: Behaviour = (method) =>
    Promise.resolve(method === PIECE || method === END ? err({ kind: "method_not_found", message: "?" }) : TOO_BIG);
  await withFetching(
    { their: await testStore(), others: all(official) },
    async ({ clock, system, outcome, lines, store }) => {
      await clock.advance(300_000);
      const told = lines().filter((line) => line.includes("can't tell it in pieces"));
      assertEquals(told.length, 3);
      const life = await system.ask(outcome, "life", null);
      system.tell(outcome, "ordered", { life, units: [unitOf(0, 1n, 2n)] });
      await clock.advance(1_000);
      assertEquals(await store.read((tx) => itemsIn(tx, SESSION)), itemsOf(1n, 2n));
    },
  );
});

Deno.test("copies of the last items that an evil guardian tells are not processed", async () => {
  const honest = itemsOf(1n, 2n, 3n, 4n, 200n), copied = [...honest, honest[4]!, honest[4]!, honest[4]!];
  assertEquals(treeOf(copied).root(), treeOf(honest).root(), "a real danger");
  const { signatures } = endOf(SESSION, honest);
  const their = await testStore();
  await their.transact((tx) =>
    putSession(tx, SESSION, { sessionOutcome: { items: copied }, signatures: new Map(signatures) })
  );
  for (const pieceBytesMax of [1, 20, 1_000]) {
    await withFetching({ their, others: all(isHonest), pieceBytesMax }, async (test) => {
      await expectTaken(test, honest);
      assertEquals(await stored(test.store, Uint8Array.of(200)), Uint8Array.of(1));
    });
  }
});

Deno.test("one guardian that alone has the signatures can't keep a running session's items and our signature back", async () => {
  // it has the others' signatures and keeps its own from them: they wait for ours, and nobody else has the outcome
  const their = await storedSession(SESSION, ITEMS);
  for (const pieces of [0, 1, 2, 5]) {
    for (const waitedMs of [0, 10_000, 90_000]) {
      const others = new Map<PeerId, Behaviour>([[1, luring(pieces)], [2, silence], [3, silence]]);
      await withFetching({ their, others }, async (test) => {
        const { system, clock, outcome, store, log } = test;
        await clock.advance(waitedMs);
        const life = await system.ask(outcome, "life", null);
        system.tell(outcome, "ordered", { life, units: [unitOf(0, ...NUMBERS.slice(0, 30))] });
        await clock.advance(1_000);
        assert((await store.read((tx) => itemsIn(tx, SESSION))).length >= 30);
        const end = { ...unitOf(ROUNDS), creator: 2 };
        system.tell(outcome, "ordered", { life, units: [unitOf(1, ...NUMBERS.slice(30)), end] });
        await clock.advance(1_000);
        assertEquals(await store.read((tx) => itemsIn(tx, SESSION)), ITEMS);
        if (pieces > 0) await expectTaken(test, ITEMS, 0); // the others' signatures are there, too
        assert(log.some(({ message }) => message === "All items of the session are processed, signing"));
      });
    }
  }
});

Deno.test("the only guardian that has a session is asked at once: the others may have stopped at its end", async () => {
  const their = await storedSession(SESSION, ITEMS);
  await withFetching(
    { their, others: new Map([[1, isHonest], [2, silence], [3, silence]]) },
    (test) => expectTaken(test, ITEMS, 3_000),
  );
});

Deno.test("who can tell pieces later than an evil guardian that gives none is asked within seconds", async () => {
  const their = await storedSession(SESSION, ITEMS);
  for (const pieces of [0, 1, 3]) {
    const later = Promise.withResolvers<void>();
    const late: Behaviour = async (_method, params, honest) => {
      await later.promise;
      return await honest(params);
    };
    const others = new Map<PeerId, Behaviour>([[1, luring(pieces)], [2, late], [3, silence]]);
    await withFetching({ their, others }, async (test) => {
      await test.clock.advance(20_000);
      later.resolve();
      await expectTaken(test, ITEMS, 3_000);
    });
  }
});

Deno.test("beside official guardians, who know no pieces, a session comes from the one who does", async () => {
  const their = await storedSession(SESSION, ITEMS);
  const official: Behaviour = (method) =>
    Promise.resolve(method === PIECE || method === END ? err({ kind: "method_not_found", message: "?" }) : TOO_BIG);
  const others = new Map<PeerId, Behaviour>([[1, isHonest], [2, official], [3, silence]]);
  await withFetching({ their, others }, (test) => expectTaken(test, ITEMS, 10_000));
});
