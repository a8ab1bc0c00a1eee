/**
 * The gateway's supervisor tree. Its wallets are clients, each with a tree of its own (`../tree.ts`); its node is one
 * that it was given, or the embedded one.
 *
 * ```
 * gateway                             one_for_one
 * ├─ ldk                              the embedded node's process, where there is one
 * ├─ pruner                           deletes registrations of old invoices
 * ├─ held                             listens for payments that the node holds
 * ├─ forwards                         answers the node's forwards, where it hands them over
 * ├─ registrar                        keeps the gateway in guardians' lists of version 1, where forwards come
 * └─ http                             the API
 * ```
 */
import type { SupervisorSpec } from "../../actors/supervisor.ts";
import { child, supervisor } from "../../actors/supervisor.ts";
import { refTo } from "../../actors/protocol.ts";
import type { ForwardListenerArgs } from "./forward_listener.ts";
import { forwardListener } from "./forward_listener.ts";
import type { HeldListenerArgs } from "./held_listener.ts";
import { heldListener } from "./held_listener.ts";
import type { HttpArgs } from "./http.ts";
import { httpListener } from "./http.ts";
import { LDK_STOP_MS } from "./limits.ts";
import type { LdkMessage, LdkProcessArgs } from "./node/ldk/process.ts";
import { ldkProcess } from "./node/ldk/process.ts";
import type { PrunerArgs } from "./pruner.ts";
import { pruner } from "./pruner.ts";
import type { RegistrarArgs, RegistrarMessage } from "./registrar.ts";
import { registrar } from "./registrar.ts";

/** The embedded node's process in the tree. */
export const LDK = refTo<LdkMessage>("gateway/ldk");
/** Whom the gateway tells that its prices or federations have changed. */
export const REGISTRAR = refTo<RegistrarMessage>("gateway/registrar");

export function gatewayTree(args: {
  readonly ldk: LdkProcessArgs | null;
  readonly pruner: PrunerArgs;
  readonly held: HeldListenerArgs;
  readonly forwards: ForwardListenerArgs | null;
  readonly registrar: RegistrarArgs | null;
  readonly http: HttpArgs;
}): SupervisorSpec {
  return supervisor("gateway", {
    children: [
      ...(args.ldk === null ? [] : [child(ldkProcess, { args: args.ldk, shutdownMs: LDK_STOP_MS })]),
      child(pruner, { args: args.pruner }),
      child(heldListener, { args: args.held }),
      ...(args.forwards === null ? [] : [child(forwardListener, { args: args.forwards })]),
      ...(args.registrar === null ? [] : [child(registrar, { args: args.registrar })]),
      child(httpListener, { args: args.http }),
    ],
  });
}
