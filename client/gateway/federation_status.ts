/**
 * How a gateway stands with one federation, for whoever names it. fedimint-gateway-common 0.13.0
 * (`federation_status.rs`).
 */
import type { LinkState } from "../../actors/rpc/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { struct } from "../../core/encoding/mod.ts";
import type { FederationId } from "../../core/types/ids.ts";
import { federationId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { version } from "../../core/types/version.ts";
import { LN_KIND } from "../../modules/ln/common.ts";
import { LNV2_KIND } from "../../modules/lnv2/common.ts";
import { GatewayError } from "./error.ts";
import type { Federations, ServedFederation } from "./federations.ts";
import type { Registrations } from "./registrations.ts";

/** Body of `/federation_status`. */
export const federationStatusRequest = struct("FederationStatusRequest", { federationId });

/** `unserved` for one that isn't served or doesn't run: nothing is told of others. */
export async function federationStatus(
  { federations, registrations }: { readonly federations: Federations; readonly registrations: Registrations },
  id: FederationId,
  signal: AbortSignal,
): Promise<Json> {
  let served: ServedFederation;
  try {
    served = await federations.served(id);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return { federation_id: id, federation_status: "unserved" };
  }
  const { wallet } = served, links = await wallet.connections(signal);
  const { modules } = wallet.client.running.joined.config;
  const statusOf = (kind: string, registration: Json): Json => {
    const module = [...modules.values()].find((found) => found.kind === kind);
    if (!module) return { module_status: "absent" };
    return { module_status: "supported", consensus_version: version.toJson(module.version), registration };
  };
  return {
    federation_id: id,
    federation_status: "served",
    connectivity: connectivityOf(links.map(({ state }) => state)),
    lnv1: statusOf(LN_KIND, registrations.status(id)),
    lnv2: statusOf(LNV2_KIND, { mode: "federation_managed" }),
  };
}

/** By the connections that are there at this moment. */
export function connectivityOf(states: readonly LinkState[]): "disconnected" | "degraded" | "connected" {
  const connected = states.filter((state) => state === "connected").length;
  if (connected === 0) return "disconnected";
  return connected < numPeers(states.length).threshold ? "degraded" : "connected";
}
