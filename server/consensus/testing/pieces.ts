/** For tests of sessions in pieces: sessions that guardians 1 to 3 have signed, in the store of whoever tells them. */
import { defineActor, next } from "../../../actors/actor.ts";
import { child, refTo, supervisor } from "../../../actors/mod.ts";
import type { Clock } from "../../../actors/platform/platform.ts";
import type { ActorRef } from "../../../actors/protocol.ts";
import type { RpcError, RpcMessage } from "../../../actors/rpc/mod.ts";
import { parseAnswer, RESPONSE_TOO_BIG } from "../../../actors/rpc/mod.ts";
import type { Store } from "../../../actors/store/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { stringifyJson } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { headerOf } from "../../../core/types/session.ts";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import { sessionPieceMethods } from "../../api/methods/session_pieces.ts";
import { exchange } from "../../api/testing/calls.ts";
import type { ConsensusBoard } from "../session/board.ts";
import { newBoard } from "../session/board.ts";
import { catchUp } from "../session/catch_up.ts";
import { finishedSessions } from "../store/db.ts";
import { putSession, treeOf } from "./db.ts";
import type { Disagreement } from "../engine/disagreement.ts";
import type { FetchedEnd } from "../pieces/fetched_piece.ts";
import type { OutcomeMessage } from "../session/outcome.ts";
import { outcome } from "../session/outcome.ts";
import { keychains, SESSION, SETTINGS, voteCodecs, VOTES } from "./outcome.ts";
import type { PiecesMessage } from "../pieces/pieces.ts";
import { pieces } from "../pieces/pieces.ts";
import type { SessionsMessage } from "../session/sessions.ts";
import { sessions } from "../session/sessions.ts";
import type { ConsensusTest } from "./processing.ts";
import { refs, withConsensus } from "./processing.ts";
import { WastedWork } from "../wasted_work.ts";
import type { Modules } from "../engine/transaction.ts";

/** Stands still; pauses end at once and are counted. */
export function pausingClock(): Clock & { readonly pauses: number } {
  const clock = {
    pauses: 0,
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (_delayMs: number, fire: () => void) => {
      clock.pauses++;
      queueMicrotask(fire);
      return { cancel: () => undefined };
    },
  };
  return clock;
}

export function signaturesOver(session: number, root: Bytes, peers: readonly PeerId[] = [1, 2, 3]): Map<PeerId, Bytes> {
  return new Map(peers.map((peer) => [peer, keychains[peer]!.sign(headerOf(session, root))]));
}

export function endOf(session: number, items: readonly AcceptedItem[]): FetchedEnd {
  const root = treeOf(items).root();
  return { told: items.length, root, signatures: signaturesOver(session, root) };
}

/** The store of a guardian that has finished a session. */
export async function storedSession(session: number, items: AcceptedItem[], store?: Store): Promise<Store> {
  const made = store ?? await testStore();
  const signatures = new Map(endOf(session, items).signatures);
  await made.transact((tx) => putSession(tx, session, { sessionOutcome: { items }, signatures }));
  return made;
}

/** What a guardian's API gives for a call; never, when it keeps silent. */
export type Answer = Promise<Result<Json, RpcError>>;
/** What another guardian does with a call. @param honest what an honest one with its store does */
export type Behaviour = (method: string, params: Json, honest: (params: Json) => Answer) => Answer;

export const TOO_BIG = err<RpcError>({ kind: "server", code: RESPONSE_TOO_BIG, message: "Response is too big" });
export const silence = (): Answer => new Promise(() => undefined);

/** As its API answers over a socket. Sessions count as too large to be told as a whole. */
function honestApi(store: Store, pieceBytesMax: number): (method: string, params: Json) => Answer {
  const methods = sessionPieceMethods({ store, clock: pausingClock(), pieceBytesMax, cutBytesMin: 0 });
  return async (method, params) => {
    if (method === "signed_session_status") return TOO_BIG;
    if (method === "await_signed_session_outcome") {
      return await store.read((tx) => finishedSessions(tx)) > Number(params) ? TOO_BIG : silence();
    }
    const text = stringifyJson({ jsonrpc: "2.0", id: 1, method, params: [{ auth: null, params }] });
    const answer = parseAnswer(stringifyJson((await exchange(methods, text))!))!;
    return "error" in answer ? err(answer.error) : ok(answer.result);
  };
}

const WHOLE = ["await_signed_session_outcome", "signed_session_status"];

export type Call = { readonly peer: PeerId; readonly method: string; readonly params: Json; readonly atMs: number };

export type Fetching = ConsensusTest & {
  /** All calls of guardian 0, but those for whole sessions. */
  readonly calls: readonly Call[];
  readonly disagreed: readonly Disagreement[];
  readonly outcome: ActorRef<OutcomeMessage>;
};

/**
 * Guardian 0, which has everything of consensus but a broadcast and begins with what its store has, beside these
 * others.
 * @param their store of those who have finished sessions
 */
export async function withFetching(
  { own, their, others, pieceBytesMax = 40 }: {
    readonly own?: Store;
    readonly their: Store;
    readonly others: ReadonlyMap<PeerId, Behaviour>;
    readonly pieceBytesMax?: number;
  },
  body: (test: Fetching) => Promise<void>,
): Promise<void> {
  const calls: Call[] = [], disagreed: Disagreement[] = [];
  const honest = honestApi(their, pieceBytesMax);
  const guardian = (peer: PeerId, behaviour: Behaviour) =>
    defineActor<Extract<RpcMessage, { type: "call" }>, null, null>({
      name: `guardian:${peer}`,
      init: () => null,
      handle: {
        call: (state, { method, params: [request] }, ctx, from) => {
          const { params } = request as { params: Json };
          if (!WHOLE.includes(method)) {
            calls.push({ peer, method, params, atMs: ctx.platform.clock.monotonicMs() });
          }
          void behaviour(method, params, (changed) => honest(method, changed)).then((answer) =>
            ctx.reply(from, answer)
          );
          return next(state);
        },
      },
    });
  const path = (session: number) => `root/current/session:${session}`;
  const more = (modules: Modules, board: ConsensusBoard) => {
    const sessionTree = (session: number) => {
      const outcomeRef = refTo<OutcomeMessage>(`${path(session)}/outcome`);
      const fetching = {
        session,
        peers: SETTINGS.peers,
        keychain: keychains[0]!,
        modules,
        outcome: outcomeRef,
        guardians: new Map([...others.keys()].map((peer) => [peer, refTo<RpcMessage>(`root/guardian:${peer}`)])),
      };
      const common = { session, settings: SETTINGS, keychain: keychains[0]!, modules, sessions: sessionsRef };
      return supervisor(`session:${session}`, {
        strategy: "one_for_all",
        children: [
          child(outcome, {
            restart: "transient",
            args: { ...common, engine: refs.engine, mempool: refs.mempool, wasted: new WastedWork() },
          }),
          child(pieces, { args: fetching }),
          child(catchUp, { args: { ...fetching, pieces: refTo<PiecesMessage>(`${path(session)}/pieces`) } }),
        ],
      });
    };
    return [
      ...[...others].map(([peer, behaviour]) => child(guardian(peer, behaviour), { args: null })),
      supervisor("current", { children: [] }),
      child(sessions, {
        args: {
          engine: refs.engine,
          supervisor: "root/current",
          sessionTree,
          ready: () => Promise.resolve(),
          timeoutMs: SETTINGS.sessionTimeoutMs,
          total: SETTINGS.peers.total,
          shutdown: () => undefined,
          disagreed: (found: Disagreement) => disagreed.push(found),
          board,
        },
      }),
    ];
  };
  const sessionsRef = refTo<SessionsMessage>("root/sessions");
  const board = newBoard();
  await withConsensus(
    VOTES,
    voteCodecs,
    (test) => body({ ...test, calls, disagreed, outcome: refTo(`${path(SESSION)}/outcome`) }),
    (modules) => more(modules, board),
    own,
  );
}

/** Answers as it should. */
export const isHonest: Behaviour = (_method, params, honest) => honest(params);
