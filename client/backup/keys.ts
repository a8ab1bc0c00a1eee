/**
 * A wallet's backup keys of one federation: one encrypts, the other signs; its public key is the name under which
 * guardians keep the backup. docs/protocol/01-encoding.md §15; `fedimint-client-0.13.0/src/backup.rs`.
 */
import type { Dice } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { aeadDecrypt, aeadEncrypt } from "../../core/crypto/aead.ts";
import { backupSecret } from "../../core/crypto/bip39.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import { publicKeyOf } from "../../core/crypto/secp.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { ClientBackup, SignedBackupRequest } from "../../core/types/backup.ts";
import { decodePaddedBackup, encodePaddedBackup, signBackupRequest } from "../../core/types/backup.ts";
import type { SystemTime } from "../../core/types/duration.ts";

const NONCE_BYTES = 12;
const AUX_BYTES = 32;
/** What encryption adds to a padded backup: nonce and tag. */
export const SEAL_BYTES = NONCE_BYTES + 16;

export class BackupKeys {
  /** 33 bytes: the name of the backup. Public, and the same for the wallet's life. */
  readonly id: Bytes;
  readonly #secret: DerivableSecret;

  /** @param root the client's root secret in its federation. Secret */
  constructor(root: DerivableSecret) {
    this.#secret = backupSecret(root);
    this.id = publicKeyOf(this.#secret.secpKey());
  }

  /** Padded and encrypted: nonce 12 ‖ a multiple of 4096 bytes ‖ tag 16. */
  seal(backup: ClientBackup, dice: Dice): Bytes {
    return aeadEncrypt(encodePaddedBackup(backup), this.#secret.chachaKey(), dice.bytes(NONCE_BYTES));
  }

  /** What was sealed with these keys, by whichever program; else why it wasn't, or can't be read. */
  open(payload: Bytes): Result<ClientBackup, string> {
    const plaintext = aeadDecrypt(payload, this.#secret.chachaKey());
    if (!plaintext.ok) {
      return err(plaintext.error === "too_short" ? "it is too short" : "it isn't encrypted with our key");
    }
    const backup = tryDecoding(() => decodePaddedBackup(plaintext.value));
    return backup.ok ? ok(backup.value) : err(backup.error.message);
  }

  /** What guardians store. */
  sign(payload: Bytes, timestamp: SystemTime, dice: Dice): SignedBackupRequest {
    return signBackupRequest(payload, timestamp, this.#secret.secpKey(), dice.bytes(AUX_BYTES));
  }
}
