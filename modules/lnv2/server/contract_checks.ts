/**
 * What is dear about incoming contracts: pairings, and the guardian's share of a decryption key. What was found good is
 * remembered, as each transaction is looked at when it is submitted, again while it waits, and in consensus; by all
 * that a contract says, so that no other can be taken for it. What was found bad is not: it ends its transaction.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { G1, Scalar } from "../../../core/crypto/bls/mod.ts";
import { decryptionShare, verifyDecryptionKeyOfValid } from "../../../core/crypto/tpe.ts";
import { Recent } from "../../../core/recent.ts";
import type { ContractId, IncomingContract } from "../contracts.ts";
import { commitmentHash, incomingContractId, isValidContract } from "../contracts.ts";
import { CHECKS_REMEMBERED_MIN } from "../limits.ts";

export type ContractVerdict = { readonly id: ContractId; readonly share: G1 };

export class ContractChecks {
  readonly #aggregateKey: G1;
  readonly #secretShare: Scalar;
  /** Own shares, by the ids of contracts that are valid. */
  readonly #shares: Recent<G1>;
  /** Keys that fit, each behind its contract's id. */
  readonly #keys: Recent<true>;

  /** @param rememberedMin verdicts of either sort that are kept at least; never more than twice as many are */
  constructor(aggregateKey: G1, secretShare: Scalar, rememberedMin = CHECKS_REMEMBERED_MIN) {
    this.#aggregateKey = aggregateKey;
    this.#secretShare = secretShare;
    this.#shares = new Recent(rememberedMin);
    this.#keys = new Recent(rememberedMin);
  }

  /** The contract's id and the own share of its decryption key; null when its ciphertext was made for other terms. */
  shareOf(contract: IncomingContract): ContractVerdict | null {
    const id = incomingContractId(contract);
    const known = this.#shares.get(id);
    if (known) return { id, share: known };
    if (!isValidContract(contract)) return null;
    const share = decryptionShare(contract.ciphertext, this.#secretShare);
    this.#shares.set(id, share);
    return { id, share };
  }

  /** Whether this is the whole decryption key. The contract must be one that was found valid. */
  isKeyOf(contract: IncomingContract, key: G1): boolean {
    const name = `${incomingContractId(contract)} ${(key as Bytes).toBase64()}`;
    if (this.#keys.get(name)) return true;
    const { ciphertext, commitment } = contract;
    const holds = verifyDecryptionKeyOfValid(ciphertext, commitmentHash(commitment), key, this.#aggregateKey);
    if (holds) this.#keys.set(name, true);
    return holds;
  }
}
