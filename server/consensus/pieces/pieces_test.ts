/**
 * A guardian that fell behind in a session that no answer holds: how it gets it all the same, from whom, and what evil
 * ones can't do.
 */
import { assert, assertEquals } from "@std/assert";
import { base64urlnopad } from "@scure/base";
import type { RpcError } from "../../../actors/rpc/mod.ts";
import type { Store } from "../../../actors/store/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { bytes, decode, encode, moduleEncoding, moduleEncodingBase64 } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { headerOf, signedSessionOutcome } from "../../../core/types/session.ts";
import { seededDice, testStore } from "../../../modules/contract/testing/mod.ts";
import { sessionPieceMethods } from "../../api/methods/session_pieces.ts";
import { call } from "../../api/testing/mod.ts";
import { finishedSessions } from "../store/db.ts";
import { itemsIn, putItems, putSession, sessionIn, treeOf } from "../testing/db.ts";
import { itemsOf, keychains, ROUNDS, SESSION, signed, unitOf } from "../testing/outcome.ts";
import type { Answer, Behaviour, Call, Fetching } from "../testing/pieces.ts";
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
import type { OrderedUnit } from "../session/outcome.ts";
import { cutSession, signedSessionEnd } from "./session_pieces.ts";
import { restartsOf, stored } from "../testing/processing.ts";

const NUMBERS = Array.from({ length: 60 }, (_, i) => BigInt(i));
const ITEMS = itemsOf(...NUMBERS);
const PIECE = "signed_session_piece", END = "signed_session_end";

const all = (behaviour: Behaviour): Map<PeerId, Behaviour> => new Map([1, 2, 3].map((peer) => [peer, behaviour]));
/** Guardian 1 does so, the others are honest. */
const oneIs = (behaviour: Behaviour): Map<PeerId, Behaviour> => new Map([...all(isHonest), [1, behaviour]]);

const positions = (calls: readonly Call[], from = 0): number[] =>
  calls.slice(from).filter(({ method }) => method === PIECE).map(({ params }) =>
    (params as { position: number }).position
  );

async function expectTaken({ store, clock, disagreed, log }: Fetching, items = ITEMS, withinMs = 60_000) {
  for (let ms = 0; ms < withinMs && await store.read((tx) => finishedSessions(tx)) === SESSION; ms += 1_000) {
    await clock.advance(1_000);
  }
  const taken = await store.read((tx) => sessionIn(tx, SESSION));
  assertEquals(taken?.sessionOutcome.items, items);
  assertEquals([...taken!.signatures.keys()], [1, 2, 3]);
  assertEquals(disagreed, []);
  assertEquals(log.filter(({ level }) => level === "error"), []);
}

Deno.test("a guardian without anything takes a session in pieces, each item once and each piece once, the last one first", async () => {
  const their = await storedSession(SESSION, ITEMS);
  await withFetching({ their, others: all(isHonest) }, async (test) => {
    await expectTaken(test);
    const asked = positions(test.calls);
    assertEquals(asked[0], ITEMS.length - 1);
    assert(asked.length > 5);
    assertEquals(asked.slice(1), [...asked.slice(1)].sort((a, b) => a - b));
    assertEquals(new Set(asked).size, asked.length);
    assertEquals(asked[1], 0);
  });
});

Deno.test("a guardian that has some items takes the others, from the first that it lacks", async () => {
  const their = await storedSession(SESSION, ITEMS);
  for (const had of [1, 17, 59]) {
    const own = await testStore();
    await withFetching({ own, their, others: all(silence) }, async ({ system, clock, outcome }) => {
      await clock.advance(0);
      const life = await system.ask(outcome, "life", null);
      system.tell(outcome, "ordered", { life, units: [unitOf(0, ...NUMBERS.slice(0, had))] });
      await clock.advance(1_000);
    });
    assertEquals((await own.read((tx) => itemsIn(tx, SESSION))).length, had);
    await withFetching({ own, their, others: all(isHonest) }, async (test) => {
      await expectTaken(test);
      const asked = positions(test.calls);
      if (had < 55) assertEquals(asked[1], had);
      else assertEquals(asked, [59]);
    });
  }
});

Deno.test("who crashed after the last item, before the session's end, needs but its signatures", async () => {
  const their = await storedSession(SESSION, ITEMS), own = await testStore();
  await own.transact((tx) => putItems(tx, SESSION, ITEMS));
  await withFetching({ own, their, others: all(isHonest) }, async (test) => {
    await expectTaken(test);
    assertEquals(positions(test.calls).slice(1), []);
  });
});

Deno.test("a guardian that is stopped again and again in between gets on, and asks for no piece of which it has all", async () => {
  const their = await storedSession(SESSION, ITEMS), own = await testStore();
  const later: Behaviour = async (method, params, honest) => {
    if (method === PIECE) waits.push(Promise.withResolvers<void>());
    await waits.at(-1)?.promise;
    return await honest(params);
  };
  const waits: PromiseWithResolvers<void>[] = [];
  let lives = 0, before = 0;
  while (await own.read((tx) => finishedSessions(tx)) === SESSION) {
    assert(++lives < 60);
    await withFetching({ own, their, others: all(later) }, async ({ clock, calls, store }) => {
      // the end, the last piece, and some more
      for (let piece = 0; piece < 2 + lives % 2; piece++) {
        await clock.advance(0);
        for (const wait of waits.splice(0)) wait.resolve();
        await clock.advance(0);
      }
      const wanted = positions(calls).filter((position) => position !== ITEMS.length - 1);
      assert(wanted.every((position) => position >= before), `${wanted}, though ${before} were there`);
      before = (await store.read((tx) => itemsIn(tx, SESSION))).length;
    });
  }
  assert(lives > 3);
  assertEquals((await own.read((tx) => sessionIn(tx, SESSION)))?.sessionOutcome.items, ITEMS);
});

Deno.test("a guardian that lost its database takes one large session after the other", async () => {
  const their = await testStore(), sessions = 4;
  const of = (session: number) => itemsOf(...Array.from({ length: 20 }, (_, i) => BigInt(session * 20 + i)));
  for (let session = 0; session < sessions; session++) await storedSession(session, of(session), their);
  await withFetching({ their, others: all(isHonest) }, async ({ store, clock }) => {
    await clock.advance(60_000);
    for (let session = 0; session < sessions; session++) {
      assertEquals((await store.read((tx) => sessionIn(tx, session)))?.sessionOutcome.items, of(session));
    }
    assertEquals(await store.read((tx) => finishedSessions(tx)), sessions);
  });
});

/** A piece with another byte somewhere in its items. */
async function spoilt(told: Answer): Answer {
  const answer = await told;
  if (!answer.ok) return answer;
  const piece = decode(bytes, base64urlnopad.decode((answer.value as string[])[0]!));
  piece[piece.length - 2]! ^= 1;
  return ok([base64urlnopad.encode(encode(bytes, piece))]);
}

const toldEnd = (items: number, root: Bytes, signatures: ReadonlyMap<PeerId, Bytes>): Result<Json, RpcError> =>
  ok(moduleEncodingBase64(signedSessionEnd).toJson({ items, root, signatures: new Map(signatures) }));
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

/** Tells a session's end and some pieces, the last one first, and then nothing. */
function luring(pieces = 1): Behaviour {
  let asked = 0;
  return (method, params, honest) => method === PIECE && ++asked > pieces ? silence() : honest(params);
}

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

/** Some items are refused in between, and some are accepted again. */
const BOTH_WAYS: readonly (readonly bigint[])[] = [
  [0n, 1n, 2n, 200n],
  [2n, 3n, 200n, 200n, 3n, 4n],
  [1n, 1n],
  [5n, 6n, 7n, 8n, 9n, 10n],
  [200n, 11n, 0n, 12n, 13n, 201n, 14n],
  [15n, 201n, 201n],
];
const BOTH_ITEMS = itemsOf(
  ...[0n, 1n, 2n, 200n, 3n, 200n, 200n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 200n, 11n, 12n, 13n, 201n, 14n, 15n, 201n, 201n],
);

/** In one life: some units come, some pieces, in an order of the dice, until it ends by itself or is killed. */
async function lifeOf(
  test: Fetching,
  { allow, dice, ofPieces, isLast }: {
    readonly allow: () => void;
    readonly dice: () => number;
    /** The part of all steps in which a piece comes. */
    readonly ofPieces: number;
    readonly isLast: boolean;
  },
): Promise<void> {
  const { system, clock, outcome, store } = test;
  await clock.advance(0);
  const life = await system.ask(outcome, "life", null);
  const units: OrderedUnit[] = [
    ...BOTH_WAYS.map((numbers, round) => unitOf(round, ...numbers)),
    { ...unitOf(ROUNDS), creator: 2 },
  ];
  while (await store.read((tx) => finishedSessions(tx)) === SESSION) {
    if (!isLast && dice() < 0.06) return;
    if (dice() < ofPieces) allow();
    else if (units.length > 0) system.tell(outcome, "ordered", { life, units: units.splice(0, 1 + 2 * dice()) });
    if (dice() < 0.6) await clock.advance(0);
    else await clock.advance(500);
  }
}

Deno.test("pieces and what is ordered may come in any order, with any crash in between: each item is accepted once, in its place", async () => {
  const their = await storedSession(SESSION, BOTH_ITEMS);
  let signedByOrder = 0, takenInPieces = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededDice(seed), dice = () => random.below(1_000) / 1_000;
    const own = await testStore();
    for (let life = 0; await own.read((tx) => finishedSessions(tx)) === SESSION; life++) {
      const waits: (() => void)[] = [];
      let taken = 0;
      const gated: Behaviour = async (method, params, honest) => {
        if (method === PIECE) await new Promise<void>((resolve) => waits.push(resolve));
        return await honest(params);
      };
      const others = new Map<PeerId, Behaviour>([[1, gated], [2, silence], [3, silence]]);
      await withFetching({ own, their, others, pieceBytesMax: 20 + 20 * (seed % 3) }, async (test) => {
        const allow = () => {
          taken += waits.length;
          for (const resolve of waits.splice(0)) resolve();
        };
        await lifeOf(test, { allow, dice, ofPieces: seed % 2 === 0 ? 0.2 : 0.5, isLast: life > 4 });
        assertEquals(test.disagreed, []);
        assertEquals(restartsOf(test), 0);
        assertEquals(test.log.filter(({ level }) => level === "error" || level === "warn"), []);
        if (taken < 2) return;
        if (test.log.some(({ message }) => message.endsWith("processed, signing"))) signedByOrder++;
        if (test.log.some(({ message }) => message.startsWith("Took the session's outcome"))) takenInPieces++;
      });
    }
    assertEquals((await own.read((tx) => sessionIn(tx, SESSION)))?.sessionOutcome.items, BOTH_ITEMS, `seed ${seed}`);
    for (const [number, count] of [[1, 1], [15, 1], [200, 4], [201, 3]] as const) {
      assertEquals(await stored(own, Uint8Array.of(number)), Uint8Array.of(count), `seed ${seed}: ${number}`);
    }
  }
  assert(
    signedByOrder >= 3 && takenInPieces >= 10,
    `${signedByOrder} ended by the order, ${takenInPieces} by pieces`,
  );
});

Deno.test("when the order has brought more than a piece, the next one is asked for behind it", async () => {
  const their = await storedSession(SESSION, ITEMS);
  let answered = 0;
  const wait = Promise.withResolvers<void>();
  const slow: Behaviour = async (method, params, honest) => {
    if (method === PIECE && ++answered > 3) await wait.promise;
    return await honest(params);
  };
  await withFetching({ their, others: all(slow) }, async (test) => {
    const { clock, system, outcome, calls } = test;
    await clock.advance(1_000);
    const life = await system.ask(outcome, "life", null);
    system.tell(outcome, "ordered", { life, units: [unitOf(0, ...NUMBERS.slice(0, 50))] });
    await clock.advance(1_000);
    const before = calls.length;
    wait.resolve();
    await expectTaken(test);
    assertEquals(positions(calls, before)[0], 50);
    assertEquals(restartsOf(test), 0);
  });
});

Deno.test("a guardian whose order brings others than were signed learns that it disagrees", async () => {
  const their = await storedSession(SESSION, ITEMS);
  for (const pieces of [1, 3]) {
    const others = new Map<PeerId, Behaviour>([[1, luring(pieces)], [2, silence], [3, silence]]);
    await withFetching({ their, others }, async (test) => {
      const { clock, system, outcome, disagreed } = test;
      await clock.advance(1_000);
      const life = await system.ask(outcome, "life", null);
      const end = { ...unitOf(ROUNDS), creator: 2 };
      const units = [unitOf(0, ...NUMBERS.slice(0, 30), 99n, ...NUMBERS.slice(30)), end];
      system.tell(outcome, "ordered", { life, units });
      await clock.advance(1_000);
      const reason = "it accepted 60 items, this guardian 61, and they differ";
      assertEquals([disagreed, restartsOf(test)], [[{ session: SESSION, reason }], 0]);
    });
  }
});

const DIFFERENT: readonly (readonly [what: string, own: readonly bigint[], reason: string])[] = [
  ["other items", [0n, 1n, 3n], "the 3 items that this guardian has are not the first of those that were signed"],
  ["as many items, but others", [...NUMBERS.slice(1), 0n], "it accepted 60 items, this guardian 60, and they differ"],
  ["more items", [...NUMBERS, 60n], "it accepted 60 items, this guardian 61, and they differ"],
];

for (const [what, numbers, reason] of DIFFERENT) {
  Deno.test(`a guardian that has accepted ${what} learns that it disagrees, once, and processes nothing more`, async () => {
    const their = await storedSession(SESSION, ITEMS), own = await testStore();
    const items: AcceptedItem[] = itemsOf(...numbers);
    await own.transact((tx) => putItems(tx, SESSION, items));
    await withFetching({ own, their, others: all(isHonest) }, async (test) => {
      await test.clock.advance(30_000);
      assertEquals(test.disagreed, [{ session: SESSION, reason }]);
      assertEquals(await test.store.read((tx) => itemsIn(tx, SESSION)), items);
      assertEquals(restartsOf(test), 0);
    });
  });
}

Deno.test("an item that is refused here, though it was signed, is a disagreement", async () => {
  const items = itemsOf(1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n, 1n, 14n);
  const their = await storedSession(SESSION, items);
  await withFetching({ their, others: all(isHonest) }, async ({ clock, disagreed }) => {
    await clock.advance(30_000);
    const reason = "of its 14 items this guardian refused one after 12: voted before";
    assertEquals(disagreed, [{ session: SESSION, reason }]);
  });
});

Deno.test("who waits for signatures takes them alone, and disagrees when others were signed", async () => {
  for (const [numbers, disagreements] of [[NUMBERS, 0], [NUMBERS.slice(1), 1]] as const) {
    const their = await storedSession(SESSION, ITEMS), tellNow = Promise.withResolvers<void>();
    const others = all(async (_method, params, honest) => {
      await tellNow.promise;
      return await honest(params);
    });
    await withFetching({ their, others }, async (test) => {
      const { clock, system, outcome, disagreed, calls } = test;
      await clock.advance(0);
      const life = await system.ask(outcome, "life", null);
      const end = { round: ROUNDS, creator: 2, data: null };
      system.tell(outcome, "ordered", { life, units: [unitOf(0, ...numbers), end] });
      await clock.advance(1_000);
      tellNow.resolve();
      await clock.advance(10_000);
      assertEquals(disagreed.length, disagreements);
      if (disagreements === 0) await expectTaken(test);
      else assertEquals(disagreed[0]!.reason, "it accepted 60 items, this guardian 59, and they differ");
      assertEquals(positions(calls).slice(1), []);
    });
  }
});

Deno.test("a whole outcome that comes while pieces are fetched ends it", async () => {
  const their = await storedSession(SESSION, ITEMS);
  let pieces = 0;
  const stuck: Behaviour = (method, params, honest) => method === PIECE && ++pieces > 4 ? silence() : honest(params);
  const whole = Promise.withResolvers<Result<Json, RpcError>>();
  const others = new Map([[1, stuck], [2, stuck], [3, () => whole.promise]]);
  await withFetching({ their, others }, async (test) => {
    await test.clock.advance(3_000);
    const had = (await test.store.read((tx) => itemsIn(tx, SESSION))).length;
    assert(had > 5 && had < 55);
    whole.resolve(ok(moduleEncoding(signedSessionOutcome).toJson(signed(ITEMS))));
    await expectTaken(test);
    assertEquals(restartsOf(test), 0);
  });
});

Deno.test("of two outcomes that a threshold has signed the second is told of, and not taken", async () => {
  const their = await storedSession(SESSION, ITEMS);
  const root = treeOf(itemsOf(1n)).root();
  const signatures = new Map([0, 1, 2].map((peer) => [peer, keychains[peer]!.sign(headerOf(SESSION, root))]));
  const others = new Map<PeerId, Behaviour>([
    [1, isHonest],
    [2, isHonest],
    [3, async (method, params, honest) => {
      if (method === END) await honest(params);
      return method === END ? toldEnd(1, root, signatures) : await honest(params);
    }],
  ]);
  await withFetching({ their, others }, async (test) => {
    await expectTaken(test);
    assertEquals(test.log.filter(({ level }) => level === "warn").map(({ facts }) => facts!.peer), [3]);
  });
});
