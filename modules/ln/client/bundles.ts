/** Contracts and offers as parts of transactions: funded and offered as outputs, claimed as inputs. */
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { assert } from "../../../core/assert.ts";
import type { Amounts } from "../../../core/types/amount.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import type { TransactionId } from "../../../core/types/ids.ts";
import type { ClientModuleEnv, FinalizeError, InputBundle, OutputBundle } from "../../contract/client_env.ts";
import type { LnOutput } from "../common.ts";
import { lnInput, lnOutput } from "../common.ts";
import type { LnClientConfig } from "../config.ts";
import type { Contract, ContractId, IncomingContractOffer } from "../contracts.ts";
import type { LnState } from "./states.ts";

export type LnClientEnv = ClientModuleEnv<LnClientConfig, LnState>;

function inBitcoin(msat: bigint): Amounts {
  return new Map(msat === 0n ? [] : [[BITCOIN_UNIT, msat]]);
}

function outputOf(
  env: LnClientEnv,
  value: Extract<LnOutput, { readonly tag: "V0" }>["value"],
  { msat, feeMsat }: { readonly msat: bigint; readonly feeMsat: bigint },
  machine: (txid: TransactionId) => LnState | null,
): OutputBundle<LnState> {
  return {
    outputs: [{
      output: toDyn(env.instance, lnOutput, { tag: "V0", value }),
      amounts: inBitcoin(msat),
      fees: inBitcoin(feeMsat),
    }],
    machines: ({ txid, idxRange: { start, end } }): LnState[] => {
      assert(end === start + 1, "a contract is one output");
      const state = machine(txid);
      return state ? [state] : [];
    },
  };
}

/** Funds a contract; its machine is made with it, in the same transaction. */
export function fundingBundle(
  env: LnClientEnv,
  contract: Contract,
  amount: bigint,
  machine: (txid: TransactionId) => LnState | null,
): OutputBundle<LnState> {
  const feeMsat = env.config.feeConsensus.contractOutput;
  return outputOf(env, { tag: "Contract", value: { amount, contract } }, { msat: amount, feeMsat }, machine);
}

/** Offers a preimage. Costs nothing. */
export function offerBundle(
  env: LnClientEnv,
  offer: IncomingContractOffer,
  machine: (txid: TransactionId) => LnState,
): OutputBundle<LnState> {
  return outputOf(env, { tag: "Offer", value: offer }, { msat: 0n, feeMsat: 0n }, machine);
}

/** Takes money out of a contract, with the key of whom it belongs to. */
export function claimBundle(
  env: LnClientEnv,
  contractId: ContractId,
  amount: bigint,
  key: Bytes,
): InputBundle<LnState> {
  const input = toDyn(env.instance, lnInput, { tag: "V0", value: { contractId, amount, witness: null } });
  const fees = inBitcoin(env.config.feeConsensus.contractInput);
  return { inputs: [{ input, amounts: inBitcoin(amount), fees, key }], machines: () => [] };
}

/** For quotes: nobody signs with it, and only sizes and amounts matter. */
const ANY_SECRET = new Uint8Array(32).fill(1) as Bytes;
const ANY_KEY = publicKeyOf(ANY_SECRET);
const ANY_HASH = "00".repeat(32);

/** What funding a contract of this amount costs, and only that. */
export function anyFunding(env: LnClientEnv, amount: bigint): OutputBundle<LnState> {
  const value = { hash: ANY_HASH, gatewayKey: ANY_KEY, timelock: 0, userKey: ANY_KEY, cancelled: false };
  return fundingBundle(env, { tag: "Outgoing", value }, amount, () => null);
}

/** What claiming so much brings: less, by the federation's fees; null when it doesn't pay them. */
export async function claimWorth(env: LnClientEnv, amount: bigint): Promise<bigint | null> {
  const inputs = [claimBundle(env, ANY_HASH, amount, ANY_SECRET)];
  const cost = await env.core.quoteFee({ inputs, outputs: [], spending: "nothing" });
  return cost.ok && cost.value < amount ? amount - cost.value : null;
}

/** @internal */
export function isShort(error: FinalizeError): boolean {
  return error.code === "insufficient_funds";
}
