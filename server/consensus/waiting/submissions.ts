/**
 * Transactions that clients submitted: checked, queued, and answered when consensus has accepted them or they have
 * become invalid. fedimint-server `consensus/api.rs` (`submit_transaction`); docs/protocol/02-api.md §3.1.
 *
 * Nothing here is durable: a caller that hears nothing submits again, and the same transaction twice changes nothing.
 */
import type { ActorContext, Sender } from "../../../actors/actor.ts";
import { defineActor, next, reply } from "../../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../../actors/protocol.ts";
import { limitedLogger } from "../../../actors/limited_log.ts";
import type { Logger } from "../../../actors/logger.ts";
import type { StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import { err, errorText, ok } from "../../../core/result.ts";
import type { TransactionId } from "../../../core/types/ids.ts";
import type { Transaction, TransactionError, TransactionSubmissionOutcome } from "../../../core/types/transaction.ts";
import type { Version } from "../../../core/types/version.ts";
import { getAcceptedTransaction } from "../store/db.ts";
import { CALLERS_MAX, CHECKS_MAX, RECHECK_INTERVAL_MS, SUBMISSIONS_MAX } from "../limits.ts";
import type { MempoolRef } from "./mempool.ts";
import type { DecodedTransaction, Modules } from "../engine/transaction.ts";
import { decodeTransaction, processTransaction } from "../engine/transaction.ts";

export type SubmissionsMessage =
  /**
   * Answers with the outcome; null when it can't take more now; `broken` when the check itself failed. The transaction
   * must decode (callers have checked). After `waitMs` the caller is forgotten.
   */
  | Request<"submit", { transaction: Transaction; waitMs: number }, SubmissionAnswer>
  /** Items were accepted and are durable; ids of those that were transactions. */
  | Cast<"accepted", { txids: readonly TransactionId[] }>
  | Cast<"sessionCompleted", { session: number }>
  | Cast<"checked", { txid: TransactionId; verdict: Verdict; first: boolean }>
  | Cast<"queued", { txid: TransactionId; place: boolean }>
  | Cast<"recheck", null>
  | Cast<"expired", { txid: TransactionId; caller: number }>;

export type SubmissionAnswer = TransactionSubmissionOutcome | null | "broken";

export type SubmissionsRef = ActorRef<SubmissionsMessage>;

type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "valid" }
  | { readonly kind: "invalid"; readonly error: TransactionError }
  /** Nobody knows: the check threw. */
  | { readonly kind: "broken"; readonly reason: string };

type Waiting = {
  readonly decoded: DecodedTransaction;
  readonly callers: Map<number, ReplyTo<SubmissionAnswer>>;
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
  readonly waiting: Map<TransactionId, Waiting>;
  /** Limited: whoever submits brings these lines about. */
  readonly log: Logger;
  /** Checks under way. */
  checks: number;
  /** Those that wait for their turn to be checked, and whether for the first time in this session. */
  readonly due: Map<TransactionId, boolean>;
  callers: number;
  recheckDue: boolean;
};

type Context = ActorContext<SubmissionsMessage>;

/** Checks against the newest state in a transaction that is thrown away. */
async function verdictOf(sender: Sender, args: SubmissionsArgs, decoded: DecodedTransaction): Promise<Verdict> {
  const committed = await args.store.transact<Verdict>(async (tx) => {
    if (await getAcceptedTransaction(tx, decoded.txid) !== undefined) return { kind: "accepted" };
    const processed = await processTransaction(sender, args.modules, tx, decoded, args.version, true);
    return rollback<Verdict>(processed.ok ? { kind: "valid" } : { kind: "invalid", error: processed.error });
  });
  // that it was accepted is told only when the item's commit, which came before this one, is on disk
  await committed.durable;
  return committed.value;
}

function check(state: State, ctx: Context, entry: Waiting, first: boolean): void {
  if (entry.checking) return;
  const { txid } = entry.decoded;
  if (state.checks >= CHECKS_MAX) {
    state.due.set(txid, first || (state.due.get(txid) ?? false));
    return;
  }
  state.checks++;
  entry.checking = true;
  ctx.run(() => verdictOf(ctx, state, entry.decoded), (outcome) => {
    // whatever a submission brings to light is told to whoever submitted it, and restarts nothing
    const verdict: Verdict = outcome.ok ? outcome.value : { kind: "broken", reason: errorText(outcome.error) };
    return { type: "checked", args: { txid, verdict, first } };
  });
}

/** A check is over: the next one that is due begins. */
function checkNext(state: State, ctx: Context): void {
  state.checks--;
  for (const [txid, first] of state.due) {
    if (state.checks >= CHECKS_MAX) return;
    state.due.delete(txid);
    const entry = state.waiting.get(txid);
    if (entry) check(state, ctx, entry, first);
  }
}

function queue(state: State, ctx: Context, entry: Waiting): void {
  const { txid, transaction } = entry.decoded;
  entry.queued = true;
  ctx.run(
    () =>
      ctx.ask(state.mempool, "submit", { item: { tag: "Transaction", value: transaction } }, { deadlineMs: Infinity }),
    (outcome) => {
      if (!outcome.ok) throw outcome.error;
      return { type: "queued", args: { txid, place: outcome.value } };
    },
  );
}

function answer(state: State, ctx: Context, txid: TransactionId, outcome: SubmissionAnswer): void {
  for (const caller of state.waiting.get(txid)?.callers.values() ?? []) ctx.reply(caller, outcome);
  state.waiting.delete(txid);
}

function scheduleRecheck(state: State, ctx: Context): void {
  if (state.recheckDue || state.waiting.size === 0) return;
  state.recheckDue = true;
  ctx.after(RECHECK_INTERVAL_MS, { type: "recheck", args: null });
}

export const submissions = defineActor<SubmissionsMessage, SubmissionsArgs, State>({
  name: "submissions",
  init: (ctx, args) => ({
    ...args,
    log: limitedLogger(ctx.log, ctx.platform.clock),
    waiting: new Map(),
    checks: 0,
    due: new Map(),
    callers: 0,
    recheckDue: false,
  }),
  handle: {
    submit: (state, { transaction, waitMs }, ctx, from) => {
      const decoded = decodeTransaction(state.modules, transaction);
      const { txid } = decoded;
      let entry = state.waiting.get(txid);
      if (entry && entry.callers.size >= CALLERS_MAX) return reply(state, null);
      if (!entry) {
        if (state.waiting.size >= SUBMISSIONS_MAX) return reply(state, null);
        entry = { decoded, callers: new Map(), checking: false, queued: false };
        state.waiting.set(txid, entry);
      }
      const caller = state.callers++;
      entry.callers.set(caller, from);
      ctx.after(waitMs, { type: "expired", args: { txid, caller } });
      check(state, ctx, entry, true);
      return next(state);
    },
    checked: (state, { txid, verdict, first }, ctx) => {
      checkNext(state, ctx);
      const entry = state.waiting.get(txid);
      if (!entry) return next(state);
      entry.checking = false;
      if (verdict.kind === "accepted") answer(state, ctx, txid, ok(txid));
      else if (verdict.kind === "invalid") answer(state, ctx, txid, err(verdict.error));
      else if (verdict.kind === "broken") {
        // also where this guardian is behind: it doesn't know yet of notes that the others have issued
        state.log.warn("A submitted transaction could not be checked", { txid, reason: verdict.reason });
        answer(state, ctx, txid, "broken");
      } else if (first && !entry.queued) queue(state, ctx, entry);
      return next(state);
    },
    queued: (state, { txid, place }, ctx) => {
      if (!place) answer(state, ctx, txid, null);
      return next(state);
    },
    accepted: (state, { txids }, ctx) => {
      for (const txid of txids) answer(state, ctx, txid, ok(txid));
      scheduleRecheck(state, ctx);
      return next(state);
    },
    recheck: (state, _args, ctx) => {
      state.recheckDue = false;
      for (const entry of state.waiting.values()) check(state, ctx, entry, false);
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
    expired: (state, { txid, caller }) => {
      const entry = state.waiting.get(txid);
      entry?.callers.delete(caller);
      if (entry?.callers.size === 0) state.waiting.delete(txid);
      return next(state);
    },
  },
  // what clients send never keeps out that a transaction was accepted, or that a session is over
  mailbox: { max: 10_000, full: "refuse", always: ["accepted", "sessionCompleted"] },
  inspect: (state) => ({ waiting: state.waiting.size }),
});
