/**
 * LDK's events. They are taken inside a call of LDK's, which must not be called from there, and handled after it. All
 * that a handler does is in the commit in which LDK forgets the event: so none is lost, and none counts twice.
 */
import type { Logger } from "../../../../../actors/logger.ts";
import type { Clock } from "../../../../../actors/platform/platform.ts";
import { assert } from "../../../../../core/assert.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import { forgetterOf, ldk, some } from "./bindings.ts";
import type { Channels } from "./channels.ts";
import type { Core } from "./core.ts";

export class EventDesk {
  readonly #core: Core;
  readonly #channels: Channels;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #handler: ldk.EventHandler;
  readonly #sources: readonly ldk.EventsProvider[];
  readonly #forget: () => void;
  readonly #queue: ldk.Event[] = [];

  constructor(core: Core, channels: Channels, clock: Clock, log: Logger) {
    this.#core = core;
    this.#channels = channels;
    this.#clock = clock;
    this.#log = log;
    const { manager, chainMonitor } = core.lightning;
    this.#sources = [manager.as_EventsProvider(), chainMonitor.as_EventsProvider()];
    this.#forget = forgetterOf(this.#sources);
    this.#handler = ldk.EventHandler.new_impl({
      handle_event: (event) => {
        this.#queue.push(event.clone());
        return ldk.Result_NoneReplayEventZ.constructor_ok();
      },
    });
  }

  /** @returns whether there were any */
  handleAll(): boolean {
    for (const source of this.#sources) source.process_pending_events(this.#handler);
    this.#forget();
    const has = this.#queue.length > 0;
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) this.#handle(event);
    return has;
  }

  #handle(event: ldk.Event): void {
    const { payments, invoices, sweeps, lightning: { manager, scores } } = this.#core;
    const channels = this.#channels;
    if (event instanceof ldk.Event_FundingGenerationReady) {
      channels.fund(event);
    } else if (event instanceof ldk.Event_ChannelPending) {
      channels.pending(event);
    } else if (event instanceof ldk.Event_ChannelReady) {
      this.#log.info("A channel is ready", { peer: toHex(event.counterparty_node_id) });
    } else if (event instanceof ldk.Event_ChannelClosed) {
      channels.closed(event);
    } else if (event instanceof ldk.Event_DiscardFunding) {
      channels.discard(event);
    } else if (event instanceof ldk.Event_PendingHTLCsForwardable) {
      // in seconds; 0 means now, and the waiting is against watchers of forwards, which we don't make
      this.#clock.setTimer(Number(event.time_forwardable) * 1_000, () => {
        manager.process_pending_htlc_forwards();
        this.#core.poke();
      });
    } else if (event instanceof ldk.Event_PaymentClaimable) {
      const deadline: number | null = some(event.claim_deadline);
      const preimage: Bytes | null = some(event.purpose.preimage());
      invoices.claimable(toHex(event.payment_hash), event.amount_msat, deadline ?? 0, preimage);
    } else if (event instanceof ldk.Event_PaymentClaimed) {
      invoices.claimed(toHex(event.payment_hash), event.amount_msat);
    } else if (event instanceof ldk.Event_HTLCHandlingFailed) {
      const { failed_next_destination: to } = event;
      if (to instanceof ldk.HTLCDestination_FailedPayment) invoices.givenBack(toHex(to.payment_hash));
    } else if (event instanceof ldk.Event_PaymentSent) {
      const id: Bytes | null = some(event.payment_id);
      assert(id !== null, "payments are sent with an id");
      payments.paid(toHex(id), event.payment_preimage.slice() as Bytes, some(event.fee_paid_msat) ?? 0n);
    } else if (event instanceof ldk.Event_PaymentFailed) {
      payments.failed(toHex(event.payment_id), some(event.reason));
    } else if (event instanceof ldk.Event_PaymentPathSuccessful) {
      scores.payment_path_successful(event.path, this.#core.nowSecs());
    } else if (event instanceof ldk.Event_PaymentPathFailed) {
      const channel: bigint | null = some(event.short_channel_id);
      if (channel !== null) scores.payment_path_failed(event.path, channel, this.#core.nowSecs());
    } else if (event instanceof ldk.Event_SpendableOutputs) {
      sweeps.add(event.outputs);
    } else if (event instanceof ldk.Event_BumpTransaction) {
      this.#log.error("LDK wants a fee added to a channel with anchors, which this node has none of");
    }
  }
}
