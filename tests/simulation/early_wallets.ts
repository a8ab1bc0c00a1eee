/**
 * Looks for words whose first deposit addresses are found early in the federation of `money.ts`: one index in 65,536 is
 * an address, and tests search for them again and again. Once for a federation of another kind or with other keys.
 *
 * ```
 * deno run -A tests/simulation/early_wallets.ts
 * ```
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex, utf8 } from "../../core/bytes.ts";
import { ENTROPY_BYTES } from "../../core/crypto/bip39.ts";
import { decode } from "../../core/encoding/mod.ts";
import { secretOfModule, secretsOfEntropy } from "../../client/core/secrets.ts";
import { addressSearch, searchAddress } from "../../modules/walletv2/client/address_search.ts";
import { walletConfig } from "../../modules/walletv2/config.ts";
import { SimulatedFederation } from "./federation.ts";
import { KIND } from "./money.ts";
import { SimulatedWallet } from "./wallets.ts";

const WALLETS = 2;
/** The first address is to be below, and the second so far behind it at most. */
const FIRST_BELOW = 1_024, SECOND_WITHIN = 6_144;

const federation = await SimulatedFederation.start({ ...KIND, seed: 1 });
const { client } = (await SimulatedWallet.open(federation, "probe", undefined, [])).client;
const { federationId, joined: { config } } = client.running;
const [instance, { config: { body } }] = [...config.modules].find(([, { kind }]) => kind === "walletv2")!;
const { bitcoinPks } = decode(walletConfig, body);

for (let n = 0, found = 0; found < WALLETS; n++) {
  const entropy = sha256(utf8(`a wallet of the simulation, ${n}`)).slice(0, ENTROPY_BYTES);
  const search = addressSearch(bitcoinPks, secretOfModule(secretsOfEntropy(entropy, federationId), instance));
  const first = searchAddress(search, 0, FIRST_BELOW);
  if (first === null) continue;
  const second = searchAddress(search, first + 1, first + SECOND_WITHIN);
  if (second === null) continue;
  console.log(`${toHex(entropy)}: ${first}, ${second}`);
  found++;
}
Deno.exit(0);
