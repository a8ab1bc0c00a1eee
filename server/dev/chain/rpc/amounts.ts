/**
 * Amounts in JSON: bitcoin with eight decimals, exact in both directions. Source: Core `core_write.cpp`,
 * `rpc/util.cpp`.
 */
import type { Json } from "../../../../core/encoding/mod.ts";
import { JsonFloat } from "../../../../core/encoding/mod.ts";
import { RPC, RpcError } from "../error.ts";
import { MONEY_MAX_SAT } from "../params.ts";

const SAT_PER_BTC = 100_000_000n;

export function btcText(sat: bigint): string {
  const positive = sat < 0n ? -sat : sat;
  return `${sat < 0n ? "-" : ""}${positive / SAT_PER_BTC}.${String(positive % SAT_PER_BTC).padStart(8, "0")}`;
}

export function btc(sat: bigint): JsonFloat {
  return new JsonFloat(btcText(sat));
}

/** A number, or a string of one. @throws {RpcError} −3 */
export function satOf(json: Json): bigint {
  const text = json instanceof JsonFloat
    ? json.source
    : typeof json === "number" || typeof json === "bigint"
    ? String(json)
    : json;
  if (typeof text !== "string") throw new RpcError(RPC.TYPE, "Amount is not a number or string");
  const match = /^(-?)([0-9]{1,20})(?:\.([0-9]{1,8})0*)?$/.exec(text);
  if (match === null) throw new RpcError(RPC.TYPE, "Invalid amount");
  const [, sign = "", whole = "", fraction = ""] = match;
  const sat = BigInt(whole) * SAT_PER_BTC + BigInt(fraction.padEnd(8, "0"));
  if (sign !== "" || sat > MONEY_MAX_SAT) throw new RpcError(RPC.TYPE, "Amount out of range");
  return sat;
}
