/**
 * The guardian's eye on Bitcoin: polls the node's status, fetches blocks, hands transactions on. It holds nothing that
 * must survive, so a node that is away for a while costs time and nothing else: status is null, blocks are asked for
 * again, and modules repeat their transactions. `fedimint-server-core/src/bitcoin_rpc.rs` (`ServerBitcoinRpcMonitor`).
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { Logger } from "../../actors/logger.ts";
import type { Cast, ReplyTo, Request } from "../../actors/protocol.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import type { BitcoinStatus } from "../../modules/contract/bitcoin.ts";
import type { Answer, BackendFailure, BitcoinBackend } from "./backend.ts";
import { failureText } from "./backend.ts";
import { bitcoindBackend } from "./bitcoind.ts";
import { networkOfChain } from "./chain_id.ts";
import { esploraBackend } from "./esplora.ts";
import { hybridBackend } from "./hybrid.ts";
import { TRANSACTION_BYTES_MAX } from "./limits.ts";

export type BitcoinMessage =
  | Request<"status", null, BitcoinStatus | null>
  /** One attempt; whoever needs the block asks again. Refused at once while there is no status, as in the reference. */
  | Request<"blockAt", { readonly height: number }, Result<Bytes, BackendFailure>>
  /** One attempt. The error says why the node doesn't have it. */
  | Request<"broadcast", { readonly transaction: Bytes }, Result<null, string>>
  | Cast<"poll", null>
  | Cast<"polled", Result<BitcoinStatus, BackendFailure>>
  | Cast<
    "fetched",
    { readonly to: ReplyTo<Result<Bytes, BackendFailure>>; readonly block: Result<Bytes, BackendFailure> }
  >
  | Cast<"sent", { readonly to: ReplyTo<Result<null, string>>; readonly outcome: Result<null, BackendFailure> }>
  | Cast<"broken", { readonly cause: unknown }>;

export type BitcoindSettings = {
  readonly url: string;
  readonly username: string;
  /** Secret. */
  readonly password: string;
};

/** One of them, or both: then Esplora answers where bitcoind can't. */
export type BackendSettings =
  | { readonly kind: "bitcoind"; readonly bitcoind: BitcoindSettings }
  | { readonly kind: "esplora"; readonly esploraUrl: string }
  | { readonly kind: "hybrid"; readonly bitcoind: BitcoindSettings; readonly esploraUrl: string };

export type BitcoinSettings = { readonly backend: BackendSettings; readonly pollMs: number };

type State = {
  readonly backend: BitcoinBackend;
  readonly pollMs: number;
  readonly status: BitcoinStatus | null;
  /** What was said last about the node being away; null while it answers. */
  readonly complaint: string | null;
  /** What was said last about a block that can't be had; null since one was. */
  readonly blockComplaint: string | null;
};

/** Regtest nodes have no estimate; the reference takes this one without asking. */
const REGTEST_FEERATE_SAT_PER_KVB = 1000n;

export const bitcoinWatcher = defineActor<BitcoinMessage, BitcoinSettings, State>({
  name: "bitcoin",
  init: (ctx, { backend, pollMs }): State => {
    const node = backendOf(ctx.platform, backend, ctx.log);
    poll(ctx, node);
    return { backend: node, pollMs, status: null, complaint: null, blockComplaint: null };
  },
  handle: {
    status: (state) => reply(state, state.status),
    blockAt: (state, { height }, ctx, to) => {
      if (state.status === null) return reply(state, err<BackendFailure>({ code: "unreachable" }));
      ctx.run(
        (signal) => fetchBlock(state.backend, height, signal),
        (outcome) => outcome.ok ? { type: "fetched", args: { to, block: outcome.value } } : broken(outcome.error),
      );
      return next(state);
    },
    broadcast: (state, { transaction }, ctx, to) => {
      if (transaction.length > TRANSACTION_BYTES_MAX) {
        return reply(state, err(`it has ${transaction.length} bytes, more than any node relays`));
      }
      ctx.run(
        (signal) => state.backend.broadcast(transaction, signal),
        (outcome) => outcome.ok ? { type: "sent", args: { to, outcome: outcome.value } } : broken(outcome.error),
      );
      return next(state);
    },
    poll: (state, _args, ctx) => {
      poll(ctx, state.backend);
      return next(state);
    },
    polled: (state, status, ctx) => {
      ctx.after(state.pollMs, { type: "poll", args: null });
      return next(polled(state, status, ctx));
    },
    fetched: (state, { to, block }, ctx) => {
      ctx.reply(to, block);
      return next(fetched(state, block, ctx));
    },
    sent: (state, { to, outcome }, ctx) => {
      ctx.reply(to, outcome.ok ? outcome : err(failureText(outcome.error)));
      return next(state);
    },
    broken: (_state, { cause }) => {
      throw cause;
    },
  },
  inspect: ({ status }) => ({
    reachable: status !== null,
    network: status?.network ?? null,
    blockCount: status?.blockCount ?? null,
  }),
});

/** What a backend throws, unlike what it answers, is a bug: the actor crashes and its supervisor decides. */
function broken(cause: unknown): { type: "broken"; args: { cause: unknown } } {
  return { type: "broken", args: { cause } };
}

function backendOf(platform: Platform, settings: BackendSettings, log: Logger): BitcoinBackend {
  const { network } = platform;
  switch (settings.kind) {
    case "bitcoind":
      return bitcoindBackend(network, settings.bitcoind.url, settings.bitcoind);
    case "esplora":
      return esploraBackend(platform, settings.esploraUrl);
    case "hybrid": {
      const first = bitcoindBackend(network, settings.bitcoind.url, settings.bitcoind);
      return hybridBackend(first, esploraBackend(platform, settings.esploraUrl), log);
    }
  }
}

function poll(ctx: ActorContext<BitcoinMessage>, backend: BitcoinBackend): void {
  ctx.run(
    (signal) => fetchStatus(backend, signal),
    (outcome) => outcome.ok ? { type: "polled", args: outcome.value } : broken(outcome.error),
  );
}

/** Says once that the node is away, once more for each other reason, and once that it is back. */
function polled(state: State, status: Result<BitcoinStatus, BackendFailure>, ctx: ActorContext<BitcoinMessage>): State {
  if (status.ok) {
    const { network, blockCount } = status.value;
    if (state.complaint !== null) ctx.log.info("The Bitcoin node answers again", { network, blockCount });
    else if (state.status === null) ctx.log.info("The Bitcoin node answers", { network, blockCount });
    return { ...state, status: status.value, complaint: null };
  }
  const complaint = failureText(status.error);
  if (state.complaint !== complaint) {
    ctx.log.warn("No usable Bitcoin node; deposits and withdrawals wait for it", { reason: complaint });
  }
  return { ...state, status: null, complaint };
}

/** A node that has no such block (a pruned one, say) holds up consensus: that is said once a reason. */
function fetched(state: State, block: Result<Bytes, BackendFailure>, ctx: ActorContext<BitcoinMessage>): State {
  const blockComplaint = block.ok ? null : failureText(block.error);
  if (blockComplaint !== null && blockComplaint !== state.blockComplaint) {
    ctx.log.warn("The node does not give a block that consensus waits for", { reason: blockComplaint });
  }
  return { ...state, blockComplaint };
}

/** Any failure voids the whole status. */
async function fetchStatus(backend: BitcoinBackend, signal: AbortSignal): Answer<BitcoinStatus> {
  const chainId = await backend.hashAt(1, signal);
  if (!chainId.ok) return chainId;
  const network = networkOfChain(chainId.value);
  const blockCount = await backend.blockCount(signal);
  if (!blockCount.ok) return blockCount;
  const syncProgress = await backend.syncProgress(signal);
  if (!syncProgress.ok) return syncProgress;
  const feerate = network === "regtest"
    ? { ok: true, value: REGTEST_FEERATE_SAT_PER_KVB } as const
    : await backend.feerateSatPerKvb(signal);
  if (!feerate.ok) return feerate;
  return {
    ok: true,
    value: {
      network,
      chainId: chainId.value,
      blockCount: blockCount.value,
      feerateSatPerKvb: feerate.value,
      syncProgress: syncProgress.value,
    },
  };
}

async function fetchBlock(backend: BitcoinBackend, height: number, signal: AbortSignal): Answer<Bytes> {
  const hash = await backend.hashAt(height, signal);
  if (!hash.ok) return hash;
  const block = await backend.blockOf(hash.value, signal);
  return !block.ok && isPruned(block.error) ? err({ code: "pruned", height }) : block;
}

/** "Block not available (pruned data)": the node's own words, its code stands for much else. */
function isPruned(failure: BackendFailure): boolean {
  return failure.code === "refused" && failure.text.includes("pruned data");
}
