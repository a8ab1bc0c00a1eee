/** secp256k1 by @noble/curves: the reference that the fast backend is compared with. */
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import type { Bytes } from "../../bytes.ts";
import type { SecpBackend } from "./backend.ts";

const { Point } = secp256k1;
type SecpPoint = InstanceType<typeof Point>;

function compressed(point: SecpPoint): Bytes | null {
  return point.is0() ? null : point.toBytes(true) as Bytes;
}

/** noble throws for malformed keys and signatures alike: here they are all just not valid. */
function holds(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}

export const nobleSecp: SecpBackend = {
  name: "noble",
  publicKeyOf: (secretKey) => secp256k1.getPublicKey(secretKey, true) as Bytes,
  isPublicKey: (bytes) => bytes.length === 33 && holds(() => (Point.fromBytes(bytes).assertValidity(), true)),
  addGenerator: (point, t) => {
    const scalar = bytesToNumberBE(t);
    const base = Point.fromBytes(point);
    // noble's multiply refuses the scalar 0
    return compressed(scalar === 0n ? base : base.add(Point.BASE.multiply(scalar)));
  },
  add: (p, q) => compressed(Point.fromBytes(p).add(Point.fromBytes(q))),
  multiply: (point, t) => Point.fromBytes(point).multiply(bytesToNumberBE(t)).toBytes(true) as Bytes,
  schnorrSign: (digest, secretKey, auxRand) => schnorr.sign(digest, secretKey, auxRand) as Bytes,
  schnorrVerify: (signature, digest, xOnly) => holds(() => schnorr.verify(signature, digest, xOnly)),
  ecdsaSign: (digest, secretKey) => secp256k1.sign(digest, secretKey, { prehash: false, lowS: true }) as Bytes,
  ecdsaVerify: (signature, digest, publicKey) =>
    holds(() => secp256k1.verify(signature, digest, publicKey, { prehash: false, lowS: true })),
};
