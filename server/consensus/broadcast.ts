/**
 * The broadcast of one session as an actor: a shell around the pure step function of `broadcast/broadcast.ts`. It gives the protocol its
 * clock, dice, disk and wire. Own units leave only when their records are on disk: a guardian never signs two units for one place.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import { fenced } from "../../actors/store/fenced.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { ActorChild } from "../../actors/supervisor.ts";
import { child } from "../../actors/supervisor.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { admit, step } from "../broadcast/broadcast.ts";
import { fedimintDelays } from "../broadcast/delays.ts";
import type { Keychain } from "../broadcast/keychain.ts";
import type { BroadcastEffect, BroadcastEvent, BroadcastState } from "../broadcast/state.ts";
import { createBroadcast } from "../broadcast/state.ts";
import type { PeerMessage, RouterRef } from "../peers/router.ts";
import { bytesOfPeerMessage } from "../peers/router.ts";
import { unitKey, unitsPrefix } from "./db.ts";
import type { MempoolRef, NextUnitData } from "./mempool.ts";
import type { OutcomeRef } from "./outcome.ts";
import type { ConsensusSettings } from "./settings.ts";

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
  /** A process that has just started may have got an older database: peers remember which units it signed. */
  readonly askNewest: boolean;
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
      return ctx.tell(args.outcome, "ordered", { life: state.outcomeLife, units: effect.units });
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
        askNewest: args.askNewest,
      }),
    };
    await advance(state, ctx, { type: "start", nowMs: ctx.platform.clock.monotonicMs(), backup });
    ctx.tell(args.router, "subscribe", { consumer: ctx.self });
    return state;
  },
  handle: {
    peerMessage: async (state, { from, id, message }, ctx) => {
      const nowMs = ctx.platform.clock.monotonicMs();
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
      return next(
        await advance(state, ctx, { type: "data", nowMs: ctx.platform.clock.monotonicMs(), data: data.value }),
      );
    },
  },
  inspect: ({ broadcast: { phase, creator } }) => ({ phase, round: creator.round }),
});

export function broadcastChild(args: BroadcastArgs): ActorChild {
  return child(broadcast, { args });
}
