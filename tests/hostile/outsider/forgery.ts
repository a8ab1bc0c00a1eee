/** Transactions that are right in all but the notes' signatures: the dearest to refuse. */
import { bls } from "../../../core/crypto/bls/mod.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { moduleEncoding } from "../../../core/encoding/mod.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { transaction } from "../../../core/types/transaction.ts";
import { signTransaction } from "../../../core/types/transaction_signing.ts";
import { mintInput } from "../../../modules/mintv2/common.ts";

/** Of the mint in a development federation: modules stand in the order of their names. */
const MINT_INSTANCE = 1;
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
  return (moduleEncoding(transaction).toJson(signed) as readonly string[])[0]!;
}
