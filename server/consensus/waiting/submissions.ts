/**
 * Transactions that clients submitted: checked, queued, and answered when consensus has accepted them or they have
 * become invalid. fedimint-server `consensus/api.rs` (`submit_transaction`); docs/protocol/02-api.md §3.1.
 *
 * Nothing here is durable: a caller that hears nothing submits again, and the same transaction twice changes nothing.
 */
import type { ActorContext, TimerId } from "../../../actors/actor.ts";
import { defineActor, next, reply } from "../../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../../actors/protocol.ts";
import { limitedLogger } from "../../../actors/limited_log.ts";
import type { Logger } from "../../../actors/logger.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { UNNAMED_SOURCE } from "../../../actors/platform/source.ts";
import type { StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import { InvariantError } from "../../../core/assert.ts";
import { Recent } from "../../../core/recent.ts";
import type { Result } from "../../../core/result.ts";
import { err, errorText, ok } from "../../../core/result.ts";
import type { KnownItem } from "../../../core/types/session.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import type { Transaction, TransactionError, TransactionSubmissionOutcome } from "../../../core/types/transaction.ts";
import type { Version } from "../../../core/types/version.ts";
import { acceptedAmong, getAcceptedTransaction } from "../store/db.ts";
import {
  CALLERS_MAX,
  CHECKS_MAX,
  PREPARED_BYTES_MAX,
  PREPARED_PARTS_MAX,
  RECHECK_INTERVAL_MS,
  SUBMISSIONS_MAX,
  SUSPECT_MS,
  SUSPECTS_MIN,
  TOGETHER_BYTES_PER_MS,
  TOGETHER_MS_MAX,
} from "../limits.ts";
import { AheadQueue } from "./ahead_queue.ts";
import type { MempoolRef } from "./mempool.ts";
import type { Prepared } from "../engine/prepare.ts";
import { inputBytes, prepareTransactions } from "../engine/prepare.ts";
import type { Rechecked } from "./rechecks.ts";
import { needsOf, Rechecks } from "./rechecks.ts";
import type { SubmissionKey } from "./submitted.ts";
import { submissionKey, Submitted } from "./submitted.ts";
import type { DecodedTransaction, Modules } from "../engine/transaction.ts";
import { decodeTransaction, processTransaction } from "../engine/transaction.ts";

export type SubmissionsMessage =
  /**
   * Answers with the outcome; null when it can't take more now; `broken` when the check itself failed. The transaction
   * must decode (callers have checked). After `waitMs` the caller is forgotten. `source`: whom it comes from; null when
   * that can't be told from others.
   */
  | Request<"submit", { transaction: Transaction; waitMs: number; source?: string | null }, SubmissionAnswer>
  /** These were accepted and are durable. */
  | Cast<"accepted", { items: readonly KnownItem[] }>
  | Cast<"sessionCompleted", { session: number }>
  /** It may be time for the next batch. */
  | Cast<"prepare", null>
  | Cast<"prepared", { keys: readonly SubmissionKey[]; outcome: Result<Prepared, unknown> }>
  | Cast<"checked", { key: SubmissionKey; verdict: Verdict; first: boolean }>
  | Cast<"queued", { key: SubmissionKey; place: boolean }>
  | Cast<"recheck", null>
  | Cast<"expired", { key: SubmissionKey; caller: number }>;

export type SubmissionAnswer = TransactionSubmissionOutcome | null | "broken";

export type SubmissionsRef = ActorRef<SubmissionsMessage>;

type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "valid" }
  | { readonly kind: "invalid"; readonly error: TransactionError }
  /** Nobody knows: the check threw. */
  | { readonly kind: "broken"; readonly reason: string };

/** Who waits for an answer, and what ends the wait. */
type Caller = { readonly to: ReplyTo<SubmissionAnswer>; readonly patience: TimerId };

type Waiting = Rechecked & {
  readonly key: SubmissionKey;
  readonly decoded: DecodedTransaction;
  readonly callers: Map<number, Caller>;
  readonly source: string;
  /** Waits for its batch, or is in it: it is checked after that. */
  ahead: boolean;
  /** What is dear in it was checked ahead. */
  prepared: boolean;
  /** A check is under way: at most one at a time. */
  checking: boolean;
  /** It was given to the mempool in this session. */
  queued: boolean;
};

export type SubmissionsArgs = {
  readonly store: StoreView;
  readonly modules: Modules;
  readonly mempool: MempoolRef;
  readonly version: Version;
};

type State = SubmissionsArgs & {
  readonly waiting: Submitted<Waiting>;
  /** Limited: whoever submits brings these lines about. */
  readonly log: Logger;
  /** Those that wait for their batch. */
  readonly ahead: AheadQueue<SubmissionKey>;
  /** A batch is under way. */
  preparing: boolean;
  /** When the last batch began. */
  preparedMs: number;
  /** When the next one may begin, if any wait for it. */
  prepareFromMs: number;
  prepareDue: boolean;
  /** There was more than one in the last batch: the first of the next one waits for others, too. */
  busy: boolean;
  /** Senders in whose transactions something bad was found, and until when they are checked alone. */
  readonly suspects: Recent<number>;
  /** Checks under way. */
  checks: number;
  /** Those that wait for their turn to be checked, and whether for the first time in this session. */
  readonly due: Map<SubmissionKey, boolean>;
  callers: number;
  readonly rechecks: Rechecks;
  recheckDue: boolean;
};

type Context = ActorContext<SubmissionsMessage>;

function pauseOf(ctx: Context): () => Promise<void> {
  return () => sleep(ctx.platform.clock, 0);
}

/** What wasn't checked ahead with others is now. */
async function prepareAlone(state: State, ctx: Context, entry: Waiting): Promise<void> {
  const { decoded } = entry;
  const { bad, broken } = await prepareTransactions(ctx, [decoded], true, pauseOf(ctx));
  const reason = broken.get(decoded.txid);
  if (reason !== undefined) throw new InvariantError(reason);
  if (bad.size > 0) suspect(state, ctx, entry);
  entry.prepared = true;
}

/** Checks against the newest state in a transaction that is thrown away. */
async function verdictOf(state: State, ctx: Context, entry: Waiting): Promise<Verdict> {
  const { decoded } = entry, { modules, version } = state;
  if (!entry.prepared) await prepareAlone(state, ctx, entry);
  const committed = await state.store.transact<Verdict>(async (tx) => {
    if (await getAcceptedTransaction(tx, decoded.txid) !== undefined) return { kind: "accepted" };
    const processed = await processTransaction(ctx, modules, tx, decoded, { version, submission: true });
    return rollback<Verdict>(processed.ok ? { kind: "valid" } : { kind: "invalid", error: processed.error });
  });
  // that it was accepted is told only when the item's commit, which came before this one, is on disk
  await committed.durable;
  return committed.value;
}

function isSuspect({ suspects }: State, ctx: Context, source: string): boolean {
  return (suspects.get(source) ?? -Infinity) > ctx.platform.clock.monotonicMs();
}

/**
 * Whose transaction was bad has the next ones checked alone: they cost others nothing. Not where senders can't be told
 * apart: one of them would have everybody's checked alone, which costs three times as much.
 */
function suspect({ suspects }: State, ctx: Context, { source }: Waiting): void {
  if (source === UNNAMED_SOURCE) return;
  suspects.set(source, ctx.platform.clock.monotonicMs() + SUSPECT_MS);
}

/** Begins a batch of those that wait for it, when it is time. */
function prepareNext(state: State, ctx: Context): void {
  const { ahead } = state, nowMs = ctx.platform.clock.monotonicMs();
  if (state.preparing || ahead.size === 0) return;
  if (nowMs < state.prepareFromMs) {
    if (!state.prepareDue) ctx.after(state.prepareFromMs - nowMs, { type: "prepare", args: null });
    state.prepareDue = true;
    return;
  }
  const keys = [...new Set(ahead.take(PREPARED_PARTS_MAX * PREPARED_BYTES_MAX))];
  // what is left begins as soon as these are done
  state.preparedMs = nowMs;
  state.preparing = true;
  state.busy = keys.length > 1;
  const entries = keys.flatMap((key) => state.waiting.get(key) ?? []);
  // copies of one transaction have the same inputs
  const transactions = [...new Map(entries.map(({ decoded }) => [decoded.txid, decoded])).values()];
  ctx.run(
    async () => {
      // for the checks that follow; the database answers while the batch is verified
      const lookedUp = state.store.read((tx) => acceptedAmong(tx, transactions.map(({ txid }) => txid)));
      const prepared = prepareTransactions(ctx, transactions, true, pauseOf(ctx));
      return (await Promise.all([prepared, lookedUp]))[0];
    },
    (outcome) => ({ type: "prepared", args: { keys, outcome } }),
  );
}

function check(state: State, ctx: Context, entry: Waiting, first: boolean): void {
  if (entry.checking || entry.ahead) return;
  const { key } = entry;
  if (state.checks >= CHECKS_MAX) {
    state.due.set(key, first || (state.due.get(key) ?? false));
    return;
  }
  state.checks++;
  entry.checking = true;
  entry.stale = false;
  entry.checkedMs = ctx.platform.clock.monotonicMs();
  ctx.run(() => verdictOf(state, ctx, entry), (outcome) => {
    // whatever a submission brings to light is told to whoever submitted it, and restarts nothing
    const verdict: Verdict = outcome.ok ? outcome.value : { kind: "broken", reason: errorText(outcome.error) };
    return { type: "checked", args: { key, verdict, first } };
  });
}

/** A check is over: the next one that is due begins. */
function checkNext(state: State, ctx: Context): void {
  state.checks--;
  for (const [key, first] of state.due) {
    if (state.checks >= CHECKS_MAX) return;
    state.due.delete(key);
    const entry = state.waiting.get(key);
    if (entry) check(state, ctx, entry, first);
  }
}

function queue(state: State, ctx: Context, entry: Waiting): void {
  const { key, decoded: { transaction } } = entry;
  entry.queued = true;
  ctx.run(
    () =>
      ctx.ask(state.mempool, "submit", { item: { tag: "Transaction", value: transaction } }, { deadlineMs: Infinity }),
    (outcome) => {
      if (!outcome.ok) throw outcome.error;
      return { type: "queued", args: { key, place: outcome.value } };
    },
  );
}

function answer(state: State, ctx: Context, { key, callers }: Waiting, outcome: SubmissionAnswer): void {
  for (const { to, patience } of callers.values()) {
    ctx.reply(to, outcome);
    ctx.cancel(patience);
  }
  state.waiting.delete(key);
}

function scheduleRecheck(state: State, ctx: Context): void {
  if (state.recheckDue) return;
  state.recheckDue = true;
  ctx.after(RECHECK_INTERVAL_MS, { type: "recheck", args: null });
}

/** It goes into the next batch, or is checked alone where its sender has given reason to. */
function beginWaiting(
  state: State,
  ctx: Context,
  key: SubmissionKey,
  decoded: DecodedTransaction,
  source: string,
): Waiting {
  const { txid, transaction } = decoded;
  const ahead = transaction.inputs.length > 0 && !isSuspect(state, ctx, source);
  const entry: Waiting = {
    key,
    decoded,
    source,
    ahead,
    prepared: false,
    callers: new Map(),
    checking: false,
    queued: false,
    needs: needsOf(transaction),
    checkedMs: -Infinity,
    stale: false,
  };
  state.waiting.add(txid, key, entry);
  if (!ahead) return entry;
  const bytes = inputBytes(decoded);
  if (state.ahead.size === 0) {
    const fromMs = state.busy ? ctx.platform.clock.monotonicMs() : state.preparedMs;
    state.prepareFromMs = fromMs + Math.min(Math.ceil(bytes / TOGETHER_BYTES_PER_MS), TOGETHER_MS_MAX);
  }
  state.ahead.add(source, key, bytes);
  return entry;
}

export const submissions = defineActor<SubmissionsMessage, SubmissionsArgs, State>({
  name: "submissions",
  init: (ctx, args) => ({
    ...args,
    log: limitedLogger(ctx.log, ctx.platform.clock),
    waiting: new Submitted(),
    ahead: new AheadQueue(),
    preparing: false,
    preparedMs: -Infinity,
    prepareFromMs: -Infinity,
    prepareDue: false,
    busy: false,
    suspects: new Recent(SUSPECTS_MIN),
    checks: 0,
    due: new Map(),
    callers: 0,
    rechecks: new Rechecks((instance) => args.modules.live.get(instance)?.module.inputsStandAlone ?? false),
    recheckDue: false,
  }),
  handle: {
    submit: (state, { transaction, waitMs, source }, ctx, from) => {
      const decoded = decodeTransaction(state.modules, transaction);
      const key = submissionKey(transaction);
      let entry = state.waiting.get(key);
      if (entry && entry.callers.size >= CALLERS_MAX) return reply(state, null);
      if (!entry) {
        // those whose callers have gone leave the queue with their batch
        if (Math.max(state.waiting.size, state.ahead.size) >= SUBMISSIONS_MAX) return reply(state, null);
        entry = beginWaiting(state, ctx, key, decoded, source ?? UNNAMED_SOURCE);
      }
      const caller = state.callers++;
      const patience = ctx.after(waitMs, { type: "expired", args: { key, caller } });
      entry.callers.set(caller, { to: from, patience });
      check(state, ctx, entry, true);
      prepareNext(state, ctx);
      return next(state);
    },
    prepare: (state, _args, ctx) => {
      state.prepareDue = false;
      prepareNext(state, ctx);
      return next(state);
    },
    prepared: (state, { keys, outcome }, ctx) => {
      state.preparing = false;
      for (const key of keys) {
        const entry = state.waiting.get(key);
        if (!entry?.ahead) continue;
        const { txid } = entry.decoded;
        entry.ahead = false;
        // what broke for all of a batch is tried again for each of it
        entry.prepared = outcome.ok && !outcome.value.broken.has(txid);
        if (outcome.ok && outcome.value.bad.has(txid)) suspect(state, ctx, entry);
        check(state, ctx, entry, true);
      }
      prepareNext(state, ctx);
      return next(state);
    },
    checked: (state, { key, verdict, first }, ctx) => {
      checkNext(state, ctx);
      const entry = state.waiting.get(key);
      if (!entry) return next(state);
      const { txid } = entry.decoded;
      entry.checking = false;
      if (verdict.kind === "accepted") answer(state, ctx, entry, ok(txid));
      else if (verdict.kind === "invalid") answer(state, ctx, entry, err(verdict.error));
      else if (verdict.kind === "broken") {
        // also where this guardian is behind: it doesn't know yet of notes that the others have issued
        state.log.warn("A submitted transaction could not be checked", { txid, reason: verdict.reason });
        answer(state, ctx, entry, "broken");
      } else if (first && !entry.queued) queue(state, ctx, entry);
      return next(state);
    },
    queued: (state, { key, place }, ctx) => {
      const entry = state.waiting.get(key);
      if (entry && !place) answer(state, ctx, entry, null);
      return next(state);
    },
    accepted: (state, { items }, ctx) => {
      for (const { tag, value } of items) {
        if (tag !== "Transaction") continue;
        const txid = transactionIdOf(value);
        for (const entry of state.waiting.of(txid)) answer(state, ctx, entry, ok(txid));
      }
      const isOpen = state.rechecks.accepted(items, state.waiting.values(), ctx.platform.clock.monotonicMs());
      if (isOpen) scheduleRecheck(state, ctx);
      return next(state);
    },
    recheck: (state, _args, ctx) => {
      state.recheckDue = false;
      const due = state.rechecks.due(state.waiting.values(), ctx.platform.clock.monotonicMs());
      for (const entry of due) check(state, ctx, entry, false);
      if (state.rechecks.isOpen(state.waiting.values())) scheduleRecheck(state, ctx);
      return next(state);
    },
    // what was in units that no head reached is lost with the session: it goes to the next one
    sessionCompleted: (state, _args, ctx) => {
      for (const entry of state.waiting.values()) {
        entry.queued = false;
        entry.checking = false;
        check(state, ctx, entry, true);
      }
      return next(state);
    },
    expired: (state, { key, caller }) => {
      const entry = state.waiting.get(key);
      entry?.callers.delete(caller);
      if (entry?.callers.size === 0) state.waiting.delete(key);
      return next(state);
    },
  },
  // what clients send never keeps out that a transaction was accepted, or that a session is over
  mailbox: { max: 10_000, full: "refuse", always: ["accepted", "sessionCompleted"] },
  inspect: (state) => ({ waiting: state.waiting.size }),
});
