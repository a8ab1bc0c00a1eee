/**
 * BLS12-381 as it stands in encodings and JSON (hex). Only canonical encodings of points of the groups decode, infinity
 * among them, and scalars below the order. `fedimint-core/src/encoding/bls12_381.rs`.
 */
import type { Bytes } from "../bytes.ts";
import { CryptoError } from "../crypto/error.ts";
import type { G1, G2, Scalar } from "../crypto/bls/mod.ts";
import { bls, decodeScalar, G1_BYTES, G2_BYTES, SCALAR_BYTES } from "../crypto/bls/mod.ts";
import { Secret } from "../crypto/secret.ts";
import type { Codec } from "../encoding/mod.ts";
import { DecodeError, fixedHex, mapCodec } from "../encoding/mod.ts";

function checkedBytes<T extends Bytes>(name: string, size: number, check: (bytes: Bytes) => T): Codec<T> {
  const bytes = fixedHex(size);
  const checked = mapCodec(bytes, name, {
    decode: (bytes) => {
      try {
        return check(bytes);
      } catch (thrown) {
        if (!(thrown instanceof CryptoError)) throw thrown;
        throw new DecodeError("invalid", thrown.message, -1, [], { cause: thrown });
      }
    },
    encode: (value: T) => value,
  });
  // a point that isn't checked here is checked when it is first computed with
  return { ...checked, read: (reader) => reader.wereDecoded ? bytes.read(reader) as T : checked.read(reader) };
}

/** 48 bytes compressed. */
export const g1Point: Codec<G1> = checkedBytes("G1", G1_BYTES, (bytes) => bls.g1.decode(bytes));

/** 96 bytes compressed. */
export const g2Point: Codec<G2> = checkedBytes("G2", G2_BYTES, (bytes) => bls.g2.decode(bytes));

/** 32 bytes little-endian, below the order. */
export const blsScalar: Codec<Scalar> = checkedBytes("Scalar", SCALAR_BYTES, decodeScalar);

/** A scalar that is a secret key: doesn't show when it is printed. */
export const secretScalar: Codec<Secret> = mapCodec(blsScalar, "SecretScalar", {
  decode: (scalar) => Secret.of(scalar),
  encode: (secret) => decodeScalar(secret.reveal()),
});
