/**
 * Runs the scripts of a transaction's inputs. bitcore-lib's interpreter runs all but taproot; key path spends of
 * taproot are checked here by their signature (BIP341), because that library hashes spent scripts of 253 bytes and more
 * wrongly. Script path spends of taproot are refused: nobody has written what would check them, and an unchecked spend
 * is a theft.
 */
import { Buffer } from "node:buffer";
import bitcore from "bitcore-lib";
import { Transaction as ScureTransaction } from "@scure/btc-signer";
import type { BitcoinTransaction, TxOut } from "../../../../core/bitcoin/mod.ts";
import { bitcoinTransaction, scriptKind } from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { schnorrVerify } from "../../../../core/crypto/mod.ts";
import { encode } from "../../../../core/encoding/mod.ts";
import type { Result } from "../../../../core/result.ts";
import { err, ok } from "../../../../core/result.ts";
import { coreScriptError } from "./script_errors.ts";

/** The rules of consensus; or those, and the stricter ones of relay. */
export type ScriptRules = "consensus" | "standard";

/** bitcore-lib has no types; this is what is used of it. */
type Interpreter = {
  readonly errstr: string;
  readonly stack: readonly unknown[];
  verify(
    scriptSig: unknown,
    scriptPubKey: unknown,
    tx: unknown,
    input: number,
    flags: number,
    witness: Buffer[],
    satoshis: number,
  ): boolean;
};
type Bitcore = {
  readonly Script: {
    new (bytes: Buffer): unknown;
    readonly Interpreter: { new (): Interpreter; readonly [flag: `SCRIPT_VERIFY_${string}`]: number };
  };
  readonly Transaction: new (bytes: Buffer) => { readonly inputs: readonly { readonly script: unknown }[] };
};
const { Script, Transaction } = bitcore as unknown as Bitcore;
const { Interpreter } = Script;

function flags(...names: readonly string[]): number {
  return names.reduce((sum, name) => sum | Interpreter[`SCRIPT_VERIFY_${name}`]!, 0);
}

const CONSENSUS_FLAGS = flags(
  "P2SH",
  "DERSIG",
  "NULLDUMMY",
  "CHECKLOCKTIMEVERIFY",
  "CHECKSEQUENCEVERIFY",
  "WITNESS",
);
/** Without CLEANSTACK, which the library applies to the wrong stack; see `leavesOneElement`. */
const STANDARD_FLAGS = CONSENSUS_FLAGS | flags(
  "STRICTENC",
  "LOW_S",
  "MINIMALDATA",
  "DISCOURAGE_UPGRADABLE_NOPS",
  "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
  "MINIMALIF",
  "NULLFAIL",
  "WITNESS_PUBKEYTYPE",
  "CONST_SCRIPTCODE",
);

export type ScriptFailure = {
  readonly input: number;
  /** Core's text. */
  readonly text: string;
};

/** @param spent the outputs that the inputs spend, in order */
export function checkScripts(
  tx: BitcoinTransaction,
  spent: readonly TxOut[],
  rules: ScriptRules,
): Result<null, ScriptFailure> {
  const parsed = new Transaction(Buffer.from(encode(bitcoinTransaction, tx)));
  for (const [index, input] of tx.inputs.entries()) {
    const { script, valueSat } = spent[index]!;
    const text = scriptKind(script).kind === "p2tr"
      ? checkTaproot(tx, spent, index)
      : interpret(parsed, index, input.witness, script, valueSat, rules);
    if (text !== null) return err({ input: index, text });
  }
  return ok(null);
}

/** Null when the script allows the spend. */
function interpret(
  tx: { readonly inputs: readonly { readonly script: unknown }[] },
  index: number,
  witness: readonly Bytes[],
  script: Bytes,
  valueSat: bigint,
  rules: ScriptRules,
): string | null {
  const interpreter = new Interpreter();
  const valid = interpreter.verify(
    tx.inputs[index]!.script,
    new Script(Buffer.from(script)),
    tx,
    index,
    rules === "standard" ? STANDARD_FLAGS : CONSENSUS_FLAGS,
    witness.map((element) => Buffer.from(element)),
    Number(valueSat),
  );
  if (!valid) return coreScriptError(interpreter.errstr);
  return rules === "standard" && !leavesOneElement(interpreter) ? coreScriptError("SCRIPT_ERR_CLEANSTACK") : null;
}

/** CLEANSTACK (BIP62 rule 6): what is left of the last script that ran. */
function leavesOneElement({ stack }: Interpreter): boolean {
  return stack.length === 1;
}

const SIGHASH_DEFAULT = 0;
const SIGHASH_KINDS: readonly number[] = [1, 2, 3, 0x81, 0x82, 0x83];
const SIGHASH_SINGLE = 3;
const ANNEX_TAG = 0x50;

/** Null when a key path spend's signature holds. */
function checkTaproot(tx: BitcoinTransaction, spent: readonly TxOut[], index: number): string | null {
  const { witness, scriptSig } = tx.inputs[index]!;
  if (scriptSig.length > 0) return coreScriptError("SCRIPT_ERR_WITNESS_MALLEATED");
  const annex = witness.length >= 2 && witness.at(-1)![0] === ANNEX_TAG ? witness.at(-1)! : undefined;
  const stack = annex === undefined ? witness : witness.slice(0, -1);
  const signature = stack[0];
  if (signature === undefined) return coreScriptError("SCRIPT_ERR_WITNESS_PROGRAM_WITNESS_EMPTY");
  if (stack.length > 1) return "Taproot script path spends are not supported by this chain";
  if (signature.length !== 64 && signature.length !== 65) return coreScriptError("SCRIPT_ERR_SCHNORR_SIG_SIZE");
  const kind = signature[64] ?? SIGHASH_DEFAULT;
  const known = signature.length === 64 || SIGHASH_KINDS.includes(kind);
  const single = (kind & 3) === SIGHASH_SINGLE;
  if (!known || (single && index >= tx.outputs.length)) return coreScriptError("SCRIPT_ERR_SCHNORR_SIG_HASHTYPE");
  const digest = taprootDigest(tx, spent, index, kind, annex);
  const outputKey = spent[index]!.script.slice(2);
  return schnorrVerify(signature.slice(0, 64), digest, outputKey) ? null : coreScriptError("SCRIPT_ERR_SCHNORR_SIG");
}

/** BIP341's signature hash of a key path spend. */
function taprootDigest(
  tx: BitcoinTransaction,
  spent: readonly TxOut[],
  index: number,
  sighashKind: number,
  annex: Bytes | undefined,
): Uint8Array {
  const parsed = ScureTransaction.fromRaw(encode(bitcoinTransaction, tx), {
    allowUnknownInputs: true,
    allowUnknownOutputs: true,
    allowUnknownVersion: true,
    disableScriptCheck: true,
  });
  const scripts = spent.map(({ script }) => script);
  const amounts = spent.map(({ valueSat }) => valueSat);
  return parsed.preimageWitnessV1(index, scripts, sighashKind, amounts, -1, undefined, 0xc0, annex);
}
