/** What gateways take for a payment. Follows fedimint-ln-common 0.13.0 (`config.rs`, `FeeToAmount`). */
import type { RoutingFees } from "../../core/lightning/route_hint.ts";
import { U64_MAX } from "../../core/types/amount.ts";

const MILLION = 1_000_000n;

/**
 * base + ⌊amount / ⌊10^6 / ppm⌋⌋, not amount · ppm / 10^6: 2^64 − 1 where the inner quotient is 0, as for any sum
 * beyond that.
 */
export function gatewayFeeMsat({ baseMsat, proportionalMillionths }: RoutingFees, amountMsat: bigint): bigint {
  const ppm = BigInt(proportionalMillionths), base = BigInt(baseMsat);
  if (ppm === 0n) return base;
  const divisor = MILLION / ppm;
  if (divisor === 0n) return U64_MAX;
  const sum = base + amountMsat / divisor;
  return sum > U64_MAX ? U64_MAX : sum;
}
