/**
 * The guardian's side of the meta module: every guardian votes for a value under a key, and what a threshold wants
 * becomes the consensus. Follows fedimint-meta-server 0.13.0.
 */
import { nothingToMigrate } from "../../actors/store/schema.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import { equalBytes } from "../../core/bytes.ts";
import { map, option, u64, unit } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { peerId } from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import { EndpointError } from "../contract/error.ts";
import { readDurable } from "../contract/read_durable.ts";
import type { Endpoint, ServerModule, ServerModuleEnv } from "../contract/server.ts";
import { defineServerModule, endpoint } from "../contract/server.ts";
import { metaCodecs } from "./codecs.ts";
import type { MetaConsensusItem, MetaInputError, MetaOutputError } from "./common.ts";
import {
  META_API_VERSION,
  META_CONSENSUS_VERSION,
  META_KIND,
  metaConsensusValue,
  metaKey,
  metaValue,
  submitRequest,
} from "./common.ts";
import type { MetaVote } from "./server/db.ts";
import {
  allDesired,
  deleteSubmission,
  getConsensus,
  getSubmission,
  setConsensus,
  setDesired,
  setSubmission,
  submissionsFor,
} from "./server/db.ts";
import { META_VALUE_BYTES_MAX } from "./limits.ts";

type MetaModule = ServerModule<null, null, null, MetaConsensusItem, MetaInputError, MetaOutputError>;

function sameVote(a: MetaVote | undefined, b: MetaVote): boolean {
  return a !== undefined && a.salt === b.salt && equalBytes(a.value, b.value);
}

/**
 * Counts a vote. Never refuses one, since the reference accepts redundant votes into the session's outcome too.
 * A vote for what is consensus already only withdraws the guardian's other vote.
 */
async function processVote(tx: StoreTx, item: MetaConsensusItem, peer: PeerId, peers: NumPeers): Promise<void> {
  const { key, value, salt } = item;
  const earlier = await getSubmission(tx, key, peer);
  if (earlier && !sameVote(earlier, { salt, value })) deleteSubmission(tx, key, peer);
  const consensus = await getConsensus(tx, key);
  if (consensus && equalBytes(consensus.value, value)) return;

  setSubmission(tx, key, peer, { salt, value });
  const agreeing = [...await submissionsFor(tx, key)].filter(([, vote]) => equalBytes(vote.value, value));
  if (agreeing.length < peers.threshold) return;
  const revision = consensus ? BigInt.asUintN(64, consensus.revision + 1n) : 0n;
  setConsensus(tx, key, { revision, value });
  for (const [voter] of agreeing) deleteSubmission(tx, key, voter);
}

/** Our votes that are not counted yet, or that must replace an older one of ours. */
async function proposals(tx: ReadTx, identity: PeerId): Promise<MetaConsensusItem[]> {
  const items: MetaConsensusItem[] = [];
  for (const { key, vote } of await allDesired(tx)) {
    const counted = await getSubmission(tx, key, identity);
    if (sameVote(counted, vote)) continue;
    const consensus = await getConsensus(tx, key);
    const reached = consensus !== undefined && equalBytes(consensus.value, vote.value);
    // reached, but outvoted before: the same value once more withdraws the older vote
    if (!reached || counted) items.push({ key, ...vote });
  }
  return items;
}

/** A random u64. */
function salt(platform: Platform): bigint {
  return new DataView(platform.dice.bytes(8).buffer).getBigUint64(0);
}

function endpoints(env: ServerModuleEnv<null, null>): { readonly [name: string]: Endpoint } {
  const since = META_API_VERSION;
  return {
    submit: endpoint({
      since,
      admin: true,
      params: submitRequest,
      result: unit,
      handle: async ({ key, value }) => {
        if (value.length > META_VALUE_BYTES_MAX) {
          throw EndpointError.badRequest(
            `Value has ${value.length} bytes, at most ${META_VALUE_BYTES_MAX} fit into a unit`,
          );
        }
        const vote = { salt: salt(env.platform), value };
        const { durable } = await env.store.transact((tx) => setDesired(tx, key, vote));
        await durable;
        env.log.info("own guardian submitted a value", { key, bytes: value.length });
        return null;
      },
    }),
    get_consensus: endpoint({
      since,
      params: metaKey,
      result: option(metaConsensusValue),
      handle: async (key) => await readDurable(env.store, (tx) => getConsensus(tx, key)) ?? null,
    }),
    get_consensus_rev: endpoint({
      since,
      params: metaKey,
      result: option(u64),
      handle: async (key) => (await readDurable(env.store, (tx) => getConsensus(tx, key)))?.revision ?? null,
    }),
    get_submission: endpoint({
      since,
      admin: true,
      params: metaKey,
      result: map(peerId, metaValue),
      handle: async (key) => {
        const votes = await readDurable(env.store, (tx) => submissionsFor(tx, key));
        return new Map([...votes].map(([peer, vote]) => [peer, vote.value]));
      },
    }),
  };
}

function startMeta(env: ServerModuleEnv<null, null>): Promise<MetaModule> {
  return Promise.resolve<MetaModule>({
    processInput: () => Promise.resolve(err({ tag: "NotSupported", value: null })),
    processOutput: () => Promise.resolve(err({ tag: "NotSupported", value: null })),
    processConsensusItem: async (tx, item, peer) => {
      await processVote(tx, item, peer, env.peers);
      return ok(null);
    },
    outputStatus: () => Promise.resolve(null),
    consensusProposal: (tx) => proposals(tx, env.identity),
    audit: () => Promise.resolve(0n),
    apiEndpoints: endpoints(env),
  });
}

export const metaServer = defineServerModule({
  kind: META_KIND,
  consensusVersion: META_CONSENSUS_VERSION,
  enabledByDefault: true,
  setupVariable: { name: "FM_DISABLE_META_MODULE", turns: "off" },
  apiVersions: [META_API_VERSION],
  codecs: metaCodecs,
  privateConfig: unit,
  schema: { version: 1, migrations: { 0: nothingToMigrate } },
  distributedGen: () => Promise.resolve({ config: null, privateConfig: null }),
  validateConfig: () => ok(null),
  getClientConfig: () => ({ bytes: new Uint8Array(), json: null }),
  start: startMeta,
});
