import { assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "../assert.ts";
import { publicKeyOf } from "../crypto/mod.ts";
import { DESCRIPTION_BYTES_MAX, parseBolt11 } from "./bolt11.ts";
import type { InvoiceTerms } from "./bolt11_write.ts";
import { FEATURES_BASIC, writeBolt11 } from "./bolt11_write.ts";

const nodeSecret = new Uint8Array(32).fill(9);
const hop = {
  srcNodeId: publicKeyOf(new Uint8Array(32).fill(3)),
  shortChannelId: 2n ** 64n - 2n,
  baseMsat: 2 ** 32 - 1,
  proportionalMillionths: 7,
  cltvExpiryDelta: 144,
  htlcMinimumMsat: null,
  htlcMaximumMsat: null,
};
const terms: InvoiceTerms = {
  currency: "regtest",
  amountMsat: 250_000n,
  timestamp: 1_700_000_000n,
  expirySecs: 86_400n,
  paymentHash: "0a".repeat(32),
  description: { tag: "Direct", value: "tea ☕" },
  minFinalCltvExpiryDelta: 18n,
  paymentSecret: new Uint8Array(32).fill(5),
  features: FEATURES_BASIC,
  routeHints: [[hop], [{ ...hop, shortChannelId: 1n }, hop]],
};

Deno.test("what is written is read again, whatever it says", () => {
  const variants: readonly InvoiceTerms[] = [
    terms,
    { ...terms, amountMsat: null, routeHints: [] },
    { ...terms, description: { tag: "Hash", value: "0b".repeat(32) }, expirySecs: 0n },
    { ...terms, description: { tag: "Direct", value: "" }, timestamp: 1n },
    { ...terms, description: { tag: "Direct", value: "x".repeat(DESCRIPTION_BYTES_MAX) } },
    { ...terms, features: Uint8Array.of(0x02, 0x41, 0x00), minFinalCltvExpiryDelta: 2n ** 64n - 1n },
  ];
  for (const variant of variants) {
    const { text, payee, ...read } = parseBolt11(writeBolt11(variant, nodeSecret));
    assertEquals(read, variant);
    assertEquals(payee, publicKeyOf(nodeSecret));
    assertEquals(text, text.toLowerCase());
  }
});

Deno.test("an amount is written in the largest unit in which it is whole, for each currency", () => {
  const prefixes = [
    [1n, "lnbcrt10p1"],
    [100n, "lnbcrt1n1"],
    [250_000n, "lnbcrt2500n1"],
    [300_000n, "lnbcrt3u1"],
    [200_000_000n, "lnbcrt2m1"],
    [100_000_000_000n, "lnbcrt11"],
  ] as const;
  for (const [amountMsat, prefix] of prefixes) {
    assertEquals(writeBolt11({ ...terms, amountMsat }, nodeSecret).startsWith(prefix), true, prefix);
  }
  const currencies = (["bitcoin", "testnet", "regtest", "signet"] as const).map((currency) =>
    parseBolt11(writeBolt11({ ...terms, currency }, nodeSecret)).currency
  );
  assertEquals(currencies, ["bitcoin", "testnet", "regtest", "signet"]);
});

Deno.test("a description that no field holds is refused", () => {
  const description = { tag: "Direct", value: "x".repeat(DESCRIPTION_BYTES_MAX + 1) } as const;
  assertThrows(() => writeBolt11({ ...terms, description }, nodeSecret), InvariantError);
});
