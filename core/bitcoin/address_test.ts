import { assert, assertEquals } from "@std/assert";
import * as btc from "@scure/btc-signer";
import { bech32, bech32m, createBase58check } from "@scure/base";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { fromHex } from "../bytes.ts";
import type { BitcoinNetwork } from "./mod.ts";
import {
  addressFromScript,
  BITCOIN_NETWORKS,
  p2pkhScript,
  p2shScript,
  parseAddress,
  scriptFromAddress,
  witnessProgramScript,
} from "./mod.ts";

const base58check = createBase58check(sha256);
const bytes = (minLength: number, maxLength = minLength) =>
  fc.uint8Array({ minLength, maxLength }).map((value) => Uint8Array.from(value));
const payable = fc.oneof(
  bytes(20).map(p2pkhScript),
  bytes(20).map(p2shScript),
  fc.oneof(bytes(20), bytes(32)).map((program) => witnessProgramScript(0, program)),
  fc.tuple(fc.integer({ min: 1, max: 16 }), bytes(2, 40)).map(([version, program]) =>
    witnessProgramScript(version, program)
  ),
);

Deno.test("every payable script has an address that leads back to it", () => {
  fc.assert(fc.property(payable, fc.constantFrom(...BITCOIN_NETWORKS), (script, network) => {
    const address = addressFromScript(script, network);
    assert(address !== null);
    assertEquals(scriptFromAddress(address, network), { ok: true, value: script });
    assertEquals(scriptFromAddress(address), { ok: true, value: script });
  }));
});

Deno.test("known kinds of address agree with another implementation", () => {
  const key = fromHex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  for (const [name, network] of [["bitcoin", btc.NETWORK], ["testnet", btc.TEST_NETWORK]] as const) {
    const compressed = fromHex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    for (
      const payment of [
        btc.p2pkh(compressed, network),
        btc.p2wpkh(compressed, network),
        btc.p2tr(key, undefined, network),
        btc.p2sh(btc.p2wpkh(compressed), network),
      ]
    ) {
      assertEquals(addressFromScript(Uint8Array.from(payment.script), name), payment.address);
    }
  }
});

Deno.test("a test network's address is refused where another network is meant", () => {
  const script = witnessProgramScript(0, new Uint8Array(20));
  const legacy = p2pkhScript(new Uint8Array(20));
  const testNetworks: BitcoinNetwork[] = ["testnet", "testnet4", "signet"];
  const valid = (text: string): readonly BitcoinNetwork[] => {
    const parsed = parseAddress(text);
    return parsed.ok ? parsed.value.networks : [];
  };
  assertEquals(valid(addressFromScript(script, "signet")!), testNetworks);
  assertEquals(valid(addressFromScript(script, "regtest")!), ["regtest"]);
  assertEquals(valid(addressFromScript(legacy, "regtest")!), [...testNetworks, "regtest"]);
  assertEquals(valid(addressFromScript(legacy, "bitcoin")!), ["bitcoin"]);
  assertEquals(scriptFromAddress(addressFromScript(script, "regtest")!, "bitcoin"), {
    ok: false,
    error: { code: "wrong_network", expected: "bitcoin", valid: ["regtest"] },
  });
});

const program = (bytes: number): number[] => bech32.toWords(new Uint8Array(bytes).fill(7));
const good = bech32.encode("tb", [0, ...program(20)]);
const REFUSED: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a wrong Base58 checksum", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"],
  ["a character that Base58 lacks", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN0"],
  ["another Base58 prefix", base58check.encode(new Uint8Array(21).fill(48))],
  ["a Base58 payload of 20 bytes", base58check.encode(new Uint8Array(20))],
  ["a Base58 payload of 22 bytes", base58check.encode(new Uint8Array(22))],
  ["a wrong Bech32 checksum", good.slice(0, -1) + (good.endsWith("q") ? "p" : "q")],
  ["version 0 in Bech32m", bech32m.encode("bc", [0, ...program(32)])],
  ["version 1 in Bech32", bech32.encode("bc", [1, ...program(32)])],
  ["mixed case", good.slice(0, 6) + good.slice(6).toUpperCase()],
  ["no version", bech32.encode("bc", [])],
  ["no program", bech32m.encode("bc", [1])],
  ["a program of one byte", bech32m.encode("bc", [1, ...program(1)])],
  ["a program of 41 bytes", bech32m.encode("bc", [1, ...program(41)])],
  ["version 17", bech32m.encode("bc", [17, ...program(32)])],
  ["a version 0 program of 16 bytes", bech32.encode("bc", [0, ...program(16)])],
  ["a version 0 program of 31 bytes", bech32.encode("bc", [0, ...program(31)])],
  ["padding that isn't zero", bech32m.encode("bc", [1, ...program(32).slice(0, -1), program(32).at(-1)! | 1])],
  ["a superfluous group of zeros", bech32m.encode("bc", [1, ...program(20), 0])],
  ["another chain's prefix", bech32m.encode("tc", [1, ...program(32)])],
  ["more than ninety characters", `bc1${"q".repeat(100)}`],
];
for (const [name, text] of REFUSED) {
  Deno.test(`an address with ${name} is refused`, () => {
    assertEquals(parseAddress(text), { ok: false, error: { code: "invalid_address" } });
  });
}

Deno.test("addresses in capitals are read, and scripts without an address have none", () => {
  const script = witnessProgramScript(1, new Uint8Array(32).fill(3));
  assertEquals(scriptFromAddress(addressFromScript(script, "bitcoin")!.toUpperCase()), { ok: true, value: script });
  for (const hex of ["", "6a0101", "51", "0003010203", "001e" + "00".repeat(30)]) {
    assertEquals(addressFromScript(fromHex(hex), "bitcoin"), null);
  }
});
