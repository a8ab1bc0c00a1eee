/**
 * Contracts funded and spent. The order of checks and the errors are what clients of the reference see; a refusal is
 * rolled back by the engine. Follows fedimint-lnv2-server 0.13.0; docs/protocol/06-lightning-meta.md §C.
 */
import type { StoreTx } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Amount, Amounts } from "../../../core/types/amount.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import type { G1 } from "../../../core/crypto/bls/mod.ts";
import type { InputMeta, OutputMeta, ServerModuleEnv } from "../../contract/server.ts";
import type {
  LightningInput,
  LightningInputError,
  LightningOutput,
  LightningOutputError,
  OutgoingWitness,
} from "../common.ts";
import type { LightningConfig, LightningPrivateConfig } from "../config.ts";
import type { IncomingContract, OutgoingContract } from "../contracts.ts";
import { contractPreimage, isForfeitSignature, isPreimageOf } from "../contracts.ts";
import { feeOf } from "../fees.ts";
import type { ContractChecks } from "./contract_checks.ts";
import {
  closeIncoming,
  closeOutgoing,
  consensusBlockCount,
  consensusUnixTime,
  decryptionShares,
  openIncoming,
  openOutgoing,
  preimages,
} from "./db.ts";

export type LightningEnv = ServerModuleEnv<LightningConfig, LightningPrivateConfig>;

/** Who may have a contract's money. */
type Spendable = { readonly publicKey: Bytes; readonly amount: Amount };

function inBitcoin({ config }: LightningEnv, amount: Amount): { readonly amounts: Amounts; readonly fees: Amounts } {
  const only = (msat: Amount): Amounts => new Map(msat === 0n ? [] : [[BITCOIN_UNIT, msat]]);
  return { amounts: only(amount), fees: only(feeOf(config.feeConsensus, amount)) };
}

/** Claim before the expiration; refund from it on; a forfeit at any time. */
async function spendOutgoing(
  env: LightningEnv,
  tx: StoreTx,
  at: OutPoint,
  witness: OutgoingWitness,
): Promise<Result<Spendable, LightningInputError>> {
  const contract = await closeOutgoing(tx, at);
  if (!contract) return err({ tag: "UnknownContract", value: null });
  const isOver = async (): Promise<boolean> => contract.expiration <= await consensusBlockCount(tx, env.peers);
  const { amount } = contract;
  switch (witness.tag) {
    case "Claim":
      if (await isOver()) return err({ tag: "Expired", value: null });
      if (!isPreimageOf(contract.paymentImage, witness.value)) return err({ tag: "InvalidPreimage", value: null });
      preimages.set(tx, at, witness.value);
      return ok({ publicKey: contract.claimPk, amount });
    case "Refund":
      if (!await isOver()) return err({ tag: "NotExpired", value: null });
      return ok({ publicKey: contract.refundPk, amount });
    case "Cancel":
      if (!isForfeitSignature(contract, witness.value)) return err({ tag: "InvalidForfeitSignature", value: null });
      return ok({ publicKey: contract.refundPk, amount });
  }
}

/** What decrypts to the payment's preimage is the receiver's, all else the gateway's. No time limit. */
async function spendIncoming(
  checks: ContractChecks,
  tx: StoreTx,
  at: OutPoint,
  decryptionKey: G1,
): Promise<Result<Spendable, LightningInputError>> {
  const contract = await closeIncoming(tx, at);
  if (!contract) return err({ tag: "UnknownContract", value: null });
  if (!checks.isKeyOf(contract, decryptionKey)) return err({ tag: "InvalidDecryptionKey", value: null });
  const { claimPk, refundPk, amount } = contract.commitment;
  return ok({ publicKey: contractPreimage(contract, decryptionKey) ? claimPk : refundPk, amount });
}

/** A contract is spent whole. */
export async function processInput(
  env: LightningEnv,
  checks: ContractChecks,
  tx: StoreTx,
  input: LightningInput,
): Promise<Result<InputMeta, LightningInputError>> {
  if (input.tag === "Default") return err({ tag: "UnknownInputVariant", value: { variant: input.value.variant } });
  const spending = input.value, at = spending.value[0];
  const spent = spending.tag === "Outgoing"
    ? await spendOutgoing(env, tx, at, spending.value[1])
    : await spendIncoming(checks, tx, at, spending.value[1]);
  if (!spent.ok) return spent;
  return ok({ ...inBitcoin(env, spent.value.amount), publicKey: spent.value.publicKey });
}

/** Nothing is checked: whoever funds it loses no more than what it put in. */
async function fundOutgoing(tx: StoreTx, contract: OutgoingContract, at: OutPoint): Promise<Result<Amount, never>> {
  await openOutgoing(tx, at, contract);
  return ok(contract.amount);
}

async function fundIncoming(
  env: LightningEnv,
  checks: ContractChecks,
  tx: StoreTx,
  contract: IncomingContract,
  at: OutPoint,
): Promise<Result<Amount, LightningOutputError>> {
  const { amount, expiration } = contract.commitment;
  // before the pairings: an evil guardian's unit may hold 145 contracts of yesterday
  if (expiration <= await consensusUnixTime(tx, env.peers)) return err({ tag: "ContractExpired", value: null });
  const verdict = checks.shareOf(contract);
  if (!verdict) return err({ tag: "InvalidContract", value: null });
  await openIncoming(tx, at, verdict.id, contract);
  decryptionShares.set(tx, at, verdict.share);
  return ok(amount);
}

/** Who submits a contract that is both invalid and expired is told the former, as by the reference. */
export function verifyOutputSubmission(
  checks: ContractChecks,
  output: LightningOutput,
): Result<null, LightningOutputError> {
  const isInvalid = output.tag === "V0" && output.value.tag === "Incoming" && !checks.shareOf(output.value.value);
  return isInvalid ? err({ tag: "InvalidContract", value: null }) : ok(null);
}

export async function processOutput(
  env: LightningEnv,
  checks: ContractChecks,
  tx: StoreTx,
  output: LightningOutput,
  at: OutPoint,
): Promise<Result<OutputMeta, LightningOutputError>> {
  if (output.tag === "Default") return err({ tag: "UnknownOutputVariant", value: { variant: output.value.variant } });
  const funding = output.value;
  const funded = funding.tag === "Outgoing"
    ? await fundOutgoing(tx, funding.value, at)
    : await fundIncoming(env, checks, tx, funding.value, at);
  return funded.ok ? ok(inBitcoin(env, funded.value)) : funded;
}
