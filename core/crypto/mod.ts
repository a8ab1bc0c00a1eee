/** Cryptography: bytes in, bytes out. */
export { CryptoError, type CryptoFacts } from "./error.ts";
export { Secret } from "./secret.ts";
export {
  addPublicKeys,
  ecdh,
  isPublicKey,
  isSecretKey,
  isXOnlyKey,
  liftX,
  multiplyPublicKey,
  multiplySecretKey,
  publicKeyOf,
  tweakPublicKey,
  tweakSecretKey,
  xOnlyOf,
} from "./secp.ts";
export { schnorrSign, schnorrVerify } from "./schnorr.ts";
export { ecdsaFromDer, ecdsaSign, ecdsaToDer, ecdsaVerify } from "./ecdsa.ts";
export { alephHash, keychainDigest, keychainSign, keychainTag, keychainVerify } from "./keychain.ts";
