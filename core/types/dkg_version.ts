/**
 * The release that a guardian tells in its setup code: `x.y.z`, with a vendor's name behind a plus. Two guardians can
 * run the ceremony together if major, minor and vendor are equal. `fedimint-core/src/version.rs` (`DkgVersion`);
 * grammar of SemVer 2.0.0.
 */
import { compareUtf8 } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { badJson, DecodeError, mapCodec, text } from "../encoding/mod.ts";
import { U64_MAX } from "./amount.ts";
import { VERSION_CHARACTERS_MAX } from "./limits.ts";

/** A version of fedimintd, as guardians compare it before the ceremony. */
export type DkgVersion = {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** Empty when there is none. */
  readonly vendor: string;
};

const NUMBER = "(0|[1-9][0-9]*)";
const PRE_RELEASE = "(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)";
const BUILD = "[0-9a-zA-Z-]+";
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRE_RELEASE}(?:\\.${PRE_RELEASE})*)?(?:\\+(${BUILD}(?:\\.${BUILD})*))?$`,
);

/** A pre-release part is checked and dropped. @throws {DecodeError} `invalid` · `too_large` · `out_of_range` */
export function parseDkgVersion(input: string): DkgVersion {
  if (input.length > VERSION_CHARACTERS_MAX) {
    throw new DecodeError("too_large", `Version of ${input.length} characters exceeds ${VERSION_CHARACTERS_MAX}`);
  }
  const match = SEMVER.exec(input);
  if (match === null) throw new DecodeError("invalid", "Text is not a version x.y.z");
  const [major, minor, patch] = [match[1]!, match[2]!, match[3]!].map(BigInt) as [bigint, bigint, bigint];
  if ([major, minor, patch].some((number) => number > U64_MAX)) {
    throw new DecodeError("out_of_range", "Number in a version exceeds 2^64 − 1");
  }
  return { major, minor, patch, vendor: match[4] ?? "" };
}

function withVendor(numbers: readonly bigint[], vendor: string): string {
  return numbers.join(".") + (vendor === "" ? "" : `+${vendor}`);
}

/** `0.13.0`, `0.13.0+vendor` */
export function dkgVersionText({ major, minor, patch, vendor }: DkgVersion): string {
  return withVendor([major, minor, patch], vendor);
}

/** What must be equal: `0.13`, `0.13+vendor`. Also the `code_version` of a new federation. */
export function dkgCompatibility({ major, minor, vendor }: DkgVersion): string {
  return withVendor([major, minor], vendor);
}

/** Digits compare as numbers and stand before words; equal numbers by their leading zeros. */
function compareIdentifiers(a: string, b: string): number {
  const aDigits = /^[0-9]+$/.test(a), bDigits = /^[0-9]+$/.test(b);
  if (aDigits !== bDigits) return aDigits ? -1 : 1;
  if (!aDigits) return compareUtf8(a, b);
  const difference = BigInt(a) - BigInt(b);
  return difference === 0n ? a.length - b.length : difference < 0n ? -1 : 1;
}

/** No vendor stands before any. */
function compareVendors(a: string, b: string): number {
  if (a === "" || b === "") return a.length - b.length;
  const left = a.split("."), right = b.split(".");
  for (let i = 0; i < left.length && i < right.length; i++) {
    const order = compareIdentifiers(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareVersions(a: DkgVersion, b: DkgVersion): number {
  for (const part of ["major", "minor", "patch"] as const) {
    if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  }
  return compareVendors(a.vendor, b.vendor);
}

/** String; JSON a string. */
export const dkgVersion: Codec<DkgVersion> = mapCodec(text, "DkgVersion", {
  decode: parseDkgVersion,
  encode: dkgVersionText,
  fromJson: (json) => typeof json === "string" ? parseDkgVersion(json) : badJson("a version"),
  compare: compareVersions,
});
