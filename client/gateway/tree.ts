/**
 * The gateway's supervisor tree. Its wallets are clients, each with a tree of its own (`../tree.ts`); the node is one
 * that it was given.
 *
 * ```
 * gateway                             one_for_one
 * ├─ pruner                           deletes registrations of old invoices
 * ├─ held                             listens for payments that the node holds
 * └─ http                             the API
 * ```
 */
import type { SupervisorSpec } from "../../actors/supervisor.ts";
import { child, supervisor } from "../../actors/supervisor.ts";
import type { HeldListenerArgs } from "./held_listener.ts";
import { heldListener } from "./held_listener.ts";
import type { HttpArgs } from "./http.ts";
import { httpListener } from "./http.ts";
import type { PrunerArgs } from "./pruner.ts";
import { pruner } from "./pruner.ts";

export function gatewayTree(args: {
  readonly pruner: PrunerArgs;
  readonly held: HeldListenerArgs;
  readonly http: HttpArgs;
}): SupervisorSpec {
  return supervisor("gateway", {
    children: [
      child(pruner, { args: args.pruner }),
      child(heldListener, { args: args.held }),
      child(httpListener, { args: args.http }),
    ],
  });
}
