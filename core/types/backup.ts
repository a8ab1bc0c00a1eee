/**
 * Clients' encrypted backups: what is inside, and the request that stores one at the guardians.
 * `fedimint-core/src/backup.rs`, `core/backup.rs`, `fedimint-client/src/backup.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { publicKeyOf, schnorrSign, schnorrVerify } from "../crypto/mod.ts";
import type { Codec, CodecType } from "../encoding/mod.ts";
import { bytes, encode, flattenJson, hexBytes, map, mapCodec, Reader, struct, u64Number } from "../encoding/mod.ts";
import { dyn } from "./dyn.ts";
import { systemTime } from "./duration.ts";
import type { SystemTime } from "./duration.ts";
import { moduleInstanceId } from "./ids.ts";
import { publicKey, schnorrSignature } from "./keys.ts";

/** Guardians refuse larger payloads. */
export const BACKUP_PAYLOAD_BYTES_MAX = 131_072;
/** Plaintexts are padded to multiples of it, so that their size tells less. */
export const BACKUP_ALIGNMENT_BYTES = 4_096;
/** Guardians refuse timestamps further ahead of their clock. */
export const BACKUP_FUTURE_SECS_MAX = 3_600;

/** `modules`: each module's part, with its instance id repeated. */
const backupFields = struct("ClientBackup", {
  sessionCount: u64Number,
  metadata: bytes,
  modules: map(moduleInstanceId, dyn),
  padding: bytes,
});
export type ClientBackup = Omit<CodecType<typeof backupFields>, "padding">;

/** Ends with the empty vector that once was the padding; what stands there is ignored. */
export const clientBackup: Codec<ClientBackup> = mapCodec(backupFields, "ClientBackup", {
  decode: ({ padding: _, ...backup }) => backup,
  encode: (backup) => ({ ...backup, padding: new Uint8Array() }),
});

/** What is encrypted: the encoding, and zeros up to the next multiple of 4096. */
export function encodePaddedBackup(backup: ClientBackup): Bytes {
  const encoded = encode(clientBackup, backup);
  const padded = new Uint8Array(Math.ceil(encoded.length / BACKUP_ALIGNMENT_BYTES) * BACKUP_ALIGNMENT_BYTES);
  padded.set(encoded);
  return padded;
}

/** What stands behind the backup is not looked at. @throws {DecodeError} */
export function decodePaddedBackup(plaintext: Bytes): ClientBackup {
  return clientBackup.read(new Reader(plaintext));
}

/** `payload`: the encrypted backup. JSON: hex of it. */
export const backupRequest = struct("BackupRequest", { id: publicKey, payload: hexBytes, timestamp: systemTime });
export type BackupRequest = CodecType<typeof backupRequest>;

/** JSON: the signature stands beside the request's members. */
export const signedBackupRequest = flattenJson(
  struct("SignedBackupRequest", { request: backupRequest, signature: schnorrSignature }),
  "request",
);
export type SignedBackupRequest = CodecType<typeof signedBackupRequest>;

/** 32 bytes: what is signed. */
export function backupRequestHash(request: BackupRequest): Bytes {
  return sha256(encode(backupRequest, request)) as Bytes;
}

/**
 * @param secretKey the client's backup key, 32 bytes; its public key is the id. Secret.
 * @param auxRand 32 fresh random bytes
 */
export function signBackupRequest(
  payload: Bytes,
  timestamp: SystemTime,
  secretKey: Bytes,
  auxRand: Bytes,
): SignedBackupRequest {
  const request = { id: publicKeyOf(secretKey), payload, timestamp };
  return { request, signature: schnorrSign(backupRequestHash(request), secretKey, auxRand) };
}

export function verifyBackupRequest({ request, signature }: SignedBackupRequest): boolean {
  return schnorrVerify(signature, backupRequestHash(request), request.id);
}

/** What guardians keep and hand back. */
export const clientBackupSnapshot = struct("ClientBackupSnapshot", { timestamp: systemTime, data: hexBytes });
export type ClientBackupSnapshot = CodecType<typeof clientBackupSnapshot>;
