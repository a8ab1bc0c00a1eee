/** A session of sixty items that comes in pieces, and what guardians tell of it. */
import { assertEquals } from "@std/assert";
import type { RpcError } from "../../../actors/rpc/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { moduleEncodingBase64 } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { finishedSessions } from "../store/db.ts";
import { sessionIn } from "./db.ts";
import { itemsOf, SESSION } from "./outcome.ts";
import type { Behaviour, Call, Fetching } from "./pieces.ts";
import { isHonest, silence } from "./pieces.ts";
import { signedSessionEnd } from "../pieces/session_pieces.ts";

export const NUMBERS = Array.from({ length: 60 }, (_, i) => BigInt(i));
export const ITEMS = itemsOf(...NUMBERS);
export const PIECE = "signed_session_piece";
export const END = "signed_session_end";

export const all = (behaviour: Behaviour): Map<PeerId, Behaviour> =>
  new Map([1, 2, 3].map((peer) => [peer, behaviour]));
/** Guardian 1 does so, the others are honest. */
export const oneIs = (behaviour: Behaviour): Map<PeerId, Behaviour> => new Map([...all(isHonest), [1, behaviour]]);

export const positions = (calls: readonly Call[], from = 0): number[] =>
  calls.slice(from).filter(({ method }) => method === PIECE).map(({ params }) =>
    (params as { position: number }).position
  );

export async function expectTaken({ store, clock, disagreed, log }: Fetching, items = ITEMS, withinMs = 60_000) {
  for (let ms = 0; ms < withinMs && await store.read((tx) => finishedSessions(tx)) === SESSION; ms += 1_000) {
    await clock.advance(1_000);
  }
  const taken = await store.read((tx) => sessionIn(tx, SESSION));
  assertEquals(taken?.sessionOutcome.items, items);
  assertEquals([...taken!.signatures.keys()], [1, 2, 3]);
  assertEquals(disagreed, []);
  assertEquals(log.filter(({ level }) => level === "error"), []);
}

export const toldEnd = (items: number, root: Bytes, signatures: ReadonlyMap<PeerId, Bytes>): Result<Json, RpcError> =>
  ok(moduleEncodingBase64(signedSessionEnd).toJson({ items, root, signatures: new Map(signatures) }));

/** Tells a session's end and some pieces, the last one first, and then nothing. */
export function luring(pieces = 1): Behaviour {
  let asked = 0;
  return (method, params, honest) => method === PIECE && ++asked > pieces ? silence() : honest(params);
}
