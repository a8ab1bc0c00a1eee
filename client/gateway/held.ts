/**
 * Payments that the node holds: those for registered contracts are relayed to their federation, all others are left
 * alone. fedimint-gateway-server 0.13.0 (`lib.rs`, `handle_lightning_payment`); docs/protocol/06-lightning-meta.md §E.
 *
 * A payment is in one pair of hands at a time, from its first sight until the federation's module has it or the node
 * has taken it back: else one that is just given back could be funded. That holds over all lives of who listens.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Clock, Dice } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import type { Federations } from "./federations.ts";
import { RELAY_AGAIN_MS } from "./limits.ts";
import type { HeldPayment, LightningNode } from "./node/node.ts";
import type { Registration } from "./records.ts";
import { registrationOf } from "./records.ts";

export type HeldEnv = {
  readonly store: StoreView;
  readonly node: LightningNode;
  readonly federations: Federations;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Logger;
  /** Aborted when the gateway closes. */
  readonly closing: AbortSignal;
};

/** What became of a payment that was seen. */
export type Seen = "not_ours" | "wrong_amount" | "relayed" | "cancelled" | "left";

export class HeldPayments {
  readonly #env: HeldEnv;
  readonly #underWay = new Map<Sha256, Promise<Seen>>();

  constructor(env: HeldEnv) {
    this.#env = env;
  }

  #isDraining = false;

  /** Whether nothing new is taken any more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** From now on what the node tells is left to the next start. */
  drain(): void {
    this.#isDraining = true;
  }

  /** How many are in hand. */
  get size(): number {
    return this.#underWay.size;
  }

  /** The node tells of a payment, once or again. */
  seen(held: HeldPayment): Promise<Seen> {
    const hash = toHex(held.paymentHash) as Sha256;
    const known = this.#underWay.get(hash);
    if (known) return known;
    if (this.#isDraining) return Promise.resolve("left");
    const work = this.#handle(hash, held).finally(() => this.#underWay.delete(hash));
    this.#underWay.set(hash, work);
    return work;
  }

  async #handle(hash: Sha256, held: HeldPayment): Promise<Seen> {
    const { clock, dice, closing, log } = this.#env;
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#once(hash, held);
      } catch (thrown) {
        closing.throwIfAborted();
        // nothing is known: neither that it was funded nor that it wasn't
        log.warn("A held payment is looked at again", { paymentHash: hash, reason: errorText(thrown) });
      }
      await sleep(clock, backOffMs(RELAY_AGAIN_MS, attempt, dice), closing);
    }
  }

  async #once(paymentHash: Sha256, held: HeldPayment): Promise<Seen> {
    const { store, federations } = this.#env;
    const registered = await readDurable(store, (tx) => registrationOf(tx, paymentHash));
    if (!registered) return "not_ours";
    return await federations.using(registered.federationId, () => this.#ofRegistered(paymentHash, held, registered));
  }

  async #ofRegistered(paymentHash: Sha256, held: HeldPayment, registered: Registration): Promise<Seen> {
    const { federations, log, closing } = this.#env;
    const { amountMsat, contract, federationId } = registered;
    if (held.amountMsat !== amountMsat) {
      log.warn("A held payment is not of the registered amount, and is left alone", { paymentHash });
      return "wrong_amount";
    }
    const module = await federations.awaitModule(federationId, closing);
    if (!module) {
      log.warn("A held payment is for a federation that was left, and is left to the node", { paymentHash });
      return "left";
    }
    const record = await federations.record(federationId);
    // receives that were funded before they were switched off bring their money back
    if (!record?.receiveEnabled && !await module.isFunded(contract)) {
      return await this.#cancel(paymentHash, "receiving is off");
    }
    const { claimDeadlineHeight } = held;
    const relayed = await module.relayHeld({ contract, paymentHash, amountMsat, claimDeadlineHeight }, closing);
    return relayed.ok ? "relayed" : await this.#cancel(paymentHash, relayed.error);
  }

  /** Nothing was funded for it. */
  async #cancel(paymentHash: Sha256, reason: string): Promise<Seen> {
    const { node, closing, log } = this.#env;
    log.warn("A held payment goes back", { paymentHash, reason });
    const ended = await node.cancel(fromHex(paymentHash), closing);
    if (!ended.ok) log.warn("The node had ended it already", { paymentHash, state: ended.error });
    return "cancelled";
  }
}
