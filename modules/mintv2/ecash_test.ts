import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { bls, scalarFromBigInt } from "../../core/crypto/bls/mod.ts";
import { DecodeError, decodeText, encodeText } from "../../core/encoding/mod.ts";
import type { Ecash } from "./ecash.ts";
import {
  ecash,
  ecashAmount,
  ecashInvite,
  ecashMint,
  ecashNotes,
  ecashUnit,
  formatEcash,
  makeEcash,
  noteOf,
  parseEcash,
} from "./ecash.ts";
import { ECASH_CHARACTERS_MAX } from "./limits.ts";

const mint = "ab".repeat(32);

const note = fc.record({
  denomination: fc.nat(41),
  keypair: fc.uint8Array({ minLength: 31, maxLength: 31 }).map((bytes) => Uint8Array.of(1, ...bytes)),
  signature: fc.bigInt(0n, 2n ** 64n).map((factor) => bls.g1.multiply(bls.g1.generator, scalarFromBigInt(factor))),
}, { noNullPrototype: true });
const invite = fc.record({
  peer: fc.nat(65_535),
  url: fc.constantFrom("ws://127.0.0.1:18174/", "wss://guardian.example/ws/", `iroh://${"0".repeat(64)}`),
  federationId: fc.constant(mint),
  apiSecret: fc.option(fc.string()),
}, { noNullPrototype: true });

Deno.test("e-cash text gives back what it was made of, in any case", () => {
  fc.assert(
    fc.property(
      fc.array(note, { maxLength: 5 }),
      fc.option(invite),
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.boolean(),
      (notes, inv, unit, upper) => {
        const text = formatEcash(makeEcash(mint, notes, { unit, ...(inv ? { invite: inv } : {}) }));
        const read = parseEcash(upper ? text.toUpperCase() : text);
        assertEquals(ecashMint(read), mint);
        assertEquals(ecashNotes(read), notes);
        assertEquals(ecashInvite(read), inv);
        assertEquals(ecashUnit(read), unit);
        assertEquals(ecashAmount(read), notes.reduce((sum, { denomination }) => sum + 2n ** BigInt(denomination), 0n));
        assertEquals(formatEcash(read), text);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("e-cash text that is cut, lengthened or of other letters is refused", () => {
  const text = formatEcash(makeEcash(mint, fc.sample(note, { numRuns: 2, seed: 1 })));
  // the last character may hold nothing but left-over bits
  for (let length = 0; length < text.length - 1; length++) {
    assertThrows(() => parseEcash(text.slice(0, length)), DecodeError);
  }
  for (const changed of [`${text}00`, `${text}!`, ` ${text}`, text.replace("fedimint", "fedimini"), ""]) {
    assertThrows(() => parseEcash(changed), DecodeError);
  }
});

Deno.test("parts that this version doesn't know are kept, and the first of a kind counts", () => {
  const value: Ecash = [
    { tag: "Default", value: { variant: 9n, bytes: Uint8Array.of(1, 2) } },
    { tag: "Mint", value: mint },
    { tag: "Mint", value: "cd".repeat(32) },
    { tag: "Unit", value: 7n },
    { tag: "Unit", value: 8n },
  ];
  const read = parseEcash(formatEcash(value));
  assertEquals(read, value);
  assertEquals([ecashMint(read), ecashUnit(read)], [mint, 7n]);
});

Deno.test("an invite without a guardian names none, and the next one counts", () => {
  const empty = { tag: "Invite", value: { peerApis: [], federationId: mint } } as const;
  const named = { tag: "Invite", value: { peerApis: [[3, "ws://a/"], [4, "ws://b/"]], federationId: mint } } as const;
  const mutable = (fields: readonly unknown[]) => structuredClone(fields) as Ecash;
  assertEquals(ecashInvite(mutable([empty])), null);
  assertEquals(ecashInvite(mutable([empty, named])), { peer: 3, url: "ws://a/", federationId: mint, apiSecret: null });
});

Deno.test("a note of a denomination that no federation issues is refused on receipt", () => {
  const [some] = fc.sample(note, { numRuns: 1, seed: 2 });
  for (const denomination of [42, 63, 64, 255]) {
    const text = encodeText(ecash, makeEcash(mint, [{ ...some!, denomination }]));
    assertEquals(decodeText(ecash, text).length, 2);
    assertThrows(() => parseEcash(text), DecodeError);
  }
});

Deno.test("e-cash text beyond its bound is refused before it is decoded; 330 notes stay below", () => {
  const [some] = fc.sample(note, { numRuns: 1, seed: 3 });
  const text = formatEcash(makeEcash(mint, new Array(330).fill(some)));
  assertEquals(ecashNotes(parseEcash(text)).length, 330);
  const error = assertThrows(() => parseEcash(text.padEnd(ECASH_CHARACTERS_MAX + 1, "0")), DecodeError);
  assertEquals(error.code, "too_large");
});

Deno.test("what guardians are shown of a note has its public key, not its secret one", () => {
  const [some] = fc.sample(note, { numRuns: 1, seed: 4 });
  const shown = noteOf(some!);
  assertEquals(Object.keys(shown), ["denomination", "nonce", "signature"]);
  assertEquals(shown.nonce.length, 33);
});
