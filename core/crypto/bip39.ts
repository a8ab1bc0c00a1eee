/**
 * From twelve words to the secrets of one federation's client. docs/protocol/07-client.md §A. Source: `fedimint-bip39`,
 * fedimint-client-module `secret.rs`, fedimint-client `builder.rs`.
 *
 * ```
 * words → global root → default client secret → client root ┬ module secret (for each instance)
 *                                                           └ backup secret
 * ```
 */
import { entropyToMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import type { Bytes } from "../bytes.ts";
import { utf8 } from "../bytes.ts";
import type { FederationId, ModuleInstanceId } from "../types/ids.ts";
import { DerivableSecret } from "./derive_secret.ts";
import { CryptoError } from "./error.ts";
import { pbkdf2Sha512 } from "./pbkdf2.ts";
import { readWords, wordsFaultText } from "./words.ts";

const SALT = utf8("Fedimint Client Salt");
/** BIP39: "mnemonic", and the passphrase, which is empty. */
const SEED_SALT = utf8("mnemonic"), SEED_ROUNDS = 2_048;
/** Entropy of a new wallet: 12 words. */
export const ENTROPY_BYTES = 16;

/** English words for 16, 20, 24, 28 or 32 bytes of entropy. Secret. @throws {CryptoError} `bad_length` */
export function wordsOfEntropy(entropy: Uint8Array): string {
  if (entropy.length < 16 || entropy.length > 32 || entropy.length % 4 !== 0) {
    throw new CryptoError(
      { code: "bad_length", argument: "entropy", expected: "16, 20, 24, 28 or 32", found: entropy.length },
      "Entropy for words has 16, 20, 24, 28 or 32 bytes",
    );
  }
  return entropyToMnemonic(entropy, wordlist);
}

/**
 * The entropy of words, however they were written down (`readWords`). Secret.
 * @throws {CryptoError} `bad_words`, with what is wrong with which
 */
export function entropyOfWords(words: string): Bytes {
  const read = readWords(words);
  if (read.ok) return read.value.entropy;
  throw new CryptoError({ code: "bad_words", fault: read.error.code }, wordsFaultText(read.error));
}

/** BIP39 seed with the empty passphrase: 64 bytes. Secret. Cost: some milliseconds. */
export function seedOfEntropy(entropy: Uint8Array): Bytes {
  return pbkdf2Sha512(utf8(wordsOfEntropy(entropy)), SEED_SALT, SEED_ROUNDS);
}

/** One for all federations of a wallet. */
export function globalRoot(entropy: Uint8Array): DerivableSecret {
  return DerivableSecret.root(seedOfEntropy(entropy), SALT);
}

/**
 * The pre-root of one federation (`StandardDoubleDerive`): wallet kind 0, federation, wallet number 0, key type 0.
 * The JavaScript SDK of 0.13 applies this twice: `defaultClientSecret(defaultClientSecret(root, id), id)`.
 */
export function defaultClientSecret(root: DerivableSecret, id: FederationId): DerivableSecret {
  return root.child(0).federationKey(id).child(0).child(0);
}

/** 8 bytes to store beside the database of a pre-root: they tell whether it is opened with the same secret. */
export function preRootCheck(preRoot: DerivableSecret): Bytes {
  return preRoot.child(0).randomBytes(8);
}

/** What everything of a client derives from. @param preRoot of `defaultClientSecret`, or a given secret */
export function clientRoot(preRoot: DerivableSecret, id: FederationId): DerivableSecret {
  return preRoot.federationKey(id);
}

export function moduleSecret(root: DerivableSecret, instance: ModuleInstanceId): DerivableSecret {
  return root.child(0).child(instance);
}

/** Its chacha key encrypts backups, its secp key signs them. */
export function backupSecret(root: DerivableSecret): DerivableSecret {
  return root.child(1);
}
