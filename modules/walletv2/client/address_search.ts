/**
 * Deposit addresses of a wallet, and the search for those that pass the federation's filter: one index in 65,536 does,
 * and a user waits for it. So indices are tried by the batch (`search/search.ts`): some 10 µs an index for four
 * guardians, under a second a search, on one core, and less than twice that where V8 has no wide arithmetic. Follows
 * fedimint-walletv2-client 0.13.0 (`derive_tweak`, `next_valid_index`); docs/protocol/05-wallet.md §7, §9.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import type { FieldForm } from "../../../core/crypto/secp/wide/form.ts";
import { publicKeyOf } from "../../../core/crypto/secp.ts";
import { sortedMultisigScript } from "../../../core/bitcoin/mod.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { MultisigKeys } from "../scripts.ts";
import { depositTweak, isPotentialReceive, keysHash, outputScriptOf } from "../scripts.ts";
import { search as searchIndices } from "./search/search.ts";
import type { Searched } from "./search/searched.ts";

/** Of a derivable secret's bytes, those at the end that its children come from. */
const CHILD_ROOT_BYTES = 64;

/** What a search needs. Holds a secret. */
export type AddressSearch = {
  readonly keys: MultisigKeys;
  readonly hashOfKeys: Bytes;
  readonly moduleSecret: DerivableSecret;
};

export function addressSearch(keys: MultisigKeys, moduleSecret: DerivableSecret): AddressSearch {
  return { keys, hashOfKeys: keysHash(keys), moduleSecret };
}

/** An index' 32-byte secret key, 33-byte public key and output script. `secret` is secret. */
export type DepositAddress = { readonly secret: Bytes; readonly publicKey: Bytes; readonly script: Bytes };

export function addressAt({ keys, moduleSecret }: AddressSearch, index: number): DepositAddress {
  const secret = moduleSecret.child(index).secpKey();
  const publicKey = publicKeyOf(secret);
  return { secret, publicKey, script: outputScriptOf(keys, depositTweak(publicKey)) };
}

function searchedOf({ keys, hashOfKeys, moduleSecret }: AddressSearch): Searched {
  const { threshold } = numPeers(keys.size);
  return {
    keys: [...keys.values()],
    script: sortedMultisigScript(threshold, [...keys.values()]),
    hashOfKeys,
    childRoot: moduleSecret.toBytes().slice(-CHILD_ROOT_BYTES),
  };
}

/**
 * Tries indices from `from` on, in steps of a few milliseconds: whoever drives it lets others work in between. Each
 * step yields the index below which none is left to try. What is found is checked by the plain way: to an address that
 * guardians don't look at nobody may pay.
 * @param form of the field's arithmetic: the fastest one
 * @returns the first index that passes; or `end` when none below it does
 */
export function* searchSteps(
  search: AddressSearch,
  from: number,
  end: number,
  form?: FieldForm,
): Generator<number, number> {
  const found = yield* searchIndices(searchedOf(search), from, end, form);
  if (found === end) return end;
  const { script } = addressAt(search, found);
  assert(isPotentialReceive(script, search.hashOfKeys), "an address that was found is one by the plain way too");
  return found;
}

/** The search in one go. @returns the first index in from … end − 1 that passes, or null */
export function searchAddress(search: AddressSearch, from: number, end: number, form?: FieldForm): number | null {
  for (const steps = searchSteps(search, from, end, form);;) {
    const { done, value } = steps.next();
    if (done) return value < end ? value : null;
  }
}
