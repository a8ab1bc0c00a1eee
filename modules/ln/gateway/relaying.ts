/**
 * Forwards that the node hands over: the contract of the offer is funded, and the forward ends as that ends. Follows
 * fedimint-gw-client 0.13.0 (`lib.rs` `gateway_handle_intercepted_htlc`, `complete.rs`).
 *
 * The node tells of a forward again until it has an answer, so nothing is pushed to it: what a forward comes to stands
 * in the store, and is told as often as it is asked for. A forward is under way until who answers it says that the
 * answer is kept.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import { readDurable } from "../../contract/read_durable.ts";
import { orLate } from "../../contract/waiting.ts";
import { LnError } from "../client/error.ts";
import { awaitBought, buy } from "./buying.ts";
import type { Circuit } from "./db.ts";
import { circuits, relaying } from "./db.ts";
import type { RelayRefusal } from "./error.ts";
import { completeLightningPaymentSucceeded, incomingPaymentStarted, logInto } from "./events.ts";
import { FORWARD_BLOCKS_MIN, LIVENESS_MS } from "./limits.ts";
import type { LnGatewayWallet } from "./own.ts";
import { operationOf } from "./own.ts";

/** A forward, as the node holds it. */
export type Forward = {
  readonly paymentHash: Sha256;
  readonly circuit: Circuit;
  /** What the incoming HTLC holds: what the sender wants to be forwarded is only said. */
  readonly heldMsat: bigint;
  /** Height at which the incoming HTLC can be taken back. */
  readonly expiryHeight: bigint;
  /** Of the node's newest block. */
  readonly blockHeight: bigint;
};

/** Whether a contract was funded for this forward. */
export async function isRelayed(
  { env }: LnGatewayWallet,
  { paymentHash, circuit }: Pick<Forward, "paymentHash" | "circuit">,
): Promise<boolean> {
  const known = await readDurable(env.store, (tx) => circuits.get(tx, paymentHash));
  return known !== undefined && known.channel === circuit.channel && known.htlc === circuit.htlc;
}

/**
 * Funds the contract of the forward's offer, unless that was done before. The error: nothing was funded for this
 * forward, and nothing will be; the payment may go back. Rejects when it isn't known: the node tells of it again.
 */
export async function relay(
  wallet: LnGatewayWallet,
  forward: Forward,
  signal: AbortSignal,
): Promise<Result<null, RelayRefusal>> {
  const { env } = wallet, { paymentHash, circuit, heldMsat, expiryHeight, blockHeight } = forward;
  const operationId = operationOf(paymentHash);
  if (await isRelayed(wallet, forward)) return ok(null);
  // one that was bought for a swap, or for another HTLC, has been paid for: a second payment goes back
  if (await env.core.operationExists(operationId)) return err("other_payment");
  if (expiryHeight - blockHeight <= FORWARD_BLOCKS_MIN) return err("too_late");
  const count = await liveBlockCount(wallet, signal);
  if (count === null) return err("federation_unreachable");
  // a node that is behind takes the expiry for farther than it is; f guardians can't make the count higher
  if (expiryHeight - (count - 1n) <= FORWARD_BLOCKS_MIN) return err("too_late");
  const bought = await buy(wallet, {
    paymentHash,
    mostMsat: heldMsat,
    also: (tx, contractMsat) => {
      circuits.set(tx.store, paymentHash, circuit);
      relaying.set(tx.store, paymentHash, heldMsat);
      logInto(tx, incomingPaymentStarted(paymentHash, { invoiceMsat: heldMsat, contractMsat }, operationId));
    },
  }, signal);
  if (!bought.ok) return bought;
  // something else with this hash may have been first
  return await isRelayed(wallet, forward) ? ok(null) : err("other_payment");
}

/** Null without an answer in ten seconds. */
async function liveBlockCount({ env, federation }: LnGatewayWallet, signal: AbortSignal): Promise<bigint | null> {
  const { clock } = env.platform, late = () => LnError.of("federation", "too late");
  try {
    return await orLate({ clock, deadlineMs: LIVENESS_MS, signal, late }, (until) => federation.blockCount(until));
  } catch (thrown) {
    if (thrown instanceof LnError && thrown.code === "federation") return null;
    throw thrown;
  }
}

/**
 * Waits for what a forward comes to: the preimage (32 bytes) that settles it, or null: it goes back.
 * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
 */
export async function awaitRelayed(
  wallet: LnGatewayWallet,
  paymentHash: Sha256,
  signal: AbortSignal,
): Promise<Bytes | null> {
  const bought = await awaitBought(wallet, operationOf(paymentHash), signal);
  return bought.tag === "Success" ? bought.preimage : null;
}

/**
 * What a forward came to is kept where it outlives this module: it is under way no more. Durable.
 * @param preimage as `awaitRelayed` told it
 */
export async function answered(
  { env: { core } }: LnGatewayWallet,
  paymentHash: Sha256,
  preimage: Bytes | null,
): Promise<void> {
  await core.transact(operationOf(paymentHash), async (tx) => {
    if (await relaying.get(tx.store, paymentHash) === undefined) return;
    relaying.delete(tx.store, paymentHash);
    if (preimage) logInto(tx, completeLightningPaymentSucceeded(paymentHash));
  });
}

/** A forward that a contract was funded for. */
export type Unanswered = { readonly paymentHash: Sha256; readonly circuit: Circuit };

/** Forwards of which nobody has said that they are answered. */
export function unanswered({ env }: LnGatewayWallet): Promise<readonly Unanswered[]> {
  return readDurable(env.store, async (tx) => {
    const all: Unanswered[] = [];
    for await (const [paymentHash] of relaying.entries(tx)) {
      const circuit = await circuits.get(tx, paymentHash);
      assert(circuit, "it is stored with the forward");
      all.push({ paymentHash, circuit });
    }
    return all;
  });
}
