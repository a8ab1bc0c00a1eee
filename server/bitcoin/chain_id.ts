/** Which network a chain belongs to, told by the hash of its block 1. `fedimint-server-core/src/bitcoin_rpc.rs`. */
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import type { BlockHash } from "../../core/types/ids.ts";

const NETWORK_OF: ReadonlyMap<BlockHash, BitcoinNetwork> = new Map([
  ["00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048", "bitcoin"],
  ["00000000b873e79784647a6c82962c70d228557d24a747ea4d1b8bbe878e1206", "testnet"],
  ["00000086d6b2636cb2a392d45edc4ec544a10024d30141c9adf4bfd9de533b53", "signet"],
  // mutinynet, a signet of its own
  ["000002855893a0a9b24eaffc5efc770558a326fee4fc10c9da22fc19cd2954f9", "signet"],
]);

/** Every other chain is a private one, and testnet4 counts as such too, as in the reference. */
export function networkOfChain(chainId: BlockHash): BitcoinNetwork {
  return NETWORK_OF.get(chainId) ?? "regtest";
}
