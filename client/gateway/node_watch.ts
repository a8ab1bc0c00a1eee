/**
 * What the gateway knows of its node: asked for many at once, and told again for some seconds. A node of another
 * network, or another node than the one that payments began at, counts as away: what it says of those payments would be
 * about somebody else's.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { Reminder } from "../../actors/reminder.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/network.ts";
import { equalBytes, toHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import { NODE_AGAIN_MS, NODE_INFO_KEPT_MS, NODE_INFO_MS } from "./limits.ts";
import type { LightningNode, NodeInfo } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import { nodeKey } from "./records.ts";

export type NodeWatchEnv = {
  readonly node: LightningNode;
  readonly network: BitcoinNetwork;
  /** The gateway's part. */
  readonly store: StoreView;
  readonly platform: Pick<Platform, "clock">;
  readonly log: Logger;
};

export class NodeWatch {
  readonly #env: NodeWatchEnv;
  readonly #trouble: Reminder;
  #last: { readonly info: NodeInfo | null; readonly untilMs: number } | null = null;
  #asking: Promise<NodeInfo | null> | null = null;

  constructor(env: NodeWatchEnv) {
    this.#env = env;
    this.#trouble = new Reminder(env.platform.clock, env.log, "warn");
  }

  /** What the node said within the last seconds; null while it is away. Never rejects. */
  async info(): Promise<NodeInfo | null> {
    const nowMs = this.#env.platform.clock.monotonicMs();
    if (this.#last && nowMs < this.#last.untilMs) return this.#last.info;
    return await (this.#asking ??= this.#ask().finally(() => this.#asking = null));
  }

  /** Resolves when the node is there. Rejects only when aborted. */
  awaitInfo(signal: AbortSignal): Promise<NodeInfo> {
    return this.#awaited(() => true, signal);
  }

  /** Resolves when the node is there and has all blocks that there are. Rejects only when aborted. */
  awaitSynced(signal: AbortSignal): Promise<NodeInfo> {
    return this.#awaited(({ isSynced }) => isSynced, signal);
  }

  async #awaited(isWanted: (info: NodeInfo) => boolean, signal: AbortSignal): Promise<NodeInfo> {
    for (;;) {
      signal.throwIfAborted();
      const info = await this.info();
      if (info && isWanted(info)) return info;
      await sleep(this.#env.platform.clock, NODE_AGAIN_MS, signal);
    }
  }

  async #ask(): Promise<NodeInfo | null> {
    const { node, platform: { clock } } = this.#env;
    let info: NodeInfo | null = null;
    try {
      const late = (): NodeError => new NodeError("unreachable", "The Lightning node doesn't answer");
      info = await orLate({ clock, deadlineMs: NODE_INFO_MS, late }, (signal) => node.info(signal));
      await this.#check(info);
      this.#trouble.over("The Lightning node is there again");
    } catch (thrown) {
      if (!(thrown instanceof NodeError)) throw thrown;
      this.#trouble.say("The Lightning node is away", errorText(thrown));
      info = null;
    }
    this.#last = { info, untilMs: clock.monotonicMs() + (info ? NODE_INFO_KEPT_MS : NODE_AGAIN_MS) };
    return info;
  }

  /** @throws {NodeError} `wrong_network` · `refused` */
  async #check({ network, publicKey }: NodeInfo): Promise<void> {
    if (network !== this.#env.network) {
      throw new NodeError("wrong_network", `The Lightning node is on ${network}, the gateway on ${this.#env.network}`);
    }
    const { value: known, durable } = await this.#env.store.transact(async (tx) => {
      const before = await nodeKey.get(tx);
      if (before) return before;
      nodeKey.set(tx, publicKey);
      return publicKey;
    });
    await durable;
    if (equalBytes(known, publicKey)) return;
    throw new NodeError(
      "refused",
      `The Lightning node is ${toHex(publicKey)}, and this gateway's payments began at ${toHex(known)}: ` +
        "give it that node again, or use another data folder",
    );
  }
}
