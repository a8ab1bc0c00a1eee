import { assertEquals } from "@std/assert";
import { networkOfChain } from "./chain_id.ts";

Deno.test("a network is told by its block 1; unknown chains are private ones", () => {
  const table = {
    "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048": "bitcoin",
    "00000000b873e79784647a6c82962c70d228557d24a747ea4d1b8bbe878e1206": "testnet",
    "00000086d6b2636cb2a392d45edc4ec544a10024d30141c9adf4bfd9de533b53": "signet",
    "000002855893a0a9b24eaffc5efc770558a326fee4fc10c9da22fc19cd2954f9": "signet",
    "0000000012982b6d5f621229286b880e909984df669c2afabb102ce311b13f28": "regtest",
  };
  for (const [hash, network] of Object.entries(table)) assertEquals(networkOfChain(hash), network);
});
