/** For tests: a federation whose guardians are scripts, with modules of the test's own. */
import type { Bytes } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { ClientConfig, ClientModuleConfig } from "../../core/types/client_config.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import type { ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { newInviteCode } from "../../core/types/invite_code.ts";
import type { SignedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { signApiAnnouncement, signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { FEDIMINT_VERSION } from "../../core/types/version.ts";
import type { Asked, Behaviour, ClientWorld, Script } from "./world.ts";
import { HONEST, serveGuardians, unknownMethod } from "./world.ts";

const PORTS_FROM = 7_000;
const VERSION = { major: 2, minor: 1 };

export type ToyFederation = {
  readonly config: ClientConfig;
  readonly invite: InviteCode;
  /** What honest guardians answer to the core's own methods. */
  readonly honest: Script;
};

function secretKeyOf(peer: PeerId): Bytes {
  return new Uint8Array(32).fill(peer + 1) as Bytes;
}

export function announcementOf(peer: PeerId, apiUrl: string, nonce: bigint): SignedApiAnnouncement {
  return signApiAnnouncement({ apiUrl, nonce }, secretKeyOf(peer), new Uint8Array(32) as Bytes);
}

export type ToyOptions = {
  readonly guardians?: number;
  /** Kinds by instance; their configs have no bytes. */
  readonly modules?: ReadonlyMap<ModuleInstanceId, string>;
  /** Modules with configs of their own. */
  readonly configs?: ReadonlyMap<ModuleInstanceId, ClientModuleConfig>;
  readonly meta?: Readonly<Record<string, string>>;
  readonly apiSecret?: string;
  /** Host names and ports; default: ports of the client's own machine. */
  readonly urlOf?: (peer: PeerId) => string;
};

export function toyFederation(options: ToyOptions = {}): ToyFederation {
  const { guardians = 4, modules = new Map(), configs = new Map(), meta = {}, apiSecret = null, urlOf = defaultUrl } =
    options;
  const peers = Array.from({ length: guardians }, (_, peer) => peer);
  const config: ClientConfig = {
    global: {
      apiEndpoints: new Map(peers.map((peer) => [peer, { url: urlOf(peer), name: `g${peer}` }])),
      broadcastPublicKeys: new Map(peers.map((peer) => [peer, publicKeyOf(secretKeyOf(peer))])),
      consensusVersion: VERSION,
      meta: new Map(Object.entries(meta)),
    },
    modules: new Map<ModuleInstanceId, ClientModuleConfig>([
      ...[...modules].map(([instance, kind]): [ModuleInstanceId, ClientModuleConfig] => [
        instance,
        { kind, version: { major: 0, minor: 0 }, config: { instance, body: new Uint8Array(0) as Bytes } },
      ]),
      ...configs,
    ]),
  };
  const federationId = federationIdOf(config.global.apiEndpoints), announcements = new Map<PeerId, Json>();
  const invite = newInviteCode({ url: urlOf(0), peer: 0, federationId, apiSecret });
  return { config, invite, honest: (asked) => honest(config, announcements, asked) };
}

function defaultUrl(peer: PeerId): string {
  return `ws://127.0.0.1:${PORTS_FROM + peer}/`;
}

function versionsOf({ modules }: ClientConfig): Json {
  const api = [{ major: 0, minor: 9 }];
  return {
    core: { core_consensus: VERSION, api },
    modules: Object.fromEntries(
      [...modules].map(([id, { version }]) => [
        String(id),
        { core_consensus: VERSION, module_consensus: { ...version }, api },
      ]),
    ),
  };
}

/** @param announcements what was told before: to sign it for each who asks costs more than all else here */
function honest(config: ClientConfig, announcements: Map<PeerId, Json>, { peer, method }: Asked): Json {
  switch (method) {
    case "client_config":
      return clientConfig.toJson(config);
    case "version":
      return versionsOf(config);
    case "session_count":
      return 5;
    case "chain_id":
      return "ab".repeat(32);
    case "fedimintd_version":
      return FEDIMINT_VERSION;
    case "api_announcements": {
      const { url } = config.global.apiEndpoints.get(peer)!;
      const told = announcements.get(peer) ?? signedApiAnnouncement.toJson(announcementOf(peer, url, 0n));
      announcements.set(peer, told);
      return { [String(peer)]: told };
    }
    case "guardian_metadata":
      return {};
    default:
      return unknownMethod();
  }
}

/** Starts the guardians whose URLs are on the client's machine. */
export function startGuardians(
  world: ClientWorld,
  { config }: ToyFederation,
  script: Script,
  behaviour: Behaviour = HONEST,
): Promise<void> {
  const ports = [...config.global.apiEndpoints].map((
    [peer, { url }],
  ): [PeerId, number] => [peer, Number(new URL(url).port)]);
  return serveGuardians(world.platform, new Map(ports), script, behaviour);
}
