import { assertEquals } from "@std/assert";
import { alephHash } from "../../core/crypto/keychain.ts";
import { hashOf } from "./hash.ts";

Deno.test("the native hash is core's, at every form of the length", () => {
  for (const size of [0, 1, 55, 56, 64, 252, 253, 300, 65_535, 65_536, 100_000]) {
    const bytes = new Uint8Array(size + 3).map((_, i) => i * 7).subarray(3);
    assertEquals(hashOf(bytes), alephHash(bytes), `${size} bytes`);
  }
});
