/** Contracts as parts of transactions: funded as outputs, claimed as inputs. */
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Amounts } from "../../../core/types/amount.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { OperationId, OutPoint } from "../../../core/types/ids.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import type { ClientModuleEnv, InputBundle, OutputBundle } from "../../contract/client_env.ts";
import type { LightningInput, OutgoingWitness } from "../common.ts";
import { lightningInput, lightningOutput } from "../common.ts";
import type { LightningConfig } from "../config.ts";
import type { IncomingContract, OutgoingContract } from "../contracts.ts";
import { incomingContractId } from "../contracts.ts";
import { feeOf } from "../fees.ts";
import { Lnv2Error } from "./error.ts";
import type { LightningState, Payment, Receipt } from "./states.ts";

export type LightningClientEnv = ClientModuleEnv<LightningConfig, LightningState>;

function inBitcoin(env: LightningClientEnv, msat: bigint): { readonly amounts: Amounts; readonly fees: Amounts } {
  const feeMsat = feeOf(env.config.feeConsensus, msat);
  return { amounts: new Map([[BITCOIN_UNIT, msat]]), fees: new Map([[BITCOIN_UNIT, feeMsat]]) };
}

/** Funds a contract; its machine is made with it, in the same transaction. */
export function fundingBundle(
  env: LightningClientEnv,
  contract: OutgoingContract,
  payment: Omit<Payment, "outpoint" | "contract">,
): OutputBundle<LightningState> {
  const output = toDyn(env.instance, lightningOutput, { tag: "V0", value: { tag: "Outgoing", value: contract } });
  return {
    outputs: [{ output, ...inBitcoin(env, contract.amount) }],
    machines: ({ txid, idxRange: { start, end } }): LightningState[] => {
      assert(end === start + 1, "a contract is one output");
      return [{ tag: "SendFunding", value: { outpoint: { txid, outIdx: start }, contract, ...payment } }];
    },
  };
}

function claimOf(
  env: LightningClientEnv,
  value: Extract<LightningInput, { readonly tag: "V0" }>["value"],
  msat: bigint,
  key: Bytes,
): InputBundle<LightningState> {
  const input = toDyn(env.instance, lightningInput, { tag: "V0", value });
  return { inputs: [{ input, ...inBitcoin(env, msat), key }], machines: () => [] };
}

/** Takes the money of a contract back. */
export function refundBundle(
  env: LightningClientEnv,
  { outpoint, contract, refundKey }: Payment,
  witness: OutgoingWitness,
): InputBundle<LightningState> {
  return claimOf(env, { tag: "Outgoing", value: [outpoint, witness] }, contract.amount, refundKey);
}

/** Takes the money of a contract that somebody has paid into. */
export function claimBundle(
  env: LightningClientEnv,
  { contract, claimKey, decryptionKey }: Pick<Receipt, "contract" | "claimKey" | "decryptionKey">,
  at: OutPoint,
): InputBundle<LightningState> {
  return claimOf(env, { tag: "Incoming", value: [at, decryptionKey] }, contract.commitment.amount, claimKey);
}

/** A contract is received once. */
export function receiptOperationId(contract: IncomingContract): OperationId {
  const id: string = incomingContractId(contract);
  return id;
}

/** For quotes: nobody signs with it, and only sizes and amounts matter. */
const ANY_SECRET = new Uint8Array(32).fill(1) as Bytes;
const ANY_POINT: OutPoint = { txid: "00".repeat(32), outIdx: 0 };

/** What funding a contract of this amount costs, and only that. */
export function anyFunding(env: LightningClientEnv, amount: bigint): OutputBundle<LightningState> {
  const key = publicKeyOf(ANY_SECRET);
  const contract: OutgoingContract = {
    paymentImage: { tag: "Hash", value: "00".repeat(32) },
    amount,
    expiration: 0n,
    claimPk: key,
    refundPk: key,
    ephemeralPk: key,
  };
  const output = toDyn(env.instance, lightningOutput, { tag: "V0", value: { tag: "Outgoing", value: contract } });
  return { outputs: [{ output, ...inBitcoin(env, amount) }], machines: () => [] };
}

/** Whether claiming a contract of this amount brings anything. Asks nobody. */
export async function isWorthClaiming(env: LightningClientEnv, amountMsat: bigint): Promise<boolean> {
  const cost = await claimCost(env, amountMsat);
  return cost !== null && cost < amountMsat;
}

/** msat; null when the contract can't pay for it. @throws {Lnv2Error} `funding_failed` */
export async function claimCost(env: LightningClientEnv, amountMsat: bigint): Promise<bigint | null> {
  const bundle = claimOf(
    env,
    { tag: "Incoming", value: [ANY_POINT, env.config.tpeAggPk] },
    amountMsat,
    ANY_SECRET,
  );
  const cost = await env.core.quoteFee({ inputs: [bundle], outputs: [], spending: "nothing" });
  if (cost.ok) return cost.value;
  // anything else says nothing of the contract
  if (cost.error.code !== "insufficient_funds") throw Lnv2Error.notFunded(cost.error);
  return null;
}
