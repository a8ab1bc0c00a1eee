/**
 * Endpoints of our own for guardians that fell behind in a session that is larger than any answer: its signatures, then
 * its items piece by piece, each with its proof. Anybody may ask; a piece is a read of a megabyte, made and encoded
 * once for all who ask at a time, and a session is gone through once in its life
 * (`../../consensus/pieces/session_pieces.ts`).
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import type { ReadTx, StoreView } from "../../../actors/store/store.ts";
import { Coalesced } from "../../../core/coalesced.ts";
import { moduleEncodingBase64, u64Number } from "../../../core/encoding/mod.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import { readDurable } from "../../../modules/contract/read_durable.ts";
import type { SessionEnd } from "../../consensus/store/db.ts";
import { finishedSessions, getSessionEnd } from "../../consensus/store/db.ts";
import { PIECE_BYTES_MAX } from "../../consensus/limits.ts";
import {
  cutAt,
  cutSession,
  pieceRequest,
  readPiece,
  SESSION_END_METHOD,
  SESSION_PIECE_METHOD,
  signedSessionEnd,
} from "../../consensus/pieces/session_pieces.ts";
import type { Method } from "../dispatch.ts";
import { type EncodedJson, RecentAnswers } from "../encoded.ts";
import { CUT_SESSION_BYTES_MIN, LARGE_ANSWER_DEPOSIT, PIECE_ANSWERS_BYTES_MAX, PIECE_UNITS } from "../limits.ts";
import { asItIs, method } from "../method.ts";
import { base64Answer } from "./sessions.ts";

export type SessionPieceDeps = {
  readonly store: StoreView;
  readonly clock: Clock;
  /** Of a piece's items; for tests. */
  readonly pieceBytesMax?: number;
  /** Of a session that is cut; for tests. */
  readonly cutBytesMin?: number;
};

/** @throws {EndpointError} bad request for a session that goes on, or that ended in the old layout */
async function endOf(tx: ReadTx, session: number): Promise<SessionEnd> {
  if (session >= await finishedSessions(tx)) throw EndpointError.badRequest(`Session ${session} is not over`);
  const end = await getSessionEnd(tx, session);
  if (!end) throw EndpointError.badRequest(`Session ${session} is told as a whole only`);
  return end;
}

/** Cuts sessions, one at a time. */
class Cutting {
  #running: Promise<void> | null = null;

  /** Resolves when a session was cut: this one, or another that was under way. */
  some(cut: () => Promise<void>): Promise<void> {
    return this.#running ??= cut().finally(() => this.#running = null);
  }
}

export function sessionPieceMethods(
  { store, clock, pieceBytesMax = PIECE_BYTES_MAX, cutBytesMin = CUT_SESSION_BYTES_MIN }: SessionPieceDeps,
): Record<string, Method> {
  const recent = new RecentAnswers(PIECE_ANSWERS_BYTES_MAX);
  const coalesced = new Coalesced<EncodedJson>();
  const cutting = new Cutting();

  const pieceAt = async (session: number, position: number, signal: AbortSignal) => {
    for (;;) {
      signal.throwIfAborted();
      const found = await readDurable(store, async (tx) => {
        const end = await endOf(tx, session);
        if (end.bytes < cutBytesMin) throw EndpointError.badRequest(`Session ${session} is small: ask for all of it`);
        if (position >= end.items) throw EndpointError.badRequest(`Session ${session} has ${end.items} items`);
        return { items: end.items, cut: await cutAt(tx, session, position) };
      });
      if (found.cut) return found.cut;
      await cutting.some(() => cutSession(store, session, found.items, { bytesMax: pieceBytesMax, clock }));
    }
  };

  return {
    [SESSION_END_METHOD]: method({
      params: u64Number,
      result: moduleEncodingBase64(signedSessionEnd),
      handle: (session) =>
        readDurable(store, async (tx) => {
          const { items, root, signatures } = await endOf(tx, session);
          return { items, root, signatures };
        }),
    }),
    [SESSION_PIECE_METHOD]: method({
      params: pieceRequest,
      result: asItIs,
      deposit: LARGE_ANSWER_DEPOSIT,
      units: PIECE_UNITS,
      handle: async ({ session, position }, signal) => {
        const cut = await pieceAt(session, position, signal);
        const key = `${session} ${cut.from}`;
        return recent.get(key) ?? await coalesced.ask(key, async () => {
          const known = recent.get(key); // made while this turn was waited for
          if (known) return known;
          const answer = base64Answer(await readDurable(store, (tx) => readPiece(tx, session, cut)));
          recent.set(key, answer);
          return answer;
        });
      },
    }),
  };
}
