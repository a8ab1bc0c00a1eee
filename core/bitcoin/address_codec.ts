/**
 * An address as the old wallet module's peg-outs hold it: network and script. `fedimint-core/src/encoding/btc.rs`
 * (`Address<NetworkUnchecked>`), `src/lib.rs` (`get_network_for_address`).
 *
 * A text doesn't tell all networks apart. What is written is the first of bitcoin, testnet, regtest that it is valid
 * for, so an address of signet or testnet4 travels as one of testnet.
 */
import type { Bytes } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { badJson, DecodeError, mapCodec, tuple } from "../encoding/mod.ts";
import { addressFromScript, parseAddress } from "./address.ts";
import { legacyNetwork } from "./legacy_network.ts";
import type { BitcoinNetwork } from "./network.ts";
import { bitcoinScript } from "./script.ts";

const WRITTEN = ["bitcoin", "testnet", "regtest"] as const;

function parse(text: string) {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new DecodeError("invalid", "Text is not a Bitcoin address");
  return parsed.value;
}

/** The text as our networks write it: lower-case bech32, base58. */
function canonical(text: string): string {
  const { script, networks } = parse(text);
  return addressFromScript(script, networks[0]!)!;
}

/** Legacy network ‖ script; in TypeScript and JSON the address's text. */
export const uncheckedAddress: Codec<string> = mapCodec(tuple(legacyNetwork, bitcoinScript), "Address", {
  decode: ([network, script]) => {
    const text = addressFromScript(script, network);
    if (text === null) throw new DecodeError("invalid", "Script has no address");
    return text;
  },
  encode: (text): [BitcoinNetwork, Bytes] => {
    const { script, networks } = parse(text);
    return [WRITTEN.find((network) => networks.includes(network))!, script];
  },
  toJson: (text) => text,
  fromJson: (json) => typeof json === "string" ? canonical(json) : badJson("an address"),
});
