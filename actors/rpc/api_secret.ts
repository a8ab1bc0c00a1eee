/**
 * The API secret of a "private" federation, as a connection shows it: the password of a user `fedimint`.
 * fedimint-server `net/api/http_auth.rs`.
 */
import { basicAuthorization } from "../../core/basic_auth.ts";

/** The `Authorization` header. Secret. */
export function apiSecretAuthorization(apiSecret: string): string {
  return basicAuthorization(`fedimint:${apiSecret}`);
}

/** For the arguments of a connection. Secret. */
export function apiSecretHeaders(
  apiSecret: string | null,
): { readonly headers?: { readonly Authorization: string } } {
  return apiSecret === null ? {} : { headers: { Authorization: apiSecretAuthorization(apiSecret) } };
}
