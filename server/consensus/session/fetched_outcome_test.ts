/** What an evil guardian may say that a session's outcome was, and what it costs. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Clock } from "../../../actors/platform/platform.ts";
import { concat } from "../../../core/bytes.ts";
import type { Codec } from "../../../core/encoding/mod.ts";
import { DecodeError, encode, u64, Writer } from "../../../core/encoding/mod.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { AcceptedItem, SessionOutcome, SignedSessionOutcome } from "../../../core/types/session.ts";
import { acceptedItem, sessionSignatures, signedSessionOutcome } from "../../../core/types/session.ts";
import { sessionHeader, treeOf } from "../testing/db.ts";
import type { FetchedOutcome } from "./fetched_outcome.ts";
import { checkOutcome } from "./fetched_outcome.ts";
import { ADOPTED_ITEMS_MAX, HASHED_ITEMS_MAX } from "../limits.ts";
import { codecsWith, dealtKeychains, INSTANCE, refs } from "../testing/processing.ts";
import { modulesWith } from "../engine/transaction.ts";

const SESSION = 5, PEERS = [0, 1, 2, 3];

const { keychains } = dealtKeychains(PEERS.length);

/** Work that was done: pauses between hashing, signatures verified, items decoded by their module. */
type Work = { pauses: number; verified: number; decoded: number };

function environment() {
  const work: Work = { pauses: 0, verified: 0, decoded: 0 };
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (_, run) => {
      work.pauses++;
      queueMicrotask(run);
      return { cancel: () => undefined };
    },
  };
  const counted: Codec<bigint> = {
    ...u64,
    read: (reader) => {
      work.decoded++;
      return u64.read(reader);
    },
  };
  const { sign, verify, index } = keychains[3]!;
  const keychain = {
    index,
    sign,
    verify: (...args: Parameters<typeof verify>) => {
      work.verified++;
      return verify(...args);
    },
  };
  const codecs = codecsWith({ consensusItem: counted });
  const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));
  return { work, args: { session: SESSION, peers: numPeers(PEERS.length), keychain, modules, clock } };
}

const VOTE = toDyn(INSTANCE, u64, 7n);

function outcomeOf(...votes: Dyn[]): SessionOutcome {
  return { items: votes.map((value, i) => ({ item: { tag: "Module", value }, peer: i % PEERS.length })) };
}

/** Signed by these, as of a session. */
function signedBy(peers: readonly PeerId[], sessionOutcome: SessionOutcome, session = SESSION): SignedSessionOutcome {
  const header = sessionHeader(session, sessionOutcome);
  return { sessionOutcome, signatures: new Map(peers.map((peer) => [peer, keychains[peer]!.sign(header)])) };
}

function check(signed: SignedSessionOutcome): Promise<FetchedOutcome | string> {
  return checkOutcome(encode(signedSessionOutcome, signed), environment().args);
}

async function refusal(checked: Promise<FetchedOutcome | string>): Promise<string> {
  const found = await checked;
  assert(typeof found === "string", "it is refused");
  return found;
}

async function itemsOf(fetched: FetchedOutcome, count: number): Promise<AcceptedItem[]> {
  const items: AcceptedItem[] = [];
  for await (const some of fetched.items(count)) {
    assert(some.length <= ADOPTED_ITEMS_MAX);
    items.push(...some);
  }
  return items;
}

Deno.test("an outcome that exactly a threshold signed is taken, an empty one too", async () => {
  const many = outcomeOf(...Array.from({ length: 2 * ADOPTED_ITEMS_MAX + 1 }, () => VOTE));
  for (const outcome of [outcomeOf(VOTE, VOTE), outcomeOf(), many]) {
    const signed = signedBy([0, 1, 2], outcome);
    const fetched = await check(signed);
    assert(typeof fetched !== "string");
    const { items } = outcome;
    assertEquals([fetched.root, fetched.told, fetched.signatures], [
      treeOf(items).root(),
      items.length,
      signed.signatures,
    ]);
    assertEquals(await itemsOf(fetched, items.length), items);
    assertEquals(await itemsOf(fetched, items.length >> 1), items.slice(0, items.length >> 1));
  }
});

Deno.test("fewer signatures are refused, and more", async () => {
  for (const signers of [[0, 1], [], PEERS]) {
    await refusal(check(signedBy(signers, outcomeOf(VOTE))));
    await refusal(check(signedBy(signers, outcomeOf())));
  }
});

Deno.test("signatures of other items, of another session, under another's name or of nobody are refused", async () => {
  const good = signedBy([0, 1, 2], outcomeOf(VOTE));
  const wrong = (peer: PeerId) => `The signature of guardian ${peer} is wrong`;
  const otherItems = { ...good, sessionOutcome: outcomeOf(VOTE, VOTE) };
  assertEquals(await refusal(check(otherItems)), wrong(0));
  assertEquals(await refusal(check(signedBy([0, 1, 2], outcomeOf(VOTE), SESSION + 1))), wrong(0));
  const [first, second] = [good.signatures.get(0)!, good.signatures.get(1)!];
  const swapped = { ...good, signatures: new Map([...good.signatures, [0, second], [1, first]] as const) };
  assertEquals(await refusal(check(swapped)), wrong(0));
  const oneThrice = { ...good, signatures: new Map([[0, first], [1, first], [2, first]]) };
  assertEquals(await refusal(check(oneThrice)), wrong(1));
  const nobody = { ...good, signatures: new Map([[0, first], [1, second], [9, good.signatures.get(2)!]]) };
  assertEquals(await refusal(check(nobody)), "There is no guardian 9 who could have signed");
});

Deno.test("a guardian whose signature stands there twice is one", async () => {
  const { sessionOutcome, signatures } = signedBy([0, 1, 2], outcomeOf(VOTE));
  const whole = encode(signedSessionOutcome, { sessionOutcome, signatures });
  const length = encode(sessionSignatures, signatures).length;
  const [zero, one] = [signatures.get(0)!, signatures.get(1)!];
  const doubled = concat(Uint8Array.of(3, 0), zero, Uint8Array.of(1), one, Uint8Array.of(1), one);
  assertStringIncludes(
    await refusal(checkOutcome(concat(whole.subarray(0, whole.length - length), doubled), environment().args)),
    "ascending",
  );
});

Deno.test("items that a threshold signed are decoded when they are taken, each once, and those that don't decode are refused then", async () => {
  const bad: Dyn[] = [{ instance: 77, body: VOTE.body }, { instance: INSTANCE, body: new Uint8Array(0) }];
  for (const item of bad) {
    const { work, args } = environment();
    const signed = signedBy([0, 1, 2], outcomeOf(VOTE, VOTE, item));
    const fetched = await checkOutcome(encode(signedSessionOutcome, signed), args);
    assert(typeof fetched !== "string");
    assertEquals(work.decoded, 0);
    assertEquals(await itemsOf(fetched, 2), [...signed.sessionOutcome.items.slice(0, 2)]);
    assertEquals(work.decoded, 2);
    await assertRejects(() => itemsOf(fetched, 3), DecodeError);
  }
});

Deno.test("what is no outcome is refused: cut, longer, of another shape", async () => {
  const whole = encode(signedSessionOutcome, signedBy([0, 1, 2], outcomeOf(VOTE, VOTE)));
  for (let end = 0; end < whole.length; end++) await refusal(checkOutcome(whole.slice(0, end), environment().args));
  await refusal(checkOutcome(concat(whole, Uint8Array.of(0)), environment().args));
  await refusal(checkOutcome(new Uint8Array(4_000).fill(255), environment().args));
});

/** An outcome of so many items of 7 bytes, then `tail`. */
function tiny(count: number, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const item = encode(acceptedItem, { item: { tag: "Module", value: VOTE }, peer: 0 });
  const writer = new Writer(count * item.length + tail.length + 9);
  writer.bigSize(count);
  for (let i = 0; i < count; i++) writer.raw(item);
  writer.raw(tail);
  return writer.finish();
}

const SIGNERS: readonly (readonly [what: string, signers: readonly PeerId[]])[] = [
  ["too few", [0, 1]],
  ["too many", PEERS],
  ["of nobody", [0, 1, 7]],
];

for (const [what, signers] of SIGNERS) {
  Deno.test(`of half a million items with signatures that are ${what} not one is hashed`, async () => {
    const signatures = new Map(signers.map((peer) => [peer, new Uint8Array(64).fill(1)]));
    const { work, args } = environment();
    await refusal(checkOutcome(tiny(500_000, encode(sessionSignatures, signatures)), args));
    assertEquals(work, { pauses: 0, verified: 0, decoded: 0 });
  });
}

Deno.test("items under forged signatures are hashed once, with pauses, and none is decoded", async () => {
  const count = 20 * HASHED_ITEMS_MAX;
  const signatures = new Map([0, 1, 2].map((peer) => [peer, new Uint8Array(64).fill(1)]));
  const { work, args } = environment();
  assertEquals(
    await refusal(checkOutcome(tiny(count, encode(sessionSignatures, signatures)), args)),
    "The signature of guardian 0 is wrong",
  );
  assertEquals(work, { pauses: 20, verified: 1, decoded: 0 });
});

Deno.test("a check that nobody waits for any more ends at its next pause", async () => {
  const signatures = new Map([0, 1, 2].map((peer) => [peer, new Uint8Array(64).fill(1)]));
  const { work, args } = environment();
  const ended = new AbortController();
  const checked = checkOutcome(tiny(20 * HASHED_ITEMS_MAX, encode(sessionSignatures, signatures)), {
    ...args,
    signal: ended.signal,
  });
  ended.abort(new Error("found"));
  await assertRejects(() => checked, Error, "found");
  assertEquals(work, { pauses: 1, verified: 0, decoded: 0 });
});

Deno.test("an item of a kind that no guardian accepts ends the check where it stands", async () => {
  const signatures = encode(sessionSignatures, new Map([0, 1, 2].map((peer) => [peer, new Uint8Array(64)])));
  const junk: AcceptedItem = { item: { tag: "Default", value: { variant: 9n, bytes: new Uint8Array(0) } }, peer: 0 };
  const encoded = tiny(20 * HASHED_ITEMS_MAX, signatures);
  // in place of the first item, which takes as many bytes as two of these and one more
  encoded.set(concat(encode(acceptedItem, junk), encode(acceptedItem, junk)), 3);
  const { work, args } = environment();
  assertEquals(await refusal(checkOutcome(encoded, args)), "Guardians accept no items of kind 9 at byte 4");
  assertEquals(work, { pauses: 0, verified: 0, decoded: 0 });
});

Deno.test("items of guardians that are none are refused", async () => {
  const items: AcceptedItem[] = [{ item: { tag: "Module", value: VOTE }, peer: 4 }];
  assertStringIncludes(await refusal(check(signedBy([0, 1, 2], { items }))), "of no guardian");
});

Deno.test("a federation so large that ids take more bytes is checked all the same", async () => {
  const { broadcastKeys: _, keychains: all } = dealtKeychains(254);
  const peers = numPeers(254);
  const items = outcomeOf(VOTE, VOTE).items;
  const header = sessionHeader(SESSION, { items });
  const signers = Array.from({ length: peers.threshold }, (_, i) => 254 - peers.threshold + i);
  const signatures = new Map(signers.map((peer) => [peer, all[peer]!.sign(header)]));
  const { args } = environment();
  const check = (of: ReadonlyMap<PeerId, Uint8Array<ArrayBuffer>>) =>
    checkOutcome(encode(signedSessionOutcome, { sessionOutcome: { items }, signatures: new Map(of) }), {
      ...args,
      peers,
      keychain: all[0]!,
    });
  assert(typeof await check(signatures) !== "string");
  assertStringIncludes(await refusal(check(new Map([...signatures].slice(1)))), "signatures, not");
});
