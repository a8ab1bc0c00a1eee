/**
 * Keeps the gateway registered with the guardians of each federation that has the module ln, where its node hands over
 * forwards: clients of version 1 find gateways there, and their invoices come as forwards. fedimint-gateway-server
 * 0.13.0 (`lib.rs`, `register_federations`).
 */
import { defineActor, next } from "../../actors/actor.ts";
import type { Logger } from "../../actors/logger.ts";
import type { Cast } from "../../actors/protocol.ts";
import { Reminder } from "../../actors/reminder.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { RouteHint } from "../../core/lightning/route_hint.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { Federations, ServedFederation } from "./federations.ts";
import { REGISTER_AGAIN_MS, REGISTER_EVERY_MS } from "./limits.ts";
import { routingFeesOf } from "./lnv1_payments.ts";
import type { ForwardInterceptor, NodeInfo } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { Registrations } from "./registrations.ts";

export type RegistrarMessage =
  /** All federations: what the gateway says of itself may have changed. */
  | Cast<"register", null>
  | Cast<"timer", { turn: number }>
  | Cast<"registered", { outcome: Result<boolean, unknown>; turn: number }>;

export type RegistrarArgs = {
  readonly interceptor: ForwardInterceptor;
  readonly watch: NodeWatch;
  readonly federations: Federations;
  /** Are told what came of it. */
  readonly registrations: Registrations;
  /** Public URL of its API, with `v1`. */
  readonly apiUrl: string;
  /** 32 bytes, secret: names the gateway, and signs. */
  readonly gatewayKey: Bytes;
  /** Ways to the node that are told. */
  readonly routeHints: number;
};

/** What an operator must know of a node that gives forwards back; null where there is nothing to say. */
export function forwardsWarning(
  info: NodeInfo | null,
  served: readonly Pick<ServedFederation, "lnv1">[],
): string | null {
  if (info?.keepsForwards !== false || served.every(({ lnv1 }) => lnv1 === null)) return null;
  return "LND runs without --requireinterceptor: whenever the gateway is away, it gives back what it holds for clients " +
    "of the module ln, though the gateway may have paid for it already";
}

/**
 * Registers with all.
 * @param forwards tells of a node that gives forwards back
 * @returns whether the node was there, and a threshold of each federation's guardians has it
 */
export async function registerAll(
  args: RegistrarArgs,
  log: Logger,
  forwards: Reminder,
  signal: AbortSignal,
): Promise<boolean> {
  const { interceptor, watch, federations, routeHints } = args;
  const info = await watch.info();
  if (!info) return false;
  const hints = await interceptor.routeHints(routeHints, signal);
  const all = await federations.all(), warning = forwardsWarning(info, all);
  if (warning) forwards.say(warning, "");
  else forwards.over("LND keeps forwards for the gateway");
  let isDone = true;
  for (const served of all) {
    // one that can't be reached keeps no other one from it
    if (!await registerOne(args, served, { info, hints }, log, signal)) isDone = false;
  }
  return isDone;
}

async function registerOne(
  { apiUrl, gatewayKey, registrations }: RegistrarArgs,
  { federationId, record, wallet, lnv1 }: ServedFederation,
  { info, hints }: { readonly info: NodeInfo; readonly hints: readonly RouteHint[] },
  log: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  if (!lnv1) return true;
  const fees = routingFeesOf(record);
  if (!fees) {
    log.warn("The gateway is not registered: set a smaller fee with `set_fees`", { federationId });
    return true;
  }
  const have = await lnv1.register(
    {
      federationIndex: BigInt(record.index),
      nodePubKey: info.publicKey,
      lightningAlias: info.alias,
      api: apiUrl,
      routeHints: hints.map((hint) => [...hint]),
      fees,
    },
    gatewayKey,
    signal,
  );
  const guardians = wallet.client.running.joined.config.global.apiEndpoints.size;
  if (have < guardians) log.warn("Not every guardian has registered the gateway", { federationId, have, guardians });
  // who was away is asked again when all are
  const isRegistered = have >= numPeers(guardians).threshold;
  registrations.tried(federationId, isRegistered);
  return isRegistered;
}

type State = {
  readonly args: RegistrarArgs;
  readonly turn: number;
  readonly isBusy: boolean;
  readonly trouble: Reminder;
  readonly forwards: Reminder;
};

export const registrar = defineActor<RegistrarMessage, RegistrarArgs, State>({
  name: "registrar",
  init: (ctx, args) => {
    ctx.after(0, { type: "timer", args: { turn: 0 } });
    const { platform: { clock }, log } = ctx;
    return { args, turn: 0, isBusy: false, trouble: new Reminder(clock, log), forwards: new Reminder(clock, log) };
  },
  handle: {
    register: (state, _, ctx) => {
      const turn = state.turn + 1;
      ctx.after(0, { type: "timer", args: { turn } });
      return next({ ...state, turn });
    },
    timer: (state, { turn }, ctx) => {
      if (turn !== state.turn || state.isBusy) return next(state);
      ctx.run(
        (signal) => registerAll(state.args, ctx.log, state.forwards, signal),
        (outcome) => ({ type: "registered", args: { outcome, turn } }),
      );
      return next({ ...state, isBusy: true });
    },
    registered: (state, { outcome, turn }, ctx) => {
      if (!outcome.ok && !(outcome.error instanceof NodeError)) throw outcome.error;
      if (!outcome.ok) state.trouble.say("The gateway could not be registered", errorText(outcome.error));
      const isDone = outcome.ok && outcome.value, isAsked = turn !== state.turn;
      const afterMs = isAsked ? 0 : isDone ? REGISTER_EVERY_MS : REGISTER_AGAIN_MS;
      ctx.after(afterMs, { type: "timer", args: { turn: state.turn } });
      return next({ ...state, isBusy: false });
    },
  },
});
