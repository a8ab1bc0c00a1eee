/**
 * On-chain money as parts of transactions: a deposit as an input, a payment as an output, with the machines that watch
 * over them.
 */
import { U64_MAX } from "../../../core/types/amount.ts";
import type { Amounts } from "../../../core/types/amount.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import { assert } from "../../../core/assert.ts";
import type { ClientModuleEnv, InputBundle, OutputBundle } from "../../contract/client_env.ts";
import type { DepositAddress } from "./address_search.ts";
import type { WalletState } from "./states.ts";
import { walletInput, walletOutput } from "../common.ts";
import type { WalletConfig } from "../config.ts";
import { feeMsatOf } from "../config.ts";
import type { StandardScript } from "../standard_script.ts";

export type WalletClientEnv = ClientModuleEnv<WalletConfig, WalletState>;

const MSAT_PER_SAT = 1000n;

function inBitcoin(env: WalletClientEnv, sat: bigint): { readonly amounts: Amounts; readonly fees: Amounts } | null {
  const msat = sat * MSAT_PER_SAT;
  if (msat > U64_MAX) return null;
  const feeMsat = feeMsatOf(env.config.feeConsensus, msat);
  return { amounts: new Map([[BITCOIN_UNIT, msat]]), fees: new Map([[BITCOIN_UNIT, feeMsat]]) };
}

/**
 * `value` of the deposit and `fee` for claiming it, sat. Null when nothing is left of it, or more than there can be.
 */
export function claimBundle(
  env: WalletClientEnv,
  address: DepositAddress,
  { outputIndex, value, fee }: { readonly outputIndex: number; readonly value: bigint; readonly fee: bigint },
): InputBundle<WalletState> | null {
  const worth = value > fee ? inBitcoin(env, value - fee) : null;
  if (!worth) return null;
  const input = { outputIndex: BigInt(outputIndex), tweak: address.publicKey, fee };
  return {
    inputs: [{ input: toDyn(env.instance, walletInput, { tag: "V0", value: input }), ...worth, key: address.secret }],
    machines: (txid): WalletState[] => [{ tag: "ReceiveFunding", value: { txid, value, fee } }],
  };
}

/** Null when the amounts are more than there can be. */
export function paymentBundle(
  env: WalletClientEnv,
  { destination, value, fee }: {
    readonly destination: StandardScript;
    readonly value: bigint;
    readonly fee: bigint;
  },
): OutputBundle<WalletState> | null {
  const worth = inBitcoin(env, value + fee);
  if (!worth) return null;
  const output = toDyn(env.instance, walletOutput, { tag: "V0", value: { destination, value, fee } });
  return {
    outputs: [{ output, ...worth }],
    machines: ({ txid, idxRange }): WalletState[] => {
      assert(idxRange.start === 0, "guardians tell a payment's transaction by the first output");
      return [{ tag: "SendFunding", value: { outpoint: { txid, outIdx: 0 }, value, fee } }];
    },
  };
}
