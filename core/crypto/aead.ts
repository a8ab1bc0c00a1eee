/**
 * Authenticated encryption of backups and of legacy guardian configs: ChaCha20-Poly1305 (RFC 8439) without associated
 * data, the nonce in front. Source: `fedimint-aead`; docs/protocol/01-encoding.md §15.
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { argon2id } from "@noble/hashes/argon2.js";
import type { Bytes } from "../bytes.ts";
import { concat, utf8 } from "../bytes.ts";
import type { Result } from "../result.ts";
import { err, ok } from "../result.ts";
import { CryptoError, requireLength } from "./error.ts";

const AEAD_KEY_BYTES = 32;
const AEAD_NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Argon2's own minimum, which the reference keeps. */
const SALT_BYTES_MIN = 8;

/**
 * @param key 32 bytes. Secret.
 * @param nonce 12 bytes, fresh random for every message under a key
 * @returns nonce 12 ‖ ciphertext ‖ tag 16
 * @throws {CryptoError} `bad_length`
 */
export function aeadEncrypt(plaintext: Uint8Array, key: Uint8Array, nonce: Uint8Array): Bytes {
  requireLength(key, AEAD_KEY_BYTES, "key");
  requireLength(nonce, AEAD_NONCE_BYTES, "nonce");
  return concat(nonce, chacha20poly1305(key, nonce).encrypt(plaintext));
}

/**
 * @param ciphertext nonce 12 ‖ ciphertext ‖ tag 16
 * @param key 32 bytes. Secret.
 * @returns the plaintext, or why there is none: `too_short` for a nonce and a tag, `not_authentic` (changed, or another
 *   key)
 * @throws {CryptoError} `bad_length` of the key
 */
export function aeadDecrypt(ciphertext: Uint8Array, key: Uint8Array): Result<Bytes, "too_short" | "not_authentic"> {
  requireLength(key, AEAD_KEY_BYTES, "key");
  if (ciphertext.length < AEAD_NONCE_BYTES + TAG_BYTES) return err("too_short");
  const cipher = chacha20poly1305(key, ciphertext.subarray(0, AEAD_NONCE_BYTES));
  try {
    return ok(cipher.decrypt(ciphertext.subarray(AEAD_NONCE_BYTES)) as Bytes);
  } catch {
    // lengths are right: only the tag can be wrong
    return err("not_authentic");
  }
}

/**
 * Key of an encrypted guardian config of older versions: Argon2id, 19,456 KiB, 2 passes, 1 lane.
 * @param salt the text of the salt file as it is; at least 8 bytes
 * @returns 32 bytes. Secret. Cost: about half a second
 * @throws {CryptoError} `bad_salt`
 * Source: `get_encryption_key`.
 */
export function passwordKey(password: string, salt: string): Bytes {
  const saltBytes = utf8(salt);
  if (saltBytes.length < SALT_BYTES_MIN) {
    throw new CryptoError({ code: "bad_salt" }, `The salt file has fewer than ${SALT_BYTES_MIN} bytes`);
  }
  return argon2id(utf8(password), saltBytes, { m: 19_456, t: 2, p: 1, dkLen: AEAD_KEY_BYTES }) as Bytes;
}
