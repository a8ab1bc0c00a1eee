/**
 * For tests: a channel that a gateway's node opens by the gateway's commands, whoever runs the gateway and the chain.
 */
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";

/** The gateway, the chain, and how a test waits. */
export type ChannelLab = {
  /** A command of `gateway cli`: its JSON. */
  ask(...args: string[]): Promise<Json>;
  mine(blocks: number): Promise<unknown>;
  /** Whether a transaction waits for a block. */
  isWaiting(txid: string): Promise<boolean>;
  until<T>(what: string, attempt: () => Promise<T | null | false>): Promise<T>;
};

/** Whom the channel is with, and how much of it is whose. */
export type ChannelTerms = {
  /** As hex. */
  readonly key: string;
  /** `HOST:PORT` */
  readonly host: string;
  readonly sizeSats: number;
  /** The other side's. Default: nothing. */
  readonly pushSats?: number;
};

/** Until a channel can be used. */
const CHANNEL_BLOCKS = 6;

/**
 * Opens it as soon as the node has coins, and mines on it.
 * @returns what the command answered, and the funding's txid
 */
export async function openGatewayChannel(
  { ask, mine, isWaiting, until }: ChannelLab,
  { key, host, sizeSats, pushSats }: ChannelTerms,
): Promise<{ readonly answer: JsonObject; readonly txid: string }> {
  const push = pushSats === undefined ? [] : ["--push-amount-sats", String(pushSats)];
  const words = ["--pubkey", key, "--host", host, "--channel-size-sats", String(sizeSats), ...push];
  const answer = await until("coins, and a channel", async () => {
    const { onchain_balance_sats: sats } = await ask("get-balances") as JsonObject;
    return Number(sats) > 0 && await ask("lightning", "open-channel", ...words) as JsonObject;
  });
  const txid = String(answer.funding_txid);
  await until("the funding is sent", () => isWaiting(txid));
  await mine(CHANNEL_BLOCKS);
  return { answer, txid };
}

/** Waits until the gateway can use the channel that this transaction funds; without one: its only channel. */
export async function gatewayChannelUsable({ ask, until }: ChannelLab, txid: string | null = null): Promise<void> {
  await until("the channel can be used", async () => {
    const channels = await ask("lightning", "list-channels") as readonly JsonObject[];
    const ours = channels.filter(({ funding_outpoint: at }) => txid === null || String(at).startsWith(txid));
    return ours.length === 1 && ours[0]!.is_active === true;
  });
}
