/**
 * Errors of cryptography: a precondition that the caller broke. Whether a signature or a proof holds is a boolean,
 * never an error.
 */
import { FedimintError } from "../result.ts";
import type { WordsFault } from "./words.ts";

/** What cryptography refuses. */
export type CryptoFacts =
  /** A byte string has another length than the function takes. */
  | { readonly code: "bad_length"; readonly argument: string; readonly expected: string; readonly found: number }
  /**
   * `bad_scalar`: not below the group's order, or zero where that makes no sense · `bad_point`: not the one canonical
   * encoding of a point of the group · `infinity`: the result would be the point at infinity, which has no encoding in
   * secp256k1
   */
  | { readonly code: "bad_scalar" | "bad_point" | "infinity"; readonly argument: string }
  /** Shares to combine. */
  | { readonly code: "too_few"; readonly have: number; readonly need: number }
  | { readonly code: "bad_index"; readonly index: number }
  /** Text that is not the words of a wallet. */
  | { readonly code: "bad_words"; readonly fault: WordsFault["code"] }
  | { readonly code: "bad_salt" };

/** Facts name arguments, never their bytes: those may be secret. */
export class CryptoError extends FedimintError<CryptoFacts> {}

/** @throws {CryptoError} `bad_length` */
export function requireLength(bytes: Uint8Array, length: number, argument: string): void {
  if (bytes.length !== length) {
    throw new CryptoError(
      { code: "bad_length", argument, expected: String(length), found: bytes.length },
      `Argument '${argument}' must have ${length} bytes, it has ${bytes.length}`,
    );
  }
}

/** The value, or null where the function throws a `CryptoError`. */
export function orNull<T>(body: () => T): T | null {
  try {
    return body();
  } catch (thrown) {
    if (thrown instanceof CryptoError) return null;
    throw thrown;
  }
}
