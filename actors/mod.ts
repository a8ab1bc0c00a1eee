/**
 * Actors, after Erlang/OTP: actors own state and handle one message at a time; supervisors restart them; a system is
 * one tree.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { child, createSystem, defineActor, refTo, reply, type Request, supervisor } from "./mod.ts";
 * import { realPlatform } from "./platform/real.ts";
 *
 * type CounterMessage = Request<"add", { by: number }, number>;
 * const counter = defineActor<CounterMessage, { start: number }, { value: number }>({
 *   name: "counter",
 *   init: (_ctx, { start }) => ({ value: start }),
 *   handle: { add: (state, { by }) => reply({ value: state.value + by }, state.value + by) },
 *   mailbox: { max: 100, full: "refuse" },
 * });
 *
 * const system = createSystem({ platform: realPlatform(), log: () => {} });
 * await system.start(supervisor("demo", { children: [child(counter, { args: { start: 0 } })] }));
 * assertEquals(await system.ask(refTo<CounterMessage>("demo/counter"), "add", { by: 2 }), 2);
 * await system.stop();
 * ```
 *
 * How it behaves where it matters: `runtime/actor_cell.ts` (messages, crashes, stops), `runtime/supervisor_node.ts`
 * (strategies), `runtime/incarnation.ts` (what ends with an actor), `runtime/scheduler.ts` (order and fairness).
 */

// Actors and their messages
export { DEFAULT_MAILBOX, defineActor, next, reply, stop } from "./actor.ts";
export type {
  ActorContext,
  ActorDefinition,
  Handler,
  MailboxPolicy,
  Sender,
  Step,
  StopReason,
  TimerId,
} from "./actor.ts";
export { refTo } from "./protocol.ts";
export type {
  ActorRef,
  ArgsOf,
  Cast,
  CastMessage,
  CastType,
  Protocol,
  ReplyOf,
  ReplyTo,
  Request,
  RequestType,
} from "./protocol.ts";
export { ActorError } from "./error.ts";

// Trees
export { child, supervisor } from "./supervisor.ts";
export type { ActorChild, ChildSpec, Restart, Strategy, SupervisorSpec } from "./supervisor.ts";

// A process
export { createSystem } from "./runtime/system.ts";
export type { ActorSystem, Inspection, SystemOptions } from "./system.ts";
export { printTree } from "./print_tree.ts";
export { loggerFor } from "./logger.ts";
export type { LogFacts, Logger, LogLevel, LogRecord, LogSink } from "./logger.ts";
