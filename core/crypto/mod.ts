/**
 * Cryptography: bytes in, bytes out. No randomness of its own: whoever calls hands it in. Begin with `tbs.ts` (how notes
 * are signed), `dkg.ts` (how keys are made) and `derive_secret.ts` (how a wallet's keys come from words); `bls/` and
 * `secp/` hold the curves, each behind an interface with two libraries.
 */
export {
  backupSecret,
  clientRoot,
  defaultClientSecret,
  entropyOfWords,
  globalRoot,
  moduleSecret,
  preRootCheck,
  seedOfEntropy,
  wordsOfEntropy,
} from "./bip39.ts";
export { bls, decodeScalar, type G1, scalarFromBigInt, scalarFromWide } from "./bls/mod.ts";
export { DerivableSecret } from "./derive_secret.ts";
export { CryptoError } from "./error.ts";
export { ecdsaFromDer, ecdsaSign, ecdsaToDer, ecdsaVerify } from "./ecdsa.ts";
export { alephHash, keychainDigest, keychainSign, keychainTag, keychainVerify } from "./keychain.ts";
export { schnorrSign, schnorrVerify } from "./schnorr.ts";
export {
  addPublicKeys,
  ecdh,
  isPublicKey,
  isSecretKey,
  isXOnlyKey,
  publicKeyOf,
  tweakPublicKey,
  tweakSecretKey,
  xOnlyOf,
} from "./secp.ts";
export { combineShares, messageToPoint, publicKeyShareOf, signShare, verifyNote, verifyShare } from "./tbs.ts";
