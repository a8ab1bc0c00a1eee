/**
 * Output scripts: their encoding, the standard forms, and the least amount that is worth an output. `bitcoin` crate,
 * `blockdata/script`.
 */
import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { hexBytes } from "../encoding/mod.ts";
import { compactSizeLength, readCount, writeCompactSize } from "./primitives.ts";

/** `ScriptBuf`: CompactSize length and the bytes; JSON hex of the bytes. */
export const bitcoinScript: Codec<Bytes> = {
  ...hexBytes,
  name: "ScriptBuf",
  layout: { form: "leaf", text: "script (CompactSize length)" },
  write: (writer, value) => {
    writeCompactSize(writer, value.length);
    writer.raw(value);
  },
  read: (reader) => reader.raw(readCount(reader)),
};

const OP_0 = 0x00, OP_1 = 0x51, OP_16 = 0x60;
const OP_RETURN = 0x6a, OP_DUP = 0x76, OP_EQUAL = 0x87, OP_EQUALVERIFY = 0x88, OP_HASH160 = 0xa9, OP_CHECKSIG = 0xac;

export function hash160(bytes: Uint8Array): Bytes {
  return ripemd160(sha256(bytes)) as Bytes;
}

export function sha256d(bytes: Uint8Array): Bytes {
  return sha256(sha256(bytes)) as Bytes;
}

/** What an output script asks for. `hash` and `program` are the bytes in it. */
export type ScriptKind =
  | { readonly kind: "p2pkh" | "p2sh"; readonly hash: Bytes }
  | { readonly kind: "p2wpkh" | "p2wsh" | "p2tr" | "witness"; readonly version: number; readonly program: Bytes }
  | { readonly kind: "op_return" | "other" };

/** `witness` is a program of a version or length without a meaning yet (P2A included). */
export function scriptKind(script: Bytes): ScriptKind {
  if (isP2pkh(script)) return { kind: "p2pkh", hash: script.slice(3, 23) };
  if (isP2sh(script)) return { kind: "p2sh", hash: script.slice(2, 22) };
  const version = witnessVersion(script);
  if (version !== null) {
    const program = script.slice(2);
    const known = version === 0 && program.length === 20
      ? "p2wpkh"
      : version === 0 && program.length === 32
      ? "p2wsh"
      : version === 1 && program.length === 32
      ? "p2tr"
      : "witness";
    return { kind: known, version, program };
  }
  return { kind: script[0] === OP_RETURN ? "op_return" : "other" };
}

function isP2pkh(script: Uint8Array): boolean {
  return script.length === 25 && script[0] === OP_DUP && script[1] === OP_HASH160 && script[2] === 20 &&
    script[23] === OP_EQUALVERIFY && script[24] === OP_CHECKSIG;
}

function isP2sh(script: Uint8Array): boolean {
  return script.length === 23 && script[0] === OP_HASH160 && script[1] === 20 && script[22] === OP_EQUAL;
}

/** BIP141: one version opcode and one push of 2 to 40 bytes, which is all of the script. Null for other scripts. */
function witnessVersion(script: Uint8Array): number | null {
  if (script.length < 4 || script.length > 42 || script[1] !== script.length - 2) return null;
  const opcode = script[0]!;
  if (opcode === OP_0) return 0;
  return opcode >= OP_1 && opcode <= OP_16 ? opcode - OP_1 + 1 : null;
}

/** @param hash 20 bytes: hash160 of the public key */
export function p2pkhScript(hash: Uint8Array): Bytes {
  return concat(
    Uint8Array.of(OP_DUP, OP_HASH160, 20),
    sized(hash, 20),
    Uint8Array.of(OP_EQUALVERIFY, OP_CHECKSIG),
  );
}

/** @param hash 20 bytes: hash160 of the redeem script */
export function p2shScript(hash: Uint8Array): Bytes {
  return concat(Uint8Array.of(OP_HASH160, 20), sized(hash, 20), Uint8Array.of(OP_EQUAL));
}

/** @param version 0 … 16 @param program 2 … 40 bytes */
export function witnessProgramScript(version: number, program: Uint8Array): Bytes {
  if (!Number.isInteger(version) || version < 0 || version > 16) throw new RangeError(`No witness version ${version}`);
  if (program.length < 2 || program.length > 40) throw new RangeError(`No witness program of ${program.length} bytes`);
  return concat(Uint8Array.of(version === 0 ? OP_0 : OP_1 + version - 1, program.length), program);
}

/** @param hash 20 bytes: hash160 of the compressed public key */
export function p2wpkhScript(hash: Uint8Array): Bytes {
  return witnessProgramScript(0, sized(hash, 20));
}

/** @param hash 32 bytes: sha256 of the witness script */
export function p2wshScript(hash: Uint8Array): Bytes {
  return witnessProgramScript(0, sized(hash, 32));
}

/** @param outputKey 32 bytes: the tweaked x-only key */
export function p2trScript(outputKey: Uint8Array): Bytes {
  return witnessProgramScript(1, sized(outputKey, 32));
}

function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`Expected ${length} bytes, got ${bytes.length}`);
  return bytes;
}

/** Bitcoin Core's default `-dustrelayfee`, sat per 1,000 bytes. */
const DUST_RELAY_SAT_PER_KB = 3000;

/**
 * Least amount of an output that nodes relay: what spending it would cost at 3 sat a byte. P2WPKH 294, P2WSH and P2TR
 * 330, P2SH 540, P2PKH 546. Source: Core `GetDustThreshold`, `bitcoin` crate `minimal_non_dust`.
 */
export function dustLimitSat(script: Uint8Array): bigint {
  if (script[0] === OP_RETURN) return 0n;
  // outpoint, script length, sequence, and a signature with its key (a quarter of it for a witness)
  const spendingBytes = witnessVersion(script) === null ? 32 + 4 + 1 + 107 + 4 : 32 + 4 + 1 + 26 + 4;
  const outputBytes = 8 + compactSizeLength(script.length) + script.length;
  return BigInt(Math.floor(DUST_RELAY_SAT_PER_KB * (spendingBytes + outputBytes) / 1000));
}
