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
import { LNV2_KIND } from "../../modules/lnv2/common.ts";
import { GatewayError } from "./error.ts";
import type { Federations, ServedFederation } from "./federations.ts";

/** Body of `/federation_status`. */
export const federationStatusRequest = struct("FederationStatusRequest", { federationId });

/** `unserved` for one that isn't served or doesn't run: nothing is told of others. */
export async function federationStatus(federations: Federations, id: FederationId, signal: AbortSignal): Promise<Json> {
  let served: ServedFederation;
  try {
    served = await federations.served(id);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return { federation_id: id, federation_status: "unserved" };
  }
  const { wallet } = served, links = await wallet.connections(signal);
  const { modules } = wallet.client.running.joined.config;
  const lnv2 = [...modules.values()].find(({ kind }) => kind === LNV2_KIND);
  return {
    federation_id: id,
    federation_status: "served",
    connectivity: connectivityOf(links.map(({ state }) => state)),
    // none is served without lnv2, and this gateway does nothing for version 1
    lnv1: { module_status: "absent" },
    lnv2: lnv2 === undefined ? { module_status: "absent" } : {
      module_status: "supported",
      consensus_version: version.toJson(lnv2.version),
      registration: { mode: "federation_managed" },
    },
  };
}

/** By the connections that are there at this moment. */
export function connectivityOf(states: readonly LinkState[]): "disconnected" | "degraded" | "connected" {
  const connected = states.filter((state) => state === "connected").length;
  if (connected === 0) return "disconnected";
  return connected < numPeers(states.length).threshold ? "degraded" : "connected";
}
