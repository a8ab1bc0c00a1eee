/**
 * Bitcoin networks by name and by the four magic bytes of their messages. `bitcoin` crate, `network.rs`, `p2p/mod.rs`.
 */
import { fromHex, toHex } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { badJson } from "../encoding/primitives.ts";

/** Names as the reference writes them, "bitcoin" for the main one. */
export type BitcoinNetwork = "bitcoin" | "testnet" | "testnet4" | "signet" | "regtest";

/** In the reference's order. */
export const BITCOIN_NETWORKS: readonly BitcoinNetwork[] = ["bitcoin", "testnet", "testnet4", "signet", "regtest"];

const MAGIC_HEX: Readonly<Record<BitcoinNetwork, string>> = {
  bitcoin: "f9beb4d9",
  testnet: "0b110907",
  testnet4: "1c163f28",
  signet: "0a03cf40",
  regtest: "fabfb5da",
};

/** Magic as lower-case hex. */
export function magicOfNetwork(network: BitcoinNetwork): string {
  return MAGIC_HEX[network];
}

export function networkOfMagic(magicHex: string): BitcoinNetwork | null {
  return BITCOIN_NETWORKS.find((network) => MAGIC_HEX[network] === magicHex) ?? null;
}

export function isBitcoinNetwork(name: string): name is BitcoinNetwork {
  return (BITCOIN_NETWORKS as readonly string[]).includes(name);
}

/** Four raw magic bytes; JSON the name. */
export const bitcoinNetwork: Codec<BitcoinNetwork> = {
  name: "Network",
  layout: { form: "leaf", text: "network (4 magic bytes)" },
  write: (writer, value) => writer.raw(fromHex(MAGIC_HEX[value])),
  read: (reader) => {
    const magic = toHex(reader.raw(4));
    return networkOfMagic(magic) ?? reader.fail("invalid", `No network has magic ${magic}`);
  },
  toJson: (value) => value,
  fromJson: (json) => typeof json === "string" && isBitcoinNetwork(json) ? json : badJson("a network's name"),
  compare: (a, b) => BITCOIN_NETWORKS.indexOf(a) - BITCOIN_NETWORKS.indexOf(b),
};
