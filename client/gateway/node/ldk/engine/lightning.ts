/**
 * LDK's objects, made from what is on disk: keys, monitors, manager, graph, peers. Whoever uses them keeps this object:
 * LDK holds its callbacks weakly.
 */
import type { Logger } from "../../../../../actors/logger.ts";
import type { Dice } from "../../../../../actors/platform/platform.ts";
import type { BitcoinNetwork } from "../../../../../core/bitcoin/network.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import { hashBytes, ldk, ldkNetwork, unwrap } from "./bindings.ts";
import type { Tip } from "./chain.ts";
import type { Disk } from "./disk.ts";
import type { Fees } from "./fees.ts";
import type { WalletKeys } from "./keys.ts";
import type { Monitors } from "./monitors.ts";
import { signersOf } from "./signers.ts";

export type Lightning = {
  readonly manager: ldk.ChannelManager;
  readonly chainMonitor: ldk.ChainMonitor;
  readonly monitors: readonly ldk.ChannelMonitor[];
  readonly peers: ldk.PeerManager;
  readonly graph: ldk.NetworkGraph;
  readonly scorer: ldk.MultiThreadedLockableScore;
  readonly scores: ldk.ScoreUpdate;
  readonly spender: ldk.OutputSpender;
  readonly watch: ldk.Watch;
  readonly broadcaster: ldk.BroadcasterInterface;
  readonly logger: ldk.Logger;
  /** 33 bytes in hex. */
  readonly nodeKey: string;
  /** 32 bytes: signs invoices. Secret. */
  readonly nodeSecret: Bytes;
  /** Kept alive. */
  readonly kept: readonly unknown[];
};

const INFO = 3, WARN = 4;

/** LDK's text when a peer proved a newer state of a channel than ours; it panics after it. */
const FALLEN_BEHIND = /fallen behind/i;

function loggerOf(log: Logger, onFallenBehind: (text: string) => void): ldk.Logger {
  return ldk.Logger.new_impl({
    log: (record) => {
      const level = record.get_level();
      if (level < INFO) return;
      const text = record.get_args();
      if (level >= WARN && FALLEN_BEHIND.test(text)) onFallenBehind(text);
      const facts = { from: record.get_module_path() };
      // what LDK takes for worth knowing are each payment's steps
      if (level > WARN) log.warn(text, facts);
      else log.debug(text, facts);
    },
  });
}

function userConfig(network: BitcoinNetwork): ldk.UserConfig {
  const config = ldk.UserConfig.constructor_default();
  const handshake = ldk.ChannelHandshakeConfig.constructor_default();
  if (network === "regtest") handshake.set_minimum_depth(1);
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100);
  handshake.set_negotiate_anchors_zero_fee_htlc_tx(false);
  handshake.set_announce_for_forwarding(false);
  config.set_channel_handshake_config(handshake);
  const limits = ldk.ChannelHandshakeLimits.constructor_default();
  limits.set_force_announced_channel_preference(false);
  config.set_channel_handshake_limits(limits);
  config.set_accept_forwards_to_priv_channels(false);
  return config;
}

export async function openLightning(parts: {
  readonly seed: Bytes;
  readonly keys: WalletKeys;
  readonly network: Exclude<BitcoinNetwork, "testnet4">;
  readonly dice: Dice;
  readonly nowSecs: number;
  readonly log: Logger;
  readonly disk: Disk;
  readonly fees: Fees;
  readonly monitors: Monitors;
  /** Where a node that is new begins. */
  readonly newest: () => Promise<Tip>;
  readonly broadcast: (transactions: readonly Uint8Array[]) => void;
  readonly onFallenBehind: (text: string) => void;
}): Promise<Lightning> {
  const { dice, disk, fees, network, nowSecs } = parts;
  // must never be the same at two starts; the clock could be
  const keys = ldk.KeysManager.constructor_new(
    parts.seed,
    BigInt(`0x${toHex(dice.bytes(8))}`),
    dice.below(1_000_000_000),
  );
  const entropy = keys.as_EntropySource(), signer = keys.as_NodeSigner();
  const signers = signersOf(keys, parts.keys, dice);
  const logger = loggerOf(parts.log, parts.onFallenBehind);
  const broadcaster = ldk.BroadcasterInterface.new_impl({ broadcast_transactions: (txs) => parts.broadcast(txs) });
  const chainMonitor = ldk.ChainMonitor.constructor_new(
    ldk.Option_FilterZ.constructor_none(),
    broadcaster,
    logger,
    fees.estimator,
    parts.monitors.persist,
  );
  const watch = chainMonitor.as_Watch();
  const storedGraph = await disk.getBytes("graph"), storedScorer = await disk.getBytes("scorer");
  const graph: ldk.NetworkGraph = storedGraph === null
    ? ldk.NetworkGraph.constructor_new(ldkNetwork(network), logger)
    : unwrap(ldk.NetworkGraph.constructor_read(storedGraph, logger), "the stored graph");
  const decay = ldk.ProbabilisticScoringDecayParameters.constructor_default();
  const score: ldk.ProbabilisticScorer = storedScorer === null
    ? ldk.ProbabilisticScorer.constructor_new(decay, graph, logger)
    : unwrap(ldk.ProbabilisticScorer.constructor_read(storedScorer, decay, graph, logger), "the stored scores");
  const scorer = ldk.MultiThreadedLockableScore.constructor_new(score.as_Score());
  const router = ldk.DefaultRouter.constructor_new(
    graph,
    logger,
    entropy,
    scorer.as_LockableScore(),
    ldk.ProbabilisticScoringFeeParameters.constructor_default(),
  ).as_Router();
  const messageRouter = ldk.DefaultMessageRouter.constructor_new(graph, entropy).as_MessageRouter();
  const config = userConfig(network);
  const monitors = await parts.monitors.load({ entropy, signers, broadcaster, fees: fees.estimator, logger });
  const stored = await disk.getBytes("manager");
  const kept: unknown[] = [keys, entropy, signer, signers, score, router, messageRouter, config, parts.monitors];
  let manager: ldk.ChannelManager;
  if (stored === null) {
    const { hash, height } = await parts.newest();
    const best = ldk.BestBlock.constructor_new(hashBytes(hash), height);
    manager = ldk.ChannelManager.constructor_new(
      fees.estimator,
      watch,
      broadcaster,
      router,
      messageRouter,
      logger,
      entropy,
      signer,
      signers,
      config,
      ldk.ChainParameters.constructor_new(ldkNetwork(network), best),
      nowSecs,
    );
  } else {
    const read = unwrap(
      ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelManagerZ_read(
        stored,
        entropy,
        signer,
        signers,
        fees.estimator,
        watch,
        broadcaster,
        router,
        messageRouter,
        logger,
        config,
        monitors,
      ),
      "the stored channel manager",
    ) as ldk.TwoTuple_ThirtyTwoBytesChannelManagerZ;
    kept.push(read);
    manager = read.get_b();
  }
  const gossip = ldk.P2PGossipSync.constructor_new(graph, ldk.Option_UtxoLookupZ.constructor_none(), logger);
  const ignore = ldk.IgnoringMessageHandler.constructor_new();
  const peers = ldk.PeerManager.constructor_new(
    manager.as_ChannelMessageHandler(),
    gossip.as_RoutingMessageHandler(),
    ignore.as_OnionMessageHandler(),
    ignore.as_CustomMessageHandler(),
    nowSecs,
    dice.bytes(32),
    logger,
    signer,
  );
  kept.push(gossip, ignore);
  return {
    manager,
    chainMonitor,
    monitors,
    peers,
    graph,
    scorer,
    scores: score.as_ScoreUpdate(),
    spender: keys.as_OutputSpender(),
    watch,
    broadcaster,
    logger,
    nodeKey: toHex(manager.get_our_node_id()),
    nodeSecret: keys.get_node_secret_key().slice() as Bytes,
    kept,
  };
}
