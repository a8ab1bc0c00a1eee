import { assert, assertEquals } from "@std/assert";
import { encode } from "../../core/encoding/codec.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { SignatureChecks } from "./keychain.ts";
import type { NewestUnitResponse } from "./messages.ts";
import { newestUnitResponse } from "./messages.ts";
import { NewestCollection } from "./newest.ts";
import { fastKeychains, makeUnit } from "./testing.ts";
import type { SignedUnit } from "./unit.ts";
import { Validator } from "./validator.ts";

const keychains = fastKeychains(4);
const SALT = 99n;

function collectionOf(ownRound = 0): NewestCollection {
  const validator = new Validator(new SignatureChecks(keychains[0]!), 7n, numPeers(4), 20);
  return new NewestCollection({
    keychain: keychains[0]!,
    validator,
    peers: numPeers(4),
    session: 7n,
    salt: SALT,
    ownRound,
  });
}

function own(round: number, session = 7n): SignedUnit {
  const parents = round === 0 ? [] : [0, 1, 2].map((creator) => makeUnit({ keychains, round: round - 1, creator }));
  return makeUnit({ keychains, round, creator: 0, parents, session });
}

function receive(
  collection: NewestCollection,
  change: Partial<NewestUnitResponse>,
  signer = change.responder ?? 1,
  from = change.responder ?? 1,
): boolean {
  const response = { requester: 0, responder: 1, unit: null, salt: SALT, ...change };
  return collection.receive(from, response, keychains[signer % 4]!.sign(encode(newestUnitResponse, response)));
}

Deno.test("the highest round that anybody has of us says where to begin, once all have answered", () => {
  const collection = collectionOf();
  assert(receive(collection, { responder: 1, unit: own(4) }));
  assert(receive(collection, { responder: 2 }));
  assertEquals(collection.startRound, null);
  assert(receive(collection, { responder: 3, unit: own(2) }));
  assertEquals(collection.startRound, 5);
});

Deno.test("the own backup counts as an answer", () => {
  const collection = collectionOf(9);
  for (const responder of [1, 2, 3]) receive(collection, { responder, unit: own(4) });
  assertEquals(collection.startRound, 9);
});

Deno.test("after a while a threshold of answers is enough, fewer never", () => {
  const collection = collectionOf();
  receive(collection, { responder: 1, unit: own(0) });
  collection.endPatience();
  assertEquals(collection.startRound, null);
  receive(collection, { responder: 2 });
  assertEquals(collection.startRound, 1);
});

Deno.test("later answers of a guardian only raise what it said", () => {
  const collection = collectionOf();
  receive(collection, { responder: 1, unit: own(4) });
  receive(collection, { responder: 1 });
  for (const responder of [2, 3]) receive(collection, { responder });
  assertEquals(collection.startRound, 5);
});

Deno.test("answers to another question, badly signed, or with a unit that isn't ours don't count", () => {
  const collection = collectionOf();
  assert(!receive(collection, { salt: 98n }));
  assert(!receive(collection, { responder: 1 }, 2));
  assert(!receive(collection, { responder: 4 }));
  assert(!receive(collection, { unit: makeUnit({ keychains, round: 0, creator: 2 }) }));
  assert(!receive(collection, { unit: own(3, 8n) }), "of a later session");
  collection.endPatience();
  assertEquals(collection.startRound, null);
});

Deno.test("what others answered to somebody else's question, or what is passed on, doesn't count", () => {
  const collection = collectionOf();
  collection.endPatience();
  // guardian 3 asked the others about itself with our salt and relays what they signed: they have none of its units
  for (const responder of [1, 2]) assert(!receive(collection, { requester: 3, responder }, responder, 3));
  for (const responder of [1, 2]) assert(!receive(collection, { requester: 3, responder }, responder, responder));
  for (const responder of [1, 2]) assert(!receive(collection, { responder }, responder, 3));
  assertEquals(collection.startRound, null);
  for (const responder of [1, 2]) assert(receive(collection, { responder, unit: own(6) }));
  assertEquals(collection.startRound, 7);
});

Deno.test("a guardian that is still in an earlier session has none of ours", () => {
  const collection = collectionOf();
  for (const responder of [1, 2, 3]) assert(receive(collection, { responder, unit: own(3, 6n) }));
  assertEquals(collection.startRound, 0);
});
