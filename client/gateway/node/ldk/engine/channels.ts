/** Peers and channels: dialing, opening, closing, and the money that opening takes. */
import type { Logger } from "../../../../../actors/logger.ts";
import { NetworkError } from "../../../../../actors/platform/error.ts";
import type { Address, Platform, Timer } from "../../../../../actors/platform/platform.ts";
import { sleep } from "../../../../../actors/platform/platform.ts";
import { bitcoinTransaction, bitcoinTxidOf } from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../../core/bytes.ts";
import { decode, encode } from "../../../../../core/encoding/mod.ts";
import type { NewChannel } from "../../node.ts";
import { NodeError } from "../../node.ts";
import { HANDSHAKE_TIMEOUT_MS, OPEN_DEADLINE_MS } from "../limits.ts";
import { ldk, outPointText, refusalText } from "./bindings.ts";
import type { Core } from "./core.ts";
import { peerRecord } from "./records.ts";
import { spendCoins } from "./spend.ts";

const PEER = "peer/";
const HANDSHAKE_POLL_MS = 20;

type Opening = {
  readonly resolve: (txid: string) => void;
  readonly reject: (error: NodeError) => void;
  readonly deadline: Timer;
};

/** `host:port`, also with an IPv6 address in brackets. @throws {NodeError} `refused` */
function addressOf(host: string): Address {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s/]+)):([0-9]{1,5})$/.exec(host);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new NodeError("refused", `A peer is found at HOST:PORT, and not at "${host.slice(0, 100)}".`);
  }
  return { hostname: (match[1] ?? match[2])!, port };
}

/** What a channel asks of forwards; null: as all others do. */
function configOf(
  manager: ldk.ChannelManager,
  { baseFeeMsat = null, partsPerMillion = null }: Pick<NewChannel, "baseFeeMsat" | "partsPerMillion">,
): ldk.UserConfig | null {
  if (baseFeeMsat === null && partsPerMillion === null) return null;
  const config = manager.get_current_default_configuration().clone(), channel = config.get_channel_config();
  if (baseFeeMsat !== null) channel.set_forwarding_fee_base_msat(Number(baseFeeMsat));
  if (partsPerMillion !== null) channel.set_forwarding_fee_proportional_millionths(Number(partsPerMillion));
  config.set_channel_config(channel);
  return config;
}

export class Channels {
  readonly #core: Core;
  readonly #platform: Pick<Platform, "clock" | "dice">;
  readonly #log: Logger;
  /** By peer's key in hex: where it was found. */
  readonly #hosts = new Map<string, string>();
  readonly #dialing = new Set<string>();
  /** By the temporary id of a channel that is being opened, in hex. */
  readonly #openings = new Map<string, Opening>();
  /** The temporary id by funding transaction, until that is sent. */
  readonly #funding = new Map<string, string>();

  constructor(core: Core, platform: Pick<Platform, "clock" | "dice">, log: Logger) {
    this.#core = core;
    this.#platform = platform;
    this.#log = log;
  }

  async load(): Promise<void> {
    for (const [key, bytes] of await this.#core.disk.list(PEER)) this.#hosts.set(key, decode(peerRecord, bytes).host);
  }

  list(): ldk.ChannelDetails[] {
    return this.#core.lightning.manager.list_channels();
  }

  host(peer: string): string | null {
    return this.#hosts.get(peer) ?? null;
  }

  /** @throws {NodeError} */
  async connect(peer: string, host: string): Promise<void> {
    const address = addressOf(host);
    const { sockets, disk } = this.#core;
    if (!sockets.isConnected(peer)) {
      await this.#dial(peer, address);
      const { clock } = this.#platform;
      for (const endMs = clock.monotonicMs() + HANDSHAKE_TIMEOUT_MS; !sockets.isConnected(peer);) {
        if (clock.monotonicMs() > endMs) {
          throw new NodeError("unreachable", `${host} answers, and not as the node that was named.`);
        }
        await sleep(clock, HANDSHAKE_POLL_MS);
      }
    }
    if (this.#hosts.get(peer) === host) return;
    this.#hosts.set(peer, host);
    disk.put(peerRecord, PEER + peer, { host });
    await this.#core.pump();
  }

  async #dial(peer: string, address: Address): Promise<void> {
    try {
      await this.#core.sockets.dial(fromHex(peer), address);
    } catch (thrown) {
      if (thrown instanceof NetworkError) throw new NodeError("unreachable", thrown.message, { cause: thrown });
      throw thrown;
    }
  }

  /** Peers with channels that are away. */
  redial(): void {
    const away = this.list().map((channel) => toHex(channel.get_counterparty().get_node_id()));
    for (const peer of new Set(away)) {
      const host = this.#hosts.get(peer);
      if (host === undefined || this.#dialing.has(peer) || this.#core.sockets.isConnected(peer)) continue;
      this.#dialing.add(peer);
      this.#dial(peer, addressOf(host)).catch((thrown) => {
        if (!(thrown instanceof NodeError)) throw thrown;
        this.#log.debug("A peer can't be reached", { peer, host });
      }).finally(() => this.#dialing.delete(peer));
    }
  }

  /** @returns id of the funding transaction, which is sent @throws {NodeError} */
  async open({ publicKey, host, sizeSats, pushSats, ...fees }: NewChannel): Promise<string> {
    const { wallet, lightning: { manager } } = this.#core, peer = toHex(publicKey);
    const haveSat = wallet.spendable().reduce((sum, { valueSat }) => sum + valueSat, 0n);
    if (haveSat <= sizeSats) {
      throw new NodeError("refused", `The node's wallet has ${haveSat} sat that can be spent now: too little.`);
    }
    await this.connect(peer, host);
    const opened = manager.create_channel(
      fromHex(peer),
      sizeSats,
      pushSats * 1_000n,
      0n,
      null,
      configOf(manager, fees),
    );
    if (!opened.is_ok()) throw new NodeError("refused", `The channel can't be opened: ${refusalText(opened)}.`);
    const id = toHex((opened as ldk.Result_ChannelIdAPIErrorZ_OK).res.write());
    const funded = new Promise<string>((resolve, reject) => {
      const late = new NodeError("unreachable", "The peer doesn't go on with the channel. Look at the channels later.");
      const deadline = this.#platform.clock.setTimer(OPEN_DEADLINE_MS, () => this.#settle(id, () => reject(late)));
      this.#openings.set(id, { resolve, reject, deadline });
    });
    this.#core.poke();
    return await funded;
  }

  #settle(id: string, how: (opening: Opening) => void): void {
    const opening = this.#openings.get(id);
    if (opening === undefined) return;
    this.#openings.delete(id);
    opening.deadline.cancel();
    how(opening);
  }

  /** The peer has agreed to a channel of ours: it wants its money. */
  fund(event: ldk.Event_FundingGenerationReady): void {
    const { wallet, keys, fees, tip, lightning: { manager } } = this.#core;
    const made = spendCoins(keys, wallet.spendable(), {
      script: event.output_script.slice() as Bytes,
      amountSat: event.channel_value_satoshis,
      perKw: fees.perKw,
      changeScript: wallet.changeScript,
    });
    const peer = event.counterparty_node_id, id = toHex(event.temporary_channel_id.write());
    const refuse = (reason: string): void => {
      manager.force_close_without_broadcasting_txn(event.temporary_channel_id, peer, "no funding");
      this.#settle(id, ({ reject }) => reject(new NodeError("refused", reason)));
    };
    if (!made.ok) return refuse(`The wallet has ${made.error.haveSat} sat, and ${made.error.needSat} are needed.`);
    const txid = wallet.keep(made.value, "Funding", tip.height, false);
    this.#funding.set(txid, id);
    const raw = encode(bitcoinTransaction, made.value);
    const taken = manager.funding_transaction_generated(event.temporary_channel_id, peer, raw);
    if (taken.is_ok()) return;
    wallet.forget(txid);
    this.#funding.delete(txid);
    refuse(`The channel can't be funded: ${refusalText(taken)}.`);
  }

  /** LDK sends a transaction. A funding transaction is safe from now on. */
  broadcast(txid: string): void {
    const id = this.#funding.get(txid);
    if (id === undefined) return;
    this.#funding.delete(txid);
    void this.#core.disk.whenDurable().then(() => this.#settle(id, ({ resolve }) => resolve(txid)));
  }

  pending(event: ldk.Event_ChannelPending): void {
    const funding = outPointText(event.funding_txo);
    this.#log.info("A channel waits for its funding", { peer: toHex(event.counterparty_node_id), funding });
  }

  closed(event: ldk.Event_ChannelClosed): void {
    const reason = event.reason.to_str();
    this.#log.info("A channel is closed", { reason });
    const refused = new NodeError("refused", `The channel was not opened: ${reason}`);
    this.#settle(toHex(event.channel_id.write()), ({ reject }) => reject(refused));
  }

  /** A funding transaction that is never sent: its coins are free. */
  discard(event: ldk.Event_DiscardFunding): void {
    const { funding_info: funding } = event;
    if (!(funding instanceof ldk.FundingInfo_Tx)) return;
    const txid = bitcoinTxidOf(decode(bitcoinTransaction, funding.transaction));
    this.#core.wallet.forget(txid);
    const id = this.#funding.get(txid);
    this.#funding.delete(txid);
    const refused = new NodeError("refused", "The channel was not opened: the peer went away.");
    if (id !== undefined) this.#settle(id, ({ reject }) => reject(refused));
  }

  /** After a start: fundings that were held back belong to no channel any more, or LDK sends them now. */
  forgetUnfunded(): void {
    const { wallet } = this.#core;
    const wanted = new Set(
      this.list().map((channel) => {
        const funding = channel.get_funding_txo();
        return funding === null ? "" : outPointText(funding).split(":")[0];
      }),
    );
    for (const txid of wallet.unreleased()) if (!wanted.has(txid)) wallet.forget(txid);
  }

  /** @returns how many @throws {NodeError} `refused` */
  close(peer: string, force: boolean, feerateSatPerVbyte: number | null): number {
    const { manager } = this.#core.lightning;
    const channels = this.list().filter((channel) => toHex(channel.get_counterparty().get_node_id()) === peer);
    for (const channel of channels) {
      const id = channel.get_channel_id(), key = fromHex(peer);
      const rate = feerateSatPerVbyte === null
        ? ldk.Option_u32Z.constructor_none()
        : ldk.Option_u32Z.constructor_some(feerateSatPerVbyte * 250);
      const closed = force
        ? manager.force_close_broadcasting_latest_txn(id, key, "closed by the operator")
        : manager.close_channel_with_feerate_and_script(id, key, rate, null);
      if (!closed.is_ok()) throw new NodeError("refused", `The channel can't be closed: ${refusalText(closed)}.`);
    }
    this.#core.poke();
    return channels.length;
  }

  /** @throws {NodeError} `refused` */
  setFees(funding: string, baseFeeMsat: bigint, partsPerMillion: bigint): void {
    const channel = this.list().find((each) => outPointText(each.get_funding_txo()) === funding);
    if (channel === undefined) throw new NodeError("refused", `There is no channel with the funding ${funding}.`);
    const config = channel.get_config();
    config.set_forwarding_fee_base_msat(Number(baseFeeMsat));
    config.set_forwarding_fee_proportional_millionths(Number(partsPerMillion));
    const peer = channel.get_counterparty().get_node_id();
    const set = this.#core.lightning.manager.update_channel_config(peer, [channel.get_channel_id()], config);
    if (!set.is_ok()) throw new NodeError("refused", `The channel's fees can't be set: ${refusalText(set)}.`);
    this.#core.poke();
  }
}
