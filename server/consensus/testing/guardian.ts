/** For tests of sessions: a guardian as tests see it, and what stands for its links and its API. */
import type { ActorSystem, Inspection, LogRecord } from "../../../actors/mod.ts";
import { defineActor, next } from "../../../actors/mod.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Cast, ReplyTo } from "../../../actors/protocol.ts";
import type { RpcError, RpcMessage } from "../../../actors/rpc/mod.ts";
import type { MemoryBackend, Store } from "../../../actors/store/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { moduleEncoding } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { P2pMessage } from "../../../core/types/p2p_message.ts";
import { signedSessionOutcome } from "../../../core/types/session.ts";
import type { LinkMessage } from "../../peers/link.ts";
import { guardianRefs, paths } from "../../tree.ts";
import type { ConsensusBoard } from "../session/board.ts";
import { sessionIn } from "./db.ts";
import type { Disagreement } from "../engine/disagreement.ts";

const LATENCY_MS = 10, POLL_MS = 50;

export class TestGuardian {
  readonly index: number;
  readonly log: LogRecord[] = [];
  /** Numbers that it votes for. */
  readonly wanted: bigint[] = [];
  /** What its module waits for before it takes a vote, as for the Bitcoin node; null: nothing. */
  held: ((signal: AbortSignal) => Promise<void>) | null = null;
  /** Whether others hear it and it hears them; its API is apart from that. */
  linked = true;
  /** What its API answers when another asks for an outcome; default what its store has. */
  answer: ((session: number) => Promise<Result<Json, RpcError>>) | null = null;
  /** What it has cost so far, over all its lives. */
  readonly cost = { commits: 0, entries: 0, reads: 0, signatures: 0, checks: 0, messages: 0 };
  shutdowns = 0;
  readonly disagreements: Disagreement[] = [];
  copiesFound = 0;
  system: ActorSystem | null = null;
  store: Store | null = null;
  board: ConsensusBoard | null = null;
  disk: MemoryBackend;

  constructor(index: number, disk: MemoryBackend) {
    this.index = index;
    this.disk = disk;
  }

  /** What it warned of, and what crashed with its reason. */
  troubles(): string[] {
    return this.log.filter(({ level }) => level === "warn" || level === "error")
      .map(({ message, facts }) => facts.reason === undefined ? message : `${message}: ${facts.reason}`);
  }

  /** By the end of its path; undefined while there is none. */
  inspect(path: string): Inspection | undefined {
    const find = (node: Inspection): Inspection | undefined =>
      node.path.endsWith(path) ? node : node.children.map(find).find((found) => found !== undefined);
    return this.system ? find(this.system.inspect()) : undefined;
  }
}

/** The link of `from` to another guardian: what it sends arrives a little later. */
export function linkBetween(from: TestGuardian, to: TestGuardian) {
  type Message =
    | Extract<LinkMessage, { type: "send" | "taken" | "again" }>
    | Cast<"arrive", { message: P2pMessage }>;
  return defineActor<Message, null, null>({
    name: `link:${to.index}`,
    init: () => null,
    handle: {
      send: (state, { message }, ctx) => {
        from.cost.messages++;
        ctx.after(LATENCY_MS, { type: "arrive", args: { message } });
        return next(state);
      },
      taken: next,
      again: next,
      arrive: (state, { message }) => {
        // whatever was taken: these guardians are honest
        if (from.linked && to.linked) to.system?.tell(paths.router, "received", { from: from.index, id: 0, message });
        return next(state);
      },
    },
  });
}

/** The API of `to`, as another guardian reaches it. */
export function apiOf(to: TestGuardian) {
  type Answer = Result<Json, RpcError>;
  type Message =
    | Extract<RpcMessage, { type: "call" }>
    | Cast<"answered", { from: ReplyTo<Answer>; outcome: Result<Answer, unknown> }>;
  return defineActor<Message, null, null>({
    name: guardianRefs([to.index]).get(to.index)!.path.split("/").at(-1)!,
    init: () => null,
    handle: {
      call: (state, { params }, ctx, from) => {
        const session = (params as [{ params: number }])[0].params;
        ctx.run(async (signal): Promise<Answer> => {
          for (;;) {
            await sleep(ctx.platform.clock, POLL_MS, signal);
            if (!to.store) return err({ kind: "connection", message: "refused" });
            if (to.answer) return await to.answer(session);
            const outcome = await to.store.read((tx) => sessionIn(tx, session));
            if (outcome) return ok(moduleEncoding(signedSessionOutcome).toJson(outcome));
          }
        }, (outcome) => ({ type: "answered", args: { from, outcome } }));
        return next(state);
      },
      answered: (state, { from, outcome }, ctx) => {
        if (outcome.ok) ctx.reply(from, outcome.value);
        return next(state);
      },
    },
  });
}
