/**
 * Payments as the wallets' event logs have them: pages of events, and what they come to.
 * fedimint-gateway-server 0.13.0 (`lib.rs`), fedimint-eventlog (`PaymentStats`).
 */
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject, stringifyJson } from "../../../core/encoding/mod.ts";
import { amount } from "../../../core/types/amount.ts";
import { LN_KIND } from "../../../modules/ln/common.ts";
import { LNV2_KIND } from "../../../modules/lnv2/common.ts";
import type { NumberedEvent } from "../../logs/events.ts";
import { getEvents, nextEventId } from "../../logs/events.ts";
import type { FederationClient } from "../../wallet.ts";
import { PAYMENT_LOG_PAGE_MAX } from "../limits.ts";

const OUTGOING = {
  started: "outgoing-payment-started",
  succeeded: "outgoing-payment-succeeded",
  failed: "outgoing-payment-failed",
};
const INCOMING = {
  started: "incoming-payment-started",
  succeeded: "incoming-payment-succeeded",
  failed: "incoming-payment-failed",
};
/** Modules whose events these are. */
const LIGHTNING: ReadonlySet<string> = new Set([LN_KIND, LNV2_KIND]);
const COMPLETED = "complete-lightning-payment-succeeded";
const KINDS = [...Object.values(OUTGOING), ...Object.values(INCOMING), COMPLETED];
/** Events that are read at a time. */
const BATCH = 1_000;

type Page = { readonly endPosition: number | null; readonly size: number; readonly kinds: readonly string[] };

/** The newest events of these kinds (none: those of payments) up to a position, newest first. */
export async function paymentLog(wallet: FederationClient, { endPosition, size, kinds }: Page): Promise<Json> {
  const { store } = wallet.client.options, wanted = new Set(kinds.length === 0 ? KINDS : kinds);
  const found: NumberedEvent[] = [], most = Math.min(size, PAYMENT_LOG_PAGE_MAX);
  let end = endPosition === null ? await store.read(nextEventId) : endPosition + 1;
  while (end > 0 && found.length < most) {
    const start = Math.max(0, end - BATCH), count = end - start;
    const events = await store.read((tx) => getEvents(tx, start, count));
    for (const event of events.reverse()) if (wanted.has(event.kind)) found.push(event);
    end = start;
  }
  return found.slice(0, most).map(({ id, kind, module, tsUs, payload }) => ({
    id,
    kind,
    module: module && { kind: module.kind, id: module.id },
    ts_usecs: tsUs,
    payload,
  }));
}

type Sums = { latenciesUs: number[]; feesMsat: bigint; failures: number };

/** What payments from one time to another came to, over all these wallets. */
export async function paymentSummary(
  wallets: readonly FederationClient[],
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Promise<Json> {
  const outgoing: Sums = { latenciesUs: [], feesMsat: 0n, failures: 0 };
  const incoming: Sums = { latenciesUs: [], feesMsat: 0n, failures: 0 };
  for (const wallet of wallets) {
    const { store } = wallet.client.options, last = await store.read(nextEventId);
    const started = new Map<string, NumberedEvent>();
    for (let from = 0; from < last; from += BATCH) {
      for (const event of await store.read((tx) => getEvents(tx, from, BATCH))) {
        if (!LIGHTNING.has(event.module?.kind ?? "") || event.tsUs < startMs * 1_000 || event.tsUs > endMs * 1_000) {
          continue;
        }
        count(outgoing, OUTGOING, event, started, outgoingFee);
        count(incoming, INCOMING, event, started, incomingFee);
      }
    }
  }
  return { outgoing: statsOf(outgoing), incoming: statsOf(incoming) };
}

function count(
  sums: Sums,
  kinds: typeof OUTGOING,
  event: NumberedEvent,
  started: Map<string, NumberedEvent>,
  feeOf: (begun: JsonObject, ended: JsonObject) => bigint | null,
): void {
  const { kind, payload } = event;
  if (!isJsonObject(payload)) return;
  const name = `${event.module?.kind} ${kinds.started} ${paymentOf(payload)}`;
  if (kind === kinds.started) return void started.set(name, event);
  if (kind !== kinds.succeeded && kind !== kinds.failed) return;
  const begun = started.get(name);
  if (!begun || !isJsonObject(begun.payload)) return;
  if (kind === kinds.failed) return void sums.failures++;
  const feeMsat = feeOf(begun.payload, payload);
  if (feeMsat === null) return;
  sums.latenciesUs.push(event.tsUs - begun.tsUs);
  sums.feesMsat += feeMsat;
}

/** A payment's image, wherever an event has it; of version 1 its hash, or its contract. */
function paymentOf(payload: JsonObject): string {
  const { payment_hash: hash = payload.contract_id } = payload;
  if (hash !== undefined) return stringifyJson(hash);
  for (const holder of [payload, payload.outgoing_contract, payload.incoming_contract_commitment]) {
    if (holder !== undefined && isJsonObject(holder) && holder.payment_image !== undefined) {
      return stringifyJson(holder.payment_image);
    }
  }
  return "";
}

function outgoingFee(begun: JsonObject, { outgoing_contract: account }: JsonObject): bigint | null {
  const { min_contract_amount: least, invoice_amount: invoice } = begun;
  // of version 1: what lay in the contract
  const paid = least ?? (account !== undefined && isJsonObject(account) ? account.amount : undefined);
  return amount.fromJson(paid ?? 0) - amount.fromJson(invoice ?? 0);
}

function incomingFee(begun: JsonObject): bigint | null {
  const { incoming_contract_commitment: terms, invoice_amount: invoice, contract_amount: ofContract } = begun;
  if (ofContract !== undefined) {
    // as the reference has it, which counts no payment of version 1 that brought more than its contract took
    const feeMsat = amount.fromJson(ofContract) - amount.fromJson(invoice ?? 0);
    return feeMsat < 0n ? null : feeMsat;
  }
  const contract = terms !== undefined && isJsonObject(terms) ? terms.amount ?? 0 : 0;
  return amount.fromJson(invoice ?? 0) - amount.fromJson(contract);
}

function statsOf({ latenciesUs, feesMsat, failures }: Sums): Json {
  const sorted = [...latenciesUs].sort((a, b) => a - b), { length } = sorted;
  const average = sorted.reduce((sum, us) => sum + us, 0) / length;
  const middle = length % 2 === 1 ? sorted[(length - 1) / 2]! : (sorted[length / 2 - 1]! + sorted[length / 2]!) / 2;
  return {
    average_latency: length === 0 ? null : durationOf(Math.floor(average)),
    median_latency: length === 0 ? null : durationOf(Math.floor(middle)),
    total_fees: amount.toJson(feesMsat),
    total_success: length,
    total_failure: failures,
  };
}

function durationOf(us: number): Json {
  return { secs: Math.floor(us / 1_000_000), nanos: (us % 1_000_000) * 1_000 };
}
