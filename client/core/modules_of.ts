/** Which modules of its federation a client runs, and how applications come to one. */
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { AnyClientModuleDefinition, ClientCommand, UsableModule } from "../../modules/contract/client.ts";
import { ClientError } from "../error.ts";
import type { Primary } from "./core.ts";
import type { Running } from "./running.ts";
import { primaryOf } from "./running.ts";

/** A module of the federation, and whether this client runs it. */
export type ModuleStatus = { readonly id: ModuleInstanceId; readonly kind: string; readonly active: boolean };

function noModule({ recoveries }: Running, kind: string): ClientError {
  return recoveries.whyNot(kind) ??
    new ClientError({ code: "no_module" }, `No ${kind} module found in this federation`);
}

/**
 * A definition that another one was made from, its start wrapped for instance, has the same codecs: so its states and
 * its API.
 */
function isSameModule(running: AnyClientModuleDefinition, asked: AnyClientModuleDefinition): boolean {
  return running.kind === asked.kind && running.codecs === asked.codecs;
}

/** All modules of the federation. */
export function moduleStatuses({ joined, table }: Running): ModuleStatus[] {
  return [...joined.config.modules].map(([id, { kind }]) => ({ id, kind, active: table.has(id) }));
}

/** The instance of the running module of a kind, the lowest of several. @throws {ClientError} `no_module` */
export function instanceOfKind(running: Running, kind: string): ModuleInstanceId {
  for (const [instance, definition] of running.definitions) {
    if (definition.kind === kind && running.table.has(instance)) return instance;
  }
  throw noModule(running, kind);
}

/** As `Client.use`. @throws {ClientError} `no_module` */
export function usedModule<Api>(running: Running, definition: UsableModule<Api>): Api {
  const { definitions, table, calls } = running;
  for (const [instance, candidate] of definitions) {
    if (table.has(instance) && isSameModule(candidate, definition)) return calls.get(instance)!.api as Api;
  }
  throw noModule(running, definition.kind);
}

/** What a module's commands are, by name; undefined when it doesn't run. */
export function moduleCommands(
  { table, calls }: Running,
  instance: ModuleInstanceId,
): { readonly [name: string]: ClientCommand } | undefined {
  const module = table.get(instance);
  return module && calls.get(instance)!.commands(module);
}

/** The e-cash module. @throws {ClientError} `no_primary_module` */
export function primaryModule({ table, recoveries }: Running): Primary {
  const primary = primaryOf(table);
  if (primary) return primary;
  throw recoveries.whyNot(null) ?? new ClientError({ code: "no_primary_module" }, "No primary module for unit bitcoin");
}
