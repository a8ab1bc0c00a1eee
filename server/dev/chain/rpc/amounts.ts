/**
 * Amounts in JSON: bitcoin with eight decimals, exact in both directions. Source: Core `core_write.cpp`,
 * `rpc/util.cpp`.
 */
import { btcText, MONEY_MAX_SAT, satOfBtc } from "../../../../core/bitcoin/mod.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import { JsonFloat } from "../../../../core/encoding/mod.ts";
import { RPC, RpcError } from "../error.ts";

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
  const sat = satOfBtc(text);
  if (sat === null) throw new RpcError(RPC.TYPE, "Invalid amount");
  if (sat < 0n || sat > MONEY_MAX_SAT) throw new RpcError(RPC.TYPE, "Amount out of range");
  return sat;
}
