/** What signatures of version 0 witness inputs cover (BIP143), with SIGHASH_ALL, the one kind that federations use. */
import type { Bytes } from "../bytes.ts";
import { encode, Writer } from "../encoding/mod.ts";
import { u32Le, u64Le, writeI32Le } from "./primitives.ts";
import { bitcoinScript, p2pkhScript, sha256d } from "./script.ts";
import type { BitcoinTransaction } from "./transaction.ts";
import { bitcoinOutPoint, txOut } from "./transaction.ts";

export const SIGHASH_ALL = 1;

/** One output that is spent, in the order of the inputs. */
export type SpentOutput = {
  /** The witness script of P2WSH; `p2wpkhScriptCode` of P2WPKH. */
  readonly scriptCode: Bytes;
  readonly valueSat: bigint;
};

/** P2WPKH is signed as the P2PKH script of the same key hash (20 bytes). */
export function p2wpkhScriptCode(keyHash: Uint8Array): Bytes {
  return p2pkhScript(keyHash);
}

function hashAll<T>(items: readonly T[], write: (writer: Writer, item: T) => void): Bytes {
  const writer = new Writer();
  for (const item of items) write(writer, item);
  return sha256d(writer.finish());
}

/**
 * The digests to sign, one an input, in order. All at once, since they share three hashes over the whole transaction.
 * @param spent as many as the transaction has inputs
 * @returns 32 bytes each
 */
export function segwitSighashes(tx: BitcoinTransaction, spent: readonly SpentOutput[]): Bytes[] {
  if (spent.length !== tx.inputs.length) throw new RangeError("Every input needs the output that it spends");
  const hashPrevouts = hashAll(tx.inputs, (writer, { outPoint }) => bitcoinOutPoint.write(writer, outPoint));
  const hashSequence = hashAll(tx.inputs, (writer, { sequence }) => u32Le.write(writer, sequence));
  const hashOutputs = hashAll(tx.outputs, (writer, output) => txOut.write(writer, output));
  return tx.inputs.map((input, index) => {
    const { scriptCode, valueSat } = spent[index]!;
    const writer = new Writer(256);
    writeI32Le(writer, tx.version);
    writer.raw(hashPrevouts);
    writer.raw(hashSequence);
    writer.raw(encode(bitcoinOutPoint, input.outPoint));
    bitcoinScript.write(writer, scriptCode);
    u64Le.write(writer, valueSat);
    u32Le.write(writer, input.sequence);
    writer.raw(hashOutputs);
    u32Le.write(writer, tx.lockTime);
    u32Le.write(writer, SIGHASH_ALL);
    return sha256d(writer.finish());
  });
}
