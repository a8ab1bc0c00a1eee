/**
 * Scripts as lists of operations: for counting signature checks, for telling the standard forms, and for printing.
 * Source: Core `script/script.cpp`.
 */
import type { Bytes } from "../../../../core/bytes.ts";
import { scriptKind } from "../../../../core/bitcoin/mod.ts";

export const OP = {
  PUSHDATA1: 0x4c,
  PUSHDATA2: 0x4d,
  PUSHDATA4: 0x4e,
  RESERVED: 0x50,
  N1: 0x51,
  N16: 0x60,
  RETURN: 0x6a,
  CHECKSIG: 0xac,
  CHECKSIGVERIFY: 0xad,
  CHECKMULTISIG: 0xae,
  CHECKMULTISIGVERIFY: 0xaf,
} as const;

export type Operation = { readonly opcode: number; readonly data: Bytes };

const NO_DATA: Bytes = new Uint8Array(0);

/** Operations up to the end, or up to a push that reaches beyond it; `complete` tells which. */
export function operationsOf(script: Bytes): { readonly operations: readonly Operation[]; readonly complete: boolean } {
  const operations: Operation[] = [];
  for (let at = 0; at < script.length;) {
    const opcode = script[at++]!;
    if (opcode > OP.PUSHDATA4) {
      operations.push({ opcode, data: NO_DATA });
      continue;
    }
    const lengthBytes = opcode < OP.PUSHDATA1 ? 0 : 1 << (opcode - OP.PUSHDATA1);
    let length = opcode;
    if (lengthBytes > 0) {
      if (at + lengthBytes > script.length) return { operations, complete: false };
      length = littleEndian(script.subarray(at, at + lengthBytes));
      at += lengthBytes;
    }
    if (at + length > script.length) return { operations, complete: false };
    operations.push({ opcode, data: script.slice(at, at + length) });
    at += length;
  }
  return { operations, complete: true };
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

/** Nothing but pushes, OP_RESERVED among them as in Core. */
export function isPushOnly(script: Bytes): boolean {
  const { operations, complete } = operationsOf(script);
  return complete && operations.every(({ opcode }) => opcode <= OP.N16);
}

/** CHECKMULTISIG counts as 20 signatures, or, `accurate`, as the number of keys before it. */
export function countSigops(script: Bytes, accurate: boolean): number {
  let count = 0, before = 0xff;
  for (const { opcode } of operationsOf(script).operations) {
    if (opcode === OP.CHECKSIG || opcode === OP.CHECKSIGVERIFY) count++;
    if (opcode === OP.CHECKMULTISIG || opcode === OP.CHECKMULTISIGVERIFY) {
      count += accurate && before >= OP.N1 && before <= OP.N16 ? before - OP.N1 + 1 : 20;
    }
    before = opcode;
  }
  return count;
}

/** The last thing that a script of pushes leaves on the stack: P2SH's redeem script. */
export function lastPush(script: Bytes): Bytes | null {
  if (!isPushOnly(script)) return null;
  return operationsOf(script).operations.at(-1)?.data ?? null;
}

/** `<key> OP_CHECKSIG` with a key of 33 or 65 bytes. */
export function payToKey(script: Bytes): Bytes | null {
  const length = script[0];
  if ((length !== 33 && length !== 65) || script.length !== length + 2 || script.at(-1) !== OP.CHECKSIG) return null;
  const key = script.slice(1, -1);
  const prefix = key[0]!;
  return (length === 33 ? prefix === 2 || prefix === 3 : prefix === 4) ? key : null;
}

/** Core's names of script types. */
export type ScriptType =
  | "pubkeyhash"
  | "scripthash"
  | "witness_v0_keyhash"
  | "witness_v0_scripthash"
  | "witness_v1_taproot"
  | "anchor"
  | "witness_unknown"
  | "nulldata"
  | "pubkey"
  | "nonstandard";

const TYPE_OF = {
  p2pkh: "pubkeyhash",
  p2sh: "scripthash",
  p2wpkh: "witness_v0_keyhash",
  p2wsh: "witness_v0_scripthash",
  p2tr: "witness_v1_taproot",
} as const;

/** P2A, an output that anybody may spend to raise a fee. */
const ANCHOR_PROGRAM = "4e73";

export function scriptType(script: Bytes): ScriptType {
  const form = scriptKind(script);
  switch (form.kind) {
    case "p2pkh":
    case "p2sh":
    case "p2wpkh":
    case "p2wsh":
    case "p2tr":
      return TYPE_OF[form.kind];
    case "witness":
      if (form.version === 0) return "nonstandard";
      return form.version === 1 && form.program.toHex() === ANCHOR_PROGRAM ? "anchor" : "witness_unknown";
    case "op_return":
      return isPushOnly(script.slice(1)) ? "nulldata" : "nonstandard";
    case "other":
      return payToKey(script) === null ? "nonstandard" : "pubkey";
  }
}
