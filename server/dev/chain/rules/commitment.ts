/** What a coinbase has to say: the height (BIP34), and the root of the witnesses (BIP141). */
import { bitcoinWtxidOf, merkleRootOf, sha256d } from "../../../../core/bitcoin/mod.ts";
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat, fromHex } from "../../../../core/bytes.ts";

/** `OP_RETURN` and a push of 36 bytes that begin with BIP141's tag. */
const COMMITMENT_PREFIX = fromHex("6a24aa21a9ed");
const COMMITMENT_BYTES = COMMITMENT_PREFIX.length + 32;
/** A coinbase has no wtxid that it could contain. */
const COINBASE_WTXID = "0".repeat(64);

/** The height as Core pushes numbers: OP_0, OP_1 … OP_16, else little-endian with room for the sign. */
export function heightPush(height: number): Bytes {
  if (height === 0) return Uint8Array.of(0);
  if (height <= 16) return Uint8Array.of(0x50 + height);
  const digits: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) digits.push(rest % 256);
  if (digits.at(-1)! >= 0x80) digits.push(0);
  return Uint8Array.of(digits.length, ...digits);
}

/**
 * The hash that a block's coinbase commits to.
 * @param others the block's transactions after the coinbase
 * @param reserved the coinbase's own witness, 32 bytes
 */
export function witnessCommitment(others: readonly BitcoinTransaction[], reserved: Uint8Array): Bytes {
  const root = merkleRootOf([COINBASE_WTXID, ...others.map(bitcoinWtxidOf)]);
  return sha256d(concat(fromHex(root).reverse(), reserved));
}

export function commitmentScript(commitment: Uint8Array): Bytes {
  return concat(COMMITMENT_PREFIX, commitment);
}

/** The commitment in a coinbase: of the last output that looks like one; null for none. */
export function committedHash(coinbase: BitcoinTransaction): Bytes | null {
  const script = coinbase.outputs.findLast(({ script }) =>
    script.length >= COMMITMENT_BYTES && COMMITMENT_PREFIX.every((byte, i) => script[i] === byte)
  )?.script;
  return script?.slice(COMMITMENT_PREFIX.length, COMMITMENT_BYTES) ?? null;
}
