/**
 * Cryptography: bytes in, bytes out. No randomness of its own: whoever calls hands it in. Begin with `tbs.ts` (how
 * notes are signed), `dkg.ts` (how keys are made) and `derive_secret.ts` (how a wallet's keys come from words); `bls/`
 * and `secp/` hold the curves, each behind an interface with two libraries.
 */
export { aeadDecrypt, aeadEncrypt, passwordKey } from "./aead.ts";
export {
  backupSecret,
  clientRoot,
  defaultClientSecret,
  ENTROPY_BYTES,
  entropyOfWords,
  globalRoot,
  moduleSecret,
  preRootCheck,
  seedOfEntropy,
  wordsOfEntropy,
} from "./bip39.ts";
export {
  addScalars,
  Bls,
  bls,
  decodeScalar,
  type G1,
  G1_BYTES,
  type G2,
  G2_BYTES,
  Group,
  invertScalar,
  loadBls,
  type Scalar,
  SCALAR_BYTES,
  scalarFromBigInt,
  scalarFromWide,
} from "./bls/mod.ts";
export { ChaChaRng } from "./chacha_rng.ts";
export { DerivableSecret } from "./derive_secret.ts";
export {
  type DkgAbort,
  type DkgEffect,
  type DkgMessage,
  type DkgResult,
  type DkgState,
  type DkgStep,
  dkgStep,
  startDkg,
} from "./dkg.ts";
export { CryptoError, type CryptoFacts } from "./error.ts";
export { ecdsaFromDer, ecdsaSign, ecdsaToDer, ecdsaVerify } from "./ecdsa.ts";
export { alephHash, keychainDigest, keychainSign, keychainTag, keychainVerifier } from "./keychain.ts";
export {
  commitmentHash,
  commitmentOf,
  evaluatePoints,
  evaluateScalars,
  randomPolynomial,
  shareFits,
  sumOfCommitments,
} from "./polynomial.ts";
export type { SignedDigest } from "./schnorr.ts";
export { firstInvalid, schnorrSign, schnorrVerify } from "./schnorr.ts";
export {
  addPublicKeys,
  ecdh,
  isPublicKey,
  isSecretKey,
  isXOnlyKey,
  multiplyPublicKey,
  multiplySecretKey,
  publicKeyOf,
  tweakPublicKey,
  tweakSecretKey,
  xOnlyOf,
} from "./secp.ts";
export { Secret } from "./secret.ts";
export {
  aggregatePublicKeys,
  blindingKeyFingerprint,
  blindMessage,
  combineShares,
  messageSeed,
  messageSeedV1,
  messageToPoint,
  messageToPointV1,
  pointOfSeed,
  publicKeyShareOf,
  signShare,
  unblind,
  verifyNote,
  verifyShare,
} from "./tbs.ts";
export { allSignaturesHold, type SignatureCheck, verifySignatures } from "./tbs_batch.ts";
export {
  type CipherText,
  combineDecryptionShares,
  decryptionKeyOf,
  decryptionShare,
  decryptPreimage,
  encryptPreimage,
  verifyCiphertext,
  verifyDecryptionKey,
  verifyDecryptionShare,
} from "./tpe.ts";
