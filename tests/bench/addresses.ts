/**
 * The search for deposit addresses: indices tried a second on one core, against the plain way of one after the other,
 * and the whole search of the vectors, from index 0 to the reference's first address. One in 65,536 passes, and a user
 * waits for it.
 */
import { fromHex } from "../../core/bytes.ts";
import { DerivableSecret } from "../../core/crypto/mod.ts";
import type { AddressSearch } from "../../modules/walletv2/client/address_search.ts";
import { addressAt, addressSearch, searchAddress } from "../../modules/walletv2/client/address_search.ts";
import { isPotentialReceive } from "../../modules/walletv2/scripts.ts";

type Line = { name: string; value: string; ratio?: number };
type Vector = {
  readonly public_keys: readonly string[];
  readonly module_secret: string;
  readonly first_valid_index: number;
};

const PLAIN_INDICES = 500;

function perSecond(indices: number, search: () => void): { readonly rate: number; readonly seconds: number } {
  const begunMs = performance.now();
  search();
  const seconds = (performance.now() - begunMs) / 1000;
  return { rate: indices / seconds, seconds };
}

function plainly(search: AddressSearch): void {
  for (let index = 0; index < PLAIN_INDICES; index++) {
    if (isPotentialReceive(addressAt(search, index).script, search.hashOfKeys)) {
      throw new Error("An index passes that doesn't in the vectors");
    }
  }
}

/** Ratios are against the plain way. */
export async function benchAddresses(): Promise<Line[]> {
  const file = await Deno.readTextFile(new URL("../vectors/walletv2.json", import.meta.url));
  const { address_searches: vectors } = JSON.parse(file) as { readonly address_searches: readonly Vector[] };
  return vectors.map(({ public_keys: keys, module_secret: secret, first_valid_index: index }) => {
    const search = addressSearch(new Map(keys.map(fromHex).entries()), DerivableSecret.fromBytes(fromHex(secret)));
    const plain = perSecond(PLAIN_INDICES, () => plainly(search));
    const batched = perSecond(index, () => {
      if (searchAddress(search, 0, index + 1) !== index) throw new Error("The search finds another address");
    });
    return {
      name: `deposit addresses tried: ${keys.length} guardians, ${index} in ${batched.seconds.toFixed(1)} s`,
      value: `${batched.rate.toFixed(0)}/s`,
      ratio: batched.rate / plain.rate,
    };
  });
}
