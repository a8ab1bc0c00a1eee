import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { anyText } from "../core/testing/text.ts";
import { bls, scalarFromBigInt } from "../core/crypto/bls/mod.ts";
import { wordsOfEntropy } from "../core/crypto/bip39.ts";
import { base32EncodePrefixed } from "../core/encoding/mod.ts";
import { parseDkgVersion } from "../core/types/dkg_version.ts";
import { formatInviteCode, formatInviteCodeBase32, newInviteCode } from "../core/types/invite_code.ts";
import { PASTED_CHARACTERS_MAX } from "../core/types/limits.ts";
import { formatSetupCode } from "../core/types/setup_code.ts";
import { formatEcash, makeEcash } from "../modules/mintv2/ecash.ts";
import { ECASH_CHARACTERS_MAX } from "../modules/mintv2/limits.ts";
import type { Wanted } from "./pasted.ts";
import {
  parsePasted,
  PastedError,
  readBitcoinAddress,
  readEcash,
  readEcashTexts,
  readInviteCode,
  readLightning,
  readSetupCode,
} from "./pasted.ts";

const federationId = "ab".repeat(32);
const invite = newInviteCode({ url: "ws://127.0.0.1:18174/", peer: 1, federationId, apiSecret: "secret" });
const INVITE = formatInviteCode(invite), INVITE_BASE32 = formatInviteCodeBase32(invite);
const ECASH = formatEcash(makeEcash(
  federationId,
  [1n, 2n, 3n].map((k) => ({
    denomination: 10,
    keypair: Uint8Array.from({ length: 32 }, (_, i) => i === 31 ? Number(k) : 0),
    signature: bls.g1.multiply(bls.g1.generator, scalarFromBigInt(k)),
  })),
));
const SETUP = formatSetupCode({
  name: "alice",
  endpoints: { tag: "Tcp", value: { apiUrl: "ws://a:1/", p2pUrl: "fedimint://a:2", cert: Uint8Array.of(1, 2) } },
  federationName: "Ours",
  disableBaseFees: null,
  enabledModules: null,
  federationSize: 4,
  network: "regtest",
  fedimintVersion: parseDkgVersion("0.13.0"),
});
const SEGWIT = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
const BASE58 = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

/** Everything by which two readings are alike. */
function essence(text: string): unknown {
  const found = parsePasted(text);
  return "text" in found ? [found.is, found.text] : found;
}

const CODES = [ECASH, INVITE, INVITE_BASE32, SETUP, SEGWIT, BASE58];
const UNSEEN = [
  " ",
  "\n",
  "\r\n",
  "\t",
  "\u00a0",
  "\u200b",
  "\u200d",
  "\u2060",
  "\ufeff",
  "\u00ad",
  "\u202e",
  "\u2003",
];
const QUOTES = [["", ""], ['"', '"'], ["'", "'"], ["“", "”"], ["„", "“"], ["«", "»"], ["`", "`"], ["<", ">"]] as const;

Deno.test("blanks, line breaks and unseen signs anywhere in a text, and quotes around it, change nothing", () => {
  const damage = fc.array(fc.tuple(fc.nat(2_000), fc.constantFrom(...UNSEEN)), { maxLength: 40 });
  const schemes = fc.constantFrom("", "fedimint:", "web+fedimint:", "FEDIMINT:", "lightning:", "bitcoin:", "Bitcoin:");
  fc.assert(
    fc.property(
      fc.constantFrom(...CODES),
      damage,
      fc.constantFrom(...QUOTES),
      schemes,
      (code, inserted, [open, close], scheme) => {
        let text = `${open}${scheme}${code}${close}`;
        for (const [at, sign] of inserted) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + sign + text.slice(place);
        }
        assertEquals(essence(text), essence(code));
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("each kind of text is told apart", () => {
  const { is, ...rest } = parsePasted(ECASH) as Extract<ReturnType<typeof parsePasted>, { is: "ecash" }>;
  assertEquals([is, rest.amountMsat, rest.notes, rest.federationId], ["ecash", 3n * 1_024n, 3, federationId]);
  for (const code of [INVITE, INVITE_BASE32]) assertEquals(readInviteCode(code), invite);
  assertEquals(readSetupCode(SETUP).code.name, "alice");
  assertEquals(readBitcoinAddress(BASE58), {
    address: BASE58,
    networks: ["bitcoin"],
    amountSat: null,
  });
  const words = wordsOfEntropy(new Uint8Array(16).fill(7));
  const others: [string, unknown][] = [
    ["", { is: "nothing" }],
    [" \n\u200b“” ", { is: "nothing" }],
    ["hello", { is: "unknown" }],
    [`lnbc1500n1${"q".repeat(60)}`, { is: "lightning", what: "invoice", text: `lnbc1500n1${"q".repeat(60)}` }],
    [`LIGHTNING:LNBC1500N1${"Q".repeat(60)}`, {
      is: "lightning",
      what: "invoice",
      text: `lnbc1500n1${"q".repeat(60)}`,
    }],
    [`lno1${"q".repeat(60)}`, { is: "lightning", what: "offer", text: `lno1${"q".repeat(60)}` }],
    [`LNURL1${"D".repeat(60)}`, { is: "lightning", what: "lnurl", text: `lnurl1${"d".repeat(60)}` }],
    ["LNURLP://pay.example/Xy", { is: "lightning", what: "lnurl", text: "LNURLP://pay.example/Xy" }],
    ["alice@pay.example", { is: "lightning", what: "address", text: "alice@pay.example" }],
    [words, { is: "secret", what: "words" }],
    [words.split(" ").map((word, i) => `${i + 1}. ${word}`).join("\n").toUpperCase(), { is: "secret", what: "words" }],
    [words.replace(/\w+$/, "mistyped"), { is: "secret", what: "words" }],
    [`xprv${"9".repeat(107)}`, { is: "secret", what: "key" }],
    ["5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", { is: "secret", what: "key" }],
    [`AgEE${"a".repeat(200)}`, { is: "old_ecash" }],
    [base32EncodePrefixed(Uint8Array.of(2, 1, 4, 9, 9, 9, 9, 0, 1, 2)), { is: "old_ecash" }],
    [ECASH.slice(0, -3), { is: "damaged", as: "fedimint" }],
    ["fedimint", { is: "damaged", as: "fedimint" }],
    ["fedimint!", { is: "damaged", as: "fedimint" }],
    [INVITE.slice(0, -1), { is: "damaged", as: "invite_code" }],
    [SEGWIT.slice(0, -1), { is: "damaged", as: "bitcoin_address" }],
    [`${SEGWIT.slice(0, 20).toUpperCase()}?amount=1`, { is: "damaged", as: "bitcoin_address" }],
    [`${BASE58.slice(0, -1)}b`, { is: "damaged", as: "bitcoin_address" }],
    ["2NotAnAddressThoughMuchLikeone1234", { is: "damaged", as: "bitcoin_address" }],
    ["lnbc1500n1qqqq", { is: "damaged", as: "invoice" }],
    ["lightning:LNTB1QQQ", { is: "damaged", as: "invoice" }],
    ["lnurl1dp68", { is: "damaged", as: "lnurl" }],
    ["fedimint://guardian.example:8173", { is: "unknown" }],
  ];
  for (const [text, expected] of others) assertEquals(parsePasted(text), expected as never, text);
});

Deno.test("the texts of one payment are read from one paste, and only if all of them are e-cash", () => {
  const texts = (pasted: string) => readEcashTexts(pasted).map(({ text }) => text);
  const other = formatEcash(makeEcash(federationId, []));
  assertEquals(texts(ECASH), [ECASH]);
  assertEquals(texts(`${ECASH}\n${other.toUpperCase()}\n`), [ECASH, other]);
  assertEquals(texts(Array(40).fill(ECASH).join(" ")).length, 40);
  for (const wrong of [`${ECASH}\n${INVITE_BASE32}`, `${ECASH} ${ECASH.slice(0, 40)}`, INVITE, ""]) {
    assertThrows(() => readEcashTexts(wrong), PastedError);
  }
});

Deno.test("capitals are read where the encoding has none of its own", () => {
  assertEquals(essence(ECASH.toUpperCase()), essence(ECASH));
  assertEquals(essence(INVITE.toUpperCase()), essence(INVITE));
  // as a phone begins a text
  assertEquals(essence(`F${INVITE.slice(1)}`), essence(INVITE));
  assertEquals(essence(`B${SEGWIT.slice(1)}`), essence(SEGWIT));
  assertEquals(essence(SEGWIT.toUpperCase()), essence(SEGWIT));
  // Base58 tells them apart
  assertEquals(parsePasted(BASE58.toLowerCase()), { is: "unknown" });
});

Deno.test("a link to pay bitcoin with says how much, and is void when it asks for what isn't understood", () => {
  const amountOf = (link: string) => readBitcoinAddress(link).amountSat;
  assertEquals(amountOf(`bitcoin:${SEGWIT}`), null);
  assertEquals(amountOf(`bitcoin:${SEGWIT}?amount=0.001`), 100_000n);
  assertEquals(amountOf(`BITCOIN:${SEGWIT.toUpperCase()}?AMOUNT=1&LABEL=X`), 100_000_000n);
  assertEquals(amountOf(`bitcoin:${BASE58}?label=a%20b&amount=.5&lightning=lnbc1`), 50_000_000n);
  assertEquals(amountOf(`${SEGWIT}?amount=0`), null);
  assertEquals(amountOf(`bitcoin:${SEGWIT}?amount=21000000`), 2_100_000_000_000_000n);
  for (const amount of ["x", "-1", "1e3", "1,5", ".", "0.123456789", "21000001"]) {
    assertEquals(parsePasted(`bitcoin:${SEGWIT}?amount=${amount}`), { is: "unusable_bitcoin_link", why: "amount" });
  }
  assertEquals(parsePasted(`bitcoin:${SEGWIT}?req-x=1`), { is: "unusable_bitcoin_link", why: "requirement" });
  assertEquals(parsePasted("bitcoin:bc1qnothing?amount=1"), { is: "unusable_bitcoin_link", why: "address" });
  assertEquals(parsePasted(`bitcoin:?lightning=LNBC1500N1${"Q".repeat(60)}`), {
    is: "lightning",
    what: "invoice",
    text: `lnbc1500n1${"q".repeat(60)}`,
  });
});

Deno.test("an error says what the text is instead and what to do, and quotes nothing of it", () => {
  const readers: Record<Wanted, (text: string) => unknown> = {
    ecash: readEcash,
    invite_code: readInviteCode,
    setup_code: readSetupCode,
    bitcoin_address: readBitcoinAddress,
    lightning: readLightning,
  };
  const cases: [Wanted, string, RegExp][] = [
    ["ecash", INVITE, /invite code of a federation\. `join`/],
    ["ecash", "garbage of all sorts", /Expected Fedimint e-cash.*not known/],
    ["ecash", ECASH.slice(0, 60), /cut off or changed/],
    ["ecash", SEGWIT, /Bitcoin address\. `withdraw`/],
    ["invite_code", ECASH, /e-cash.*`receive`/],
    ["invite_code", SETUP, /setup code/],
    ["setup_code", INVITE_BASE32, /invite code.*`join`/],
    ["bitcoin_address", `lnbc1500n1${"q".repeat(60)}`, /Lightning invoice\. `pay`/],
    ["bitcoin_address", SEGWIT.slice(0, -2), /looks like a Bitcoin address, and is cut off or changed/],
    ["lightning", "lnbc1500n1qqqq", /looks like a Lightning invoice, and is cut off or changed/],
    ["bitcoin_address", wordsOfEntropy(new Uint8Array(16).fill(7)), /words of a wallet.*Show it to nobody/],
  ];
  for (const [wanted, text, expected] of cases) {
    const error = assertThrows(() => readers[wanted](text), PastedError);
    assert(expected.test(error.message), error.message);
    assertEquals(error.facts.wanted, wanted);
    const shown = `${error.message} ${JSON.stringify(error.facts)} ${error.stack}`;
    for (const part of text.split(" ")) assert(!shown.includes(part.slice(0, 12)) || part.length < 9, shown);
  }
});

Deno.test("a text beyond the bounds is refused before anything of it is read", () => {
  assertEquals(parsePasted("f".repeat(PASTED_CHARACTERS_MAX + 1)), { is: "too_long" });
  assertEquals(parsePasted(`fedimint${"0".repeat(ECASH_CHARACTERS_MAX)}`), { is: "too_long" });
});

Deno.test("no text makes it throw", () => {
  const pieces = fc.constantFrom(
    "fedimint",
    "fed1",
    "bitcoin:",
    "?amount=",
    "&req-",
    "lnbc1",
    "@",
    ".com",
    "00",
    "AgEE",
  );
  const texts = fc.array(fc.oneof(pieces, anyText(8)), { maxLength: 12 });
  fc.assert(fc.property(texts, (parts) => {
    assert(parsePasted(parts.join("")).is.length > 0);
  }));
});

Deno.test("what is to be paid over Lightning is read with a scheme or within a Bitcoin link, and nothing else is", () => {
  const text = `lnbc1500n1${"q".repeat(60)}`;
  for (const pasted of [text, `lightning:${text.toUpperCase()}`, `bitcoin:${BASE58}?amount=1&lightning=${text}`]) {
    assertEquals(readLightning(pasted), { what: "invoice", text });
  }
  assertEquals(readLightning("Alice@pay.example"), { what: "address", text: "alice@pay.example" });
  for (const pasted of [`lno1${"q".repeat(60)}`, BASE58, "fed11", ""]) {
    assertEquals(assertThrows(() => readLightning(pasted), PastedError).facts.wanted, "lightning");
  }
});
