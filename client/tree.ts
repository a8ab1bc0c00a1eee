/**
 * The client's whole supervisor tree.
 *
 * ```
 * client                              one_for_one
 * ├─ guardians                        one_for_one, dynamic: guardian:<peer> (JSON-RPC over WebSocket)
 * └─ federation                       rest_for_one
 *    ├─ event_log                     numbers events in order
 *    ├─ modules                       one_for_one: <id>:<kind>
 *    ├─ machines                      one_for_one, dynamic: operation:<id>:<n>, an actor a state
 *    ├─ executor                      starts an actor for every active state
 *    ├─ refresh                       versions, config, URLs
 *    ├─ recoveries                    one_for_one: <id>:<kind>, until what belongs to the words is back
 *    └─ backup                        brings to guardians what only this wallet knows
 * ```
 */
import { CHILDREN_MAX } from "../actors/limits.ts";
import { refTo } from "../actors/protocol.ts";
import type { StoreView } from "../actors/store/store.ts";
import type { ActorChild, SupervisorSpec } from "../actors/supervisor.ts";
import { child, supervisor } from "../actors/supervisor.ts";
import type { BackupArgs, BackupRef } from "./backup/backups.ts";
import { backups } from "./backup/backups.ts";
import { MODULE_SHUTDOWN_MS } from "./limits.ts";
import type { ExecutorRef } from "./executor/executor.ts";
import { executor } from "./executor/executor.ts";
import type { Machines } from "./executor/machines.ts";
import type { RefreshArgs } from "./federation/refresh.ts";
import { refresh } from "./federation/refresh.ts";
import type { EventOrderRef } from "./logs/events.ts";
import { eventOrder } from "./logs/events.ts";
import type { ModuleInstanceId } from "../core/types/ids.ts";
import type { ClientModuleArgs, ClientModuleRef } from "./core/module_actor.ts";
import { clientModule } from "./core/module_actor.ts";
import type { RecoveryArgs } from "./recovery/recovery.ts";
import { moduleRecovery } from "./recovery/recovery.ts";

export const ROOT = "client";
export const GUARDIANS = `${ROOT}/guardians`;
export const FEDERATION = `${ROOT}/federation`;
const MACHINES = `${FEDERATION}/machines`;
/** Modules that recover before they run come later. */
export const MODULES = `${FEDERATION}/modules`;
export const executorRef: ExecutorRef = refTo(`${FEDERATION}/executor`);
export const backupRef: BackupRef = refTo(`${FEDERATION}/backup`);
export const eventOrderRef: EventOrderRef = refTo(`${FEDERATION}/event_log`);

export function moduleRef(instance: ModuleInstanceId, kind: string): ClientModuleRef {
  return refTo(`${MODULES}/${moduleId(instance, kind)}`);
}

function moduleId(instance: ModuleInstanceId, kind: string): string {
  return `${instance}:${kind}`;
}

/** Before joining: connections only. */
export function clientTree(): SupervisorSpec {
  return supervisor(ROOT, {
    // they come later and would not come back, had it to start anew: it goes on, or the client ends
    children: [supervisor("guardians", { intensity: CHILDREN_MAX, children: [] })],
  });
}

/** A module's actor. */
export function moduleChild(args: ClientModuleArgs): ActorChild {
  const { env: { instance }, definition: { kind } } = args;
  return child(clientModule, { id: moduleId(instance, kind), args, shutdownMs: MODULE_SHUTDOWN_MS });
}

/** The same for a look at what is stored: modules alone, which answer and do nothing by themselves. */
export function lookingTree(modules: readonly ClientModuleArgs[]): SupervisorSpec {
  return supervisor("federation", { children: [supervisor("modules", { children: modules.map(moduleChild) })] });
}

/** Added below the root once the client has joined. */
export function federationTree(args: {
  readonly store: StoreView;
  readonly modules: readonly ClientModuleArgs[];
  readonly machines: Machines;
  readonly refresh: RefreshArgs;
  readonly recoveries: readonly RecoveryArgs[];
  readonly backup: BackupArgs;
}): SupervisorSpec {
  return supervisor("federation", {
    strategy: "rest_for_one",
    children: [
      child(eventOrder, { args: { store: args.store } }),
      supervisor("modules", { children: args.modules.map(moduleChild) }),
      supervisor("machines", { stopping: "together", children: [] }),
      child(executor, { args: { supervisor: MACHINES, machines: args.machines } }),
      child(refresh, { args: args.refresh }),
      supervisor("recoveries", {
        stopping: "together",
        children: args.recoveries.map((recovery) =>
          child(moduleRecovery, {
            id: `${recovery.facts.instance}:${recovery.kind}`,
            args: recovery,
            // it ends when the module has recovered
            restart: "transient",
          })
        ),
      }),
      child(backups, { args: args.backup }),
    ],
  });
}
