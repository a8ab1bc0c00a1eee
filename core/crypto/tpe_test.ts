import { assertEquals, assertThrows } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../bytes.ts";
import { bls, randomScalar } from "./bls/mod.ts";
import { ChaChaRng } from "./chacha_rng.ts";
import { CryptoError } from "./error.ts";
import { commitmentOf, evaluateScalars, randomPolynomial } from "./polynomial.ts";
import { seededBytes } from "./testing/mod.ts";
import type { CipherText } from "./tpe.ts";
import {
  combineDecryptionShares,
  decryptionKeyOf,
  decryptionShare,
  decryptPreimage,
  encryptPreimage,
  verifyCiphertext,
  verifyDecryptionKey,
  verifyDecryptionShare,
} from "./tpe.ts";

function federation(total: number, threshold: number) {
  const coefficients = randomPolynomial(threshold, seededBytes(total));
  const secrets = Array.from({ length: total }, (_, peer) => evaluateScalars(coefficients, peer));
  return {
    aggregate: commitmentOf(bls.g1, coefficients)[0]!,
    secrets,
    shares: commitmentOf(bls.g1, secrets),
  };
}

const seed = new Uint8Array(32).fill(7),
  preimage = new Uint8Array(32).fill(42),
  commitment = new Uint8Array(32).fill(9);

Deno.test("any threshold of guardians decrypts, and so does the receiver alone", () => {
  for (const [total, threshold] of [[1, 1], [4, 3], [7, 5]] as const) {
    const { aggregate, secrets, shares } = federation(total, threshold);
    const ciphertext = encryptPreimage(aggregate, seed, preimage, commitment);
    assertEquals(verifyCiphertext(ciphertext, commitment), true);
    const computed = new Map(secrets.map((secret, peer) => [peer, decryptionShare(ciphertext, secret)]));
    for (const [peer, share] of computed) {
      assertEquals(verifyDecryptionShare(ciphertext, commitment, share, shares[peer]!), true);
    }
    const last = new Map([...computed].slice(-threshold));
    const key = combineDecryptionShares(last, threshold);
    assertEquals(key, decryptionKeyOf(aggregate, seed));
    assertEquals(verifyDecryptionKey(ciphertext, commitment, key, aggregate), true);
    assertEquals(decryptPreimage(ciphertext, key), preimage);
  }
});

Deno.test("fewer shares than the threshold give no key, and a wrong one decrypts to something else", () => {
  const { aggregate, secrets } = federation(4, 3);
  const ciphertext = encryptPreimage(aggregate, seed, preimage, commitment);
  const two = new Map([0, 1].map((peer) => [peer, decryptionShare(ciphertext, secrets[peer]!)]));
  assertThrows(() => combineDecryptionShares(two, 3), CryptoError);
  const wrong = combineDecryptionShares(two, 2);
  assertEquals(verifyDecryptionKey(ciphertext, commitment, wrong, aggregate), false);
  assertEquals(toHex(decryptPreimage(ciphertext, wrong)) === toHex(preimage), false);
});

Deno.test("a ciphertext that was changed, or moved to another commitment, is invalid, and so is every share of it", () => {
  const { aggregate, secrets, shares } = federation(4, 3);
  const good = encryptPreimage(aggregate, seed, preimage, commitment);
  const other = encryptPreimage(aggregate, new Uint8Array(32).fill(8), preimage, commitment);
  const changed: CipherText[] = [
    { ...good, encryptedPreimage: other.encryptedPreimage },
    { ...good, pk: other.pk },
    { ...good, signature: other.signature },
    { ...good, pk: bls.g1.infinity },
    { ...good, signature: bls.g2.infinity },
  ];
  for (const ciphertext of changed) {
    assertEquals(verifyCiphertext(ciphertext, commitment), false);
    const share = decryptionShare(ciphertext, secrets[0]!);
    assertEquals(verifyDecryptionShare(ciphertext, commitment, share, shares[0]!), false);
  }
  assertEquals(verifyCiphertext(good, new Uint8Array(32)), false);
});

Deno.test("a share is not valid for another guardian's key", () => {
  const { aggregate, secrets, shares } = federation(4, 3);
  const ciphertext = encryptPreimage(aggregate, seed, preimage, commitment);
  const share = decryptionShare(ciphertext, secrets[0]!);
  assertEquals(verifyDecryptionShare(ciphertext, commitment, share, shares[1]!), false);
  assertEquals(verifyDecryptionShare(ciphertext, commitment, bls.g1.infinity, shares[0]!), false);
});

Deno.test("seeds, preimages and commitments have 32 bytes", () => {
  const { aggregate } = federation(1, 1);
  const short = new Uint8Array(31);
  for (const args of [[short, preimage, commitment], [seed, short, commitment], [seed, preimage, short]] as const) {
    assertThrows(() => encryptPreimage(aggregate, ...args), CryptoError);
  }
});

Deno.test("the worked example of the protocol sheet comes out", () => {
  const secret = randomScalar(new ChaChaRng(sha256(new Uint8Array(8))));
  const aggregate = bls.g1.multiply(bls.g1.generator, secret);
  assertEquals(toHex(aggregate).slice(0, 16), "9608bd85ad0d76a1");
  const ciphertext = encryptPreimage(aggregate, seed, preimage, sha256(new Uint8Array(32)));
  assertEquals(
    toHex(ciphertext.encryptedPreimage),
    "c4635021ecbea6ff9e6cfa37847e94777e9ecc18c65b6d3f0417653c03d554e2",
  );
  assertEquals(toHex(ciphertext.pk).slice(0, 16), "ab50ad182e7fe4bb");
  assertEquals(decryptPreimage(ciphertext, decryptionKeyOf(aggregate, seed)), preimage);
});
