/**
 * Scripts as Bitcoin Core prints them. Source: Core `core_write.cpp` (`ScriptToAsmStr`), `script/script.cpp`
 * (`GetOpName`).
 */
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import { ecdsaFromDer } from "../../../../core/crypto/mod.ts";
import { isUnspendable } from "../coins.ts";
import { OP, operationsOf } from "../rules/script_ops.ts";

/** From OP_NOP (0x61) on. */
const NAMES =
  ("NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP 2OVER 2ROT " +
    "2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR " +
    "EQUAL EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD " +
    "LSHIFT RSHIFT BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL " +
    "GREATERTHANOREQUAL MIN MAX WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG " +
    "CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 " +
    "NOP7 NOP8 NOP9 NOP10 CHECKSIGADD").split(" ");
const OP_1NEGATE = 0x4f, OP_NOP = 0x61, OP_INVALIDOPCODE = 0xff;

function operationName(opcode: number): string {
  if (opcode === OP_1NEGATE) return "-1";
  if (opcode === OP.RESERVED) return "OP_RESERVED";
  if (opcode === OP_INVALIDOPCODE) return "OP_INVALIDOPCODE";
  if (opcode >= OP.N1 && opcode <= OP.N16) return String(opcode - OP.N1 + 1);
  const name = NAMES[opcode - OP_NOP];
  return name === undefined ? "OP_UNKNOWN" : `OP_${name}`;
}

/** Four bytes and fewer are shown as the number they are for a script: little-endian, the highest bit the sign. */
function numberText(bytes: Bytes): string {
  if (bytes.length === 0) return "0";
  const last = bytes.at(-1)!;
  const magnitude = bytes.reduceRight((sum, byte, i) => sum * 256 + (i === bytes.length - 1 ? byte & 0x7f : byte), 0);
  return String(last >= 0x80 && magnitude !== 0 ? -magnitude : magnitude);
}

const SIGHASH_NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, "ALL"],
  [0x02, "NONE"],
  [0x03, "SINGLE"],
  [0x81, "ALL|ANYONECANPAY"],
  [0x82, "NONE|ANYONECANPAY"],
  [0x83, "SINGLE|ANYONECANPAY"],
]);

function signatureText(bytes: Bytes): string | null {
  const name = SIGHASH_NAMES.get(bytes.at(-1) ?? 0);
  return name === undefined || ecdsaFromDer(bytes.subarray(0, -1)) === null
    ? null
    : `${toHex(bytes.subarray(0, -1))}[${name}]`;
}

/** @param signatures mark what looks like a signature by what it covers: for scripts of inputs */
export function scriptAsm(script: Bytes, signatures: boolean): string {
  const { operations, complete } = operationsOf(script);
  const words = operations.map(({ opcode, data }) => {
    if (opcode > OP.PUSHDATA4) return operationName(opcode);
    if (data.length <= 4) return numberText(data);
    return (signatures && !isUnspendable(script) ? signatureText(data) : null) ?? toHex(data);
  });
  return [...words, ...(complete ? [] : ["[error]"])].join(" ");
}
