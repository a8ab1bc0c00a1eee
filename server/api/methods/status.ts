/**
 * The endpoints about the guardian's state and for its operator. fedimint-server `consensus/api.rs`;
 * docs/protocol/02-api.md §3.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";
import type { Codec, CodecType } from "../../../core/encoding/mod.ts";
import {
  bool,
  hexBytes,
  map,
  option,
  stringifyJson,
  struct,
  text,
  u64Number,
  unit,
} from "../../../core/encoding/mod.ts";
import type { Duration } from "../../../core/types/duration.ts";
import { duration } from "../../../core/types/duration.ts";
import { blockHash, peerId } from "../../../core/types/ids.ts";
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import { serverConfigConsensus, serverConfigLocal, serverConfigPrivate } from "../../../core/types/server_config.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import { readDurable } from "../../../modules/contract/read_durable.ts";
import { finishedSessions, modulePrefix } from "../../consensus/store/db.ts";
import type { GuardianConfig } from "../../config/guardian_config.ts";
import type { ApiDeps } from "../deps.ts";
import type { Method } from "../dispatch.ts";
import { method } from "../method.ts";
import { runningModule } from "./modules.ts";
import { tarArchive } from "../../config/tar.ts";

const peerStatus = struct("PeerStatus", {
  lastContribution: option(u64Number),
  connectionStatus: text,
  flagged: bool,
});
const federationStatus = struct("FederationStatus", {
  sessionCount: u64Number,
  statusByPeer: map(peerId, peerStatus),
  peersOnline: u64Number,
  peersOffline: u64Number,
  peersFlagged: u64Number,
  scheduledShutdown: option(u64Number),
});
const status = struct("StatusResponse", { server: text, federation: federationStatus });
type Status = CodecType<typeof status>;

/** Signed amounts have no encoding of their own: JSON numbers. */
const signedMsat: Pick<Codec<bigint>, "toJson"> = {
  toJson: (value) => Number.isSafeInteger(Number(value)) ? Number(value) : value,
};

type Audit = {
  readonly netAssets: bigint;
  readonly modules: readonly {
    readonly instance: ModuleInstanceId;
    readonly kind: string;
    readonly netAssets: bigint;
  }[];
};
const audit: Pick<Codec<Audit>, "toJson"> = {
  toJson: ({ netAssets, modules }) => ({
    net_assets: signedMsat.toJson(netAssets),
    module_summaries: Object.fromEntries(
      modules.map((
        module,
      ) => [String(module.instance), { net_assets: signedMsat.toJson(module.netAssets), kind: module.kind }]),
    ),
  }),
};

async function statusOf({ store, board, connected, config }: ApiDeps): Promise<Status> {
  const sessionCount = await readDurable(store, finishedSessions);
  const { contributions, scheduledShutdown } = board;
  const others = [...config.consensus.apiEndpoints.keys()].filter((peer) => peer !== config.local.identity);
  const statusByPeer = new Map(others.map((peer) => {
    const lastContribution = contributions.get(peer) ?? null;
    return [peer, {
      lastContribution,
      connectionStatus: connected.has(peer) ? "connected" : "disconnected",
      flagged: (lastContribution ?? 0) + 1 < sessionCount,
    }];
  }));
  const peersOnline = others.filter((peer) => connected.has(peer)).length;
  return {
    server: "consensus_running",
    federation: {
      sessionCount,
      statusByPeer,
      peersOnline,
      peersOffline: others.length - peersOnline,
      peersFlagged: [...statusByPeer.values()].filter(({ flagged }) => flagged).length,
      scheduledShutdown,
    },
  };
}

async function auditOf({ store, modules, configured }: ApiDeps): Promise<Audit> {
  return await readDurable(store, async (tx) => {
    const summaries: Audit["modules"][number][] = [];
    for (const instance of modules.refs.keys()) {
      const netAssets = await runningModule(modules, instance).module.audit(tx.view(modulePrefix(instance)));
      summaries.push({ instance, kind: configured.get(instance)!.definition.kind, netAssets });
    }
    return { netAssets: summaries.reduce((sum, { netAssets }) => sum + netAssets, 0n), modules: summaries };
  });
}

/** What restores a guardian: its config files. Secret. */
function configArchive({ consensus, local, private: secret }: GuardianConfig): Bytes {
  return tarArchive(
    new Map([
      ["local.json", utf8(stringifyJson(serverConfigLocal.toJson(local)))],
      ["consensus.json", utf8(stringifyJson(serverConfigConsensus.toJson(consensus)))],
      ["private.json", utf8(stringifyJson(serverConfigPrivate.toJson(secret)))],
    ]),
  );
}

/** @param ms with a fraction */
function durationFromMs(ms: number): Duration {
  const nanos = BigInt(Math.round(ms * 1_000_000));
  return { secs: nanos / 1_000_000_000n, nanos: Number(nanos % 1_000_000_000n) };
}

export function statusMethods(deps: ApiDeps): Record<string, Method> {
  const { sender, sessions, board, connected, bitcoin, apiPassword, config } = deps;
  const admin = { password: apiPassword };
  const others = [...config.consensus.apiEndpoints.keys()].filter((peer) => peer !== config.local.identity);
  const connection = struct("P2PConnectionStatus", { connType: option(text), rtt: option(duration) });
  return {
    status: method({ params: unit, result: status, handle: () => statusOf(deps) }),
    p2p_connection_status: method({
      params: unit,
      result: map(peerId, option(connection)),
      handle: () =>
        new Map(others.map((peer) => [peer, connected.has(peer) ? { connType: "direct", rtt: null } : null])),
    }),
    consensus_ord_latency: method({
      params: unit,
      result: option(duration),
      handle: () => board.orderingLatencyMs === null ? null : durationFromMs(board.orderingLatencyMs),
    }),
    chain_id: method({
      params: unit,
      result: blockHash,
      handle: async () => {
        const now = await bitcoin.status();
        if (!now) throw EndpointError.failed("The Bitcoin node of this guardian can't be reached");
        return now.chainId;
      },
    }),
    download_guardian_backup: method({
      admin,
      params: unit,
      result: struct("GuardianConfigBackup", { tarArchiveBytes: hexBytes }),
      handle: () => ({ tarArchiveBytes: configArchive(config) }),
    }),
    auth: method({ admin, params: unit, result: unit, handle: () => null }),
    audit: method({ admin, params: unit, result: audit, handle: () => auditOf(deps) }),
    shutdown: method({
      admin,
      params: option(u64Number),
      result: unit,
      handle: (session) => sender.ask(sessions, "scheduleShutdown", { session }),
    }),
  };
}
