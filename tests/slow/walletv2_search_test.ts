/** The whole search of deposit addresses, from index 0 to the reference's first address: some seconds each on a core of its own. */
import { assertEquals } from "@std/assert";
import { fromHex } from "../../core/bytes.ts";
import { DerivableSecret } from "../../core/crypto/mod.ts";
import { addressSearch, searchAddress } from "../../modules/walletv2/address_search.ts";

type Search = {
  readonly public_keys: readonly string[];
  readonly module_secret: string;
  readonly first_valid_index: number;
};

const file = await Deno.readTextFile(new URL("../vectors/walletv2.json", import.meta.url));
const { address_searches: searches } = JSON.parse(file) as { readonly address_searches: readonly Search[] };

for (const { public_keys: keys, module_secret: secret, first_valid_index: index } of searches) {
  Deno.test(`the search finds the reference's first address of ${keys.length} guardians`, () => {
    const search = addressSearch(new Map(keys.map(fromHex).entries()), DerivableSecret.fromBytes(fromHex(secret)));
    const begunMs = performance.now();
    assertEquals(searchAddress(search, 0, index + 1), index);
    const perIndexUs = (performance.now() - begunMs) * 1000 / index;
    console.log(`${index} indices, ${perIndexUs.toFixed(1)} µs each`);
  });
}
