import { assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../bytes.ts";
import { InvariantError } from "../assert.ts";
import { ChaChaRng } from "./chacha_rng.ts";
import { assertCode } from "./testing/mod.ts";

Deno.test("the stream of the zero key is ChaCha20's, however it is cut into pieces", () => {
  const whole = toHex(new ChaChaRng(new Uint8Array(32)).bytes(1000));
  // RFC 7539 appendix A.1 and the following block
  assertEquals(
    whole.slice(0, 256),
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586" +
      "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
  );
  for (const size of [4, 100, 96, 256, 260]) {
    const rng = new ChaChaRng(new Uint8Array(32));
    let joined = "";
    while (joined.length < 2000) joined += toHex(rng.bytes(size));
    assertEquals(joined.slice(0, 2000), whole, `pieces of ${size}`);
  }
});

Deno.test("a word is little-endian and unsigned", () => {
  const rng = new ChaChaRng(new Uint8Array(32));
  assertEquals([rng.u32(), rng.u32()], [0xade0b876, 0x903df1a0]);
});

Deno.test("seeds have 32 bytes, and the stream is read in words", () => {
  assertCode("bad_length", () => new ChaChaRng(new Uint8Array(31)));
  assertThrows(() => new ChaChaRng(new Uint8Array(32)).bytes(3), InvariantError);
});
