/** HTTP's basic authentication, RFC 7617. */
import { base64 } from "@scure/base";
import { utf8 } from "./bytes.ts";

/** The `Authorization` header. Secret. @param credentials `user:password` */
export function basicAuthorization(credentials: string): string {
  return `Basic ${base64.encode(utf8(credentials))}`;
}
