/**
 * Partially signed Bitcoin transactions, version 0 (BIP174): as the old wallet module keeps its pending peg-outs.
 * `bitcoin` crate, `psbt/`.
 *
 * A map of the whole, one for each input and each output of the unsigned transaction; pairs stay in their order and
 * undecoded, so a PSBT encodes to the bytes it came from. Nothing announces its length: a map ends with a zero byte.
 */
import type { Bytes } from "../bytes.ts";
import { compareBytes, equalBytes, fromHex, toHex } from "../bytes.ts";
import type { Codec, Reader, Writer } from "../encoding/mod.ts";
import { badJson, decode, DecodeError, decodeHex, encode, encodeHex } from "../encoding/mod.ts";
import { readCount, writeCompactSize } from "./primitives.ts";
import type { BitcoinTransaction } from "./transaction.ts";
import { bitcoinTransaction, encodeStripped } from "./transaction.ts";

/** `key`: its type and what belongs to it; never empty. */
export type PsbtPair = { readonly key: Bytes; readonly value: Bytes };
export type PsbtMap = readonly PsbtPair[];

export type Psbt = {
  /** Without scripts and witnesses. */
  readonly unsignedTx: BitcoinTransaction;
  readonly global: PsbtMap;
  readonly inputs: readonly PsbtMap[];
  readonly outputs: readonly PsbtMap[];
};

const MAGIC = fromHex("70736274ff");
const UNSIGNED_TX = fromHex("00");
const VERSION = fromHex("fb");

function readMap(reader: Reader): PsbtMap {
  const pairs: PsbtPair[] = [];
  const keys = new Set<string>();
  for (let size = readCount(reader); size > 0; size = readCount(reader)) {
    const key = reader.raw(size);
    const shown = toHex(key);
    if (keys.has(shown)) reader.fail("invalid", `PSBT has the key ${shown} twice in one map`);
    keys.add(shown);
    pairs.push({ key, value: reader.raw(readCount(reader)) });
  }
  return pairs;
}

function writeMap(writer: Writer, pairs: PsbtMap): void {
  for (const { key, value } of pairs) {
    if (key.length === 0) throw new RangeError("A PSBT's key has at least its type");
    writeCompactSize(writer, key.length);
    writer.raw(key);
    writeCompactSize(writer, value.length);
    writer.raw(value);
  }
  writeCompactSize(writer, 0);
}

function valueOf(pairs: PsbtMap, wanted: Bytes): Bytes | undefined {
  return pairs.find(({ key }) => equalBytes(key, wanted))?.value;
}

/**
 * The transaction is in its old form, without witnesses even if it has no inputs: which is refused, as nobody can sign
 * it.
 */
function unsignedTxOf(global: PsbtMap): BitcoinTransaction {
  const value = valueOf(global, UNSIGNED_TX);
  if (value === undefined) throw new DecodeError("invalid", "PSBT has no unsigned transaction");
  const tx = decode(bitcoinTransaction, value);
  if (!equalBytes(encodeStripped(tx), value) || tx.inputs.some(({ scriptSig }) => scriptSig.length > 0)) {
    throw new DecodeError("invalid", "PSBT's unsigned transaction holds signatures");
  }
  return tx;
}

function read(reader: Reader): Psbt {
  if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) reader.fail("invalid", "PSBT does not begin with its magic bytes");
  const global = readMap(reader);
  const version = valueOf(global, VERSION);
  if (version && !equalBytes(version, new Uint8Array(4))) reader.fail("invalid", "PSBT is of another version than 0");
  const unsignedTx = unsignedTxOf(global);
  const inputs = unsignedTx.inputs.map(() => readMap(reader));
  return { unsignedTx, global, inputs, outputs: unsignedTx.outputs.map(() => readMap(reader)) };
}

function write(writer: Writer, { unsignedTx, global, inputs, outputs }: Psbt): void {
  if (inputs.length !== unsignedTx.inputs.length || outputs.length !== unsignedTx.outputs.length) {
    throw new RangeError("A PSBT has a map for each input and each output");
  }
  writer.raw(MAGIC);
  writeMap(writer, global);
  for (const pairs of inputs) writeMap(writer, pairs);
  for (const pairs of outputs) writeMap(writer, pairs);
}

/** JSON: the hex. */
export const psbt: Codec<Psbt> = {
  name: "Psbt",
  layout: { form: "leaf", text: "PSBT (BIP174)" },
  write,
  read,
  toJson: (value) => encodeHex(psbt, value),
  fromJson: (json) => typeof json === "string" ? decodeHex(psbt, json) : badJson("a hex string"),
  compare: (a, b) => compareBytes(encode(psbt, a), encode(psbt, b)),
};
