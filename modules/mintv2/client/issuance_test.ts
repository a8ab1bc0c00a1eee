import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { hash160 } from "../../../core/bitcoin/script.ts";
import { toHex, utf8 } from "../../../core/bytes.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { combineShares, messageToPoint, verifyNote } from "../../../core/crypto/tbs.ts";
import { decode, encode } from "../../../core/encoding/mod.ts";
import { seededDice } from "../../contract/testing/mod.ts";
import { shareKey } from "../server/db.ts";
import { noteOf } from "../ecash.ts";
import {
  blindedNonce,
  finishNote,
  isOutputOf,
  noteIssuanceRequest,
  noteRequest,
  passesFilter,
  requestOutput,
  tweakFilter,
} from "./issuance.ts";
import { freshOutPoint, inputOf, processInputs, processOutput, testMint } from "../testing/federation.ts";
import { searchTweak } from "./tweak_search.ts";

const root = DerivableSecret.root(new Uint8Array(64), utf8("Fedimint Client Salt")).child(0);

Deno.test("the worked example of the protocol sheet comes out", () => {
  const filter = tweakFilter(root);
  assertEquals(toHex(filter), "63ba6144593896e834a7933a061661782a6e4e7ed3cbdc713375462985e9c6be");
  const tweak = new Uint8Array(16);
  for (let counter = 0; !passesFilter(tweak, filter); counter++) new DataView(tweak.buffer).setUint32(12, counter + 1);
  assertEquals(toHex(tweak), "00000000000000000000000000019fcd");
  const request = noteRequest(root, 10, tweak);
  assertEquals(toHex(request.keypair), "ef217cfbd4bdf47684602b620995425a312e1179f7c90aa86e6c5d54d7acd49e");
  assertEquals(toHex(request.blindingKey), "8e7e09e55db66f16fafc8ca07a34adff761850477cf746bec4e599e5e71de720");
});

Deno.test("grinding stops at its bound, and what it finds passes the filter", () => {
  const filter = tweakFilter(root);
  const start = new Uint8Array(16);
  const first = 0x19fcd;
  assertEquals(searchTweak(filter, start, first), null);
  const found = searchTweak(filter, start, first + 1)!;
  assertEquals(toHex(found), "00000000000000000000000000019fcd");
  assertEquals(passesFilter(found, filter), true);
  assertEquals(passesFilter(found, tweakFilter(root.child(1))), false);
  const dice = seededDice(1);
  const other = searchTweak(filter, dice.bytes(16), 2_000_000)!;
  assertEquals([other.length, passesFilter(other, filter)], [16, true]);
});

Deno.test("a note that is asked for, signed and finished is redeemed", async () => {
  const mint = await testMint();
  const request = noteRequest(root, 20, mint.dice.bytes(16));
  const at = freshOutPoint(mint.dice);
  const shares = new Map();
  for (const [peer, guardian] of mint.guardians.entries()) {
    await processOutput(guardian, requestOutput(request), at);
    shares.set(peer, bls.g1.decode((await guardian.store.read((tx) => tx.get(shareKey(at))))!));
  }
  shares.delete(1);
  const note = noteOf(finishNote(request, combineShares(shares, 3)));
  assertEquals(verifyNote(messageToPoint(note.nonce), note.signature, mint.config.tbsAggPks.get(20)!), true);
  assertEquals((await processInputs(mint.guardians[1]!, [inputOf(note)])).ok, true);
});

Deno.test("an output is told from the outputs of other tweaks, denominations and wallets", () => {
  const tweak = new Uint8Array(16).fill(7);
  const request = noteRequest(root, 10, tweak);
  const hash = hash160(blindedNonce(request));
  assertEquals(isOutputOf(request, hash), true);
  for (
    const other of [
      noteRequest(root, 11, tweak),
      noteRequest(root, 10, new Uint8Array(16)),
      noteRequest(root.child(0), 10, tweak),
    ]
  ) {
    assertEquals(isOutputOf(other, hash), false);
  }
});

Deno.test("requests survive their encoding, and differ for each tweak and denomination", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(41), (bytes, denomination) => {
      const request = noteRequest(root, denomination, Uint8Array.from(bytes));
      assertEquals(decode(noteIssuanceRequest, encode(noteIssuanceRequest, request)), request);
      assertNotEquals(request.keypair, noteRequest(root, denomination + 1, Uint8Array.from(bytes)).keypair);
    }),
    { numRuns: 30 },
  );
});
