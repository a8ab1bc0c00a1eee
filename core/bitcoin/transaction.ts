/**
 * Bitcoin transactions in Bitcoin's own serialisation, with witnesses (BIP144). Decoding refuses what the `bitcoin`
 * crate refuses: sizes that are not minimal, a witness flag without a witness, witnesses above 4 MB. Source: its
 * `blockdata/{transaction,witness}.rs`.
 */
import type { Bytes } from "../bytes.ts";
import { compareBytes, toHex } from "../bytes.ts";
import type { Codec, Json, Reader } from "../encoding/mod.ts";
import { DecodeError, encode, hexBytes, isJsonObject, list, struct, Writer } from "../encoding/mod.ts";
import { badJson } from "../encoding/primitives.ts";
import type { BitcoinTxid } from "../types/ids.ts";
import { bitcoinTxid } from "../types/ids.ts";
import { compactSizeLength, readCount, readI32Le, u32Le, u64Le, writeCompactSize, writeI32Le } from "./primitives.ts";
import { bitcoinScript, sha256d } from "./script.ts";

/** The output `vout` of a transaction. */
export type BitcoinOutPoint = { readonly txid: BitcoinTxid; readonly vout: number };

const plainOutPoint = struct("bitcoin::OutPoint", { txid: bitcoinTxid, vout: u32Le });

/** Txid 32 ‖ vout u32 little-endian; JSON `"txid:vout"`. */
export const bitcoinOutPoint: Codec<BitcoinOutPoint> = {
  ...plainOutPoint,
  toJson: bitcoinOutPointText,
  fromJson: (json) => typeof json === "string" ? parseBitcoinOutPoint(json) : badJson("a string txid:vout"),
};

export function bitcoinOutPointText({ txid, vout }: BitcoinOutPoint): string {
  return `${txid}:${vout}`;
}

/** @throws {DecodeError} `invalid` */
export function parseBitcoinOutPoint(text: string): BitcoinOutPoint {
  const match = /^([0-9a-fA-F]{64}):(0|[1-9][0-9]{0,9})$/.exec(text);
  const vout = Number(match?.[2]);
  if (match === null || vout > 0xffffffff) throw new DecodeError("invalid", "Text is not an outpoint txid:vout");
  return { txid: match[1]!.toLowerCase(), vout };
}

/** Value u64 little-endian ‖ script; JSON `{"value","script_pubkey"}`. */
export const txOut = struct("TxOut", { valueSat: u64Le, script: bitcoinScript }, {
  valueSat: "value",
  script: "script_pubkey",
});
export type TxOut = { readonly valueSat: bigint; readonly script: Bytes };

export type TxIn = {
  readonly outPoint: BitcoinOutPoint;
  readonly scriptSig: Bytes;
  /** u32 */
  readonly sequence: number;
  /** Stack from the bottom up; empty for an input without witness. */
  readonly witness: readonly Bytes[];
};

export type BitcoinTransaction = {
  /** i32 */
  readonly version: number;
  readonly inputs: readonly TxIn[];
  readonly outputs: readonly TxOut[];
  /** u32: a height below 500,000,000, else seconds since the epoch */
  readonly lockTime: number;
};

/** Sequence that is final and doesn't signal replacement. */
export const SEQUENCE_FINAL = 0xffffffff;
/** Sequence that signals replacement (BIP125) and lets the lock time count. */
export const SEQUENCE_REPLACEABLE = 0xfffffffd;

/** An outpoint, an empty script, a sequence. */
const INPUT_BYTES_LEAST = 41;
/** A value and an empty script. */
const OUTPUT_BYTES_LEAST = 9;
/** `MAX_VEC_SIZE`: the most one witness takes, its lengths included, and the most elements it has. */
const WITNESS_BYTES_MAX = 4_000_000;

const transactionInput = struct("TxIn", {
  outPoint: bitcoinOutPoint,
  scriptSig: bitcoinScript,
  sequence: u32Le,
}, { outPoint: "previous_output" });
const witnessJson = list(hexBytes);
const outputsJson = list(txOut);

function readInputs(reader: Reader): Omit<TxIn, "witness">[] {
  const count = readCount(reader, INPUT_BYTES_LEAST);
  return Array.from({ length: count }, () => transactionInput.read(reader));
}

function readOutputs(reader: Reader): TxOut[] {
  const count = readCount(reader, OUTPUT_BYTES_LEAST);
  return Array.from({ length: count }, () => txOut.read(reader));
}

function readWitness(reader: Reader): Bytes[] {
  const count = readCount(reader);
  if (count > WITNESS_BYTES_MAX) reader.fail("too_large", `A witness of ${count} elements is refused`);
  const start = reader.offset;
  return Array.from({ length: count }, () => {
    const element = bitcoinScript.read(reader);
    if (reader.offset - start > WITNESS_BYTES_MAX) reader.fail("too_large", "A witness above 4 MB is refused");
    return element;
  });
}

function readTransaction(reader: Reader): BitcoinTransaction {
  const version = readI32Le(reader);
  const inputs = readInputs(reader);
  if (inputs.length > 0) {
    const outputs = readOutputs(reader);
    return {
      version,
      inputs: inputs.map((input) => ({ ...input, witness: [] })),
      outputs,
      lockTime: u32Le.read(reader),
    };
  }
  const flag = reader.u8();
  if (flag !== 1) reader.fail("bad_flag", `Byte ${flag} is not the witness flag`);
  const bare = readInputs(reader);
  const outputs = readOutputs(reader);
  const complete = bare.map((input) => ({ ...input, witness: readWitness(reader) }));
  if (complete.length > 0 && !hasWitness(complete)) {
    reader.fail("invalid", "The witness flag is set, but there is no witness");
  }
  return { version, inputs: complete, outputs, lockTime: u32Le.read(reader) };
}

function hasWitness(inputs: readonly TxIn[]): boolean {
  return inputs.some((input) => input.witness.length > 0);
}

function writeTransaction(writer: Writer, tx: BitcoinTransaction, withWitness: boolean): void {
  writeI32Le(writer, tx.version);
  if (withWitness) {
    writer.u8(0);
    writer.u8(1);
  }
  writeCompactSize(writer, tx.inputs.length);
  for (const input of tx.inputs) transactionInput.write(writer, input);
  writeCompactSize(writer, tx.outputs.length);
  for (const output of tx.outputs) txOut.write(writer, output);
  if (withWitness) {
    for (const { witness } of tx.inputs) {
      writeCompactSize(writer, witness.length);
      for (const element of witness) bitcoinScript.write(writer, element);
    }
  }
  u32Le.write(writer, tx.lockTime);
}

/** Without inputs the witness form is used too, since a count of zero inputs is the witness marker. */
function usesWitnessForm(tx: BitcoinTransaction): boolean {
  return tx.inputs.length === 0 || hasWitness(tx.inputs);
}

function i32FromJson(json: Json | undefined): number {
  return typeof json === "number" && (json | 0) === json ? json : badJson("an i32");
}

function inputFromJson(json: Json): TxIn {
  const witness = isJsonObject(json) ? json.witness : undefined;
  return { ...transactionInput.fromJson(json), witness: witnessJson.fromJson(witness ?? null) };
}

function transactionFromJson(json: Json): BitcoinTransaction {
  if (!isJsonObject(json) || !Array.isArray(json.input)) badJson("an object (Transaction)");
  return {
    version: i32FromJson(json.version),
    lockTime: u32Le.fromJson(json.lock_time ?? null),
    inputs: (json.input as readonly Json[]).map(inputFromJson),
    outputs: outputsJson.fromJson(json.output ?? null),
  };
}

/** `bitcoin::Transaction`; JSON as serde writes it: an object of version, lock_time, input, output. */
export const bitcoinTransaction: Codec<BitcoinTransaction> = {
  name: "bitcoin::Transaction",
  layout: { form: "leaf", text: "Bitcoin transaction (BIP144)" },
  write: (writer, tx) => writeTransaction(writer, tx, usesWitnessForm(tx)),
  read: readTransaction,
  toJson: (tx) => ({
    version: tx.version,
    lock_time: tx.lockTime,
    input: tx.inputs.map((input) => ({
      ...(transactionInput.toJson(input) as Record<string, Json>),
      witness: input.witness.map((element) => hexBytes.toJson(element)),
    })),
    output: tx.outputs.map((output) => txOut.toJson(output)),
  }),
  fromJson: transactionFromJson,
  // nothing is sorted by transactions; the order only has to be total
  compare: (a, b) => compareBytes(encode(bitcoinTransaction, a), encode(bitcoinTransaction, b)),
};

/** Serialisation without witnesses: what a txid covers. */
export function encodeStripped(tx: BitcoinTransaction): Bytes {
  const writer = new Writer(256);
  writeTransaction(writer, tx, false);
  return writer.finish();
}

function idOf(serialised: Uint8Array): BitcoinTxid {
  return toHex(sha256d(serialised).reverse());
}

export function bitcoinTxidOf(tx: BitcoinTransaction): BitcoinTxid {
  return idOf(encodeStripped(tx));
}

/** Hash that covers the witnesses too. */
export function bitcoinWtxidOf(tx: BitcoinTransaction): BitcoinTxid {
  return idOf(encode(bitcoinTransaction, tx));
}

/** A block's first transaction spends the null outpoint. */
export function isCoinbase(tx: BitcoinTransaction): boolean {
  const [first, second] = tx.inputs;
  return first !== undefined && second === undefined && first.outPoint.vout === 0xffffffff &&
    /^0{64}$/.test(first.outPoint.txid);
}

/** BIP141: four times the size without witnesses and once what they add. */
export function weightOf(tx: BitcoinTransaction): number {
  const base = transactionBytes(tx.inputs.length, tx.inputs.map((input) => input.scriptSig.length), tx.outputs);
  if (!usesWitnessForm(tx)) return base * 4;
  const witness = tx.inputs.reduce((sum, input) => sum + witnessBytes(input.witness), 2);
  return base * 4 + witness;
}

function transactionBytes(inputs: number, scriptSigs: readonly number[], outputs: readonly TxOut[]): number {
  const inputBytes = scriptSigs.reduce((sum, length) => sum + 40 + compactSizeLength(length) + length, 0);
  const outputBytes = outputs.reduce(
    (sum, { script }) => sum + 8 + compactSizeLength(script.length) + script.length,
    0,
  );
  return 8 + compactSizeLength(inputs) + inputBytes + compactSizeLength(outputs.length) + outputBytes;
}

function witnessBytes(witness: readonly Bytes[]): number {
  return witness.reduce(
    (sum, element) => sum + compactSizeLength(element.length) + element.length,
    compactSizeLength(witness.length),
  );
}

/** Virtual size in vbytes: a quarter of the weight, rounded up. */
export function vbytesOf(tx: BitcoinTransaction): number {
  return Math.ceil(weightOf(tx) / 4);
}
