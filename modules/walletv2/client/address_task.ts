/** One stretch of the search for addresses, for a thread. */
import type { Task } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import type { MultisigKeys } from "../scripts.ts";
import { addressSearch, searchAddress } from "./address_search.ts";

/** Indices from ≤ i < end. `moduleSecret` as its bytes, secret. */
export type AddressStretch = {
  readonly keys: MultisigKeys;
  readonly moduleSecret: Bytes;
  readonly from: number;
  readonly end: number;
};

/** The first index of the stretch that passes, or null. */
export const addressTask: Task<AddressStretch, number | null> = {
  module: import.meta.resolve("./address_thread.ts"),
  run: ({ keys, moduleSecret, from, end }) =>
    searchAddress(addressSearch(keys, DerivableSecret.fromBytes(moduleSecret)), from, end),
};
