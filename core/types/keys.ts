/**
 * Keys and signatures as they stand in encodings and JSON. Only valid ones decode: points of the curve, scalars of the
 * group. `fedimint-core/src/encoding/{secp256k1,iroh}.rs`.
 */
import { base32nopad } from "@scure/base";
import { ed25519 } from "@noble/curves/ed25519.js";
import type { Bytes } from "../bytes.ts";
import { fromHex, toHex } from "../bytes.ts";
import { ecdsaFromDer, ecdsaToDer } from "../crypto/ecdsa.ts";
import { isPublicKey, isSecretKey, isXOnlyKey } from "../crypto/secp.ts";
import { isBelowOrder } from "../crypto/secp/scalar.ts";
import type { Codec } from "../encoding/mod.ts";
import { badJson, DecodeError, fixedBytes, fixedHex, hexId, parseHex, refine } from "../encoding/mod.ts";

/** Of what was decoded before a key isn't checked anew: who computes with it checks it. */
function checkedOnce<T>(inner: Codec<T>, holds: (value: T) => boolean): Codec<T> {
  const checked = refine(inner, "PublicKey", holds, "a public key of secp256k1");
  return { ...checked, read: (reader) => (reader.wereDecoded ? inner : checked).read(reader) };
}

/** 33 bytes, compressed. */
export const publicKey: Codec<Bytes> = checkedOnce(fixedHex(33), isPublicKey);

/** The same as 66 hex digits, for maps by key; ordered by the compressed form, as the reference orders keys. */
export const publicKeyId: Codec<string> = checkedOnce(hexId("PublicKey", 33), (id) => isPublicKey(fromHex(id)));

/** 32 bytes. */
export const xOnlyPublicKey: Codec<Bytes> = refine(
  fixedHex(32),
  "XOnlyPublicKey",
  isXOnlyKey,
  "an x-only public key of secp256k1",
);

/** 32 bytes. Secret. */
export const secretKey: Codec<Bytes> = refine(fixedHex(32), "SecretKey", isSecretKey, "a secret key of secp256k1");

/** A key pair is its secret key: 32 bytes. Secret. */
export const keypair: Codec<Bytes> = { ...secretKey, name: "Keypair" };

/** BIP340, 64 bytes. Any bytes decode; whether they sign something is for verification. */
export const schnorrSignature: Codec<Bytes> = { ...fixedHex(64), name: "schnorr::Signature" };

function ecdsaFromJson(text: string): Bytes {
  return ecdsaFromDer(parseHex(text)) ?? badJson("a DER signature in hex");
}

const compactSignature: Codec<Bytes> = {
  ...fixedBytes(64),
  toJson: (signature) => toHex(ecdsaToDer(signature)),
  fromJson: (json) => typeof json === "string" ? ecdsaFromJson(json) : badJson("a hex string"),
};

/** 64 bytes r ‖ s, both below the group's order; JSON is the hex of DER. A high s decodes, it just doesn't verify. */
export const ecdsaSignature: Codec<Bytes> = refine(
  compactSignature,
  "ecdsa::Signature",
  (signature) => isBelowOrder(signature.subarray(0, 32)) && isBelowOrder(signature.subarray(32)),
  "an ECDSA signature of secp256k1",
);

/** As the reference's library decompresses points: also the non-canonical encodings that ZIP215 allows. */
function isEd25519Point(bytes: Bytes): boolean {
  try {
    ed25519.Point.fromBytes(bytes, true);
    return true;
  } catch {
    return false;
  }
}

function irohKeyFromJson(text: string): Bytes {
  if (text.length === 64) return parseHex(text);
  try {
    const bytes = base32nopad.decode(text.toUpperCase()) as Bytes;
    if (bytes.length === 32) return bytes;
  } catch (cause) {
    throw new DecodeError("bad_json", "Expected an iroh key in hex or base32", -1, [], { cause });
  }
  return badJson("an iroh key of 32 bytes");
}

/** Ed25519 point, 32 bytes. JSON hex; base32 is read too. */
export const irohPublicKey: Codec<Bytes> = refine(
  {
    ...fixedHex(32),
    fromJson: (json) => typeof json === "string" ? irohKeyFromJson(json) : badJson("an iroh key"),
  },
  "iroh::PublicKey",
  isEd25519Point,
  "an Ed25519 public key",
);

/** Seed, 32 bytes; JSON an array of numbers. Secret. */
export const irohSecretKey: Codec<Bytes> = { ...fixedBytes(32), name: "iroh::SecretKey" };

/** 32 bytes of the key that belongs to a seed of 32 bytes. */
export function irohPublicKeyOf(secret: Bytes): Bytes {
  return ed25519.getPublicKey(secret) as Bytes;
}
