/**
 * The broadcast of one session as an actor: a shell around the pure step function of `broadcast/broadcast.ts`. It gives
 * the protocol its clock, dice, disk and wire. Own units leave only when their records are on disk: a guardian never
 * signs two units for one place.
 */
import type { ActorContext } from "../../../actors/actor.ts";
import { defineActor, next } from "../../../actors/actor.ts";
import type { LogFacts } from "../../../actors/logger.ts";
import type { Cast } from "../../../actors/protocol.ts";
import { fenced } from "../../../actors/store/fenced.ts";
import type { StoreView } from "../../../actors/store/store.ts";
import type { ActorChild } from "../../../actors/supervisor.ts";
import { child } from "../../../actors/supervisor.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import { readDurable } from "../../../modules/contract/read_durable.ts";
import { admit, charge, step } from "../../broadcast/broadcast.ts";
import { fedimintDelays } from "../../broadcast/delays.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import { DOUBT_SESSIONS } from "../../broadcast/limits.ts";
import type { BroadcastEffect, BroadcastEvent, BroadcastState, CopySign, OrderedUnit } from "../../broadcast/state.ts";
import { createBroadcast } from "../../broadcast/state.ts";
import type { PeerMessage, RouterRef } from "../../peers/router.ts";
import { bytesOfPeerMessage } from "../../peers/router.ts";
import { unitKey, unitsPrefix } from "../store/db.ts";
import type { MempoolRef, NextUnitData } from "../waiting/mempool.ts";
import type { OutcomeRef } from "./outcome.ts";
import type { ConsensusSettings } from "../settings.ts";
import type { WastedWork } from "../wasted_work.ts";

/** Rounds after a session's last: they get slower and slower and only collect signatures. */
const EXTRA_ROUNDS = 1_000;
const SEED_BYTES = 16;

export type BroadcastMessage =
  | PeerMessage
  | Cast<"timer", { id: number }>
  | Cast<"saved", { count: number; outcome: Result<void, unknown> }>
  | Cast<"data", { data: Result<NextUnitData, unknown> }>;

export type BroadcastArgs = {
  readonly session: number;
  readonly settings: ConsensusSettings;
  readonly keychain: Keychain;
  readonly store: StoreView;
  readonly mempool: MempoolRef;
  readonly outcome: OutcomeRef;
  readonly router: RouterRef;
  readonly ownUnits: OwnUnitsMemory;
  /** Charged to whose units they were, before they are read on. */
  readonly wasted: WastedWork;
  /** Another process runs with our keys and goes on: ends this one in order. */
  readonly copyFound: () => void;
};

/** What this process has seen of its own units; it outlives sessions. */
export type OwnUnitsMemory = {
  /** The last session in which a unit was ordered that this process created. */
  ordered: number | null;
  /** The last in which our key was seen to sign what this process didn't create. */
  foreign: number | null;
  /** Rounds that it went through, each with a unit of its own. */
  rounds: number;
};

export function ownUnitsMemory(): OwnUnitsMemory {
  return { ordered: null, foreign: null, rounds: 0 };
}

/**
 * Whether others may know units of ours in this session that our database has lost. They can't when we were there when
 * it began: a unit of ours was ordered in the session before, so a threshold was in that one after this process
 * started.
 */
function mayHaveLost(session: number, { ordered }: OwnUnitsMemory): boolean {
  return ordered === null || ordered < session - 1;
}

function isInDoubt(session: number, { foreign }: OwnUnitsMemory): boolean {
  return foreign !== null && session <= foreign + DOUBT_SESSIONS;
}

/** `isLoud`: nothing but another process with our key, or a lost database, can have caused it. */
const COPY_SIGNS: Readonly<Record<CopySign, { readonly isLoud: boolean; readonly message: string }>> = {
  at_work: {
    isLoud: true,
    message: "Another copy of this guardian runs with our keys: it goes on, this one stops",
  },
  unknown_unit: {
    isLoud: true,
    message:
      "Another copy of this guardian runs with our keys, or our database is an old one: see that only one runs. " +
      "Our key has signed a unit that this one didn't make; it makes no more in this session",
  },
  fork: {
    isLoud: true,
    message:
      "Another copy of this guardian runs with our keys, or our database is an old one: see that only one runs. " +
      "Our key has signed two units for one place; this one makes no more in this session",
  },
  asked: {
    isLoud: false,
    message: "Another copy of this guardian may have been started with our keys: somebody asks the others in our name",
  },
};

type State = {
  readonly args: BroadcastArgs;
  readonly outcomeLife: number;
  readonly broadcast: BroadcastState;
  /** The session began with this incarnation: it replays nothing. */
  readonly fresh: boolean;
  records: number;
};
type Context = ActorContext<BroadcastMessage>;

async function save(state: State, ctx: Context, records: readonly Bytes[]): Promise<void> {
  const { store, session } = state.args;
  const { durable } = await store.transact((tx) => {
    for (const [i, record] of records.entries()) tx.set(unitKey(session, state.records + i), record);
  });
  state.records += records.length;
  ctx.run(() => durable, (outcome) => ({ type: "saved", args: { count: records.length, outcome } }));
}

function isOfThisLife({ broadcast: { identity, own } }: State, { creator, round }: OrderedUnit): boolean {
  return own !== null && creator === identity && round >= own.firstRound;
}

function tellCopy({ args }: State, ctx: Context, sign: CopySign, facts: LogFacts): void {
  const { isLoud, message } = COPY_SIGNS[sign];
  ctx.log[isLoud ? "error" : "warn"](message, facts);
  if (isLoud) args.ownUnits.foreign = args.session;
  if (sign === "at_work") args.copyFound();
}

async function perform(state: State, ctx: Context, effect: BroadcastEffect): Promise<void> {
  const { args } = state;
  switch (effect.type) {
    case "save":
      return await save(state, ctx, effect.records);
    case "send":
      return ctx.tell(args.router, "send", {
        to: effect.to,
        message: { tag: "Aleph", value: effect.bytes },
        isAnswer: effect.isAnswer,
      });
    case "setTimer":
      ctx.after(effect.delayMs, { type: "timer", args: { id: effect.id } });
      return;
    case "requestData":
      return ctx.run(
        () => ctx.ask(args.mempool, "nextUnitData", { session: args.session, measured: state.fresh }),
        (data) => ({ type: "data", args: { data } }),
      );
    case "ordered":
      if (effect.units.some((unit) => isOfThisLife(state, unit))) args.ownUnits.ordered = args.session;
      return ctx.tell(args.outcome, "ordered", { life: state.outcomeLife, units: effect.units });
    case "copy":
      return tellCopy(state, ctx, effect.sign, effect.facts);
    case "warn":
      return ctx.log.warn(effect.message, effect.facts);
    case "failed":
      return ctx.log.error(
        `${effect.message}: this guardian waits for the session's outcome from its peers`,
        effect.facts,
      );
  }
}

async function advance(state: State, ctx: Context, event: BroadcastEvent): Promise<State> {
  for (const effect of step(state.broadcast, event).effects) await perform(state, ctx, effect);
  return state;
}

const broadcast = defineActor<BroadcastMessage, BroadcastArgs, State>({
  name: "broadcast",
  init: async (ctx, given) => {
    const args = { ...given, store: fenced(given.store, ctx.signal) };
    const { settings, keychain, session, store } = args;
    const backup = await readDurable(store, async (tx) => {
      const records: Bytes[] = [];
      for await (const { value } of tx.range({ prefix: unitsPrefix(session) })) records.push(value);
      return records;
    });
    const state: State = {
      outcomeLife: await ctx.ask(args.outcome, "life", null),
      args,
      records: backup.length,
      fresh: backup.length === 0,
      broadcast: createBroadcast({
        session: BigInt(session),
        peers: settings.peers.total,
        keychain,
        roundMax: settings.roundsPerSession + EXTRA_ROUNDS,
        delays: fedimintDelays(settings),
        seed: ctx.platform.dice.bytes(SEED_BYTES),
        askNewest: mayHaveLost(session, args.ownUnits),
        inDoubt: isInDoubt(session, args.ownUnits),
      }),
    };
    await advance(state, ctx, { type: "start", nowMs: ctx.platform.clock.monotonicMs(), backup });
    ctx.tell(args.router, "subscribe", { consumer: ctx.self });
    return state;
  },
  handle: {
    peerMessage: async (state, { from, id, message }, ctx) => {
      const nowMs = ctx.platform.clock.monotonicMs();
      for (const [peer, us] of state.args.wasted.take()) charge(state.broadcast, nowMs, peer, us);
      const ours = message.tag === "Aleph" ? message.value : null;
      const waitMs = admit(state.broadcast, nowMs, from, ours ?? { bytes: bytesOfPeerMessage(message) });
      if (waitMs > 0) {
        // it is taken later, and so are those behind it: the links of the others go on
        ctx.after(waitMs, { type: "peerMessage", args: { from, id, message } });
        return next(state);
      }
      if (ours) await advance(state, ctx, { type: "received", nowMs, from, bytes: ours });
      else ctx.log.debug("Unexpected message from a guardian ignored", { peer: from, kind: message.tag });
      ctx.tell(state.args.router, "taken", { from, id });
      return next(state);
    },
    timer: async (state, { id }, ctx) =>
      next(await advance(state, ctx, { type: "timer", nowMs: ctx.platform.clock.monotonicMs(), id })),
    saved: async (state, { count, outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      return next(await advance(state, ctx, { type: "saved", nowMs: ctx.platform.clock.monotonicMs(), count }));
    },
    data: async (state, { data }, ctx) => {
      if (!data.ok) throw data.error;
      state.args.ownUnits.rounds++;
      return next(
        await advance(state, ctx, { type: "data", nowMs: ctx.platform.clock.monotonicMs(), data: data.value }),
      );
    },
  },
  inspect: ({ broadcast: { phase, creator }, args: { ownUnits } }) => ({
    phase,
    round: creator.round,
    rounds: ownUnits.rounds,
  }),
});

export function broadcastChild(args: BroadcastArgs): ActorChild {
  return child(broadcast, { args });
}
