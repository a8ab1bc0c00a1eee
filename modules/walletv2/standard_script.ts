/**
 * Where a peg-out may go: the output scripts in common use. Others can't be paid. Follows fedimint-walletv2-common
 * 0.13.0 (`lib.rs`).
 */
import type { Bytes } from "../../core/bytes.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import {
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wshScript,
  scriptFromAddress,
  scriptKind,
} from "../../core/bitcoin/mod.ts";
import type { AddressError } from "../../core/bitcoin/mod.ts";
import { isXOnlyKey } from "../../core/crypto/secp.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { fixedHex, openEnum } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { xOnlyPublicKey } from "../../core/types/keys.ts";

/**
 * Hashes of 20 bytes, of 32 (P2WSH), or the 32-byte output key (P2TR). Unknown variants are kept, and refused as
 * destinations.
 */
export const standardScript = openEnum("StandardScript", {
  P2PKH: fixedHex(20),
  P2SH: fixedHex(20),
  P2WPKH: fixedHex(20),
  P2WSH: fixedHex(32),
  P2TR: xOnlyPublicKey,
});
export type StandardScript = CodecType<typeof standardScript>;

/** The output script; null for an unknown variant. */
export function scriptOf(script: StandardScript): Bytes | null {
  switch (script.tag) {
    case "P2PKH":
      return p2pkhScript(script.value);
    case "P2SH":
      return p2shScript(script.value);
    case "P2WPKH":
      return p2wpkhScript(script.value);
    case "P2WSH":
      return p2wshScript(script.value);
    case "P2TR":
      return p2trScript(script.value);
    case "Default":
      return null;
  }
}

/** Null for scripts that can't be paid: bare ones and later witness versions. */
export function standardScriptOf(script: Bytes): StandardScript | null {
  const known = scriptKind(script);
  switch (known.kind) {
    case "p2pkh":
      return { tag: "P2PKH", value: known.hash };
    case "p2sh":
      return { tag: "P2SH", value: known.hash };
    case "p2wpkh":
      return { tag: "P2WPKH", value: known.program };
    case "p2wsh":
      return { tag: "P2WSH", value: known.program };
    case "p2tr":
      return isXOnlyKey(known.program) ? { tag: "P2TR", value: known.program } : null;
    case "witness":
    case "op_return":
    case "other":
      return null;
  }
}

/** @returns `unsupported` for an address whose kind can't be paid */
export function destinationOf(
  address: string,
  network: BitcoinNetwork,
): Result<StandardScript, AddressError | { readonly code: "unsupported" }> {
  const script = scriptFromAddress(address, network);
  if (!script.ok) return script;
  const standard = standardScriptOf(script.value);
  return standard ? ok(standard) : err({ code: "unsupported" });
}
