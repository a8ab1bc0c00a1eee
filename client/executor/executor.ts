/** Starts an actor for every active state: those in the store at its start, then new ones as they are committed. */
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../actors/protocol.ts";
import { child } from "../../actors/supervisor.ts";
import { machine } from "./machine.ts";
import type { Machines } from "./machines.ts";
import type { StateId } from "./states.ts";

export type ExecutorMessage =
  | Cast<"start", { states: readonly StateId[] }>
  /** How many states are being watched. */
  | Request<"running", null, number>;
export type ExecutorRef = ActorRef<ExecutorMessage>;

export type ExecutorArgs = {
  /** Path of the supervisor under which machines run. */
  readonly supervisor: string;
  readonly machines: Machines;
};

type State = ExecutorArgs & { readonly started: number };

/** A state's actor ends with its step; one that crashes again and again must not end the client. */
const SHUTDOWN_MS = 2_000;

export const executor = defineActor<ExecutorMessage, ExecutorArgs, State>({
  name: "executor",
  init: async (ctx, args) => {
    ctx.tell(ctx.self, "start", { states: await args.machines.active() });
    return { ...args, started: 0 };
  },
  handle: {
    start: async (state, { states }, ctx) => {
      let { started } = state;
      for (const id of states) {
        if (!state.machines.canRun(id)) continue;
        const name = `operation:${id.operationId.slice(0, 16)}:${started++}`;
        const spec = child(machine, {
          id: name,
          args: { id, machines: state.machines },
          restart: "transient",
          shutdownMs: SHUTDOWN_MS,
        });
        await ctx.startChild(state.supervisor, spec);
      }
      return next({ ...state, started });
    },
    running: async (state) => reply(state, (await state.machines.active()).length),
  },
  mailbox: { max: 100_000, full: "refuse" },
});
