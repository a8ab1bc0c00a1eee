/**
 * One state of a state machine as an actor: waits for the first of its triggers, makes the step with all its effects in
 * one store transaction, and ends; the executor starts the next state's actor when that has committed. What it is doing
 * is in the store: it may die at any time.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, stop } from "../../actors/actor.ts";
import { Reminder } from "../../actors/reminder.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { Cast } from "../../actors/protocol.ts";
import { StoreError } from "../../actors/store/error.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { NotReady, Transition } from "../../modules/contract/client_env.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { Machines } from "./machines.ts";
import type { StateId } from "./states.ts";

/** A trigger that fails only waits for something; a step that fails is a bug, which an update may mend. */
const RETRY = { minMs: 1_000, maxMs: 60_000 };

export type MachineMessage =
  | Cast<"triggered", { way: number; outcome: Result<unknown, unknown> }>
  | Cast<"watch", { way: number }>
  | Cast<"left", null>;

export type MachineArgs = { readonly id: StateId; readonly machines: Machines };

type State = MachineArgs & {
  /** Not left before this actor began. */
  readonly active: boolean;
  // deno-lint-ignore no-explicit-any -- the state's type is the module's own
  readonly ways: readonly Transition<any>[];
  readonly failures: number;
  readonly trouble: Reminder;
};

function watch(state: State, ctx: ActorContext<MachineMessage>, way: number): void {
  ctx.run((signal) => state.ways[way]!.trigger(signal), (outcome) => ({ type: "triggered", args: { way, outcome } }));
}

function tryAgain(state: State, ctx: ActorContext<MachineMessage>, way: number): State {
  ctx.after(backOffMs(RETRY, state.failures, ctx.platform.dice), { type: "watch", args: { way } });
  return { ...state, failures: state.failures + 1 };
}

export const machine = defineActor<MachineMessage, MachineArgs, State>({
  name: "machine",
  init: async (ctx, { id, machines }) => {
    // after a crash between commit and end the state has been left already
    const active = await machines.isActive(id);
    const trouble = new Reminder(ctx.platform.clock, ctx.log, "error");
    const ways = active ? machines.transitions(id) : [];
    const state: State = { id, machines, active, ways, failures: 0, trouble };
    if (state.ways.length === 0) ctx.after(0, { type: "left", args: null });
    for (const way of state.ways.keys()) watch(state, ctx, way);
    return state;
  },
  handle: {
    triggered: async (state, { way, outcome }, ctx) => {
      if (outcome.ok) {
        let wait: NotReady | null;
        try {
          wait = await state.machines.step(state.id, state.ways[way]!, outcome.value);
        } catch (thrown) {
          if (ctx.signal.aborted || thrown instanceof StoreError) throw thrown;
          // nothing of the step has happened: one operation must not keep a wallet from all its others
          state.trouble.say("A state machine's step failed and is tried again", errorText(thrown));
          return next(tryAgain(state, ctx, way));
        }
        if (wait === null) return stop(state);
        // not within this message: an actor that is asked to stop finishes the one in hand first
        ctx.run(
          async (signal) => {
            await wait.ready(signal);
            return outcome.value;
          },
          (ready) => ({ type: "triggered", args: { way, outcome: ready } }),
        );
        return next(state);
      }
      // the client closes, and the state waits in the store; or its module was started anew
      const isClosed = outcome.error instanceof WaitError && outcome.error.code === "closed";
      if (!isClosed) {
        ctx.log.warn("A state machine's trigger failed and is tried again", { reason: errorText(outcome.error) });
      }
      return next(tryAgain(state, ctx, way));
    },
    watch: (state, { way }, ctx) => {
      // the module may be another one than before
      const again = { ...state, ways: state.machines.transitions(state.id) };
      watch(again, ctx, way);
      return next(again);
    },
    left: async (state) => {
      if (state.active) await state.machines.leave(state.id);
      return stop(state);
    },
  },
  inspect: (state) => ({ operation: state.id.operationId, instance: state.id.instance, ways: state.ways.length }),
});
