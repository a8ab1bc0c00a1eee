/**
 * The network in the configs of the old `ln` and `wallet` modules: its magic as a number.
 * `fedimint-core/src/encoding/btc.rs` (`NetworkLegacyEncodingWrapper`).
 */
import { fromHex, toHex } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { DecodeError, mapCodec, u32 } from "../encoding/mod.ts";
import type { BitcoinNetwork } from "./network.ts";
import { bitcoinNetwork, magicOfNetwork, networkOfMagic } from "./network.ts";

/** The four magic bytes, first one lowest. */
function numberOf(network: BitcoinNetwork): number {
  return new DataView(fromHex(magicOfNetwork(network)).buffer).getUint32(0, true);
}

function networkOf(number: number): BitcoinNetwork {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number, true);
  const network = networkOfMagic(toHex(bytes));
  if (network === null) throw new DecodeError("invalid", `No network has magic ${toHex(bytes)}`);
  return network;
}

/** BigSize of the magic read as a little-endian u32; JSON the name. */
export const legacyNetwork: Codec<BitcoinNetwork> = mapCodec(u32, "NetworkLegacyEncodingWrapper", {
  decode: networkOf,
  encode: numberOf,
  toJson: bitcoinNetwork.toJson,
  fromJson: bitcoinNetwork.fromJson,
  compare: bitcoinNetwork.compare,
});
