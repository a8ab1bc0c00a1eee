/** What the log of outputs shows of a wallet's past: deposits that it had claimed before it was lost. */
import { addressFromScript, bitcoinOutPoint } from "../../../core/bitcoin/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { recoveredOperationId } from "../../contract/recovered.ts";
import type { ClientRecoveryEnv, Derivation } from "../../contract/recovery.ts";
import type { OutputInfo } from "../common.ts";
import type { WalletConfig } from "../config.ts";
import { satoshi } from "../config.ts";

/**
 * `{"Recovered":{"value":sat,"address","outpoint":"txid:vout"|null,"output_index","derivation"}}`, beside
 * `{"Receive":{"change_outpoint_range","value","fee","address","outpoint"}}` of a claim. The log doesn't tell the fee;
 * payments on chain it doesn't tell either: they are among the notes that were redeemed.
 */
export function depositEntry(
  { secret, instance, config }: Pick<ClientRecoveryEnv<WalletConfig>, "secret" | "instance" | "config">,
  derivation: Derivation,
  { index, value, script, outpoint }: OutputInfo,
): { readonly operationId: OperationId; readonly meta: Json } {
  return {
    operationId: recoveredOperationId(secret, instance, index),
    meta: {
      Recovered: {
        value: satoshi.toJson(value),
        address: addressFromScript(script, config.network),
        outpoint: outpoint && bitcoinOutPoint.toJson(outpoint),
        output_index: index,
        derivation,
      },
    },
  };
}
