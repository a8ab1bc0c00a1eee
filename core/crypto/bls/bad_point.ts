import { CryptoError } from "../error.ts";

/** What every backend's `decode` throws, whatever is wrong. @param size 48 or 96 */
export function badPoint(size: number, options?: ErrorOptions): CryptoError {
  return new CryptoError(
    { code: "bad_point", argument: "point" },
    `Not the canonical encoding of a point of the group of prime order in ${size} bytes`,
    options,
  );
}
