/**
 * Money into contracts, offers, and contracts given up. The order of checks and the errors are consensus. Follows
 * fedimint-ln-server 0.13.0 (`process_output`, `verify_output_submission`); docs/protocol/06-lightning-meta.md §F.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { equalBytes } from "../../../core/bytes.ts";
import { shareOf } from "../../../core/crypto/threshold_crypto.ts";
import { encode } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Amount, Amounts } from "../../../core/types/amount.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import type { OutputMeta } from "../../contract/server.ts";
import type { LnOutput, LnOutputError, LnOutputV0 } from "../common.ts";
import type { Contract, ContractAccount, IncomingContract, IncomingContractOffer } from "../contracts.ts";
import { contractIdOf, isCancellation, outcomeOf, toFunded } from "../contracts.ts";
import { storedCiphertext } from "../threshold_codecs.ts";
import { accounts, changeAccount, decryptions, dueShares, isFundedOnce, markOffered, offers, outcomes } from "./db.ts";
import type { LnEnv } from "./env.ts";

type Refusal = LnOutputError;
type Cancellation = Extract<LnOutputV0, { readonly tag: "CancelOutgoing" }>["value"];

/** Holds no zero. */
export function inBitcoin(amount: Amount, fee: Amount): { readonly amounts: Amounts; readonly fees: Amounts } {
  const only = (msat: Amount): Amounts => new Map(msat === 0n ? [] : [[BITCOIN_UNIT, msat]]);
  return { amounts: only(amount), fees: only(fee) };
}

function refuse<T extends Refusal["tag"]>(
  tag: T,
  value: Extract<Refusal, { readonly tag: T }>["value"],
): { readonly ok: false; readonly error: Refusal } {
  return err({ tag, value } as Refusal);
}

/** A preimage is bought as it was offered. */
async function checkIncoming(
  { ciphertexts }: LnEnv,
  tx: StoreTx,
  contract: IncomingContract,
  amount: Amount,
  fundedOnce: boolean,
): Promise<Result<null, Refusal>> {
  const { hash, encryptedPreimage, decryptedPreimage } = contract;
  if (await decryptions.get(tx, hash) !== undefined) return refuse("ContractAlreadyFunded", hash);
  const offer = await offers.get(tx, hash);
  if (!offer) return refuse("NoOffer", hash);
  if (amount < offer.amount) return refuse("InsufficientIncomingFunding", [offer.amount, amount]);
  const isOffered = equalBytes(
    encode(storedCiphertext, encryptedPreimage),
    encode(storedCiphertext, offer.encryptedPreimage),
  );
  if (fundedOnce && !isOffered) return refuse("EncryptedPreimageMismatch", null);
  if (fundedOnce && decryptedPreimage.tag !== "Pending") return refuse("PreDecryptedIncomingContract", null);
  return ciphertexts.isValid(encryptedPreimage) ? ok(null) : refuse("InvalidEncryptedPreimage", null);
}

/**
 * The decryption begins. Where a contract is not pending, before 2.1 because of who funded it or because it was funded
 * before, nobody's share would be taken: then none is offered, and the mark stays for ever, as in the reference.
 */
function beginDecryption(env: LnEnv, tx: StoreTx, { hash, encryptedPreimage }: IncomingContract, now: Contract): void {
  offers.delete(tx, hash);
  decryptions.set(tx, hash, null);
  if (now.tag === "Incoming" && now.value.decryptedPreimage.tag === "Pending") {
    dueShares.set(tx, hash, shareOf(encryptedPreimage, env.secretShare));
  }
}

async function fund(
  env: LnEnv,
  tx: StoreTx,
  { amount, contract }: { readonly amount: Amount; readonly contract: Contract },
  at: OutPoint,
): Promise<Result<OutputMeta, Refusal>> {
  const id = contractIdOf(contract);
  const before = await accounts.get(tx, id);
  const fundedOnce = await isFundedOnce(tx, env.peers);
  if (fundedOnce && before) return refuse("ContractAlreadyFunded", id);
  if (contract.tag === "Incoming") {
    const checked = await checkIncoming(env, tx, contract.value, amount, fundedOnce);
    if (!checked.ok) return checked;
  }
  if (amount === 0n) return refuse("ZeroOutput", null);
  // before 2.1 what is funded again keeps its state, whatever the second one says
  const account: ContractAccount = before ?? { amount: 0n, contract: toFunded(contract, at) };
  await changeAccount(tx, account, amount);
  outcomes.set(tx, at, { tag: "Contract", value: { id, outcome: outcomeOf(contract) } });
  if (contract.tag === "Incoming") {
    const kept = account.contract;
    const now: Contract = kept.tag === "Incoming" ? { tag: "Incoming", value: kept.value.contract } : kept;
    beginDecryption(env, tx, contract.value, now);
  }
  return ok(inBitcoin(amount, env.config.feeConsensus.contractOutput));
}

async function offer(
  env: LnEnv,
  tx: StoreTx,
  offered: IncomingContractOffer,
  at: OutPoint,
): Promise<Result<OutputMeta, Refusal>> {
  const { hash, encryptedPreimage } = offered;
  if (await isFundedOnce(tx, env.peers) && await accounts.get(tx, hash)) return refuse("OfferForFundedContract", hash);
  if (!env.ciphertexts.isValid(encryptedPreimage)) return refuse("InvalidEncryptedPreimage", null);
  if (!await markOffered(tx, encryptedPreimage)) return refuse("DuplicateEncryptedPreimage", null);
  // of one payment hash there is one offer at a time; the reference has no other error for it
  if (await offers.get(tx, hash)) return refuse("DuplicateEncryptedPreimage", null);
  outcomes.set(tx, at, { tag: "Offer", value: { id: hash } });
  offers.set(tx, hash, offered);
  return ok(inBitcoin(0n, 0n));
}

/** Whoever shows the gateway's signature may, and as often as it likes. */
async function cancel(
  tx: StoreTx,
  { contract: id, gatewaySignature }: Cancellation,
  at: OutPoint,
): Promise<Result<OutputMeta, Refusal>> {
  const account = await accounts.get(tx, id);
  if (!account) return refuse("UnknownContract", id);
  if (account.contract.tag !== "Outgoing") return refuse("NotOutgoingContract", null);
  const terms = account.contract.value;
  if (!isCancellation(terms, gatewaySignature)) return refuse("InvalidCancellationSignature", null);
  accounts.set(tx, id, { ...account, contract: { tag: "Outgoing", value: { ...terms, cancelled: true } } });
  outcomes.set(tx, at, { tag: "CancelOutgoingContract", value: { id } });
  return ok(inBitcoin(0n, 0n));
}

export async function processOutput(
  env: LnEnv,
  tx: StoreTx,
  output: LnOutput,
  at: OutPoint,
): Promise<Result<OutputMeta, Refusal>> {
  if (output.tag === "Default") return refuse("UnknownOutputVariant", { variant: output.value.variant });
  switch (output.value.tag) {
    case "Contract":
      return await fund(env, tx, output.value.value, at);
    case "Offer":
      return await offer(env, tx, output.value.value, at);
    case "CancelOutgoing":
      return await cancel(tx, output.value.value, at);
  }
}

/** What is refused in consensus from 2.1 on is refused at submission always: so most of it never comes about. */
export async function verifyOutputSubmission(tx: ReadTx, output: LnOutput): Promise<Result<null, Refusal>> {
  if (output.tag === "Default") return refuse("UnknownOutputVariant", { variant: output.value.variant });
  const { tag, value } = output.value;
  if (tag === "Contract") {
    const id = contractIdOf(value.contract);
    if (await accounts.get(tx, id)) return refuse("ContractAlreadyFunded", id);
  }
  if (tag === "Offer" && await accounts.get(tx, value.hash)) return refuse("OfferForFundedContract", value.hash);
  return ok(null);
}
