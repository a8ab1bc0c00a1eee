/**
 * Threshold encryption as it stands in this module's encodings and JSON, which differ from those of all other points.
 * Follows `fedimint-core/src/encoding/threshold_crypto.rs` 0.13.0 and serde's forms of `threshold_crypto`.
 */
import type { Bytes } from "../../core/bytes.ts";
import { concatAll } from "../../core/bytes.ts";
import type { G1, G2 } from "../../core/crypto/mod.ts";
import { G1_BYTES, G2_BYTES } from "../../core/crypto/mod.ts";
import { Secret } from "../../core/crypto/secret.ts";
import type { ThresholdCiphertext } from "../../core/crypto/threshold_crypto.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import {
  bytes,
  decode,
  DecodeError,
  encode,
  fixedBytes,
  fixedHex,
  list,
  mapCodec,
  struct,
  tuple,
} from "../../core/encoding/mod.ts";
import { blsScalar, g1Point, g2Point } from "../../core/types/bls.ts";

/** The same bytes, below a checked form; JSON is an array of numbers. */
function asNumbers<T extends Bytes>(inner: Codec<T>, size: number): Codec<T> {
  const numbers = fixedBytes(size);
  return {
    ...inner,
    toJson: (value) => numbers.toJson(value),
    fromJson: (json) => decode(inner, numbers.fromJson(json)),
  };
}

const g1Numbers = asNumbers(g1Point, G1_BYTES);

/** JSON is `[U, V, W]`, while the bytes are those of U, W, V. */
const ciphertextJson = tuple(g1Numbers, bytes, asNumbers(g2Point, G2_BYTES));

function ciphertextOf(g1: Codec<G1>, g2: Codec<G2>): Codec<ThresholdCiphertext> {
  return mapCodec(bytes, "threshold_crypto::Ciphertext", {
    decode: (all) => {
      if (all.length < G1_BYTES + G2_BYTES) throw new DecodeError("invalid", "A ciphertext has two points");
      const v = all.slice(G1_BYTES + G2_BYTES);
      const u = decode(g1, all.subarray(0, G1_BYTES));
      return { u, w: decode(g2, all.subarray(G1_BYTES, G1_BYTES + G2_BYTES)), v };
    },
    encode: ({ u, v, w }) => concatAll([u, w, v]),
    toJson: ({ u, v, w }) => ciphertextJson.toJson([u, v, w]),
    fromJson: (json) => {
      const [u, v, w] = ciphertextJson.fromJson(json);
      return { u, w, v };
    },
  });
}

/** BigSize length, then U (48), W (96) and V, which takes what is left. */
export const thresholdCiphertext: Codec<ThresholdCiphertext> = ciphertextOf(g1Point, g2Point);

const storedG1 = fixedHex(G1_BYTES) as Codec<Bytes> as Codec<G1>;
/**
 * The same for what was checked before it was stored: its points are looked at again only when something is computed.
 */
export const storedCiphertext: Codec<ThresholdCiphertext> = ciphertextOf(
  storedG1,
  fixedHex(G2_BYTES) as Codec<Bytes> as Codec<G2>,
);

/** One guardian's share of a decryption: a point of G1, 48 bytes; JSON an array of numbers. */
export const thresholdShare: Codec<G1> = { ...g1Numbers, name: "threshold_crypto::DecryptionShare" };
/** The same, checked before it was stored. */
export const storedShare: Codec<G1> = storedG1;

const publicKeySetJson = struct("PublicKeySet", { commit: struct("Commitment", { coeff: list(g1Point) }) });

/** Public polynomial, constant term first; JSON `{"commit":{"coeff":["hex"]}}`. */
export const publicKeySet: Codec<G1[]> = {
  ...list(g1Point),
  name: "threshold_crypto::PublicKeySet",
  toJson: (coeff) => publicKeySetJson.toJson({ commit: { coeff } }),
  fromJson: (json) => publicKeySetJson.fromJson(json).commit.coeff,
};

const scalarNumbers = asNumbers(blsScalar, 32);

/** A guardian's share of the secret key, 32 bytes little-endian. JSON only, an array of numbers. */
export const secretKeyShare: Pick<Codec<Secret>, "toJson" | "fromJson"> = {
  toJson: (secret): Json => scalarNumbers.toJson(decode(blsScalar, secret.reveal())),
  fromJson: (json) => Secret.of(encode(blsScalar, scalarNumbers.fromJson(json))),
};
