import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError, decodeHex, encode } from "../encoding/mod.ts";
import { dkgCompatibility, dkgVersion, dkgVersionText, parseDkgVersion } from "./dkg_version.ts";
import { VERSION_CHARACTERS_MAX } from "./limits.ts";

Deno.test("a version loses its pre-release part and keeps its vendor", () => {
  const version = parseDkgVersion("0.13.2-rc.1+vendor.007");
  assertEquals(dkgVersionText(version), "0.13.2+vendor.007");
  assertEquals(dkgCompatibility(version), "0.13+vendor.007");
  assertEquals(encode(dkgVersion, version), encode(dkgVersion, parseDkgVersion("0.13.2+vendor.007")));
});

Deno.test("text that SemVer refuses is refused", () => {
  const bad = [
    "",
    "0.13",
    "x",
    "1.2.3.4",
    "01.2.3",
    "1.2.3-",
    "1.2.3-01",
    "1.2.3-a..b",
    "1.2.3+",
    "1.2.3+a_b",
    " 1.2.3",
    "v1.2.3",
    "1.2.3\n",
    "18446744073709551616.0.0",
  ];
  for (const text of bad) assertThrows(() => parseDkgVersion(text), DecodeError);
  assertThrows(() => decodeHex(dkgVersion, "03312e32"), DecodeError);
  assertThrows(() => dkgVersion.fromJson(1), DecodeError);
});

Deno.test("a version longer than the bound is refused", () => {
  const text = `1.2.3+${"a".repeat(VERSION_CHARACTERS_MAX - 6)}`;
  assertEquals(dkgVersionText(parseDkgVersion(text)), text);
  assertEquals(assertThrows(() => parseDkgVersion(`${text}a`), DecodeError).code, "too_large");
});

Deno.test("versions are ordered by numbers, then by vendor", () => {
  const ascending = [
    "0.9.0",
    "0.10.0",
    "0.10.1",
    "0.10.1+1",
    "0.10.1+01",
    "0.10.1+2",
    "0.10.1+10",
    "0.10.1+10.a",
    "0.10.1+a",
    "0.10.1+b",
    "1.0.0",
  ];
  const versions = ascending.map(parseDkgVersion);
  assertEquals(versions.toReversed().sort(dkgVersion.compare).map(dkgVersionText), ascending);
});
