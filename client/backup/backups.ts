/**
 * A wallet's backups as an actor: one after the other, by command at once, and by itself some seconds after there is
 * something that guardians don't have. Nothing waits for it; what fails is told and tried again.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../actors/protocol.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { TimerId } from "../../actors/actor.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import { ClientError } from "../error.ts";
import { LOOK_EVERY_MS, RETRY, SOON_MS } from "./limits.ts";
import type { BackupEnv, BackupMade } from "./make.ts";
import { backUp, dueInMs } from "./make.ts";
import { metadataSlot } from "./records.ts";

/** How a backup went; the error is what `backUp` throws. */
export type BackupOutcome = Result<BackupMade, unknown>;

export type BackupMessage =
  /** Whether one is due, and if so to make it. */
  | Cast<"look", null>
  | Cast<"looked", { outcome: Result<number | null, unknown> }>
  | Cast<"metadata", { outcome: Result<void, unknown> }>
  | Cast<"done", { outcome: BackupOutcome }>
  /** One of what there is now, at once. */
  | Request<"now", null, BackupOutcome>;
export type BackupRef = ActorRef<BackupMessage>;

export type BackupArgs = BackupEnv & {
  /** Whether any are made by themselves. */
  readonly isAutomatic: boolean;
};

type State = {
  readonly args: BackupArgs;
  /** Who waits for the one under way; null: none is. */
  readonly answering: readonly ReplyTo<BackupOutcome>[] | null;
  /** Who came later, and waits for the next. */
  readonly waiting: readonly ReplyTo<BackupOutcome>[];
  /** So many have failed one after the other. */
  readonly failures: number;
  readonly timer: TimerId | null;
};
type Context = ActorContext<BackupMessage>;

function soonMs({ platform: { dice } }: Context): number {
  return SOON_MS.min + dice.fraction() * (SOON_MS.max - SOON_MS.min);
}

/** In the place of the look that was to come. */
function lookIn(state: State, delayMs: number, ctx: Context): State {
  if (!state.args.isAutomatic) return state;
  if (state.timer !== null) ctx.cancel(state.timer);
  return { ...state, timer: ctx.after(delayMs, { type: "look", args: null }) };
}

function begin(state: State, ctx: Context): State {
  const { args, waiting } = state;
  ctx.run((signal) => backUp(args, ctx.log, signal), (outcome) => ({ type: "done", args: { outcome } }));
  return { ...state, answering: waiting, waiting: [] };
}

function followMetadata({ store }: BackupArgs, ctx: Context): void {
  ctx.run((signal) => store.changed(metadataSlot.key, signal), (outcome) => ({ type: "metadata", args: { outcome } }));
}

/** The client closes: nothing is missing. */
function isEnd(error: unknown): boolean {
  return error instanceof WaitError;
}

export const backups = defineActor<BackupMessage, BackupArgs, State>({
  name: "backup",
  init: (ctx, args) => {
    if (args.isAutomatic) followMetadata(args, ctx);
    return lookIn({ args, answering: null, waiting: [], failures: 0, timer: null }, soonMs(ctx), ctx);
  },
  handle: {
    look: (state, _args, ctx) => {
      const { args } = state;
      const due = (): Promise<number | null> =>
        readDurable(args.store, (tx) => dueInMs(tx, args, args.platform.clock.nowMs(), ctx.log));
      ctx.run(due, (outcome) => ({ type: "looked", args: { outcome } }));
      return next({ ...state, timer: null });
    },
    looked: (state, { outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      // the end of the one under way looks again
      if (state.answering) return next(state);
      if (outcome.value === 0) return next(begin(state, ctx));
      return next(lookIn(state, Math.min(outcome.value ?? Infinity, LOOK_EVERY_MS) + soonMs(ctx), ctx));
    },
    metadata: (state, { outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      followMetadata(state.args, ctx);
      return next(state.failures > 0 ? state : lookIn(state, soonMs(ctx), ctx));
    },
    now: (state, _args, ctx, from) => {
      const asked = { ...state, waiting: [...state.waiting, from] };
      return next(asked.answering ? asked : begin(asked, ctx));
    },
    done: (state, { outcome }, ctx) => {
      for (const from of state.answering ?? []) ctx.reply(from, outcome);
      const failures = outcome.ok ? 0 : state.failures + 1;
      const rested: State = { ...state, answering: null, failures };
      if (!outcome.ok) {
        const { error } = outcome;
        if (isEnd(error)) return next(rested);
        if (!(error instanceof ApiError) && !(error instanceof ClientError)) throw error;
        ctx.log.warn("A backup failed", { reason: errorText(error) });
      }
      if (rested.waiting.length > 0) return next(begin(rested, ctx));
      const delayMs = failures === 0 ? soonMs(ctx) : backOffMs(RETRY, failures - 1, ctx.platform.dice);
      return next(lookIn(rested, delayMs, ctx));
    },
  },
});
