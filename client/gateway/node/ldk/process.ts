/**
 * The actor that owns the node's process, and starts it again when it has died: that costs nothing, and a process that
 * dies often must not bring the gateway down. What starting again doesn't change (an older folder, another chain,
 * mainnet without consent) it keeps, and answers with it.
 */
import type { ActorContext } from "../../../../actors/actor.ts";
import { defineActor, next, reply } from "../../../../actors/actor.ts";
import type { ProcessHost } from "../../../../actors/platform/process.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../../../actors/protocol.ts";
import type { Result } from "../../../../core/result.ts";
import { err } from "../../../../core/result.ts";
import { ASK_AGAIN_MS, CALLS_MAX, RESTART_FIRST_MS, RESTART_LAST_MS, RESTART_RESET_MS } from "./limits.ts";
import type { LinkEnd } from "./link.ts";
import { Link } from "./link.ts";
import type { LdkSettings } from "./settings.ts";
import type { LdkCall, LdkCalls, Refused } from "./wire.ts";

export type LdkMessage =
  | Request<"call", { readonly call: LdkCall; readonly args: LdkCalls[LdkCall]["args"] }, Result<unknown, Refused>>
  /**
   * Replies with a number that grows when a payment or an invoice has changed, and when the node is lost or back: when
   * it is more than the one given, or after `ASK_AGAIN_MS`.
   */
  | Request<"change", { readonly since: number }, number>
  /** Of the process that runs now. */
  | Request<"pid", null, number | null>
  | Cast<"answered", { readonly from: ReplyTo<Result<unknown, Refused>>; readonly outcome: Result<unknown, Refused> }>
  | Cast<"start", null>
  | Cast<"changed", null>
  | Cast<"flush", null>
  | Cast<"ended", LinkEnd>;

export type LdkRef = ActorRef<LdkMessage>;

export type LdkProcessArgs = {
  readonly host: Pick<ProcessHost, "spawn" | "runtime">;
  readonly settings: Omit<LdkSettings, "leastCommits">;
  /** How many commits the node has made, kept elsewhere than in its folder: an older folder is refused by it. */
  readonly commits: { readonly read: () => Promise<number>; readonly keep: (count: number) => void };
};

type State = {
  readonly args: LdkProcessArgs;
  readonly link: Link | null;
  readonly startedMs: number;
  readonly restartMs: number;
  /** Why it isn't started any more. */
  readonly over: Refused | null;
  readonly change: number;
  readonly waiting: readonly ReplyTo<number>[];
};

const STARTING: Refused = { code: "unreachable", message: "The Lightning node is starting." };

export const ldkProcess = defineActor<LdkMessage, LdkProcessArgs, State>({
  name: "ldk",
  init: async (ctx, args): Promise<State> =>
    await start(ctx, {
      args,
      link: null,
      startedMs: 0,
      restartMs: RESTART_FIRST_MS,
      over: null,
      change: 1,
      waiting: [],
    }),
  handle: {
    call: (state, { call, args }, ctx, from) => {
      if (state.over !== null) return reply(state, err(state.over));
      const { link } = state;
      if (link === null || !link.isReady) return reply(state, err(STARTING));
      ctx.run(
        () => link.call(call, args),
        (done) => ({
          type: "answered",
          args: { from, outcome: done.ok ? done.value : err({ code: "unreachable", message: String(done.error) }) },
        }),
      );
      return next(state);
    },
    answered: (state, { from, outcome }, ctx) => {
      ctx.reply(from, outcome);
      return next(state);
    },
    change: (state, { since }, ctx, from) => {
      if (state.change > since || state.waiting.length >= CALLS_MAX) return reply(state, state.change);
      if (state.waiting.length === 0) ctx.after(ASK_AGAIN_MS, { type: "flush", args: null });
      return next({ ...state, waiting: [...state.waiting, from] });
    },
    pid: (state) => reply(state, state.link?.pid ?? null),
    changed: (state, _args, ctx) => next(tellChange(state, ctx)),
    flush: (state, _args, ctx) => next(flush(state, ctx)),
    start: async (state, _args, ctx) => next(await start(ctx, state)),
    ended: (state, end, ctx) => {
      const ranMs = ctx.platform.clock.monotonicMs() - state.startedMs;
      const isOver = end.reason !== null && end.reason.code !== "unreachable";
      const facts = { code: end.code, reason: end.reason?.message ?? "none", ranMs: Math.round(ranMs) };
      if (isOver) ctx.log.error("The Lightning node can't go on, and isn't started again", facts);
      else ctx.log.warn("The Lightning node's process has ended: it is started again", facts);
      const restartMs = ranMs >= RESTART_RESET_MS ? RESTART_FIRST_MS : state.restartMs;
      if (!isOver) ctx.after(restartMs, { type: "start", args: null });
      const stopped = {
        ...state,
        link: null,
        over: isOver ? end.reason : null,
        restartMs: Math.min(2 * restartMs, RESTART_LAST_MS),
      };
      return next(tellChange(stopped, ctx));
    },
  },
  terminate: async ({ link }) => await link?.close(),
  mailbox: { max: 2 * CALLS_MAX, full: "refuse", always: ["answered", "ended", "start"] },
  inspect: ({ link, over }) => ({
    pid: link?.pid ?? null,
    isReady: link?.isReady ?? false,
    over: over?.message ?? null,
  }),
});

async function start(ctx: ActorContext<LdkMessage>, state: State): Promise<State> {
  const leastCommits = await state.args.commits.read();
  const changed = (): void => ctx.tell(ctx.self, "changed", null);
  const events = { ready: changed, changed, commits: state.args.commits.keep };
  const link = new Link(state.args.host, { ...state.args.settings, leastCommits }, events, ctx.log);
  // whatever ends this actor ends the process: two of one folder would keep each other out
  ctx.signal.addEventListener("abort", () => link.kill(), { once: true });
  ctx.run(() => link.ended, (done) => ({
    type: "ended",
    args: done.ok ? done.value : { code: 1, reason: { code: "unreachable", message: String(done.error) } },
  }));
  return { ...state, link, startedMs: ctx.platform.clock.monotonicMs() };
}

function tellChange(state: State, ctx: ActorContext<LdkMessage>): State {
  return flush({ ...state, change: state.change + 1 }, ctx);
}

function flush(state: State, ctx: ActorContext<LdkMessage>): State {
  for (const from of state.waiting) ctx.reply(from, state.change);
  return { ...state, waiting: [] };
}
