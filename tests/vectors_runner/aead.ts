/** `aead.json`: authenticated encryption, password keys of legacy configs, keys of client backups. */
import { fromHex, toHex } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import { aeadDecrypt, aeadEncrypt, passwordKey } from "../../core/crypto/aead.ts";
import { backupSecret } from "../../core/crypto/bip39.ts";
import { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import { publicKeyOf } from "../../core/crypto/secp.ts";
import type { Checker, Report } from "./checker.ts";

export const checkAead: Checker = async (file, report) => {
  await report.each(file, "cases", (fields) => {
    bothWays(report, fields.bytes("key"), fields.bytes("nonce"), fields.bytes("plaintext"), fields.text("ciphertext"));
  });
  await report.each(file, "rejects", (fields) => {
    report.equal("decrypted", aeadDecrypt(fields.bytes("ciphertext"), fields.bytes("key")).ok, false);
  });
  await report.one(file.object("password_kdf"), (fields) => {
    const parameters = [fields.text("algorithm"), fields.number("version"), fields.number("memory_kib")];
    const rest = [fields.number("iterations"), fields.number("parallelism"), fields.number("output_bytes")];
    // `passwordKey` has them built in
    report.equal("parameters", [...parameters, ...rest], ["argon2id", 0x13, 19_456, 2, 1, 32]);
  });
  await report.each(file, "passwords", (fields) => {
    const key = passwordKey(fields.text("password"), fields.text("salt_file_text"));
    report.equal("key", key, fields.text("key"));
    bothWays(report, key, fields.bytes("nonce"), fields.bytes("plaintext"), fields.text("encrypted_file_text"));
  });
  await report.each(file, "password_rejects", async (fields) => {
    const password = fields.text("password"), salt = fields.text("salt_file_text");
    await report.refused("salt", () => passwordKey(password, salt));
  });
  await report.each(file, "backup_keys", (fields) => {
    const root = DerivableSecret.fromBytes(fields.bytes("client_root"));
    report.equal("client root again", root.toBytes(), fields.text("client_root"));
    const backup = backupSecret(root);
    report.equal("backup secret", backup.toBytes(), fields.text("backup_secret"));
    report.equal("id", publicKeyOf(backup.secpKey()), fields.text("id_public_key"));
    report.equal("key", backup.chachaKey(), fields.text("key"));
    bothWays(report, backup.chachaKey(), fields.bytes("nonce"), fields.bytes("plaintext"), fields.text("ciphertext"));
  });
};

function bothWays(report: Report, key: Bytes, nonce: Bytes, plaintext: Bytes, ciphertext: string): void {
  report.equal("ciphertext", aeadEncrypt(plaintext, key, nonce), ciphertext);
  const decrypted = aeadDecrypt(fromHex(ciphertext), key);
  report.equal("plaintext", decrypted.ok ? toHex(decrypted.value) : decrypted.error, plaintext);
}
