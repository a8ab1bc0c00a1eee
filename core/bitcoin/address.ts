/**
 * Addresses: P2PKH, P2SH and every witness program (BIP173, BIP350). The test networks share their Base58 prefixes, and
 * all but regtest their Bech32 prefix, so that a text alone doesn't tell which of them is meant. `bitcoin` crate,
 * `address/mod.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32, bech32m, createBase58check } from "@scure/base";
import type { Bytes } from "../bytes.ts";
import { concat } from "../bytes.ts";
import type { Result } from "../result.ts";
import { err, ok } from "../result.ts";
import type { BitcoinNetwork } from "./network.ts";
import { BITCOIN_NETWORKS } from "./network.ts";
import { p2pkhScript, p2shScript, scriptKind, witnessProgramScript } from "./script.ts";

const base58check = createBase58check(sha256);

type Prefixes = { readonly p2pkh: number; readonly p2sh: number; readonly hrp: string };
const MAIN: Prefixes = { p2pkh: 0, p2sh: 5, hrp: "bc" };
const TEST: Prefixes = { p2pkh: 111, p2sh: 196, hrp: "tb" };
const PREFIXES: Readonly<Record<BitcoinNetwork, Prefixes>> = {
  bitcoin: MAIN,
  testnet: TEST,
  testnet4: TEST,
  signet: TEST,
  regtest: { ...TEST, hrp: "bcrt" },
};

/** BIP173's longest text; Base58 addresses are shorter. */
const ADDRESS_CHARACTERS_MAX = 90;

export type AddressError =
  | { readonly code: "invalid_address" }
  | { readonly code: "wrong_network"; readonly expected: BitcoinNetwork; readonly valid: readonly BitcoinNetwork[] };

export type ParsedAddress = {
  readonly script: Bytes;
  /** Networks it is valid for, in the order of `BITCOIN_NETWORKS`; never empty. */
  readonly networks: readonly BitcoinNetwork[];
};

/** The address of an output script; null for scripts that have none. */
export function addressFromScript(script: Bytes, network: BitcoinNetwork): string | null {
  const prefixes = PREFIXES[network];
  const parts = scriptKind(script);
  switch (parts.kind) {
    case "p2pkh":
    case "p2sh":
      return base58check.encode(concat(Uint8Array.of(prefixes[parts.kind]), parts.hash));
    case "p2wpkh":
    case "p2wsh":
    case "p2tr":
    case "witness": {
      // version 0 has exactly two lengths (BIP141); another one is no address
      if (parts.version === 0 && parts.kind === "witness") return null;
      const coder = parts.version === 0 ? bech32 : bech32m;
      return coder.encode(prefixes.hrp, [parts.version, ...coder.toWords(parts.program)], ADDRESS_CHARACTERS_MAX);
    }
    case "op_return":
    case "other":
      return null;
  }
}

/** Reads an address of any network. */
export function parseAddress(text: string): Result<ParsedAddress, AddressError> {
  if (text.length > ADDRESS_CHARACTERS_MAX) return err({ code: "invalid_address" });
  const parsed = parseSegwit(text) ?? parseBase58(text);
  if (parsed === null) return err({ code: "invalid_address" });
  const networks = BITCOIN_NETWORKS.filter((network) => parsed.matches(PREFIXES[network]));
  return networks.length === 0 ? err({ code: "invalid_address" }) : ok({ script: parsed.script, networks });
}

/** The output script of an address; with `network` only if it is one of that network. */
export function scriptFromAddress(text: string, network?: BitcoinNetwork): Result<Bytes, AddressError> {
  const parsed = parseAddress(text);
  if (!parsed.ok) return parsed;
  if (network !== undefined && !parsed.value.networks.includes(network)) {
    return err({ code: "wrong_network", expected: network, valid: parsed.value.networks });
  }
  return ok(parsed.value.script);
}

type Parsed = { readonly script: Bytes; readonly matches: (prefixes: Prefixes) => boolean };

/** Version 0 is written in Bech32, the later ones in Bech32m. */
function parseSegwit(text: string): Parsed | null {
  const old = bech32.decodeUnsafe(text, ADDRESS_CHARACTERS_MAX);
  const coder = old === undefined ? bech32m : bech32;
  const decoded = old ?? bech32m.decodeUnsafe(text, ADDRESS_CHARACTERS_MAX);
  const version = decoded?.words[0];
  if (decoded === undefined || version === undefined || version > 16) return null;
  if ((version === 0) !== (coder === bech32)) return null;
  const program = coder.fromWordsUnsafe(decoded.words.slice(1));
  if (!program || program.length < 2 || program.length > 40) return null;
  if (version === 0 && program.length !== 20 && program.length !== 32) return null;
  return { script: witnessProgramScript(version, program), matches: ({ hrp }) => hrp === decoded.prefix };
}

/** Fifty characters as in the reference: Base58 costs quadratic time. */
const BASE58_CHARACTERS_MAX = 50;

function parseBase58(text: string): Parsed | null {
  if (text.length > BASE58_CHARACTERS_MAX) return null;
  let payload: Uint8Array;
  try {
    payload = base58check.decode(text);
  } catch (thrown) {
    // the library tells a bad character and a bad checksum by plain errors; both mean that this is no address
    if (thrown instanceof Error) return null;
    throw thrown;
  }
  if (payload.length !== 21) return null;
  const prefix = payload[0]!;
  const hash = payload.slice(1);
  if (prefix === MAIN.p2pkh || prefix === TEST.p2pkh) {
    return { script: p2pkhScript(hash), matches: ({ p2pkh }) => p2pkh === prefix };
  }
  return { script: p2shScript(hash), matches: ({ p2sh }) => p2sh === prefix };
}
