/** Transactions that are right in all but what is dearest to check: signatures of notes, ciphertexts of contracts. */
import { bls } from "../../../core/crypto/bls/mod.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import { moduleEncoding } from "../../../core/encoding/mod.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { transaction } from "../../../core/types/transaction.ts";
import { signTransaction } from "../../../core/types/transaction_signing.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { lightningOutput, LNV2_KIND } from "../../../modules/lnv2/common.ts";
import { makeIncomingContract } from "../../../modules/lnv2/contracts.ts";
import { mintInput, MINTV2_KIND } from "../../../modules/mintv2/common.ts";
import { builtInModules, defaultModules } from "../../../server/modules.ts";

/** Modules stand in the order of their names. */
const kinds = defaultModules(builtInModules, () => undefined);
/** Their instances in a development federation. */
const MINT_INSTANCE = kinds.indexOf(MINTV2_KIND);
/** Of Lightning's module. */
export const LIGHTNING_INSTANCE = kinds.indexOf(LNV2_KIND);
const NOTES = 250;
const DENOMINATION = 10;

function random(size: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(size));
}

/** Notes of other keys each time. @returns the hex of `SerdeModuleEncoding` */
export function forgedTransaction(): string {
  const keys = Array.from({ length: NOTES }, () => random(32));
  const inputs = keys.map((key) =>
    toDyn(MINT_INSTANCE, mintInput, {
      tag: "V0",
      value: { note: { denomination: DENOMINATION, nonce: publicKeyOf(key), signature: bls.g1.generator } },
    })
  );
  const signed = signTransaction({ inputs, outputs: [], nonce: random(8) }, keys, () => random(32));
  return hexOf(signed);
}

function hexOf(value: Transaction): string {
  return (moduleEncoding(transaction).toJson(value) as readonly string[])[0]!;
}

/** A contract that is valid; another amount makes its ciphertext one of other terms. */
function someContract() {
  const publicKey = publicKeyOf(random(32));
  const terms = {
    paymentImage: { tag: "Hash", value: toHex(random(32)) },
    amount: 1n,
    expiration: 2n ** 63n,
    claimPk: publicKey,
    refundPk: publicKey,
    ephemeralPk: publicKey,
  } as const;
  return makeIncomingContract(terms, bls.g1.generator, random(32), random(32));
}

/** @returns what makes transactions of one contract each whose ciphertext is of other terms, none like another */
export function forgedContracts(): () => string {
  const contract = someContract();
  let amount = contract.commitment.amount;
  return () => {
    const value = { ...contract, commitment: { ...contract.commitment, amount: ++amount } };
    const output = toDyn(LIGHTNING_INSTANCE, lightningOutput, { tag: "V0", value: { tag: "Incoming", value } });
    return hexOf(signTransaction({ inputs: [], outputs: [output], nonce: random(8) }, [], () => random(32)));
  };
}
