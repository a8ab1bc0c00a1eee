/**
 * The gateway's supervisor tree. Its wallets are clients, each with a tree of its own (`../tree.ts`); its node is one
 * that it was given, or the embedded one.
 *
 * ```
 * gateway                             one_for_one
 * ├─ ldk                              the embedded node's process, where there is one
 * ├─ pruner                           deletes registrations of old invoices
 * ├─ held                             listens for payments that the node holds
 * └─ http                             the API
 * ```
 */
import type { SupervisorSpec } from "../../actors/supervisor.ts";
import { child, supervisor } from "../../actors/supervisor.ts";
import { refTo } from "../../actors/protocol.ts";
import type { HeldListenerArgs } from "./held_listener.ts";
import { heldListener } from "./held_listener.ts";
import type { HttpArgs } from "./http.ts";
import { httpListener } from "./http.ts";
import { LDK_STOP_MS } from "./limits.ts";
import type { LdkMessage, LdkProcessArgs } from "./node/ldk/process.ts";
import { ldkProcess } from "./node/ldk/process.ts";
import type { PrunerArgs } from "./pruner.ts";
import { pruner } from "./pruner.ts";

/** The embedded node's process in the tree. */
export const LDK = refTo<LdkMessage>("gateway/ldk");

export function gatewayTree(args: {
  readonly ldk: LdkProcessArgs | null;
  readonly pruner: PrunerArgs;
  readonly held: HeldListenerArgs;
  readonly http: HttpArgs;
}): SupervisorSpec {
  return supervisor("gateway", {
    children: [
      ...(args.ldk === null ? [] : [child(ldkProcess, { args: args.ldk, shutdownMs: LDK_STOP_MS })]),
      child(pruner, { args: args.pruner }),
      child(heldListener, { args: args.held }),
      child(httpListener, { args: args.http }),
    ],
  });
}
