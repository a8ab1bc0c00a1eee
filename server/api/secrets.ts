/**
 * Who may use the API: its secret on the connection ("private" federations), the password in admin calls.
 * fedimint-server `net/api/http_auth.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { apiSecretAuthorization } from "../../actors/rpc/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytesConstantTime, utf8 } from "../../core/bytes.ts";

/** Compares texts without telling by time where they differ, nor how long the secret is. */
function equalTexts(given: string, secret: string): boolean {
  return equalBytesConstantTime(sha256(utf8(given)) as Bytes, sha256(utf8(secret)) as Bytes);
}

/** @param apiSecrets all that are accepted; none = anybody may connect */
export function isAuthorized(authorization: string | null, apiSecrets: readonly string[]): boolean {
  if (apiSecrets.length === 0) return true;
  if (authorization === null) return false;
  // every secret is compared, so that time doesn't tell which one fits
  return apiSecrets.map((secret) => equalTexts(authorization, apiSecretAuthorization(secret))).includes(true);
}

/** @param password null or empty = no admin calls at all */
export function isAdmin(auth: string | null, password: string | null): boolean {
  return auth !== null && password !== null && password !== "" && equalTexts(auth, password);
}
