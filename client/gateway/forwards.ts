/**
 * Forwards that the node hands over: those to a federation of the gateway buy what was offered there, all others go on
 * as if nobody had looked. fedimint-gateway-server 0.13.0 (`lib.rs`, `handle_lightning_payment`);
 * docs/protocol/06-lightning-meta.md §F.
 *
 * What a contract was funded for is never failed but for the contract's own end: while nothing is known of it, it
 * waits, and the node tells of it again. The node says nothing of answers: one that settles is kept here before it is
 * given, for as long as the node may hand the forward over once more, though the federation was left meanwhile.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Clock, Dice } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { orEnded } from "../../modules/contract/waiting.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { Federations } from "./federations.ts";
import { RELAY_AGAIN_MS } from "./limits.ts";
import type { ForwardAnswer, InterceptedForward } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { ForwardKey } from "./records.ts";
import { answerTo, keepAnswer } from "./records.ts";

export type ForwardsEnv = {
  /** The gateway's part. */
  readonly store: StoreView;
  readonly watch: NodeWatch;
  readonly federations: Federations;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Logger;
  /** Aborted when the gateway closes. */
  readonly closing: AbortSignal;
};

const RESUME: ForwardAnswer = { tag: "resume" };
/** Senders may try again, and don't take the gateway for a dead end. */
const FAIL: ForwardAnswer = { tag: "fail" };

export class Forwards {
  readonly #env: ForwardsEnv;
  #isDraining = false;
  #ending = 0;

  constructor(env: ForwardsEnv) {
    this.#env = env;
  }

  /** From now on what is new is left to the next start. */
  drain(): void {
    this.#isDraining = true;
  }

  /** How many that a contract was funded for are in hand: their answers aren't given yet. */
  get size(): number {
    return this.#ending;
  }

  /**
   * Keeps the answers to all forwards of a federation whose purchases have ended, and waits for those that haven't. The
   * node may never hand them over again: then nobody waits for them any more.
   */
  async keepAnswers(lnv1: LnGatewayModule): Promise<void> {
    for (const { paymentHash, circuit } of await lnv1.unanswered()) {
      await this.#answer(lnv1, { paymentHash, ...circuit }, this.#env.closing);
    }
  }

  /**
   * What the node is to do with a forward. The same forward may come again and again, also to later lives.
   * @param signal aborted when the node that told of it is lost
   */
  async decide(forward: InterceptedForward, signal: AbortSignal): Promise<ForwardAnswer> {
    const { federations, clock, dice, log, closing } = this.#env;
    const until = AbortSignal.any([signal, closing]);
    for (let attempt = 0;; attempt++) {
      const federationId = await federations.ofIndex(forward.outgoingChannel);
      if (federationId === null) return await this.#ofNobody(forward);
      try {
        return await federations.using(federationId, () => this.#ofFederation(federationId, forward, until));
      } catch (thrown) {
        until.throwIfAborted();
        // nothing is known: neither that it was funded nor that it wasn't
        log.warn("A forward is looked at again", {
          paymentHash: toHex(forward.paymentHash),
          reason: errorText(thrown),
        });
      }
      await sleep(clock, backOffMs(RELAY_AGAIN_MS, attempt, dice), until);
    }
  }

  /** One to a channel of no federation, or of one that was left. */
  async #ofNobody({ paymentHash, circuit }: InterceptedForward): Promise<ForwardAnswer> {
    const key = { paymentHash: toHex(paymentHash) as Sha256, ...circuit };
    const preimage = await readDurable(this.#env.store, (tx) => answerTo(tx, key));
    return preimage ? { tag: "settle", preimage } : RESUME;
  }

  async #ofFederation(
    federationId: FederationId,
    forward: InterceptedForward,
    signal: AbortSignal,
  ): Promise<ForwardAnswer> {
    const { federations, log } = this.#env;
    const paymentHash = toHex(forward.paymentHash) as Sha256, { circuit } = forward;
    const lnv1 = await federations.awaitLnv1(federationId, signal);
    if (!lnv1) return FAIL;
    if (!await lnv1.isRelayed({ paymentHash, circuit })) {
      if (this.#isDraining) return await orEnded(signal, () => new Promise<never>(() => {}));
      const record = await federations.record(federationId);
      const refusal = record?.receiveEnabled ? await this.#relay(lnv1, forward, signal) : "receiving is off";
      if (refusal !== null) {
        log.warn("A forward to a federation goes back", { paymentHash, federationId, reason: refusal });
        return FAIL;
      }
    }
    this.#ending++;
    try {
      const preimage = await this.#answer(lnv1, { paymentHash, ...circuit }, signal);
      return preimage ? { tag: "settle", preimage } : FAIL;
    } finally {
      this.#ending--;
    }
  }

  /** Waits for what a forward comes to, and keeps it. Whatever comes between, the next call does the rest. */
  async #answer(lnv1: LnGatewayModule, key: ForwardKey, signal: AbortSignal): Promise<Bytes | null> {
    const { store, clock } = this.#env, { paymentHash } = key;
    const preimage = await lnv1.awaitRelayed(paymentHash, signal);
    if (preimage) {
      const nowSecs = Math.floor(clock.nowMs() / 1_000);
      const { durable } = await store.transact((tx) => keepAnswer(tx, key, preimage, nowSecs));
      await durable;
    }
    // only then may the federation be left
    await lnv1.answered(paymentHash, preimage);
    return preimage;
  }

  /** @returns why nothing was funded for it */
  async #relay(
    lnv1: LnGatewayModule,
    { paymentHash, circuit, incomingAmountMsat, incomingExpiryHeight }: InterceptedForward,
    signal: AbortSignal,
  ): Promise<string | null> {
    // a node that hasn't all blocks yet takes an expiry for far that is near
    const { blockHeight } = await this.#env.watch.awaitSynced(signal);
    const relayed = await lnv1.relay({
      paymentHash: toHex(paymentHash) as Sha256,
      circuit,
      heldMsat: incomingAmountMsat,
      expiryHeight: BigInt(incomingExpiryHeight),
      blockHeight: BigInt(blockHeight),
    }, signal);
    return relayed.ok ? null : relayed.error;
  }
}
