/** What a simulated node needs of the world around it. */
import type { BitcoinNetwork } from "../../../../core/bitcoin/network.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import type { Clock, Dice } from "../../../../actors/platform/platform.ts";
import type { BookedChannel } from "./books.ts";
import type { Part, Transit } from "./transit.ts";

/** What a way through the world costs, whatever its ends. */
export type Routing = { readonly baseMsat: bigint; readonly partsPerMillion: bigint; readonly cltvDelta: number };

/** A payment as its payer sends it; honest ones are made by `LightningNode.pay`. */
export type Sent = {
  /** Names of nodes. */
  readonly from: string;
  readonly to: string;
  readonly paymentHash: Bytes;
  readonly amountMsat: bigint;
  readonly feeMsat: bigint;
  readonly parts: readonly Part[];
  readonly hasSecret: boolean;
  readonly forward: Transit["forward"];
};

export interface Wire {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly network: BitcoinNetwork;
  readonly routing: Routing;
  readonly height: number;
  /** The node of a 33-byte key. */
  nodeOf(publicKey: Bytes): { readonly name: string } | undefined;
  /** Opens a channel's other end. */
  channelTo(
    publicKey: Bytes,
    channel: { readonly localMsat: bigint; readonly remoteMsat: bigint; readonly entry: BookedChannel },
  ): void;
  /** A payment on the wire by its number. */
  transit(number: number): Transit;
  /** Sends a payment; the payer's books have it already. */
  send(sent: Sent, delayMs: number): void;
  /** The payee has taken it. */
  paid(transit: Transit, preimage: Bytes): void;
  /** The payee, or the way, gives it back. */
  failed(transit: Transit, reason: string): void;
  /** A node is there again: what waited for it comes. */
  onStart(name: string): void;
}
