/**
 * A session cut into pieces by one guardian and checked by another: each piece proves itself, and no lie in it passes.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { base64urlnopad } from "@scure/base";
import type { Store } from "../../../actors/store/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import {
  bytes,
  decode,
  DecodeError,
  encode,
  list,
  moduleEncodingBase64,
  Reader,
  u64,
} from "../../../core/encoding/mod.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { acceptedItem } from "../../../core/types/session.ts";
import { treeOf } from "../testing/db.ts";
import type { FetchedEnd, FetchedPiece } from "./fetched_piece.ts";
import { checkEnd, checkPiece } from "./fetched_piece.ts";
import { END_CHARACTERS_MAX, HASHED_ITEMS_MAX, PIECE_CHARACTERS_MAX, PIECE_ITEMS_MAX } from "../limits.ts";
import { itemsOf, keychains, voteCodecs } from "../testing/outcome.ts";
import { endOf, pausingClock, signaturesOver, storedSession } from "../testing/pieces.ts";
import { cutAt, cutSession, pieceHead, readPiece, signedSessionEnd } from "./session_pieces.ts";
import { INSTANCE, refs } from "../testing/processing.ts";
import { modulesWith } from "../engine/transaction.ts";

const SESSION = 3;
const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, voteCodecs]]));

async function pieceAt(store: Store, position: number): Promise<Bytes> {
  return await store.read(async (tx) => {
    const cut = await cutAt(tx, SESSION, position);
    assert(cut, "the session was cut");
    return await readPiece(tx, SESSION, cut);
  });
}

const asJson = (piece: Uint8Array): Json => [base64urlnopad.encode(encode(bytes, piece as Bytes))];

function check(piece: Uint8Array, end: FetchedEnd, position: number, clock = pausingClock()): Promise<FetchedPiece> {
  return checkPiece(asJson(piece), end, position, { peers: numPeers(4), modules, clock });
}

const numbers = (count: number): bigint[] => Array.from({ length: count }, (_, i) => BigInt(i));
const bytesOf = (items: readonly AcceptedItem[]): number => treeOf(items).bytes;

Deno.test("every session, cut however, comes whole out of its pieces, and from each position on", async () => {
  for (const count of [1, 2, 3, 5, 8, 13, 64, 65, 100]) {
    const items = itemsOf(...numbers(count)), end = endOf(SESSION, items);
    for (const bytesMax of [1, 2 * bytesOf(items) / count, 20, 10_000]) {
      const store = await storedSession(SESSION, items);
      await cutSession(store, SESSION, count, { bytesMax, clock: pausingClock() });
      for (let position = 0; position < count;) {
        const piece = await pieceAt(store, position);
        const { from, items: some, tree } = await check(piece, end, position);
        assertEquals(from, position);
        assertEquals(some.map((each) => decode(acceptedItem, each)), items.slice(from, from + some.length));
        assert(some.length === 1 || bytesOf(items.slice(from, from + some.length)) <= bytesMax);
        assertEquals(tree.waiting, treeOf(items.slice(0, from + some.length)).waiting);
        for (let within = from; within < from + some.length; within++) {
          assertEquals(await pieceAt(store, within), piece);
        }
        position += some.length;
      }
    }
  }
});

Deno.test("cutting twice is cutting once", async () => {
  const items = itemsOf(...numbers(40));
  const store = await storedSession(SESSION, items);
  const cut = () => cutSession(store, SESSION, items.length, { bytesMax: 30, clock: pausingClock() });
  await cut();
  const first = await pieceAt(store, 20);
  await cut();
  assertEquals(await pieceAt(store, 20), first);
});

Deno.test("a session's cuts are its own", async () => {
  const store = await storedSession(SESSION, itemsOf(1n, 2n));
  await cutSession(store, SESSION, 2, { bytesMax: 1, clock: pausingClock() });
  for (const other of [SESSION - 1, SESSION + 1]) {
    assertEquals(await store.read((tx) => cutAt(tx, other, 1)), undefined);
  }
});

Deno.test("the last piece tells the fewest items that have the root: copies that an evil guardian appends are told from the others", async () => {
  const honest = itemsOf(1n, 2n, 3n, 4n, 5n);
  for (const copied of [[...honest, honest[4]!], [...honest, honest[4]!, honest[4]!, honest[4]!]]) {
    assertEquals(treeOf(copied).root(), treeOf(honest).root(), "a real danger");
    const store = await storedSession(SESSION, copied);
    await cutSession(store, SESSION, copied.length, { bytesMax: 12, clock: pausingClock() });
    const end = { ...endOf(SESSION, honest), told: copied.length };
    const { tree } = await check(await pieceAt(store, copied.length - 1), end, copied.length - 1);
    assertEquals(tree.shortest(), honest.length);
  }
});

async function refusal(checked: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => checked, DecodeError)).message;
}

Deno.test("a lie in any field of a piece is refused", async () => {
  const items = itemsOf(...numbers(45)), end = endOf(SESSION, items);
  const store = await storedSession(SESSION, items);
  await cutSession(store, SESSION, items.length, { bytesMax: 60, clock: pausingClock() });
  for (const position of [0, 20, 44]) {
    const piece = await pieceAt(store, position);
    const reader = new Reader(piece);
    const head = pieceHead.read(reader), own = list(acceptedItem).read(reader);
    const node = new Uint8Array(32).fill(9);
    const made = (changed: Partial<typeof head>, its: readonly AcceptedItem[] = own): Uint8Array =>
      concat(encode(pieceHead, { ...head, ...changed }), encode(list(acceptedItem), [...its]));
    assertEquals(made({}), piece, "what is changed below is good");
    const lies: Uint8Array[] = [
      made({ from: head.from + 1 }),
      made({ from: Number.MAX_SAFE_INTEGER }),
      made({ left: [...head.left, node] }),
      made({ left: head.left.length > 0 ? head.left.slice(1) : [node] }),
      made({ right: [...head.right, node] }),
      made({ right: head.right.length > 0 ? head.right.slice(1) : [node] }),
      made({}, []),
      made({}, own.slice(1)),
      made({}, own.slice(0, -1)),
      made({}, [...own, own.at(-1)!]),
      made({}, own.map((item, i) => i === 0 ? { ...item, peer: 2 } : item)),
      made({}, own.map((item, i) => i === 0 ? { ...item, peer: 4 } : item)),
      made({}, [...own].reverse()),
      concat(piece, Uint8Array.of(0)),
      new Uint8Array(0),
    ];
    for (const nodes of ["left", "right"] as const) {
      for (let i = 0; i < head[nodes].length; i++) lies.push(made({ [nodes]: head[nodes].with(i, node) }));
    }
    for (let length = 0; length < piece.length; length += 7) lies.push(piece.subarray(0, length));
    for (const [i, lie] of lies.entries()) {
      await refusal(check(lie, end, position)).catch((thrown) => {
        throw new Error(`Lie ${i} at ${position} passed`, { cause: thrown });
      });
    }
  }
});

Deno.test("a good piece of another place, of another session or under another number of items is refused", async () => {
  const items = itemsOf(...numbers(45)), end = endOf(SESSION, items);
  const store = await storedSession(SESSION, items);
  await cutSession(store, SESSION, items.length, { bytesMax: 60, clock: pausingClock() });
  const piece = await pieceAt(store, 20);
  assertStringIncludes(await refusal(check(piece, end, 44)), "asked was for 44");
  assertStringIncludes(await refusal(check(piece, end, 0)), "asked was for 0");
  const others = endOf(SESSION, itemsOf(...numbers(46)));
  assertEquals(await refusal(check(piece, others, 20)), "The piece is not of the session that was signed");
  // another height of the tree, and fewer items than the last piece shows
  for (const told of [32, 65, 2 ** 40]) await refusal(check(piece, { ...end, told }, 20));
  await refusal(check(await pieceAt(store, 44), { ...end, told: 46 }, 45));
  // a piece in the midst, told to be the last one: what is right of it shows that it isn't
  const { to } = (await store.read((tx) => cutAt(tx, SESSION, 33)))!;
  assert(to > 32 && to < 45);
  await check(await pieceAt(store, 33), end, 33);
  const cutOff = check(await pieceAt(store, 33), { ...end, told: to }, 33);
  assertEquals(await refusal(cutOff), "The piece is not of the session that was signed");
});

Deno.test("items that a module doesn't know are refused, though a threshold signed them", async () => {
  for (const value of [toDyn(77, u64, 1n), { instance: INSTANCE, body: new Uint8Array(0) }]) {
    const items: AcceptedItem[] = [...itemsOf(1n), { item: { tag: "Module", value }, peer: 1 }];
    const store = await storedSession(SESSION, items);
    await cutSession(store, SESSION, 2, { bytesMax: 1_000, clock: pausingClock() });
    await refusal(check(await pieceAt(store, 0), endOf(SESSION, items), 0));
  }
});

Deno.test("what is no piece is refused: too long without being decoded, of another shape", async () => {
  const end = endOf(SESSION, itemsOf(1n, 2n));
  const checked = (json: Json) => checkPiece(json, end, 0, { peers: numPeers(4), modules, clock: pausingClock() });
  assertStringIncludes(await refusal(checked(["!".repeat(PIECE_CHARACTERS_MAX + 1)])), "exceeds");
  for (const json of [null, [], ["zz", "zz"], ["!"], 7, { a: 1 }] as Json[]) await refusal(checked(json));
});

Deno.test("many tiny items are hashed with pauses", async () => {
  const count = 3 * HASHED_ITEMS_MAX, items = itemsOf(...Array.from({ length: count }, () => 200n));
  const store = await storedSession(SESSION, items);
  await cutSession(store, SESSION, count, { bytesMax: 1_000_000, clock: pausingClock() });
  const clock = pausingClock();
  await check(await pieceAt(store, 0), endOf(SESSION, items), 0, clock);
  assert(clock.pauses >= 3);
});

Deno.test("of tiny items a piece holds so many that it is read in no time, whatever its bytes", async () => {
  const count = 2 * PIECE_ITEMS_MAX + 1, items = numbers(count).map((number) => itemsOf(number % 200n)[0]!);
  const store = await storedSession(SESSION, items);
  await cutSession(store, SESSION, count, { bytesMax: 1_000_000, clock: pausingClock() });
  const cuts = await store.read((tx) =>
    Promise.all([0, PIECE_ITEMS_MAX, count - 1].map((at) => cutAt(tx, SESSION, at)))
  );
  assertEquals(cuts.map((cut) => [cut!.from, cut!.to]), [
    [0, PIECE_ITEMS_MAX],
    [PIECE_ITEMS_MAX, 2 * PIECE_ITEMS_MAX],
    [2 * PIECE_ITEMS_MAX, count],
  ]);
  await check(await pieceAt(store, count - 1), endOf(SESSION, items), count - 1);
});

Deno.test("an end is taken when exactly a threshold has signed it, and a lie in any of its fields is refused", () => {
  const { root, signatures } = endOf(SESSION, itemsOf(1n, 2n, 3n));
  let verified = 0;
  const keychain = {
    ...keychains[0]!,
    verify: (...args: Parameters<typeof keychains[0]["verify"]>) => {
      verified++;
      return keychains[0]!.verify(...args);
    },
  };
  const told = (end: Partial<{ items: number; root: Bytes; signatures: Map<PeerId, Bytes> }>): FetchedEnd => {
    const json = moduleEncodingBase64(signedSessionEnd).toJson({
      items: 3,
      root,
      signatures: new Map(signatures),
      ...end,
    });
    return checkEnd(json, { session: SESSION, peers: numPeers(4), keychain });
  };
  assertEquals(told({}), { told: 3, root, signatures });
  verified = 0;
  // refused by number and names alone
  for (const signers of [[], [1, 2], [0, 1, 2, 3]]) {
    assertThrows(() => told({ signatures: signaturesOver(SESSION, root, signers) }), DecodeError);
  }
  const stranger = new Map([...signaturesOver(SESSION, root, [1, 2]), [9, new Uint8Array(64)] as const]);
  assertThrows(() => told({ signatures: stranger }), DecodeError, "no guardian 9");
  assertEquals(verified, 0);
  const other = treeOf(itemsOf(1n)).root();
  assertThrows(() => told({ root: other }), DecodeError, "signature of guardian 1 is wrong");
  assertThrows(() => told({ signatures: signaturesOver(SESSION + 1, root) }), DecodeError, "is wrong");
  assertThrows(() => told({ items: 0 }), DecodeError, "needs no pieces");
  assertThrows(
    () => checkEnd(["A".repeat(END_CHARACTERS_MAX + 1)], { session: SESSION, peers: numPeers(4), keychain }),
    DecodeError,
    "exceeds",
  );
});
