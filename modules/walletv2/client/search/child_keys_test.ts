import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import { DerivableSecret } from "../../../../core/crypto/derive_secret.ts";
import { ChildKeys } from "./child_keys.ts";

const ROOT_BYTES = 64, KEY_BYTES = 32, STEP = 40, MOST = 5;
const EDGES = [0, 1, 0xff, 0x100, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 3, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER - 5];

/** The keys of indices in a row, highest byte first; nothing is written around them. */
function keysOf(keys: ChildKeys, first: number, count: number): string[] {
  const bytes = new Uint8Array(8 + MOST * STEP).fill(0xee);
  keys.write(first, count, bytes, 8);
  const isUntouched = [...bytes.subarray(0, 8), ...bytes.subarray(8 + count * STEP)].every((byte) => byte === 0xee);
  assertEquals(isUntouched, true);
  return Array.from({ length: count }, (_, i) => toHex(bytes.slice(8 + i * STEP, 8 + i * STEP + KEY_BYTES).reverse()));
}

Deno.test("indices' keys are those that the module's secret derives, whoever asked before", () => {
  const secrets = [1, 2].map((fill) => DerivableSecret.root(new Uint8Array(16).fill(fill), new Uint8Array(4)));
  const keys = secrets.map((secret) => new ChildKeys(secret.toBytes().slice(-ROOT_BYTES) as Bytes, MOST, STEP));
  const check = (which: number, first: number, count: number): void => {
    const expected = Array.from({ length: count }, (_, i) => toHex(secrets[which]!.child(first + i).secpKey()));
    assertEquals(keysOf(keys[which]!, first, count), expected);
  };
  for (const index of EDGES) for (const which of [0, 1]) check(which, index, MOST);
  const indices = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - MOST });
  fc.assert(fc.property(fc.nat({ max: 1 }), indices, fc.integer({ min: 1, max: MOST }), check), { numRuns: 50 });
});
