import { assertEquals, assertThrows } from "@std/assert";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import { concat, toHex, utf8 } from "../bytes.ts";
import { publicKeyOf } from "../crypto/mod.ts";
import { decode, DecodeError, encode } from "../encoding/mod.ts";
import { bolt11Invoice, INVOICE_CHARACTERS_MAX, invoiceExpiresAt, parseBolt11 } from "./bolt11.ts";

const secretKey = new Uint8Array(32).fill(7);
const payee = publicKeyOf(secretKey);

type Field = readonly [tag: string, groups: readonly number[]];

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const bytesField = (tag: string, bytes: Uint8Array): Field => [tag, bech32.toWords(bytes)];

/** Payment hash, secret, description, the two feature bits that everybody sets. */
const FIELDS: readonly Field[] = [
  bytesField("p", new Uint8Array(32).fill(1)),
  bytesField("s", new Uint8Array(32).fill(2)),
  bytesField("d", utf8("tea ☕")),
  // bits 8 and 14
  ["9", [16, 8, 0]],
];
const without = (tag: string) => FIELDS.filter(([name]) => name !== tag);

/** An invoice as a wallet makes it: prefix, timestamp, fields, signature. */
function invoice(
  options: {
    readonly prefix?: string;
    readonly fields?: readonly Field[];
    readonly key?: Uint8Array;
    readonly tail?: number[];
  } = {},
): string {
  const { prefix = "lnbcrt20u", fields = FIELDS, key = secretKey, tail = [] } = options;
  const timestamp = [1, 2, 3, 4, 5, 6, 7];
  const data = [
    ...timestamp,
    ...fields.flatMap(([tag, groups]) => [ALPHABET.indexOf(tag), groups.length >> 5, groups.length & 31, ...groups]),
    ...tail,
  ];
  const bits = data.flatMap((group) => [16, 8, 4, 2, 1].map((bit) => group & bit ? 1 : 0));
  while (bits.length % 8 !== 0) bits.push(0);
  const bytes = Uint8Array.from(
    { length: bits.length / 8 },
    (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8).join(""), 2),
  );
  const recovered = secp256k1.sign(sha256(concat(utf8(prefix), bytes)), key, { prehash: false, format: "recovered" });
  const signature = concat(recovered.subarray(1), recovered.subarray(0, 1));
  return bech32.encode(prefix, [...data, ...bech32.toWords(signature)], false);
}

function isRead(text: string): boolean {
  try {
    parseBolt11(text);
    return true;
  } catch (thrown) {
    if (thrown instanceof DecodeError) return false;
    throw thrown;
  }
}

Deno.test("an invoice is read with all its parts, and defaults where it has none", () => {
  const text = invoice();
  assertEquals(parseBolt11(text), {
    text,
    currency: "regtest",
    amountMsat: 2_000_000n,
    timestamp: [1, 2, 3, 4, 5, 6, 7].reduce((sum, group) => sum * 32n + BigInt(group), 0n),
    expirySecs: 3_600n,
    paymentHash: "01".repeat(32),
    description: { tag: "Direct", value: "tea ☕" },
    minFinalCltvExpiryDelta: 18n,
    payee,
    paymentSecret: new Uint8Array(32).fill(2),
    features: Uint8Array.of(0x41, 0x00),
    routeHints: [],
  });
  const full = parseBolt11(invoice({
    fields: [
      ...without("d"),
      bytesField("h", new Uint8Array(32).fill(3)),
      ["x", [1, 0]],
      ["c", [2, 0]],
      bytesField("n", payee),
      ["f", [17, ...bech32.toWords(new Uint8Array(20))]],
      bytesField("r", concat(payee, new Uint8Array(18))),
      ["m", [0, 0]],
      ["y", [1]],
    ],
  }));
  assertEquals(full.description, { tag: "Hash", value: "03".repeat(32) });
  assertEquals([full.expirySecs, full.minFinalCltvExpiryDelta], [32n, 64n]);
  assertEquals(full.payee, payee);
  assertEquals(full.routeHints, [[{
    srcNodeId: payee,
    shortChannelId: 0n,
    baseMsat: 0,
    proportionalMillionths: 0,
    cltvExpiryDelta: 0,
    htlcMinimumMsat: null,
    htlcMaximumMsat: null,
  }]]);
  assertEquals(invoiceExpiresAt(full), full.timestamp + 32n);
  assertEquals(invoiceExpiresAt({ ...full, expirySecs: 2n ** 64n - 1n }), null);
});

Deno.test("an invoice holds whatever the number of groups that its signature covers", () => {
  // 5-bit groups end at each of the eight places in a byte
  for (let length = 0; length < 8; length++) {
    const read = parseBolt11(invoice({ fields: [...FIELDS, ["y", new Array(length).fill(31)]] }));
    assertEquals(toHex(read.payee), toHex(payee));
  }
});

Deno.test("currencies and amounts are those of the prefix", () => {
  const amounts = [["lnbc", null], ["lnbc1", 100_000_000_000n], ["lntb2m", 200_000_000n], ["lnbcrt3u", 300_000n], [
    "lntbs10n",
    1_000n,
  ], ["lnsb10p", 1n]] as const;
  assertEquals(amounts.map(([prefix]) => parseBolt11(invoice({ prefix })).amountMsat), amounts.map(([, msat]) => msat));
  assertEquals(
    amounts.map(([prefix]) => parseBolt11(invoice({ prefix })).currency),
    ["bitcoin", "bitcoin", "testnet", "regtest", "signet", "simnet"],
  );
});

Deno.test("upper case is read, and encoded in lower case", () => {
  const text = invoice();
  const read = parseBolt11(text.toUpperCase());
  assertEquals(read, parseBolt11(text));
  assertEquals(decode(bolt11Invoice, encode(bolt11Invoice, read)), read);
  assertEquals(bolt11Invoice.toJson(read), text);
});

Deno.test("invoices that the reference refuses are refused", () => {
  const other = publicKeyOf(new Uint8Array(32).fill(8));
  const bad: { readonly [why: string]: string } = {
    "no payment hash": invoice({ fields: without("p") }),
    "two payment hashes": invoice({ fields: [...FIELDS, FIELDS[0]!] }),
    "payment hash of another length only": invoice({ fields: [...without("p"), ["p", [1]]] }),
    "no payment secret": invoice({ fields: without("s") }),
    "two payment secrets": invoice({ fields: [...FIELDS, FIELDS[1]!] }),
    "no description": invoice({ fields: without("d") }),
    "two descriptions": invoice({ fields: [...FIELDS, bytesField("h", new Uint8Array(32))] }),
    "description that is not UTF-8": invoice({ fields: [...without("d"), bytesField("d", Uint8Array.of(0xff))] }),
    "no features": invoice({ fields: without("9") }),
    "features without payment secret": invoice({ fields: [...without("9"), ["9", [8, 0]]] }),
    "unknown feature that must be known": invoice({ fields: [...without("9"), ["9", [1, 0, 16, 8, 0]]] }),
    "payee who did not sign": invoice({ fields: [...FIELDS, bytesField("n", other)] }),
    "payee that is no point": invoice({ fields: [...FIELDS, bytesField("n", new Uint8Array(33))] }),
    "cut route hint": invoice({ fields: [...FIELDS, bytesField("r", new Uint8Array(50))] }),
    "route hint through no point": invoice({ fields: [...FIELDS, bytesField("r", new Uint8Array(51))] }),
    "fallback of a wrong length": invoice({ fields: [...FIELDS, ["f", [17, ...bech32.toWords(new Uint8Array(19))]]] }),
    "empty fallback": invoice({ fields: [...FIELDS, ["f", []]] }),
    "expiry beyond 2^64": invoice({ fields: [...FIELDS, ["x", new Array(14).fill(31)]] }),
    "field that is cut": invoice({ tail: [1, 1] }),
    "field beyond the end": invoice({ tail: [1, 1, 1, 0] }),
    "half a millisatoshi": invoice({ prefix: "lnbc5p" }),
    "amount beyond 2^64": invoice({ prefix: "lnbc18446744073709551616p" }),
    "unknown currency": invoice({ prefix: "lnxx1" }),
    "unknown unit": invoice({ prefix: "lnbc1k" }),
    "no Lightning prefix": invoice({ prefix: "bc20u" }),
    "nothing but a prefix": bech32.encode("lnbc", [], false),
    "text": "lnx",
    "empty text": "",
  };
  const accepted = Object.entries(bad).filter(([, text]) => isRead(text)).map(([why]) => why);
  assertEquals(accepted, []);
});

Deno.test("one wrong letter breaks the checksum, and mixed case is refused", () => {
  const text = invoice();
  for (const at of [12, 40, text.length - 1]) {
    const letter = text[at] === "q" ? "p" : "q";
    assertThrows(() => parseBolt11(text.slice(0, at) + letter + text.slice(at + 1)), DecodeError);
  }
  assertThrows(() => parseBolt11(text.slice(0, -1) + text.at(-1)!.toUpperCase() + "A"), DecodeError);
});

Deno.test("an invoice at the bound of its length is read, a longer one is not", () => {
  const filler = (length: number): Field[] => {
    const fields: Field[] = [];
    for (let left = length; left > 0; left -= Math.min(left, 1_026)) {
      fields.push(["y", new Array(Math.min(left, 1_026) - 3).fill(1)]);
    }
    return fields;
  };
  const room = INVOICE_CHARACTERS_MAX - invoice().length;
  const longest = invoice({ fields: [...FIELDS, ...filler(room)] });
  assertEquals(longest.length, INVOICE_CHARACTERS_MAX);
  assertEquals(parseBolt11(longest).payee, payee);
  const error = assertThrows(() => parseBolt11(invoice({ fields: [...FIELDS, ...filler(room + 3)] })), DecodeError);
  assertEquals(error.code, "too_large");
});
