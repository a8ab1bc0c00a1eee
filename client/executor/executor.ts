/**
 * Starts an actor for every active state: those in the store at its start, then new ones as they are committed.
 *
 * A state's actor is named by the state, so that one state never has two: what was told twice, or is found again after
 * a restart of the executor alone, runs already.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../actors/protocol.ts";
import { child } from "../../actors/supervisor.ts";
import { ActorError } from "../../actors/error.ts";
import { storeFailureIn } from "../../actors/store/error.ts";
import { toHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import { machine } from "./machine.ts";
import type { Machines } from "./machines.ts";
import type { StateId } from "./states.ts";

export type ExecutorMessage =
  | Cast<"start", { states: readonly StateId[] }>
  /** Active states that this client can run, its modules being what they are. */
  | Request<"active", null, number>;
export type ExecutorRef = ActorRef<ExecutorMessage>;

export type ExecutorArgs = {
  /** Path of the supervisor under which machines run. */
  readonly supervisor: string;
  readonly machines: Machines;
};

/** A state's actor only waits and writes: it has nothing to bring to an end. */
const SHUTDOWN_MS = 2_000;

/** Unique for a state: 16 digits of the operation for people, 16 of the state's hash. */
export function machineId({ operationId, instance, state }: StateId): string {
  return `operation:${operationId.slice(0, 16)}:${instance}:${toHex(sha256(state)).slice(0, 16)}`;
}

export const executor = defineActor<ExecutorMessage, ExecutorArgs, ExecutorArgs>({
  name: "executor",
  init: async (ctx, args) => {
    ctx.tell(ctx.self, "start", { states: await args.machines.active() });
    return args;
  },
  handle: {
    start: async (state, { states }, ctx) => {
      for (const id of states) {
        if (!state.machines.canRun(id)) continue;
        const spec = child(machine, {
          id: machineId(id),
          args: { id, machines: state.machines },
          restart: "transient",
          shutdownMs: SHUTDOWN_MS,
        });
        try {
          await ctx.startChild(state.supervisor, spec);
        } catch (thrown) {
          if (!(thrown instanceof ActorError)) throw thrown;
          if (thrown.code === "duplicate_path") continue;
          if (thrown.code !== "start_failed" || storeFailureIn(thrown)) throw thrown;
          // it rests in the store: one operation must not keep a wallet from all its others
          ctx.log.error("An operation's state can't be gone on with", {
            operation: id.operationId,
            reason: errorText(thrown),
          });
        }
      }
      return next(state);
    },
    active: async (state) => {
      const states = await state.machines.active();
      return reply(state, states.filter((id) => state.machines.canRun(id)).length);
    },
  },
  mailbox: { max: 100_000, full: "refuse" },
});
