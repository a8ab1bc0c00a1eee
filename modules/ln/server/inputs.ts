/**
 * Money out of contracts. The order of checks and the errors are consensus. Follows fedimint-ln-server 0.13.0
 * (`process_input`); docs/protocol/06-lightning-meta.md §F.
 */
import type { StoreTx } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { isPublicKey } from "../../../core/crypto/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { InputMeta } from "../../contract/server.ts";
import type { LnInput, LnInputError } from "../common.ts";
import type { FundedContract } from "../contracts.ts";
import { isPreimageOf } from "../contracts.ts";
import { accounts, changeAccount, consensusBlockCount } from "./db.ts";
import type { LnEnv } from "./env.ts";
import { inBitcoin } from "./outputs.ts";

/** Whose key must sign: 33 bytes. */
function ownerOf(
  contract: FundedContract,
  witness: Bytes | null,
  blockCount: bigint,
): Result<Bytes, LnInputError> {
  if (contract.tag === "Outgoing") {
    const { cancelled, timelock, hash, gatewayKey, userKey } = contract.value;
    if (cancelled || BigInt(timelock) + 1n <= blockCount) return ok(userKey);
    if (witness === null) return err({ tag: "MissingPreimage", value: null });
    return isPreimageOf(hash, witness) ? ok(gatewayKey) : err({ tag: "InvalidPreimage", value: null });
  }
  const { decryptedPreimage, gatewayKey } = contract.value.contract;
  switch (decryptedPreimage.tag) {
    case "Pending":
      return err({ tag: "ContractNotReady", value: null });
    case "Some":
      // before 2.1 whoever funds a contract may say what was decrypted, and need not say a key
      return isPublicKey(decryptedPreimage.value)
        ? ok(decryptedPreimage.value)
        : err({ tag: "InvalidPreimage", value: null });
    case "Invalid":
      return ok(gatewayKey);
  }
}

/** Takes a part, or all, or nothing: an emptied contract is there to be asked about. */
export async function processInput(env: LnEnv, tx: StoreTx, input: LnInput): Promise<Result<InputMeta, LnInputError>> {
  if (input.tag === "Default") return err({ tag: "UnknownInputVariant", value: { variant: input.value.variant } });
  const { contractId, amount, witness } = input.value;
  const account = await accounts.get(tx, contractId);
  if (!account) return err({ tag: "UnknownContract", value: contractId });
  if (account.amount < amount) return err({ tag: "InsufficientFunds", value: [account.amount, amount] });
  const owner = ownerOf(account.contract, witness, await consensusBlockCount(tx, env.peers));
  if (!owner.ok) return owner;
  await changeAccount(tx, account, -amount);
  return ok({ ...inBitcoin(amount, env.config.feeConsensus.contractInput), publicKey: owner.value });
}
