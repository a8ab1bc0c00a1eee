/** The supervisor tree of the API: the listener, and an actor for each connection. */
import { Handover } from "../../actors/handover.ts";
import type { Address } from "../../actors/platform/platform.ts";
import type { SupervisorSpec } from "../../actors/supervisor.ts";
import { child, supervisor } from "../../actors/supervisor.ts";
import { coreMethods } from "./methods/core.ts";
import type { ApiDeps } from "./deps.ts";
import type { Methods } from "./dispatch.ts";
import type { Client } from "./connection.ts";
import { apiListener } from "./listener.ts";
import { moduleMethods } from "./methods/modules.ts";

/** @param parent path of the supervisor above */
export function apiTree(
  parent: string,
  options: {
    readonly bind: Address;
    readonly methods: Methods;
    readonly connectionsMax: number;
    readonly connectionsPerAddress: number;
    readonly apiSecrets: readonly string[];
  },
): SupervisorSpec {
  return supervisor("api", {
    strategy: "one_for_all", // a new listener has none of the connections of the one before
    children: [
      supervisor("connections", { intensity: 1_000, periodMs: 10_000, children: [] }),
      child(apiListener, {
        args: { ...options, supervisor: `${parent}/api/connections`, handover: new Handover<Client>() },
      }),
    ],
  });
}

/** Everything that a guardian in consensus answers. */
export function consensusMethods(deps: ApiDeps): Methods {
  const core = new Map(Object.entries(coreMethods(deps)));
  const modules = moduleMethods(deps);
  return (name) => core.get(name) ?? modules(name);
}
