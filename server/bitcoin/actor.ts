/**
 * The guardian's eye on Bitcoin: polls the node's status, fetches blocks, hands transactions on. A node that is away
 * for a while, or on another chain than the one that was read, costs time and nothing else: status is null, blocks are
 * asked for again, and modules repeat their transactions. `fedimint-server-core/src/bitcoin_rpc.rs`
 * (`ServerBitcoinRpcMonitor`).
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { Logger } from "../../actors/logger.ts";
import type { Cast, ReplyTo, Request } from "../../actors/protocol.ts";
import { Reminder } from "../../actors/reminder.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import type { BlockHash } from "../../core/types/ids.ts";
import type { BitcoinStatus } from "../../modules/contract/bitcoin.ts";
import type { Answer, BackendFailure, BitcoinBackend } from "../../actors/bitcoin/backend.ts";
import { failureText } from "../../actors/bitcoin/backend.ts";
import { bitcoindBackend } from "../../actors/bitcoin/bitcoind.ts";
import { networkOfChain } from "./chain_id.ts";
import { ChainMemory } from "./chain_memory.ts";
import { esploraBackend } from "../../actors/bitcoin/esplora.ts";
import { hybridBackend } from "../../actors/bitcoin/hybrid.ts";
import { TRANSACTION_BYTES_MAX } from "./limits.ts";

export type BitcoinMessage =
  | Request<"status", null, BitcoinStatus | null>
  /** One attempt; whoever needs the block asks again. Refused at once while there is no status, as in the reference. */
  | Request<"blockAt", { readonly height: number }, Result<Bytes, BackendFailure>>
  /** One attempt. The error says why the node doesn't have it. */
  | Request<"broadcast", { readonly transaction: Bytes }, Result<null, string>>
  | Cast<"poll", null>
  /** `before`: what had been seen when the node was asked. */
  | Cast<"polled", { readonly before: Seen | null; readonly seen: Result<Seen, BackendFailure> }>
  | Cast<
    "fetched",
    { readonly to: ReplyTo<Result<Bytes, BackendFailure>>; readonly block: Result<Bytes, BackendFailure> }
  >
  | Cast<"sent", { readonly to: ReplyTo<Result<null, string>>; readonly outcome: Result<null, BackendFailure> }>
  | Cast<"broken", { readonly cause: unknown }>;

/** A Bitcoin node's JSON-RPC. */
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

/** Where blocks and fees come from, and how often it is asked. */
export type BitcoinSettings = { readonly backend: BackendSettings; readonly pollMs: number };

/** `store`: where it remembers the chain, a part of the guardian's that is its own. */
export type BitcoinWatcherArgs = BitcoinSettings & { readonly store: StoreView };

/** `tip`: of the time before the status was asked for, null when the backend doesn't tell. */
export type Seen = { readonly status: BitcoinStatus; readonly tip: BlockHash | null };

type Eye = { readonly backend: BitcoinBackend; readonly memory: ChainMemory };

type State = Eye & {
  readonly pollMs: number;
  readonly seen: Seen | null;
  /** The node is away. */
  readonly away: Reminder;
  /** A block can't be had. */
  readonly missing: Reminder;
};

/** Regtest nodes have no estimate; the reference takes this one without asking. */
const REGTEST_FEERATE_SAT_PER_KVB = 1000n;

export const bitcoinWatcher = defineActor<BitcoinMessage, BitcoinWatcherArgs, State>({
  name: "bitcoin",
  init: (ctx, { backend: settings, pollMs, store }): State => {
    const backend = backendOf(ctx.platform, settings, ctx.log), memory = new ChainMemory(store);
    poll(ctx, { backend, memory }, null);
    const reminder = (): Reminder => new Reminder(ctx.platform.clock, ctx.log);
    return { backend, memory, pollMs, seen: null, away: reminder(), missing: reminder() };
  },
  handle: {
    status: (state) => reply(state, state.seen?.status ?? null),
    blockAt: (state, { height }, ctx, to) => {
      const { seen } = state;
      if (seen === null) return reply(state, err<BackendFailure>({ code: "unreachable" }));
      ctx.run(
        (signal) => fetchBlock(state, seen.status.chainId, height, signal),
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
      poll(ctx, state, state.seen);
      return next(state);
    },
    polled: (state, { before, seen }, ctx) => {
      ctx.after(state.pollMs, { type: "poll", args: null });
      // a block of another chain came meanwhile: what was seen before counts no more, nor what stands on it
      return next(before === state.seen ? polled(state, seen, ctx) : state);
    },
    fetched: (state, { to, block }, ctx) => {
      ctx.reply(to, block);
      return next(fetched(state, block));
    },
    sent: (state, { to, outcome }, ctx) => {
      ctx.reply(to, outcome.ok ? outcome : err(failureText(outcome.error)));
      return next(state);
    },
    broken: (_state, { cause }) => {
      throw cause;
    },
  },
  inspect: ({ seen }) => ({
    reachable: seen !== null,
    network: seen?.status.network ?? null,
    blockCount: seen?.status.blockCount ?? null,
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

function poll(ctx: ActorContext<BitcoinMessage>, eye: Eye, seen: Seen | null): void {
  ctx.run(
    (signal) => look(eye, seen, signal),
    (outcome) => outcome.ok ? { type: "polled", args: { before: seen, seen: outcome.value } } : broken(outcome.error),
  );
}

/** Says that the node is away, or of no use, and why; and once that it is back. */
function polled(state: State, seen: Result<Seen, BackendFailure>, ctx: ActorContext<BitcoinMessage>): State {
  if (!seen.ok) {
    state.away.say("No usable Bitcoin node; deposits and withdrawals wait for it", failureText(seen.error));
    return { ...state, seen: null };
  }
  const { network, blockCount } = seen.value.status;
  if (state.seen === null && !state.away.isTold) ctx.log.info("The Bitcoin node answers", { network, blockCount });
  state.away.over("The Bitcoin node answers again", { network, blockCount });
  return { ...state, seen: seen.value };
}

/** A node that has no such block (a pruned one, say) holds up consensus. */
function fetched(state: State, block: Result<Bytes, BackendFailure>): State {
  if (block.ok) {
    state.missing.over("The node gives blocks again");
    return state;
  }
  state.missing.say("The node does not give a block that consensus waits for", failureText(block.error));
  // what is read must not be trusted before the next look either
  return block.error.code === "other_chain" ? { ...state, seen: null } : state;
}

/**
 * One question while the tip stays what it was (and one for the fee rate, which moves by itself): the whole chain hangs
 * on the tip, so nothing else can have changed. What was seen is void after any failure.
 */
async function look(eye: Eye, seen: Seen | null, signal: AbortSignal): Answer<Seen> {
  const tip = await eye.backend.tipHash(signal);
  if (!tip.ok) return tip;
  if (seen === null || tip.value === null || tip.value !== seen.tip) {
    const status = await fetchStatus(eye, signal);
    return status.ok ? { ok: true, value: { status: status.value, tip: tip.value } } : status;
  }
  const feerate = await fetchFeerate(eye, seen.status.network, signal);
  if (!feerate.ok) return feerate;
  return { ok: true, value: { ...seen, status: { ...seen.status, feerateSatPerKvb: feerate.value } } };
}

async function fetchFeerate({ backend }: Eye, network: BitcoinNetwork, signal: AbortSignal): Answer<bigint | null> {
  if (network === "regtest") return { ok: true, value: REGTEST_FEERATE_SAT_PER_KVB };
  return await backend.feerateSatPerKvb(signal);
}

/** Any failure voids the whole status. */
async function fetchStatus(eye: Eye, signal: AbortSignal): Answer<BitcoinStatus> {
  const { backend, memory } = eye;
  const chainId = await backend.hashAt(1, signal);
  if (!chainId.ok) return chainId;
  const network = networkOfChain(chainId.value);
  const blockCount = await backend.blockCount(signal);
  if (!blockCount.ok) return blockCount;
  const same = await memory.check(chainId.value, blockCount.value, (height) => backend.hashAt(height, signal));
  if (!same.ok) return same;
  const syncProgress = await backend.syncProgress(signal);
  if (!syncProgress.ok) return syncProgress;
  const feerate = await fetchFeerate(eye, network, signal);
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

async function fetchBlock(
  { backend, memory }: Eye,
  chainId: BlockHash,
  height: number,
  signal: AbortSignal,
): Answer<Bytes> {
  const hash = await backend.hashAt(height, signal);
  if (!hash.ok) return hash;
  const block = await backend.blockOf(hash.value, signal);
  if (!block.ok) return isPruned(block.error) ? err({ code: "pruned", height }) : block;
  const same = await memory.remember(chainId, height, block.value);
  return same.ok ? block : same;
}

/** "Block not available (pruned data)": the node's own words, its code stands for much else. */
function isPruned(failure: BackendFailure): boolean {
  return failure.code === "refused" && failure.text.includes("pruned data");
}
