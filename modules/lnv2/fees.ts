/** Fees of the federation and of gateways. Follows fedimint-lnv2-common 0.13.0 (`config.rs`, `gateway_api.rs`). */
import type { Codec, CodecType } from "../../core/encoding/mod.ts";
import { DecodeError, struct, u64 } from "../../core/encoding/mod.ts";
import type { Amount } from "../../core/types/amount.ts";
import { amount, U64_MAX } from "../../core/types/amount.ts";
import { formatAmount, parseAmount } from "../../core/types/amount_text.ts";

const MILLION = 1_000_000n;

function saturated(value: bigint): bigint {
  return value > U64_MAX ? U64_MAX : value;
}

/** The federation's, for each input and each output. */
export const feeConsensus = struct("FeeConsensus", { base: amount, partsPerMillion: u64 });
export type FeeConsensus = CodecType<typeof feeConsensus>;

export const NO_FEES: FeeConsensus = { base: 0n, partsPerMillion: 0n };
export const BASE_FEES: FeeConsensus = { base: 1_000n, partsPerMillion: 0n };

/** A gateway's, for a payment: `base` in msat, and parts per million of the amount. */
export type PaymentFee = { readonly base: bigint; readonly partsPerMillion: bigint };
export const paymentFee: Codec<PaymentFee> = struct("PaymentFee", { base: amount, partsPerMillion: u64 });

/** The most a client accepts for sending: 100 sat and 1.5 %. */
export const SEND_FEE_LIMIT: PaymentFee = { base: 100_000n, partsPerMillion: 15_000n };
/** The most a client accepts for receiving: 50 sat and 0.5 %. */
export const RECEIVE_FEE_LIMIT: PaymentFee = { base: 50_000n, partsPerMillion: 5_000n };
/** What a gateway takes for its own transactions with the federation, unless its operator says otherwise. */
export const TRANSACTION_FEE_DEFAULT: PaymentFee = { base: 2_000n, partsPerMillion: 3_000n };

/**
 * ⌊value · ppm / 10^6⌋ + base; product and sum stay at 2^64 − 1 when they are larger. The federation's fees can't get
 * there, fees that a gateway names can.
 */
export function feeOf(fee: FeeConsensus | PaymentFee, value: Amount): Amount {
  return saturated(saturated(value * fee.partsPerMillion) / MILLION + fee.base);
}

export function addFee(fee: PaymentFee, value: Amount): Amount {
  return saturated(value + feeOf(fee, value));
}

/** Zero when the fee takes it all. */
export function subtractFee(fee: PaymentFee, value: Amount): Amount {
  const rest = value - feeOf(fee, value);
  return rest < 0n ? 0n : rest;
}

/** Both parts count: a fee with a low base may still have too high a rate. */
export function isWithin(fee: PaymentFee, limit: PaymentFee): boolean {
  return fee.base <= limit.base && fee.partsPerMillion <= limit.partsPerMillion;
}

/** `2000 msat,3000` */
export function formatPaymentFee(fee: PaymentFee): string {
  return `${formatAmount(fee.base)},${fee.partsPerMillion}`;
}

/** `BASE,PPM`, the base with or without a unit. @throws {DecodeError} `invalid` · `out_of_range` */
export function parsePaymentFee(source: string): PaymentFee {
  const [base, rate, ...more] = source.split(",");
  if (base === undefined || rate === undefined || more.length > 0) {
    throw new DecodeError("invalid", "Expected the format <base>,<ppm>");
  }
  if (!/^\+?[0-9]+$/.test(rate)) {
    throw new DecodeError("invalid", "The relative fee is not a number of parts per million");
  }
  return { base: parseAmount(base), partsPerMillion: u64.fromJson(BigInt(rate.replace("+", ""))) };
}
