import { assertEquals } from "@std/assert";
import { utf8 } from "../../../core/bytes.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { BLINDED_KEPT_MAX } from "../limits.ts";
import { BlindedNonces } from "./blinded_nonces.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";
import { blindedNonce, noteRequest, TWEAK_BYTES } from "./issuance.ts";

const root = DerivableSecret.root(new Uint8Array(64), utf8("a wallet")).child(0);
const request = noteRequest(root, 3, new Uint8Array(TWEAK_BYTES).fill(1));

/** The same but for its tweak, or denomination: nothing is derived, as nothing is computed of it. */
function like(i: number, denomination = request.denomination): NoteIssuanceRequest {
  const tweak = new Uint8Array(TWEAK_BYTES);
  new DataView(tweak.buffer).setUint32(0, i);
  return { ...request, denomination, tweak };
}

function counting() {
  const point = blindedNonce(request);
  const asked: NoteIssuanceRequest[] = [];
  const nonces = new BlindedNonces((each) => {
    asked.push(each);
    return point;
  });
  return { nonces, asked };
}

Deno.test("a note's blinded nonce is what it was, computed once from the request for it to its signature", () => {
  const nonces = new BlindedNonces();
  assertEquals([nonces.make(request), nonces.take(request)], [blindedNonce(request), blindedNonce(request)]);
  const { nonces: counted, asked } = counting();
  // an attempt may run again
  for (let i = 0; i < 3; i++) counted.make(like(1));
  counted.take({ ...like(1) });
  assertEquals(asked.length, 1);
  // after a restart, or once more
  counted.take(like(1));
  counted.take(like(2));
  assertEquals(asked.length, 3);
});

Deno.test("of one tweak in two denominations they are two", () => {
  const { nonces, asked } = counting();
  nonces.make(like(1, 1));
  nonces.take(like(1, 2));
  assertEquals(asked.map(({ denomination }) => denomination), [1, 2]);
});

Deno.test("of those that nobody takes the newest are kept, and no more than the bound", () => {
  const { nonces, asked } = counting();
  for (let i = 0; i <= BLINDED_KEPT_MAX; i++) nonces.make(like(i));
  assertEquals(asked.length, BLINDED_KEPT_MAX + 1);
  nonces.take(like(BLINDED_KEPT_MAX));
  nonces.take(like(1));
  assertEquals(asked.length, BLINDED_KEPT_MAX + 1);
  nonces.take(like(0));
  assertEquals(asked.length, BLINDED_KEPT_MAX + 2);
});
