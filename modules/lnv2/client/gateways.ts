/**
 * Which gateway pays or is paid. Each guardian vets some; the client asks those first that most guardians vet, in an
 * order by chance among equals, and takes the first that answers and keeps within the limits. fedimint-lnv2-client
 * 0.13.0 (`api.rs`, `select_gateway`); docs/protocol/06-lightning-meta.md §C, §D.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { gatewayReasons } from "../../../core/lightning/error.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { formatAmount } from "../../../core/types/amount_text.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import type { PaymentFee } from "../fees.ts";
import { isWithin, RECEIVE_FEE_LIMIT, SEND_FEE_LIMIT } from "../fees.ts";
import type { RoutingInfo } from "../gateway_api.ts";
import { sendParameters } from "../gateway_api.ts";
import { gatewayOfNode, mappedAtMs, setGateways } from "./db.ts";
import { Lnv2Error } from "./error.ts";
import { EXPIRATION_DELTA_MAX, GATEWAYS_ASKED_MAX, GATEWAYS_AT_ONCE, NEXT_GATEWAY_MS } from "./limits.ts";
import type { LightningParts } from "./send_machine.ts";

/** A gateway with its prices of now. */
export type Chosen = { readonly gateway: SafeUrl; readonly info: RoutingInfo };

/** Why a gateway won't do, and the same in words of what it does. */
type Unfit = {
  readonly code:
    | "federation_not_supported"
    | "fee_exceeds_limit"
    | "expiration_exceeds_limit"
    | "receive_disabled"
    | "gateway_failed";
  readonly why: string;
};
/** Null when it will do. */
type Fits = (info: RoutingInfo) => Unfit | null;

function feeText({ base, partsPerMillion }: PaymentFee): string {
  return `${formatAmount(base)} and ${Number(partsPerMillion) / 10_000} %`;
}

function tooDear(fee: PaymentFee, limit: PaymentFee): Unfit {
  return { code: "fee_exceeds_limit", why: `takes ${feeText(fee)}, of at most ${feeText(limit)}` };
}

const NOT_SERVED: Unfit = { code: "federation_not_supported", why: "doesn't serve this federation" };

/** For paying this invoice; without one, for any payment over Lightning. */
export function fitsSending(invoice: Pick<Bolt11Invoice, "payee"> | null): Fits {
  return (info) => {
    const { fee, expirationDelta } = invoice
      ? sendParameters(info, invoice)
      : { fee: info.sendFeeDefault, expirationDelta: info.expirationDeltaDefault };
    if (!isWithin(fee, SEND_FEE_LIMIT)) return tooDear(fee, SEND_FEE_LIMIT);
    if (expirationDelta <= EXPIRATION_DELTA_MAX) return null;
    const why = `would keep the money for up to ${expirationDelta} blocks, of at most ${EXPIRATION_DELTA_MAX}`;
    return { code: "expiration_exceeds_limit", why };
  };
}

export function fitsReceiving(info: RoutingInfo): Unfit | null {
  if (!info.receiveEnabled) return { code: "receive_disabled", why: "takes no incoming payments at the moment" };
  return isWithin(info.receiveFee, RECEIVE_FEE_LIMIT) ? null : tooDear(info.receiveFee, RECEIVE_FEE_LIMIT);
}

function shuffled<T>(values: readonly T[], dice: Pick<Dice, "below">): T[] {
  const all = [...values];
  for (let i = all.length - 1; i > 0; i--) {
    const j = dice.below(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

/**
 * The union of the lists, the most vetted first. Among equals each guardian names one in turn: however many one of them
 * lists, it doesn't push those of others back.
 */
export function byVetting(lists: readonly (readonly SafeUrl[])[], dice: Pick<Dice, "below">): SafeUrl[] {
  const sets = lists.map((list) => new Set(list)), votes = new Map<SafeUrl, number>();
  for (const set of sets) for (const gateway of set) votes.set(gateway, (votes.get(gateway) ?? 0) + 1);
  const orders = shuffled(sets, dice).map((set) => shuffled([...set].sort(), dice));
  const ranked = new Set<SafeUrl>();
  for (let vetting = lists.length; vetting > 0; vetting--) {
    const equals = orders.map((order) => order.filter((gateway) => votes.get(gateway) === vetting));
    const most = equals.reduce((max, { length }) => Math.max(max, length), 0);
    for (let turn = 0; turn < most; turn++) {
      for (const own of equals) if (turn < own.length) ranked.add(own[turn]!);
    }
  }
  return [...ranked];
}

export class Gateways {
  readonly #parts: LightningParts;

  constructor(parts: LightningParts) {
    this.#parts = parts;
  }

  /** Most vetted first. @throws {Lnv2Error} `list_failed` */
  async list(signal: AbortSignal): Promise<readonly SafeUrl[]> {
    const { federation, env: { platform: { dice } } } = this.#parts;
    return byVetting(await federation.gatewayLists(signal), dice);
  }

  /** @throws {Lnv2Error} `gateway_failed` */
  async routingInfo(gateway: SafeUrl, signal: AbortSignal): Promise<RoutingInfo | null> {
    const info = await this.#parts.gateway.routingInfo(gateway, signal);
    if (info.ok) return info.value;
    throw Lnv2Error.of("gateway_failed", info.error);
  }

  /**
   * The given one; else the one whose node is paid, if it is vetted; else the first that will do.
   * @throws {Lnv2Error} `gateway_failed` · `federation_not_supported` · `fee_exceeds_limit` ·
   * `expiration_exceeds_limit` · `receive_disabled` · `list_failed` · `no_gateways` · `gateways_unresponsive` ·
   * `no_receiving_gateway`
   */
  async select(
    given: SafeUrl | null,
    payee: Bolt11Invoice | null,
    fits: Fits,
    signal: AbortSignal,
  ): Promise<Chosen> {
    if (given !== null) return await this.#only(given, fits, signal);
    const listed = await this.list(signal);
    if (listed.length === 0) throw Lnv2Error.of("no_gateways");
    const own = payee && await this.#parts.env.store.read((tx) => gatewayOfNode(tx, payee.payee));
    if (own && listed.includes(own)) {
      const answer = await this.#fit(own, fits, signal);
      if (answer.ok) return answer.value;
    }
    return await this.#first(listed.slice(0, GATEWAYS_ASKED_MAX), fits, signal);
  }

  async #only(gateway: SafeUrl, fits: Fits, signal: AbortSignal): Promise<Chosen> {
    const info = await this.routingInfo(gateway, signal);
    const unfit = info ? fits(info) : NOT_SERVED;
    if (unfit !== null) throw Lnv2Error.of(unfit.code, gatewayReasons([[gateway, unfit.why]]));
    return { gateway, info: info! };
  }

  async #fit(gateway: SafeUrl, fits: Fits, signal: AbortSignal): Promise<Result<Chosen, Unfit>> {
    const answer = await this.#parts.gateway.routingInfo(gateway, signal);
    if (!answer.ok) return err({ code: "gateway_failed", why: `doesn't answer: ${answer.error}` });
    if (!answer.value) return err(NOT_SERVED);
    const unfit = fits(answer.value);
    return unfit === null ? ok({ gateway, info: answer.value }) : err(unfit);
  }

  /** One after the other; one that is slow isn't waited for, and may still be the first. */
  async #first(gateways: readonly SafeUrl[], fits: Fits, signal: AbortSignal): Promise<Chosen> {
    const { clock } = this.#parts.env.platform;
    const stop = new AbortController(), until = AbortSignal.any([signal, stop.signal]);
    type Answer = { readonly of: SafeUrl; readonly answer: Result<Chosen, Unfit> };
    const asked = new Map<SafeUrl, Promise<Answer>>(), unfit = new Map<SafeUrl, Unfit>();
    try {
      for (let next = 0; next < gateways.length || asked.size > 0;) {
        const of = gateways[next++];
        if (of !== undefined) asked.set(of, this.#fit(of, fits, until).then((answer) => ({ of, answer })));
        const late = next < gateways.length ? [sleep(clock, NEXT_GATEWAY_MS, until).then(() => null)] : [];
        for (const promise of [...asked.values(), ...late]) promise.catch(() => undefined);
        const first = await Promise.race([...asked.values(), ...late]);
        if (first === null) continue;
        if (first.answer.ok) return first.answer.value;
        unfit.set(first.of, first.answer.error);
        asked.delete(first.of);
      }
    } finally {
      stop.abort();
    }
    throw noneOf(unfit);
  }

  /**
   * Asks all vetted gateways whose nodes they have, so that invoices of theirs are paid within the federations. A node
   * that two gateways name counts as the more vetted one's.
   * @throws {Lnv2Error} `list_failed`
   */
  async map(signal: AbortSignal): Promise<void> {
    const { env: { store, platform: { clock } }, gateway: connection } = this.#parts;
    const listed = (await this.list(signal)).slice(0, GATEWAYS_ASKED_MAX);
    const found: { readonly nodeKey: RoutingInfo["lightningPublicKey"]; readonly gateway: SafeUrl }[] = [];
    const nodes = new Set<string>();
    for (let at = 0; at < listed.length; at += GATEWAYS_AT_ONCE) {
      const some = listed.slice(at, at + GATEWAYS_AT_ONCE);
      const answers = await Promise.all(some.map((gateway) => connection.routingInfo(gateway, signal)));
      for (const [i, answer] of answers.entries()) {
        if (!answer.ok || !answer.value) continue;
        const nodeKey = answer.value.lightningPublicKey;
        if (nodes.has(toHex(nodeKey))) continue;
        nodes.add(toHex(nodeKey));
        found.push({ nodeKey, gateway: some[i]! });
      }
    }
    const { durable } = await store.transact(async (tx) => {
      await setGateways(tx, found, new Set(listed));
      mappedAtMs.set(tx, Math.floor(clock.nowMs()));
    });
    await durable;
  }
}

/** None will do: the reason that says most, and each one's own. */
function noneOf(unfit: ReadonlyMap<SafeUrl, Unfit>): Lnv2Error {
  const codes = new Set(unfit.values().map(({ code }) => code));
  const reasons = gatewayReasons([...unfit].map(([gateway, { why }]) => [gateway, why]));
  if (codes.has("fee_exceeds_limit")) return Lnv2Error.of("fee_exceeds_limit", reasons);
  if (codes.has("expiration_exceeds_limit")) return Lnv2Error.of("expiration_exceeds_limit", reasons);
  if (codes.has("receive_disabled")) return Lnv2Error.of("no_receiving_gateway", reasons);
  return Lnv2Error.of("gateways_unresponsive", reasons);
}
