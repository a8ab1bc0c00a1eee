import { assertEquals } from "@std/assert";
import { fromHex, toHex } from "../bytes.ts";
import { ecdsaFromDer, ecdsaSign, ecdsaToDer, ecdsaVerify } from "./ecdsa.ts";
import { publicKeyOf } from "./secp.ts";
import { nobleSecp } from "./secp/noble.ts";
import { assertCode, flipBit, seededBytes } from "./testing/mod.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function withHighS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  return Uint8Array.of(...signature.subarray(0, 32), ...fromHex((ORDER - s).toString(16).padStart(64, "0")));
}

Deno.test("ECDSA nonces follow RFC 6979 for secp256k1", () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i === 31 ? 1 : 0);
  // sha256("Satoshi Nakamoto"), a vector that Bitcoin libraries share
  const digest = fromHex("a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e");
  assertEquals(
    toHex(ecdsaSign(digest, secret)),
    "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
  );
});

Deno.test("both backends make the same ECDSA signatures, with a low s; a high s is refused", () => {
  const random = seededBytes(7);
  for (let i = 0; i < 30; i++) {
    const [secret, digest] = [random(32), random(32)];
    const key = publicKeyOf(secret), signature = ecdsaSign(digest, secret);
    assertEquals(nobleSecp.ecdsaSign(digest, secret), signature);
    const high = withHighS(signature), changed = flipBit(signature, (i * 19) % 512);
    assertEquals([signature, high, changed].map((bytes) => ecdsaVerify(bytes, digest, key)), [true, false, false]);
    assertEquals([signature, high, changed].map((bytes) => nobleSecp.ecdsaVerify(bytes, digest, key)), [
      true,
      false,
      false,
    ]);
    assertEquals(ecdsaVerify(signature, flipBit(digest, i), key), false);
  }
});

Deno.test("ECDSA verification is false, and never throws, for arguments of any shape", () => {
  const key = publicKeyOf(new Uint8Array(32).fill(1)), digest = new Uint8Array(32);
  const signature = ecdsaSign(digest, new Uint8Array(32).fill(1));
  for (const size of [0, 32, 63, 64, 65]) {
    assertEquals(ecdsaVerify(new Uint8Array(size), digest, key), false);
    assertEquals(ecdsaVerify(new Uint8Array(size).fill(255), digest, key), false);
  }
  assertEquals(ecdsaVerify(signature, new Uint8Array(31), key), false);
  for (const bad of [new Uint8Array(33), key.slice(1), new Uint8Array(33).fill(255)]) {
    assertEquals(ecdsaVerify(signature, digest, bad), false);
  }
});

Deno.test("DER and back is the same signature, leading zeros and high bits included", () => {
  const random = seededBytes(8);
  const parts = [
    random(32),
    Uint8Array.of(0, ...random(31)),
    Uint8Array.of(0, 0x80, ...random(30)),
    new Uint8Array(32),
  ];
  for (const r of parts) {
    for (const s of parts) {
      const signature = Uint8Array.of(...r, ...s);
      assertEquals(ecdsaFromDer(ecdsaToDer(signature)), signature);
    }
  }
  assertCode("bad_length", () => ecdsaToDer(new Uint8Array(63)));
});

Deno.test("DER that isn't strict is refused", () => {
  const good = toHex(ecdsaToDer(Uint8Array.of(...new Uint8Array(32).fill(0x11), ...new Uint8Array(32).fill(0x22))));
  assertEquals(ecdsaFromDer(fromHex(good)) === null, false);
  const bad = [
    "",
    good.slice(0, -2), // cut off
    `${good}00`, // longer than it says
    `31${good.slice(2)}`, // not a sequence
    good.replace("0220", "0320"), // not an integer
    "3006020180020101", // negative
    "300702020001020101", // padded without need
    "3006020002020101", // an integer of no bytes
    `30260221${"01".repeat(33)}020101`, // 33 bytes
    "300602010102017f00", // bytes after the sequence
  ];
  for (const hex of bad) assertEquals(ecdsaFromDer(fromHex(hex)), null, hex);
});
