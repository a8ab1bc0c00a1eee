import { assert, assertEquals } from "@std/assert";
import { encode } from "../../../core/encoding/codec.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import { fedimintDelays } from "../delays.ts";
import { SignatureChecks } from "../keychain.ts";
import type { NewestUnitResponse } from "../messages.ts";
import { newestUnitResponse } from "../messages.ts";
import { NewestCollection } from "./newest.ts";
import { fastKeychains, makeUnit } from "../testing/network.ts";
import type { SignedUnit } from "../graph/unit.ts";
import { Validator } from "../graph/validator.ts";

const keychains = fastKeychains(4);
const SALT = 99n;

const delays = fedimintDelays({ roundDelayMs: 50, roundsPerSession: 20, testEnvironment: false });
const {
  newestPatienceMs: PATIENCE_MS,
  newestLostPatienceMs: LOST_PATIENCE_MS,
  newestWatchMs: WATCH_MS,
  newestSettleMs: SETTLE_MS,
} = delays;
const WAIT = { kind: "wait" } as const;
const begin = (round: number, isKnown: boolean) => ({ kind: "begin", round, isKnown }) as const;

function collectionOf(ownRound = 0, doubtMs?: number): NewestCollection {
  const validator = new Validator(new SignatureChecks(keychains[0]!), 7n, numPeers(4), 20);
  return new NewestCollection({
    keychain: keychains[0]!,
    validator,
    peers: numPeers(4),
    session: 7n,
    salt: SALT,
    ownRound,
    nowMs: 0,
    delays,
    ...(doubtMs === undefined ? {} : { doubtMs }),
  });
}

function own(round: number, session = 7n): SignedUnit {
  const parents = round === 0 ? [] : [0, 1, 2].map((creator) => makeUnit({ keychains, round: round - 1, creator }));
  return makeUnit({ keychains, round, creator: 0, parents, session });
}

function verdict(collection: NewestCollection, response: NewestUnitResponse, signer: number, from: number) {
  return collection.receive(from, response, keychains[signer % 4]!.sign(encode(newestUnitResponse, response)));
}

function receive(
  collection: NewestCollection,
  change: Partial<NewestUnitResponse>,
  signer = change.responder ?? 1,
  from = change.responder ?? 1,
): boolean {
  const response = { requester: 0, responder: 1, unit: null, salt: SALT, ...change };
  return verdict(collection, response, signer, from) === "counts";
}

Deno.test("when all show what we have, we begin at once after it, or at the first round when nobody has any", () => {
  for (const ownRound of [0, 5]) {
    const collection = collectionOf(ownRound);
    assert(receive(collection, { responder: 1, ...(ownRound > 0 ? { unit: own(4) } : {}) }));
    assert(receive(collection, { responder: 2 }));
    assertEquals(collection.conclude(100), WAIT);
    assert(receive(collection, { responder: 3 }));
    assertEquals(collection.conclude(100), begin(ownRound, true));
  }
});

Deno.test("the highest round that anybody has of us says where to begin, when all have answered and we have watched", () => {
  const collection = collectionOf();
  for (const [responder, unit] of [[1, own(4)], [2, null], [3, own(2)]] as const) {
    receive(collection, { responder, unit });
  }
  assertEquals(collection.conclude(100), WAIT);
  assertEquals(collection.conclude(99 + WATCH_MS), WAIT);
  assertEquals(collection.conclude(100 + WATCH_MS), begin(5, false));
});

Deno.test("the own backup counts as an answer", () => {
  const collection = collectionOf(9);
  for (const responder of [1, 2, 3]) receive(collection, { responder, unit: own(4) });
  assertEquals(collection.conclude(100), begin(9, true));
});

Deno.test("after some seconds a threshold of answers is enough, fewer never", () => {
  const collection = collectionOf(5);
  receive(collection, { responder: 1, unit: own(4) });
  assertEquals(collection.conclude(LOST_PATIENCE_MS), WAIT);
  receive(collection, { responder: 2 });
  assertEquals(collection.conclude(PATIENCE_MS - 1), WAIT);
  assertEquals(collection.conclude(PATIENCE_MS), begin(5, true));
});

Deno.test("once somebody shows more than we have, who is silent is waited for ten times as long, but not for ever", () => {
  const collection = collectionOf(2);
  for (const responder of [1, 2]) receive(collection, { responder, unit: own(4) });
  assertEquals(collection.conclude(PATIENCE_MS), WAIT);
  assertEquals(collection.conclude(LOST_PATIENCE_MS - 1), WAIT);
  assertEquals(collection.conclude(LOST_PATIENCE_MS), begin(5, false));
  // the one that was silent has the newest
  receive(collection, { responder: 3, unit: own(6) });
  assertEquals(collection.conclude(LOST_PATIENCE_MS), begin(7, false));
});

Deno.test("later answers of a guardian only raise what it said", () => {
  const collection = collectionOf();
  receive(collection, { responder: 1, unit: own(4) });
  receive(collection, { responder: 1 });
  for (const responder of [2, 3]) receive(collection, { responder });
  collection.conclude(0);
  assertEquals(collection.conclude(WATCH_MS), begin(5, false));
});

Deno.test("our newest unit that gets newer by three rounds while we create none, and by three again later, is a copy's", () => {
  const collection = collectionOf();
  for (const responder of [1, 2, 3]) receive(collection, { responder, unit: own(4) });
  assertEquals(collection.conclude(100), WAIT);
  receive(collection, { responder: 1, unit: own(6) });
  assertEquals(collection.conclude(600), WAIT);
  receive(collection, { responder: 2, unit: own(7) });
  assertEquals(collection.conclude(1_100), WAIT);
  receive(collection, { responder: 2, unit: own(11) });
  assertEquals(collection.conclude(1_000 + SETTLE_MS), WAIT);
  assertEquals(collection.conclude(1_100 + SETTLE_MS), WAIT);
  receive(collection, { responder: 3, unit: own(13) });
  assertEquals(collection.conclude(1_600 + SETTLE_MS), WAIT);
  receive(collection, { responder: 1, unit: own(14) });
  assertEquals(collection.conclude(2_100 + SETTLE_MS), { kind: "copy", round: 14 });
});

Deno.test("a guardian that was behind and learns of our lost units while we watch is no copy", () => {
  // guardian 2 is evil and keeps the newest back, guardian 3 is silent
  const collection = collectionOf();
  for (const responder of [1, 2]) receive(collection, { responder, unit: own(4) });
  let ms = PATIENCE_MS;
  for (const round of [4, 6, 8, 10, 12, 14, 15, 15]) {
    receive(collection, { responder: 1, unit: own(round) });
    assertEquals(collection.conclude(ms), WAIT);
    ms += 500;
  }
  for (; ms < LOST_PATIENCE_MS; ms += 500) assertEquals(collection.conclude(ms), WAIT);
  assertEquals(collection.conclude(LOST_PATIENCE_MS), begin(16, false));
});

Deno.test("after units appeared we watch as long as ever, also who was but in doubt", () => {
  const collection = collectionOf(0, 3_000);
  for (const responder of [1, 2, 3]) receive(collection, { responder });
  assertEquals(collection.conclude(200), WAIT);
  receive(collection, { responder: 1, unit: own(2) });
  assertEquals(collection.conclude(700), WAIT);
  assertEquals(collection.conclude(699 + WATCH_MS), WAIT);
  assertEquals(collection.conclude(700 + WATCH_MS), begin(3, false));
});

Deno.test("what guardians say first, however late, and what is known to no more than one of them is no copy's", () => {
  const collection = collectionOf();
  receive(collection, { responder: 1 });
  // an evil guardian tells our lost units one by one before enough have answered
  for (const round of [0, 3, 6, 9]) receive(collection, { responder: 1, unit: own(round) });
  receive(collection, { responder: 2, unit: own(9) });
  assertEquals(collection.conclude(PATIENCE_MS), WAIT);
  receive(collection, { responder: 3, unit: own(14) });
  assertEquals(collection.conclude(PATIENCE_MS), WAIT);
  for (const responder of [1, 2]) receive(collection, { responder, unit: own(16) });
  assertEquals(collection.conclude(PATIENCE_MS + WATCH_MS), begin(17, false));
});

Deno.test("who is in doubt watches for its time though nothing is unknown, and sees a copy begin", () => {
  const alone = collectionOf(0, 3_000), beside = collectionOf(0, 3_000);
  for (const collection of [alone, beside]) {
    for (const responder of [1, 2, 3]) receive(collection, { responder });
    assertEquals(collection.conclude(200), WAIT);
  }
  assertEquals(alone.conclude(3_199), WAIT);
  assertEquals(alone.conclude(3_200), begin(0, true));
  receive(beside, { responder: 1, unit: own(2) });
  assertEquals(beside.conclude(400), WAIT);
  assertEquals(beside.conclude(400 + SETTLE_MS), WAIT);
  receive(beside, { responder: 1, unit: own(5) });
  assertEquals(beside.conclude(900 + SETTLE_MS), { kind: "copy", round: 5 });
});

Deno.test("questions are asked now and then, and more often while we watch", () => {
  const collection = collectionOf();
  assertEquals([0, 500, 2_900, 3_000, 3_500].map((ms) => collection.isQuestionDue(ms)), [
    true,
    false,
    false,
    true,
    false,
  ]);
  for (const responder of [1, 2, 3]) receive(collection, { responder, unit: own(4) });
  collection.conclude(3_600);
  assertEquals([4_000, 4_500].map((ms) => collection.isQuestionDue(ms)), [true, true]);
});

Deno.test("answers to another question, badly signed, or with a unit that isn't ours don't count", () => {
  const collection = collectionOf();
  assert(!receive(collection, { salt: 98n }));
  assert(!receive(collection, { responder: 1 }, 2));
  assert(!receive(collection, { responder: 4 }));
  assert(!receive(collection, { unit: makeUnit({ keychains, round: 0, creator: 2 }) }));
  assert(!receive(collection, { unit: own(3, 8n) }), "of a later session");
  const answer = { requester: 0, responder: 1, unit: null, salt: SALT };
  assertEquals(verdict(collection, { ...answer, salt: 98n }, 1, 1), "stale");
  assertEquals(verdict(collection, { ...answer, unit: own(3, 8n) }, 1, 1), "stale");
  assertEquals(verdict(collection, answer, 2, 1), "refused");
  assertEquals(collection.conclude(LOST_PATIENCE_MS), WAIT);
});

Deno.test("what others answered to somebody else's question, or what is passed on, doesn't count", () => {
  const collection = collectionOf();
  // guardian 3 asked the others about itself with our salt and relays what they signed: they have none of its units
  for (const responder of [1, 2]) assert(!receive(collection, { requester: 3, responder }, responder, 3));
  for (const responder of [1, 2]) assert(!receive(collection, { requester: 3, responder }, responder, responder));
  for (const responder of [1, 2]) assert(!receive(collection, { responder }, responder, 3));
  assertEquals(collection.conclude(LOST_PATIENCE_MS), WAIT);
  for (const responder of [1, 2]) assert(receive(collection, { responder, unit: own(6) }));
  collection.conclude(LOST_PATIENCE_MS);
  assertEquals(collection.conclude(LOST_PATIENCE_MS + WATCH_MS), begin(7, false));
});

Deno.test("a guardian that is still in an earlier session has none of ours", () => {
  const collection = collectionOf();
  for (const responder of [1, 2, 3]) assert(receive(collection, { responder, unit: own(3, 6n) }));
  assertEquals(collection.conclude(0), begin(0, true));
});
