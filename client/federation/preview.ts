/** A federation as it is before it is joined: who keeps it, what it can do, what it says of itself. Nothing of it is stored. */
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import { federationName } from "../../core/types/client_config.ts";
import type { FederationId, ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { Version } from "../../core/types/version.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import type { JoinTools } from "./join.ts";
import { downloadConfig, urlsOf } from "./join.ts";
import type { FederationMeta } from "./known_meta.ts";
import { askedMeta, metaOfConfig } from "./known_meta.ts";
import { definitionsFor } from "../core/definitions.ts";
import { networkOf } from "./network.ts";

/** What is to be known of a federation before joining it. */
export type FederationPreview = {
  readonly federationId: FederationId;
  readonly name: string | null;
  /** Null when the federation has no Bitcoin wallet that this client knows. */
  readonly network: BitcoinNetwork | null;
  /** By id, ascending: who keeps the money. */
  readonly guardians: readonly { readonly peer: PeerId; readonly name: string; readonly url: string }[];
  /** So many of them must be honest, and there, for anything to be done. */
  readonly threshold: number;
  /** What it can do. `isKnown`: this client can use it. */
  readonly modules: readonly {
    readonly id: ModuleInstanceId;
    readonly kind: string;
    readonly version: Version;
    readonly isKnown: boolean;
  }[];
  readonly meta: FederationMeta;
};

/** @throws as `downloadConfig` */
export async function previewOf(
  invite: InviteCode,
  tools: JoinTools,
  known: readonly AnyClientModuleDefinition[],
  signal: AbortSignal,
): Promise<FederationPreview> {
  const { federationId, apiSecret } = invite;
  const config = await downloadConfig(invite, tools, signal);
  const { apiEndpoints } = config.global, urls = urlsOf(config), definitions = definitionsFor(config, known);
  const meta = await tools.withGuardians(
    urls,
    apiSecret,
    (api) => askedMeta({ platform: tools.platform, api, config, federationId }, signal),
  );
  return {
    federationId,
    name: meta?.name ?? federationName(config),
    network: networkOf(config),
    guardians: [...apiEndpoints].sort(([a], [b]) => a - b).map(([peer, { name, url }]) => ({ peer, name, url })),
    threshold: numPeers(apiEndpoints.size).threshold,
    modules: [...config.modules].map(([id, { kind, version }]) => ({
      id,
      kind,
      version,
      isKnown: definitions.has(id),
    })),
    meta: meta ?? metaOfConfig(config),
  };
}
