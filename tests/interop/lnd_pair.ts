/**
 * Two real LNDs with a channel and money on both sides of it, beside a Bitcoin node: one is a gateway's, the other "the
 * outside world" that pays it and is paid by it.
 */
import { realPlatform } from "../../actors/platform/real.ts";
import type { LightningNode } from "../../client/gateway/node/node.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { mineOn } from "../../server/dev/chain/faucet.ts";
import { startBitcoin } from "../../server/dev/federation/federation.ts";
import { callBitcoin } from "../../server/dev/federation/rpc.ts";
import { until } from "../demo/waits.ts";
import type { Chain, LndPrograms } from "./lnd_node.ts";
import { Lnd, openChannel } from "./lnd_node.ts";
import type { Suite } from "./suite.ts";

const CHANNEL_SAT = 2_000_000;
const PROBE_MSAT = 1_000n;

/** A Bitcoin node alone, with mature coins. Ends with the suite. */
export async function startChain(suite: Suite, bitcoindDir: string): Promise<Chain> {
  const platform = realPlatform(), { dir, signal } = suite;
  const { node, process } = await startBitcoin({ platform, dir, bitcoindDir, signal, progress: () => undefined });
  suite.onEnd(() => process.stop());
  return {
    node,
    bitcoin: (method, ...params) => callBitcoin(platform, node, method, params),
    mine: (blocks) => mineOn(platform, node, blocks),
  };
}

/** With a channel of 2,000,000 sat, half of it on each side. Ends with the suite. @param flags of the inner one */
export async function startPair(
  suite: Suite,
  chain: Chain,
  programs: LndPrograms,
  flags: readonly string[] = [],
): Promise<{ readonly inner: Lnd; readonly outside: Lnd }> {
  const [inner, outside] = await Promise.all([
    Lnd.start(suite, chain, programs, "lnd-inner", flags),
    Lnd.start(suite, chain, programs, "lnd-outside"),
  ]);
  await openChannel(suite, chain, { from: inner, to: outside, sat: CHANNEL_SAT });
  return { inner, outside };
}

/** Resolves when either can pay the other: that a channel is active doesn't say so. */
export async function ready(a: LightningNode, b: LightningNode, signal: AbortSignal): Promise<void> {
  for (const [payer, payee] of [[a, b], [b, a]] as const) {
    await until("a payment goes over the channel", async () => {
      const invoice = { amountMsat: PROBE_MSAT, expirySecs: 3_600, description: "probe" };
      const text = await payee.operator.createInvoice(invoice);
      return (await payer.pay({ invoice: parseBolt11(text), feeLimitMsat: PROBE_MSAT, cltvLimit: 500 }, signal)).ok;
    }, signal);
  }
}

/** Resolves when all have the newest block. */
export async function synced(chain: Chain, nodes: readonly LightningNode[], signal: AbortSignal): Promise<void> {
  const height = Number(await chain.bitcoin("getblockcount"));
  for (const node of nodes) {
    await until("LND has all blocks", async () => {
      const { isSynced, blockHeight } = await node.info();
      return isSynced && blockHeight >= height;
    }, signal);
  }
}
