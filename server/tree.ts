/**
 * The guardian's whole supervisor tree.
 *
 * ```
 * guardian                              one_for_one
 * ├─ bitcoin                            watches the Bitcoin node
 * ├─ disk                               watches the room on the disk
 * ├─ setup, ceremony, reach             only until the guardian is configured
 * ├─ peers                              one_for_one: router, link:<peer> …, listener
 * ├─ federation                         one_for_one: guardian:<peer> …, connections to the other guardians' APIs
 * ├─ gossip                             one_for_one: announcements, metadata: what guardians say of themselves;
 * │                                     own_statements: what we have said; invite_file: follows it
 * ├─ consensus                          rest_for_one
 * │  ├─ modules                         one_for_one: <id>:<kind> …
 * │  ├─ mempool                         items that wait for our next unit
 * │  ├─ submissions                     transactions that clients wait for
 * │  ├─ engine                          processes ordered items, one store transaction a unit
 * │  ├─ current                         a fresh tree each session
 * │  │  └─ session:<n>                  one_for_all: outcome, broadcast, pieces, catch_up (a single guardian: single)
 * │  ├─ sessions                        starts them one after the other
 * │  └─ proposals                       asks modules for items
 * └─ api                                one_for_all: connections (connection:<n> …), listener
 * ```
 */
import type { ActorRef } from "../actors/protocol.ts";
import { refTo } from "../actors/protocol.ts";
import type { RpcRef } from "../actors/rpc/mod.ts";
import { apiSecretHeaders, rpcConnection } from "../actors/rpc/mod.ts";
import type { StoreView } from "../actors/store/store.ts";
import type { SupervisorSpec } from "../actors/supervisor.ts";
import { child, supervisor } from "../actors/supervisor.ts";
import type { Decoders } from "../core/types/dyn.ts";
import type { FederationId, ModuleInstanceId, PeerId } from "../core/types/ids.ts";
import type { BitcoinSource } from "../modules/contract/bitcoin.ts";
import { gossipChildren } from "./gossip/gossip.ts";
import { inviteFile } from "./api/invite_file.ts";
import { ownStatements } from "./gossip/own_statements.ts";
import type { BitcoinMessage, BitcoinWatcherArgs } from "./bitcoin/mod.ts";
import { bitcoinWatcher } from "./bitcoin/mod.ts";
import type { Keychain } from "./broadcast/keychain.ts";
import type { ConsensusBoard } from "./consensus/session/board.ts";
import type { OwnUnitsMemory } from "./consensus/session/broadcast.ts";
import { broadcastChild, ownUnitsMemory } from "./consensus/session/broadcast.ts";
import { catchUp } from "./consensus/session/catch_up.ts";
import { modulePrefix } from "./consensus/store/db.ts";
import type { Disagreement } from "./consensus/engine/disagreement.ts";
import type { EngineRef } from "./consensus/engine/engine.ts";
import { engine } from "./consensus/engine/engine.ts";
import type { MempoolRef } from "./consensus/waiting/mempool.ts";
import { mempool } from "./consensus/waiting/mempool.ts";
import type { ModuleRef } from "./consensus/engine/module_actor.ts";
import { moduleActor } from "./consensus/engine/module_actor.ts";
import type { OutcomeRef } from "./consensus/session/outcome.ts";
import { outcome } from "./consensus/session/outcome.ts";
import type { PiecesRef } from "./consensus/pieces/pieces.ts";
import { pieces } from "./consensus/pieces/pieces.ts";
import { proposals } from "./consensus/waiting/proposals.ts";
import type { SessionsRef } from "./consensus/session/sessions.ts";
import { sessions } from "./consensus/session/sessions.ts";
import type { ConsensusSettings } from "./consensus/settings.ts";
import { single } from "./consensus/session/single.ts";
import { WastedWork } from "./consensus/wasted_work.ts";
import type { SubmissionsRef } from "./consensus/waiting/submissions.ts";
import { submissions } from "./consensus/waiting/submissions.ts";
import type { Modules } from "./consensus/engine/transaction.ts";
import { modulesWith } from "./consensus/engine/transaction.ts";
import type { DiskWatchArgs } from "./disk_watch.ts";
import { diskWatch } from "./disk_watch.ts";
import type { RouterRef } from "./peers/router.ts";
import { routerRef } from "./peers/tree.ts";
import type { ConfiguredModule, GuardianConfig } from "./config/guardian_config.ts";
import type { CeremonyRef } from "./setup/ceremony.ts";
import type { SetupRef } from "./setup/setup_actor.ts";

export const ROOT = "guardian";
const CONSENSUS = `${ROOT}/consensus`;

export const paths = {
  bitcoin: refTo(`${ROOT}/bitcoin`) as ActorRef<BitcoinMessage>,
  setup: refTo(`${ROOT}/setup`) as SetupRef,
  ceremony: refTo(`${ROOT}/ceremony`) as CeremonyRef,
  router: routerRef(ROOT) as RouterRef,
  engine: refTo(`${CONSENSUS}/engine`) as EngineRef,
  mempool: refTo(`${CONSENSUS}/mempool`) as MempoolRef,
  submissions: refTo(`${CONSENSUS}/submissions`) as SubmissionsRef,
  sessions: refTo(`${CONSENSUS}/sessions`) as SessionsRef,
  current: `${CONSENSUS}/current`,
};

/** What every guardian starts with, configured or not. */
export function rootTree(bitcoin: BitcoinWatcherArgs, disk: DiskWatchArgs): SupervisorSpec {
  return supervisor(ROOT, {
    children: [child(bitcoinWatcher, { id: "bitcoin", args: bitcoin }), child(diskWatch, { args: disk })],
  });
}

/** Modules as the others reach them. */
export function modulesOf(configured: ReadonlyMap<ModuleInstanceId, ConfiguredModule>): Modules {
  const refs = new Map<ModuleInstanceId, ModuleRef>();
  const decoders = new Map() as Map<ModuleInstanceId, Decoders extends ReadonlyMap<number, infer C> ? C : never>;
  for (const [instance, { definition }] of configured) {
    refs.set(instance, refTo(`${CONSENSUS}/modules/${instance}:${definition.kind}`));
    decoders.set(instance, definition.codecs);
  }
  return modulesWith(refs, decoders);
}

/** Connections to the other guardians' APIs. */
export function federationTree(urls: ReadonlyMap<PeerId, string>, apiSecret: string | null): SupervisorSpec {
  return supervisor("federation", {
    intensity: 10,
    children: [...urls].map(([peer, url]) =>
      child(rpcConnection, { id: `guardian:${peer}`, args: { url, ...apiSecretHeaders(apiSecret) } })
    ),
  });
}

export function guardianRefs(peers: Iterable<PeerId>): Map<PeerId, RpcRef> {
  return new Map([...peers].map((peer) => [peer, refTo(`${ROOT}/federation/guardian:${peer}`)]));
}

export type GossipTreeArgs = {
  readonly store: StoreView;
  readonly config: GuardianConfig;
  readonly guardians: ReadonlyMap<PeerId, RpcRef>;
  readonly federationId: FederationId;
  /** In our invites. Secret. */
  readonly apiSecret: string | null;
  /** Path of the file with our invite code. */
  readonly invitePath: string;
  readonly testEnvironment: boolean;
};

/** Tells the other guardians where each of us is, and keeps our own invite code at that. */
export function gossipTree(args: GossipTreeArgs): SupervisorSpec {
  const { store, config, guardians, federationId, apiSecret, invitePath, testEnvironment } = args;
  return supervisor("gossip", {
    children: [
      child(inviteFile, { args: { store, config, federationId, apiSecret, path: invitePath } }),
      ...gossipChildren({ store, identity: config.local.identity, guardians, testEnvironment }),
      child(ownStatements, { args: { store, config, guardians, testEnvironment } }),
    ],
  });
}

export type ConsensusArgs = {
  readonly store: StoreView;
  readonly settings: ConsensusSettings;
  readonly keychain: Keychain;
  readonly configured: ReadonlyMap<ModuleInstanceId, ConfiguredModule>;
  /** The same as the API's: what one of them has decoded the other needn't. */
  readonly modules: Modules;
  /** The same as the API's: what consensus shows there. */
  readonly board: ConsensusBoard;
  readonly bitcoin: BitcoinSource;
  /** Resolves when the Bitcoin node is synced. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** A planned shutdown has come. */
  readonly shutdown: () => void;
  /** The federation signed an outcome that isn't ours. */
  readonly disagreed: (found: Disagreement) => void;
  /** Another process runs with our keys. */
  readonly copyFound: () => void;
};

export function consensusTree(args: ConsensusArgs): SupervisorSpec {
  const { store, settings, configured, modules, board, bitcoin } = args;
  const ownUnits = ownUnitsMemory(), wasted = new WastedWork();
  return supervisor("consensus", {
    strategy: "rest_for_one",
    intensity: 3,
    periodMs: 10_000, // a fourth crash in 10 s is a bug: give up loudly
    children: [
      supervisor("modules", {
        children: [...configured].map(([instance, { definition, config, privateConfig }]) =>
          child(moduleActor, {
            id: `${instance}:${definition.kind}`,
            args: {
              definition,
              live: modules.live,
              guardians: guardianRefs(othersOf(settings)),
              env: {
                instance,
                identity: settings.identity,
                peers: settings.peers,
                config,
                privateConfig,
                store: store.view(modulePrefix(instance)),
                bitcoin,
                testEnvironment: settings.testEnvironment,
              },
            },
          })
        ),
      }),
      child(mempool, { args: { board } }),
      child(submissions, { args: { store, modules, mempool: paths.mempool, version: settings.version } }),
      child(engine, { args: { store, modules, settings, submissions: paths.submissions, board, wasted } }),
      supervisor("current", { children: [] }),
      child(sessions, {
        args: {
          engine: paths.engine,
          supervisor: paths.current,
          sessionTree: (session) => sessionTree(session, args, { ownUnits, wasted }),
          ready: args.ready,
          timeoutMs: settings.sessionTimeoutMs,
          total: settings.peers.total,
          shutdown: args.shutdown,
          disagreed: args.disagreed,
          board,
        },
      }),
      child(proposals, {
        args: { modules, mempool: paths.mempool, intervalMs: settings.testEnvironment ? 100 : 1_000 },
      }),
    ],
  });
}

function othersOf({ broadcastKeys, identity }: ConsensusSettings): PeerId[] {
  return [...broadcastKeys.keys()].filter((peer) => peer !== identity);
}

/** One session: if one part crashes all start anew, from the units in the store. */
function sessionTree(
  session: number,
  { store, settings, keychain, modules, copyFound }: ConsensusArgs,
  { ownUnits, wasted }: { readonly ownUnits: OwnUnitsMemory; readonly wasted: WastedWork },
): SupervisorSpec {
  const { engine: engineRef, mempool: mempoolRef, sessions: sessionsRef } = paths;
  const id = `session:${session}`;
  if (settings.peers.total === 1) {
    const args = {
      session,
      identity: settings.identity,
      keychain,
      engine: engineRef,
      mempool: mempoolRef,
      sessions: sessionsRef,
    };
    return supervisor(id, { children: [child(single, { args, restart: "transient" })] });
  }
  const outcomeRef: OutcomeRef = refTo(`${paths.current}/${id}/outcome`);
  const piecesRef: PiecesRef = refTo(`${paths.current}/${id}/pieces`);
  const fetching = {
    session,
    peers: settings.peers,
    keychain,
    modules,
    outcome: outcomeRef,
    guardians: guardianRefs(othersOf(settings)),
  };
  return supervisor(id, {
    strategy: "one_for_all",
    children: [
      child(outcome, {
        args: {
          session,
          settings,
          keychain,
          modules,
          engine: engineRef,
          mempool: mempoolRef,
          sessions: sessionsRef,
          wasted,
        },
        restart: "transient",
      }),
      broadcastChild({
        session,
        settings,
        keychain,
        store,
        mempool: mempoolRef,
        outcome: outcomeRef,
        router: paths.router,
        ownUnits,
        wasted,
        copyFound,
      }),
      child(pieces, { args: fetching }),
      child(catchUp, { args: { ...fetching, pieces: piecesRef } }),
    ],
  });
}
