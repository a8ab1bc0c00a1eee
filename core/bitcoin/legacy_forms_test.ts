/** Networks, addresses and descriptors as fedimint's own encodings hold them. */
import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError, decodeHex, encode, encodeHex } from "../encoding/mod.ts";
import { utf8 } from "../bytes.ts";
import { uncheckedAddress } from "./address_codec.ts";
import { bitcoinDescriptor } from "./descriptor_codec.ts";
import { legacyNetwork } from "./legacy_network.ts";
import { BITCOIN_NETWORKS } from "./network.ts";

Deno.test("a legacy network is its magic as a number", () => {
  const encodings = BITCOIN_NETWORKS.map((network) => encodeHex(legacyNetwork, network));
  assertEquals(encodings, ["fed9b4bef9", "fe0709110b", "fe283f161c", "fe40cf030a", "fedab5bffa"]);
  assertEquals(encodings.map((hex) => decodeHex(legacyNetwork, hex)), [...BITCOIN_NETWORKS]);
  for (const hex of ["00", "fed9b4bef8", "f9beb4d9"]) assertThrows(() => decodeHex(legacyNetwork, hex), DecodeError);
});

Deno.test("an address travels as network and script; what a text can't tell apart is testnet", () => {
  const main = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
  const test = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
  const script = "160014751e76e8199196d454941c45d1b3a323f1433bd6";
  assertEquals(encodeHex(uncheckedAddress, main), `fed9b4bef9${script}`);
  assertEquals(encodeHex(uncheckedAddress, test), `fe0709110b${script}`);
  const regtest = decodeHex(uncheckedAddress, `fedab5bffa${script}`);
  assertEquals(regtest.startsWith("bcrt1q"), true);
  assertEquals(encodeHex(uncheckedAddress, regtest), `fedab5bffa${script}`);
  const signet = decodeHex(uncheckedAddress, `fe40cf030a${script}`);
  assertEquals([signet, encodeHex(uncheckedAddress, signet)], [test, `fe0709110b${script}`]);
  assertEquals(uncheckedAddress.fromJson(main.toUpperCase()), main);
});

Deno.test("a script without an address, and text that is none, are refused", () => {
  assertThrows(() => decodeHex(uncheckedAddress, "fed9b4bef9016a"), DecodeError, "no address");
  for (const bad of ["", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", 5]) {
    assertThrows(() => uncheckedAddress.fromJson(bad), DecodeError);
  }
});

Deno.test("a descriptor is its text with checksum", () => {
  const key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
  const descriptor = bitcoinDescriptor.fromJson(`wpkh(${key})`);
  const text = bitcoinDescriptor.toJson(descriptor) as string;
  assertEquals(text.slice(0, -8), `wpkh(${key})#`);
  assertEquals(encode(bitcoinDescriptor, descriptor).slice(1), utf8(text));
  const wrong = encode(bitcoinDescriptor, descriptor);
  wrong[wrong.length - 1]! ^= 1;
  assertThrows(() => decodeHex(bitcoinDescriptor, wrong.toHex()), DecodeError);
  assertThrows(() => bitcoinDescriptor.fromJson(7), DecodeError);
});
