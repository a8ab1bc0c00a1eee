/**
 * A small Lightning world without sockets or channels' protocol: nodes with balances, payments between them in parts,
 * blocks. It fakes `LightningNode` and not the network under it: what a gateway sees is what a real node would show,
 * bad days included (`faults.ts`).
 *
 * ```ts ignore
 * const lightning = new SimulatedLightning({ clock, dice });
 * const gateway = lightning.node("gateway", { localMsat: 10_000_000n, remoteMsat: 10_000_000n });
 * const outside = lightning.node("outside", { localMsat: 10_000_000n, remoteMsat: 10_000_000n });
 * const node = gateway.connect(); // what the gateway is given; once more after it was killed
 * const text = await outside.connect().operator.createInvoice({ amountMsat: 1_000n, expirySecs: 60, description: "" });
 * gateway.faults = faultsOf({ lostAnswer: 0.5, lateMs: 1_000 });
 * gateway.stop();
 * gateway.start(); // knows what it knew
 * lightning.mine(10);
 * ```
 *
 * `totalMsat` is constant, whatever happens, unless a node is given an older state.
 */
import { assert } from "../../../../core/assert.ts";
import type { BitcoinNetwork } from "../../../../core/bitcoin/network.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../core/bytes.ts";
import { publicKeyOf } from "../../../../core/crypto/mod.ts";
import type { Clock, Dice } from "../../../../actors/platform/platform.ts";
import type { BookedChannel } from "./books.ts";
import { simulatedClient } from "./client.ts";
import { SimulatedNode } from "./simulated_node.ts";
import { earliestExpiry, type Transit } from "./transit.ts";
import type { Routing, Sent, Wire } from "./wire.ts";

const DEFAULT_ROUTING: Routing = { baseMsat: 1_000n, partsPerMillion: 100n, cltvDelta: 40 };
const FIRST_HEIGHT = 100;
/** Blocks before a part's expiry at which a node gives a held payment back by itself (LND's `holdexpirydelta`). */
const HOLD_EXPIRY_DELTA = 12;
const SAT_MSAT = 1_000n;

export class SimulatedLightning implements Wire {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly network: BitcoinNetwork;
  readonly routing: Routing;
  #height = FIRST_HEIGHT;
  #routedMsat = 0n;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #transits: Transit[] = [];

  constructor(
    options: {
      readonly clock: Clock;
      readonly dice: Dice;
      readonly network?: BitcoinNetwork;
      readonly routing?: Partial<Routing>;
    },
  ) {
    this.clock = options.clock;
    this.dice = options.dice;
    this.network = options.network ?? "regtest";
    this.routing = { ...DEFAULT_ROUTING, ...options.routing };
  }

  get height(): number {
    return this.#height;
  }

  /** The node of that name, made when there is none yet, with one channel of these sums to the rest of the world. */
  node(
    name: string,
    channel: { readonly localMsat: bigint; readonly remoteMsat: bigint } = { localMsat: 0n, remoteMsat: 0n },
  ): SimulatedNode {
    let node = this.#nodes.get(name);
    if (node !== undefined) return node;
    node = new SimulatedNode(this, name, this.dice.bytes(32), simulatedClient);
    this.#nodes.set(name, node);
    const { localMsat, remoteMsat } = channel;
    if (localMsat + remoteMsat > 0n) {
      node.books.channels.push({
        remoteKey: publicKeyOf(this.dice.bytes(32)),
        funding: { txid: toHex(this.dice.bytes(32)), output: 0 },
        sizeSats: (localMsat + remoteMsat) / SAT_MSAT,
        baseFeeMsat: 0n,
        partsPerMillion: 0n,
      });
    }
    node.books.localMsat = localMsat;
    node.books.remoteMsat = remoteMsat;
    return node;
  }

  /** The node of a 33-byte key. */
  nodeOf(publicKey: Bytes): SimulatedNode | undefined {
    const key = toHex(publicKey);
    return [...this.#nodes.values()].find((node) => toHex(node.publicKey) === key);
  }

  channelTo(
    publicKey: Bytes,
    { localMsat, remoteMsat, entry }: {
      readonly localMsat: bigint;
      readonly remoteMsat: bigint;
      readonly entry: BookedChannel;
    },
  ): void {
    const { books } = this.nodeOf(publicKey)!;
    books.localMsat += localMsat;
    books.remoteMsat += remoteMsat;
    books.channels.push(entry);
  }

  transit(number: number): Transit {
    return this.#transits[number]!;
  }

  /** What all have, with what is on its way and what routing took. */
  get totalMsat(): bigint {
    let sum = this.#routedMsat;
    for (const { books } of this.#nodes.values()) sum += books.localMsat + books.onchainSats * SAT_MSAT;
    for (const { state, amountMsat, feeMsat, result } of this.#transits) {
      if (state === "travelling" || state === "held" || (state === "failed" && result !== null)) {
        sum += amountMsat + feeMsat;
      }
    }
    return sum;
  }

  /** Blocks are found: payments whose time is over go back. */
  mine(blocks: number): void {
    for (let i = 0; i < blocks; i++) {
      this.#height++;
      for (const transit of this.#transits) {
        if (transit.state === "travelling" || transit.state === "held") this.#age(transit);
      }
    }
  }

  /** Sends a payment; the payer's books have it already. */
  send({ paymentHash, ...sent }: Sent, delayMs: number): void {
    const transit: Transit = {
      ...sent,
      number: this.#transits.length,
      paymentHash: toHex(paymentHash),
      state: "travelling",
      result: null,
    };
    assert(
      transit.parts.reduce((sum, { amountMsat }) => sum + amountMsat, 0n) === transit.amountMsat,
      "parts are the whole",
    );
    this.#nodes.get(sent.from)!.books.localMsat -= transit.amountMsat + transit.feeMsat;
    this.#transits.push(transit);
    if (delayMs === 0) this.#arrive(transit);
    else this.clock.setTimer(delayMs, () => this.#arrive(transit));
  }

  /** The payee has taken it. */
  paid(transit: Transit, preimage: Bytes): void {
    assert(transit.state === "held" || transit.state === "travelling", "a payment ends once");
    const payee = this.#nodes.get(transit.to)!;
    transit.state = "paid";
    transit.result = { preimage };
    payee.books.localMsat += transit.amountMsat;
    payee.books.remoteMsat -= transit.amountMsat;
    this.#routedMsat += transit.feeMsat;
    this.#tell(transit);
  }

  /** The payee, or the way, gives it back. */
  failed(transit: Transit, reason: string): void {
    assert(transit.state === "held" || transit.state === "travelling", "a payment ends once");
    transit.state = "failed";
    transit.result = { reason };
    this.#tell(transit);
  }

  /** A node is there again: what waited for it comes. */
  onStart(name: string): void {
    for (const transit of this.#transits) {
      if (transit.from === name && transit.result !== null) this.#tell(transit);
      if (transit.to === name && transit.state === "travelling") this.#arrive(transit);
    }
  }

  #arrive(transit: Transit): void {
    const payee = this.#nodes.get(transit.to)!;
    if (transit.state === "travelling" && payee.isUp) payee.onPayment(transit);
  }

  #age(transit: Transit): void {
    const expiry = earliestExpiry(transit), payee = this.#nodes.get(transit.to)!;
    if (transit.state === "held" && payee.isUp && this.#height >= expiry - HOLD_EXPIRY_DELTA) payee.onAged(transit);
    // on the chain, whoever is up
    else if (this.#height >= expiry) {
      this.failed(transit, "timed out on the chain");
      payee.onTimedOut(transit);
    }
  }

  #tell(transit: Transit): void {
    const payer = this.#nodes.get(transit.from)!, { result } = transit;
    if (!payer.isUp || result === null) return;
    transit.result = null;
    const sumMsat = transit.amountMsat + transit.feeMsat;
    if ("reason" in result) payer.books.localMsat += sumMsat;
    else payer.books.remoteMsat += sumMsat;
    payer.onResult(fromHex(transit.paymentHash), sumMsat, result);
  }
}
