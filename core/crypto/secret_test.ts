import { assert, assertEquals } from "@std/assert";
import { Secret } from "./secret.ts";

Deno.test("a secret shows nothing however it is printed", () => {
  const secret = Secret.of(Uint8Array.of(0xde, 0xad, 0xbe, 0xef));
  const shown = [String(secret), JSON.stringify({ secret }), Deno.inspect({ secret }), `${secret}`];
  for (const text of shown) {
    assert(text.includes("[secret]"), text);
    assert(!/de|222|173/i.test(text.replaceAll("secret", "")), text);
  }
});

Deno.test("a secret reveals its bytes, and keeps its own copy", () => {
  const source = Uint8Array.of(1, 2, 3);
  const secret = Secret.of(source);
  source[0] = 9;
  secret.reveal()[1] = 9;
  assertEquals(secret.reveal(), Uint8Array.of(1, 2, 3));
  assertEquals(secret.size, 3);
});

Deno.test("secrets are equal by content", () => {
  assertEquals(Secret.of(Uint8Array.of(1, 2)).equals(Secret.of(Uint8Array.of(1, 2))), true);
  assertEquals(Secret.of(Uint8Array.of(1, 2)).equals(Secret.of(Uint8Array.of(1, 3))), false);
  assertEquals(Secret.of(Uint8Array.of(1, 2)).equals(Secret.of(Uint8Array.of(1))), false);
});

Deno.test("a structured clone of a secret holds no bytes", () => {
  assertEquals(Object.keys(structuredClone(Secret.of(Uint8Array.of(1, 2)))), []);
});
