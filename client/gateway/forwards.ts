/**
 * Forwards that the node hands over: those to a federation of the gateway buy what was offered there, all others go on
 * as if nobody had looked. fedimint-gateway-server 0.13.0 (`lib.rs`, `handle_lightning_payment`);
 * docs/protocol/06-lightning-meta.md §F.
 *
 * What a contract was funded for is never failed but for the contract's own end: while nothing is known of it, it
 * waits, and the node tells of it again.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Clock, Dice } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import { toHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { orEnded } from "../../modules/contract/waiting.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { Federations } from "./federations.ts";
import { RELAY_AGAIN_MS } from "./limits.ts";
import type { ForwardAnswer, InterceptedForward } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";

export type ForwardsEnv = {
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

  constructor(env: ForwardsEnv) {
    this.#env = env;
  }

  /** From now on what is new is left to the next start. */
  drain(): void {
    this.#isDraining = true;
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
      if (federationId === null) return RESUME;
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
    const preimage = await lnv1.awaitRelayed(paymentHash, signal);
    return preimage ? { tag: "settle", preimage } : FAIL;
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
