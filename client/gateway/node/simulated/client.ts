/** A gateway's connection to a simulated node: the node's answers, late, lost, or cut off by its end. */
import { sleep } from "../../../../actors/platform/platform.ts";
import { equalBytes, toHex } from "../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { err } from "../../../../core/result.ts";
import type { ForwardInterceptor, HeldPayment, HoldInvoiceRequest, LightningNode, PaymentOutcome } from "../node.ts";
import { HOLD_CLTV_DELTA, isBefore, NodeError } from "../node.ts";
import type { Call } from "./call.ts";
import { simulatedOperator } from "./operator.ts";
import type { SimulatedNode } from "./simulated_node.ts";
import type { Transit } from "./transit.ts";

const AGAIN_MS = 1_000;
/** As real nodes: what was to begin is too old then. */
const BEGIN_WITHIN_MS = 60_000;

const lost = (): NodeError => new NodeError("unreachable", "The simulated node can't be reached.");

function callsTo(node: SimulatedNode): Call {
  const { clock, dice } = node.lightning;
  const late = (signal?: AbortSignal): Promise<void> | null =>
    node.faults.lateMs > 0 ? sleep(clock, dice.fraction() * node.faults.lateMs, signal) : null;
  const isLost = (chance: number): boolean => chance > 0 && dice.fraction() < chance;
  return async (carryOut, signal) => {
    signal?.throwIfAborted();
    await late(signal);
    if (!node.isUp || isLost(node.faults.lostCall)) throw lost();
    const { life } = node;
    const answer = carryOut(node);
    await late(signal);
    if (!node.isUp || node.life !== life || isLost(node.faults.lostAnswer)) throw lost();
    return answer;
  };
}

/** Waits until `look` finds something. @throws {NodeError} when the node ends meanwhile · the signal's reason */
function found<T>(
  node: SimulatedNode,
  look: () => T | undefined,
  { life = node.life, signal }: { readonly life?: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      unwatch();
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const onAbort = (): void => end(() => reject(signal!.reason));
    const onChange = (): void => {
      if (!node.isUp || node.life !== life) return end(() => reject(lost()));
      const value = look();
      if (value !== undefined) end(() => resolve(value));
    };
    const unwatch = node.watch(onChange);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else onChange();
  });
}

export function simulatedClient(node: SimulatedNode): LightningNode {
  const call = callsTo(node), { clock, dice } = node.lightning;
  /** Asks until the node has said. */
  const insist = async <T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    for (;;) {
      try {
        return await ask();
      } catch (thrown) {
        signal?.throwIfAborted();
        if (!(thrown instanceof NodeError) || thrown.code !== "unreachable") throw thrown;
      }
      await sleep(clock, AGAIN_MS, signal);
    }
  };
  const outcomeOf = (hash: string, signal?: AbortSignal): Promise<PaymentOutcome> =>
    found(node, () => node.books.payments.get(hash)?.outcome ?? undefined, { signal });
  return {
    info: (signal) =>
      call((asked) => ({
        publicKey: asked.publicKey,
        alias: asked.name,
        network: asked.lightning.network,
        blockHeight: asked.lightning.height + asked.faults.heightLie,
        isSynced: true,
        keepsForwards: asked.keepsForwards,
      }), signal),
    createHoldInvoice: (request, signal) => call((asked) => holdInvoice(asked, request), signal),
    heldPayments: (signal) => heldPayments(node, signal),
    heldPayment: (paymentHash, signal) =>
      call((asked) => asked.held().find((held) => equalBytes(held.paymentHash, paymentHash)) ?? null, signal),
    held: (signal) => call((asked) => asked.held(), signal),
    settle: (preimage, signal) => insist(() => call((asked) => asked.settle(preimage), signal), signal),
    cancel: (paymentHash, signal) => insist(() => call((asked) => asked.cancel(paymentHash), signal), signal),
    pay: (request, signal) => {
      const askedMs = clock.monotonicMs();
      return insist(async () => {
        const hash = request.invoice.paymentHash, { after = null } = request;
        const isLate = clock.monotonicMs() - askedMs > BEGIN_WITHIN_MS;
        const refusal = await call((asked) => {
          const known = asked.knownPayment(hash);
          if (known !== null && !isBefore(known, after)) return null;
          return asked.pay(isLate ? { ...request, cltvLimit: 0 } : request);
        }, signal);
        if (refusal !== null) return err(refusal);
        const outcome = await outcomeOf(hash, signal);
        if (node.faults.lostAnswer > 0 && dice.fraction() < node.faults.lostAnswer) throw lost();
        return outcome;
      }, signal);
    },
    findPayment: (paymentHash, signal) =>
      insist(() => call((asked) => asked.knownPayment(toHex(paymentHash)), signal), signal),
    operator: simulatedOperator(node, call),
    interceptor: simulatedInterceptor(node, call),
  };
}

/** As LND's answer to a second one of the same hash is made good: the same terms are the same invoice. */
function holdInvoice(node: SimulatedNode, request: HoldInvoiceRequest): string {
  const booked = node.books.invoices.get(toHex(request.paymentHash));
  if (booked === undefined) return node.addInvoice({ ...request, minFinalCltvExpiryDelta: HOLD_CLTV_DELTA }, null);
  const { description, expirySecs } = parseBolt11(booked.text);
  const isSame = booked.isHold && booked.amountMsat === request.amountMsat &&
    description.tag === request.description.tag && description.value === request.description.value &&
    Number(expirySecs) === request.expirySecs;
  if (!isSame) throw new NodeError("refused", "There is another invoice of this payment hash.");
  return booked.text;
}

async function* heldPayments(node: SimulatedNode, signal: AbortSignal): AsyncGenerator<HeldPayment> {
  const told = new Set<string>(), { life, lightning: { dice } } = node;
  if (!node.isUp) throw lost();
  for (;;) {
    const payment = await found(
      node,
      () => node.held().find(({ paymentHash }) => !told.has(toHex(paymentHash))),
      { life, signal },
    );
    told.add(toHex(payment.paymentHash));
    yield payment;
    if (node.faults.toldTwice > 0 && dice.fraction() < node.faults.toldTwice) yield payment;
  }
}

function simulatedInterceptor(node: SimulatedNode, call: Call): ForwardInterceptor {
  return {
    run: async (decide, signal) => {
      const ended = new AbortController(), { life } = node, under = new Set<Transit>();
      const stop = AbortSignal.any([signal, ended.signal]);
      const answer = async (transit: Transit): Promise<void> => {
        const decided = await decide(transit.forward!, stop);
        await call((asked) => asked.answerForward(transit, decided), stop);
      };
      try {
        for (;;) {
          const transit = await found(node, () => node.forwards().find((forward) => !under.has(forward)), {
            life,
            signal: stop,
          });
          under.add(transit);
          answer(transit).catch((thrown) => ended.abort(thrown));
        }
      } finally {
        ended.abort(lost());
      }
    },
    routeHints: (atMost, signal) =>
      call((asked) =>
        asked.books.channels.slice(0, atMost).map(({ remoteKey }, i) => [{
          srcNodeId: remoteKey,
          shortChannelId: BigInt(i + 1),
          baseMsat: Number(asked.lightning.routing.baseMsat),
          proportionalMillionths: Number(asked.lightning.routing.partsPerMillion),
          cltvExpiryDelta: asked.lightning.routing.cltvDelta,
          htlcMinimumMsat: 1n,
          htlcMaximumMsat: null,
        }]), signal),
  };
}
