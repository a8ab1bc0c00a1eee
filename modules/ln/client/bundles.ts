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
/** What contracts need of the module, whoever it is for. */
export type ContractEnv = Pick<LnClientEnv, "instance" | "config">;

function inBitcoin(msat: bigint): Amounts {
  return new Map(msat === 0n ? [] : [[BITCOIN_UNIT, msat]]);
}

function outputOf<State>(
  env: ContractEnv,
  value: Extract<LnOutput, { readonly tag: "V0" }>["value"],
  { msat, feeMsat }: { readonly msat: bigint; readonly feeMsat: bigint },
  machine: (txid: TransactionId) => State | null,
): OutputBundle<State> {
  return {
    outputs: [{
      output: toDyn(env.instance, lnOutput, { tag: "V0", value }),
      amounts: inBitcoin(msat),
      fees: inBitcoin(feeMsat),
    }],
    machines: ({ txid, idxRange: { start, end } }): State[] => {
      assert(end === start + 1, "a contract is one output");
      const state = machine(txid);
      return state ? [state] : [];
    },
  };
}

/** Funds a contract; its machine is made with it, in the same transaction. */
export function fundingBundle<State>(
  env: ContractEnv,
  contract: Contract,
  amount: bigint,
  machine: (txid: TransactionId) => State | null,
): OutputBundle<State> {
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

/** Gives an outgoing contract up, with its gateway's signature (64 bytes). Costs nothing. */
export function cancelBundle<State>(
  env: ContractEnv,
  contract: ContractId,
  gatewaySignature: Bytes,
  machine: (txid: TransactionId) => State,
): OutputBundle<State> {
  const value = { tag: "CancelOutgoing", value: { contract, gatewaySignature } } as const;
  return outputOf<State>(env, value, { msat: 0n, feeMsat: 0n }, machine);
}

/**
 * Takes money out of a contract, with the key of whom it belongs to.
 * @param witness the preimage (32 bytes), where a gateway claims
 */
export function claimBundle<State = LnState>(
  env: ContractEnv,
  contractId: ContractId,
  amount: bigint,
  key: Bytes,
  witness: Bytes | null = null,
): InputBundle<State> {
  const input = toDyn(env.instance, lnInput, { tag: "V0", value: { contractId, amount, witness } });
  const fees = inBitcoin(env.config.feeConsensus.contractInput);
  return { inputs: [{ input, amounts: inBitcoin(amount), fees, key }], machines: () => [] };
}

/** For quotes: nobody signs with it, and only sizes and amounts matter. */
const ANY_SECRET = new Uint8Array(32).fill(1) as Bytes;
const ANY_HASH = "00".repeat(32);

/** What funding a contract of this amount costs, and only that. */
export function anyFunding(env: LnClientEnv, amount: bigint): OutputBundle<LnState> {
  const key = publicKeyOf(ANY_SECRET);
  const value = { hash: ANY_HASH, gatewayKey: key, timelock: 0, userKey: key, cancelled: false };
  return fundingBundle<LnState>(env, { tag: "Outgoing", value }, amount, () => null);
}

/** What claiming so much brings: less, by the federation's fees; null when it doesn't pay them. */
export async function claimWorth<State>(
  env: Pick<ClientModuleEnv<LnClientConfig, State>, "instance" | "config" | "core">,
  amount: bigint,
): Promise<bigint | null> {
  const inputs = [claimBundle<State>(env, ANY_HASH, amount, ANY_SECRET)];
  const cost = await env.core.quoteFee({ inputs, outputs: [], spending: "nothing" });
  return cost.ok && cost.value < amount ? amount - cost.value : null;
}

/** @internal */
export function isShort(error: FinalizeError): boolean {
  return error.code === "insufficient_funds";
}
