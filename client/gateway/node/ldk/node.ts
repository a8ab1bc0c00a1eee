/**
 * The embedded node behind the gateway's interface. What must have an answer is asked until there is one, over any
 * number of deaths of the process; what is asked again finds what the first asking began.
 */
import type { Sender } from "../../../../actors/actor.ts";
import { ActorError } from "../../../../actors/error.ts";
import type { Clock } from "../../../../actors/platform/platform.ts";
import { sleep } from "../../../../actors/platform/platform.ts";
import { orAborted } from "../../../../core/abort.ts";
import type { BitcoinNetwork } from "../../../../core/bitcoin/network.ts";
import { toHex } from "../../../../core/bytes.ts";
import type { HeldPayment, LightningNode, NodeOperator } from "../node.ts";
import { NodeError } from "../node.ts";
import { ASK_AGAIN_MS, BEGIN_WITHIN_MS, CALL_DEADLINE_MS } from "./limits.ts";
import type { LdkRef } from "./process.ts";
import type { LdkCall, LdkCalls, Refused } from "./wire.ts";

export type LdkNodeParts = {
  readonly sender: Sender;
  readonly process: LdkRef;
  readonly clock: Clock;
  readonly network: BitcoinNetwork;
  readonly alias: string;
};

export function ldkNode(parts: LdkNodeParts): LightningNode & { readonly operator: NodeOperator } {
  const { sender, process, clock, network, alias } = parts;

  /** Once. @throws {NodeError} */
  const ask = async <C extends LdkCall>(
    call: C,
    args: LdkCalls[C]["args"],
    signal?: AbortSignal,
  ): Promise<LdkCalls[C]["answer"]> => {
    signal?.throwIfAborted();
    const asked = sender.ask(process, "call", { call, args }, { deadlineMs: CALL_DEADLINE_MS });
    try {
      const answer = await (signal === undefined ? asked : orAborted(asked, signal));
      if (answer.ok) return answer.value as LdkCalls[C]["answer"];
      throw errorOf(answer.error);
    } catch (thrown) {
      if (thrown instanceof ActorError) throw new NodeError("unreachable", "The Lightning node is restarting.");
      throw thrown;
    }
  };

  /** Until something has changed, or for a while. */
  const pause = async (since: number, signal?: AbortSignal): Promise<number> => {
    const changed = sender.ask(process, "change", { since }, { deadlineMs: CALL_DEADLINE_MS });
    try {
      return await (signal === undefined ? changed : orAborted(changed, signal));
    } catch (thrown) {
      if (!(thrown instanceof ActorError)) throw thrown;
      // an actor that isn't there answers at once
      await sleep(clock, ASK_AGAIN_MS, signal);
      return since;
    }
  };

  /** Until there is an answer that isn't null, over restarts of the node. */
  const insist = async <T>(attempt: () => Promise<T | null>, signal?: AbortSignal): Promise<T> => {
    for (let since = await pause(0, signal);; since = await pause(since, signal)) {
      try {
        const answer = await attempt();
        if (answer !== null) return answer;
      } catch (thrown) {
        if (!(thrown instanceof NodeError)) throw thrown;
      }
    }
  };

  async function* heldPayments(signal: AbortSignal): AsyncGenerator<HeldPayment> {
    const told = new Set<string>();
    for (let since = await pause(0, signal);; since = await pause(since, signal)) {
      const held = await ask("held", null, signal);
      const hashes = new Set(held.map(({ paymentHash }) => toHex(paymentHash)));
      for (const hash of told) if (!hashes.has(hash)) told.delete(hash);
      for (const payment of held) {
        const hash = toHex(payment.paymentHash);
        if (told.has(hash)) continue;
        told.add(hash);
        yield payment;
      }
    }
  }

  return {
    info: async (signal) => {
      const { publicKey, blockHeight, isSynced } = await ask("info", null, signal);
      return { publicKey, alias, network, blockHeight, isSynced, keepsForwards: null };
    },
    createHoldInvoice: (request, signal) => ask("hold", request, signal),
    heldPayments,
    heldPayment: async (paymentHash, signal) => {
      const hash = toHex(paymentHash), held = await ask("held", null, signal);
      return held.find((payment) => toHex(payment.paymentHash) === hash) ?? null;
    },
    held: (signal) => ask("held", null, signal),
    settle: (preimage, signal) => insist(() => ask("settle", { preimage }, signal), signal),
    cancel: (paymentHash, signal) => insist(() => ask("cancel", { paymentHash }, signal), signal),
    pay: ({ invoice: { text: invoice }, feeLimitMsat, cltvLimit: atFirst, after = null }, signal) => {
      const askedMs = clock.monotonicMs();
      return insist(async () => {
        // what begins now would be bound for longer than was meant: what has begun is followed
        const cltvLimit = clock.monotonicMs() - askedMs > BEGIN_WITHIN_MS ? 0 : atFirst;
        return (await ask("pay", { invoice, feeLimitMsat, cltvLimit, after }, signal)).outcome;
      }, signal);
    },
    findPayment: async (paymentHash, signal) => {
      const { found } = await insist(async () => ({ found: await ask("payment", { paymentHash }, signal) }), signal);
      return found && { number: found.number, hasFailed: found.outcome?.ok === false };
    },
    operator: {
      balances: (signal) => ask("balances", null, signal),
      onchainAddress: (signal) => ask("address", null, signal),
      sendOnchain: (payment, signal) => ask("send", payment, signal),
      channels: (signal) => ask("channels", null, signal),
      connectPeer: async (peer, signal) => void await ask("connect", peer, signal),
      openChannel: (channel, signal) => ask("open", channel, signal),
      closeChannels: (peer, signal) => ask("close", peer, signal),
      setChannelFees: async (fees, signal) => void await ask("fees", fees, signal),
      createInvoice: (invoice, signal) => ask("createInvoice", invoice, signal),
      invoice: (paymentHash, signal) => ask("invoice", { paymentHash }, signal),
      transactions: (times, signal) => ask("transactions", times, signal),
    },
  };
}

function errorOf({ code, message }: Refused): NodeError {
  return new NodeError(code, message);
}
