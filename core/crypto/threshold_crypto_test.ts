import { assertEquals, assertThrows } from "@std/assert";
import { concat, utf8 } from "../bytes.ts";
import { bls, ChaChaRng, commitmentOf, evaluatePoints, evaluateScalars, randomPolynomial } from "./mod.ts";
import { CryptoError } from "./error.ts";
import { decrypt, encrypt, shareOf, ThresholdCiphertexts } from "./threshold_crypto.ts";

const dice = new ChaChaRng(new Uint8Array(32).fill(1));
const polynomial = randomPolynomial(3, (size) => dice.bytes(size));
const publicKeySet = commitmentOf(bls.g1, polynomial);
const random = () => randomPolynomial(1, (size) => dice.bytes(size))[0]!;
const secretOf = (peer: number) => evaluateScalars(polynomial, peer);
const keyOf = (peer: number) => evaluatePoints(bls.g1, publicKeySet, peer);

Deno.test("any three of four guardians decrypt, messages of any length", () => {
  const ciphertexts = new ThresholdCiphertexts();
  for (const length of [0, 1, 33, 64, 65, 300]) {
    const message = dice.bytes(Math.ceil(length / 4) * 4).subarray(0, length);
    const ciphertext = encrypt(publicKeySet[0]!, message, random());
    assertEquals(ciphertexts.isValid(ciphertext), true);
    for (const peers of [[0, 1, 2], [1, 2, 3], [0, 1, 2, 3]]) {
      const shares = new Map(peers.map((peer) => [peer, shareOf(ciphertext, secretOf(peer))]));
      for (const [peer, share] of shares) {
        assertEquals(ciphertexts.isShareOf(ciphertext, share, keyOf(peer)), true);
        assertEquals(ciphertexts.isShareOf(ciphertext, share, keyOf(peer + 1)), false);
      }
      assertEquals(decrypt(ciphertext, shares, 3), message);
    }
  }
});

Deno.test("a ciphertext of which anything was changed is invalid, and no share of it holds", () => {
  const ciphertexts = new ThresholdCiphertexts();
  const whole = encrypt(publicKeySet[0]!, utf8("preimage"), random());
  const other = encrypt(publicKeySet[0]!, utf8("preimage"), random());
  const flipped = Uint8Array.from(whole.v);
  flipped[0]! ^= 1;
  const changed = [
    { ...whole, u: other.u },
    { ...whole, w: other.w },
    { ...whole, v: flipped },
    { ...whole, v: whole.v.subarray(1) },
    { ...whole, v: concat(whole.v, Uint8Array.of(0)) },
  ];
  for (const ciphertext of changed) {
    assertEquals(ciphertexts.isValid(ciphertext), false);
    assertEquals(ciphertexts.isShareOf(ciphertext, shareOf(ciphertext, secretOf(0)), keyOf(0)), false);
  }
  assertEquals(ciphertexts.isValid(whole), true);
});

Deno.test("too few shares decrypt nothing", () => {
  const ciphertext = encrypt(publicKeySet[0]!, utf8("preimage"), random());
  const shares = new Map([0, 1].map((peer) => [peer, shareOf(ciphertext, secretOf(peer))]));
  assertThrows(() => decrypt(ciphertext, shares, 3), CryptoError);
});
