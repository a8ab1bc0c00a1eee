/**
 * Lightning invoices (BOLT 11), read as strictly as the reference's `lightning-invoice` 0.34 does: checksum, exactly
 * one payment hash, one description (or its hash) and one payment secret, known feature bits, a whole number of
 * millisatoshi, a valid signature.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import type { BitcoinNetwork } from "../bitcoin/network.ts";
import type { Bytes } from "../bytes.ts";
import { concat, fromUtf8, toHex, utf8 } from "../bytes.ts";
import { ecdsaVerify } from "../crypto/ecdsa.ts";
import { isPublicKey } from "../crypto/secp.ts";
import type { Codec } from "../encoding/mod.ts";
import { DecodeError, mapCodec, text } from "../encoding/mod.ts";
import { U64_MAX } from "../types/amount.ts";
import type { Sha256 } from "../types/ids.ts";
import type { RouteHint, RouteHintHop } from "./route_hint.ts";

/** Simnet is no network of Fedimint's: an invoice for it fits no federation. */
export type InvoiceCurrency = Exclude<BitcoinNetwork, "testnet4"> | "simnet";

export type Bolt11Invoice = {
  /** Lower case, as it is encoded and signed. */
  readonly text: string;
  readonly currency: InvoiceCurrency;
  /** Null where the payer chooses. */
  readonly amountMsat: bigint | null;
  /** Unix time, seconds. */
  readonly timestamp: bigint;
  readonly expirySecs: bigint;
  readonly paymentHash: Sha256;
  readonly description: { readonly tag: "Direct"; readonly value: string } | {
    readonly tag: "Hash";
    readonly value: Sha256;
  };
  readonly minFinalCltvExpiryDelta: bigint;
  /** 33 bytes: the node that is paid. */
  readonly payee: Bytes;
  /** 32 bytes, which the payer sends along. */
  readonly paymentSecret: Bytes;
  /** Feature bits: the last byte's lowest is bit 0; without leading zeros. */
  readonly features: Bytes;
  readonly routeHints: readonly RouteHint[];
};

/** Unix time in seconds after which nobody should pay; null when that is beyond 64 bits. */
export function invoiceExpiresAt({ timestamp, expirySecs }: Bolt11Invoice): bigint | null {
  const at = timestamp + expirySecs;
  return at > U64_MAX ? null : at;
}

/** Longest text the reference reads (`MAX_LENGTH`). */
export const INVOICE_CHARACTERS_MAX = 7_089;
/** Longest text that says what is paid for: 1,023 groups of 5 bits. */
export const DESCRIPTION_BYTES_MAX = 639;
/** Hops of one route hint: 51 bytes each, in 1,023 groups of 5 bits. */
export const ROUTE_HOPS_MAX = 12;
const EXPIRY_SECS_DEFAULT = 3_600n;
const CLTV_DELTA_DEFAULT = 18n;

/** By what stands behind `ln` in an invoice. */
export const CURRENCIES: ReadonlyMap<string, InvoiceCurrency> = new Map([
  ["bc", "bitcoin"],
  ["tb", "testnet"],
  ["bcrt", "regtest"],
  ["sb", "simnet"],
  ["tbs", "signet"],
]);
export const PICO_BTC_PER_BTC = 1_000_000_000_000n;
/** By the letter behind an amount, the largest first. */
export const PICO_BTC: ReadonlyMap<string, bigint> = new Map([
  ["m", 1_000_000_000n],
  ["u", 1_000_000n],
  ["n", 1_000n],
  ["p", 1n],
]);

/** Groups of 5 bits. */
export const TIMESTAMP_GROUPS = 7;
const SIGNATURE_GROUPS = 104;
const HASH_GROUPS = 52;
const KEY_GROUPS = 53;

/** Kinds of fields. */
export const TAG = {
  hash: 1,
  secret: 16,
  description: 13,
  descriptionHash: 23,
  payee: 19,
  expiry: 6,
  cltv: 24,
  features: 5,
  fallback: 9,
  route: 3,
};
/** Hops of a route hint: key 33 · channel 8 · fees 4 + 4 · delta 2. */
const ROUTE_HOP_BYTES = 51;

/**
 * Even bits that mean "must understand" and are understood: variable-length onion, payment secret, multi-part,
 * metadata, trampoline.
 */
const FEATURES_KNOWN: ReadonlySet<number> = new Set([8, 14, 16, 48, 56]);
const FEATURE_PAYMENT_SECRET = 14;

function refuse(detail: string, options?: ErrorOptions): never {
  throw new DecodeError("invalid", `Not an invoice: ${detail}`, -1, [], options);
}

type Groups = readonly number[];

/** Whole bytes; what is left over is dropped unchecked, as in the reference. */
function groupsToBytes(groups: Groups): Bytes {
  const bytes = new Uint8Array(Math.floor(groups.length * 5 / 8));
  let buffer = 0, bits = 0, at = 0;
  for (const group of groups) {
    buffer = ((buffer << 5) | group) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (buffer >> bits) & 0xff;
    }
  }
  return bytes;
}

/** Big-endian number that must fit a u64. */
function groupsToNumber(groups: Groups): bigint {
  const value = groups.reduce((sum, group) => sum * 32n + BigInt(group), 0n);
  return value > U64_MAX ? refuse("a number exceeds 2^64") : value;
}

function parsePrefix(prefix: string): { readonly currency: InvoiceCurrency; readonly amountMsat: bigint | null } {
  const [, name, digits, unit] = /^ln([^0-9]+)(?:([0-9]+)([munp])?)?$/.exec(prefix) ?? refuse("malformed prefix");
  const currency = CURRENCIES.get(name!) ?? refuse("unknown currency");
  if (digits === undefined) return { currency, amountMsat: null };
  const pico = BigInt(digits) * (unit === undefined ? PICO_BTC_PER_BTC : PICO_BTC.get(unit)!);
  if (pico > U64_MAX) refuse("amount exceeds 2^64");
  if (pico % 10n !== 0n) refuse("amount is no whole number of millisatoshi");
  return { currency, amountMsat: pico / 10n };
}

type Fields = { readonly tag: number; readonly data: Groups }[];

/** Fields whose length isn't what the specification wants are skipped, as it says. */
function parseFields(groups: Groups): Fields {
  const lengths = new Map([
    [TAG.hash, HASH_GROUPS],
    [TAG.descriptionHash, HASH_GROUPS],
    [TAG.secret, HASH_GROUPS],
    [TAG.payee, KEY_GROUPS],
  ]);
  const fields: Fields = [];
  for (let at = 0; at < groups.length;) {
    if (groups.length - at < 3) refuse("a field is cut");
    const tag = groups[at]!, length = groups[at + 1]! * 32 + groups[at + 2]!;
    const data = groups.slice(at + 3, at + 3 + length);
    if (data.length < length) refuse("a field is cut");
    if ((lengths.get(tag) ?? length) === length) fields.push({ tag, data });
    at += 3 + length;
  }
  return fields;
}

function parseRoute(bytes: Bytes): RouteHintHop[] {
  if (bytes.length % ROUTE_HOP_BYTES !== 0) refuse("a route hint is cut");
  return Array.from({ length: bytes.length / ROUTE_HOP_BYTES }, (_, i) => {
    const hop = bytes.subarray(i * ROUTE_HOP_BYTES, (i + 1) * ROUTE_HOP_BYTES);
    const srcNodeId = hop.slice(0, 33);
    if (!isPublicKey(srcNodeId)) refuse("a route hint's key is no point");
    const numbers = new DataView(hop.buffer, hop.byteOffset + 33);
    return {
      srcNodeId,
      shortChannelId: numbers.getBigUint64(0),
      baseMsat: numbers.getUint32(8),
      proportionalMillionths: numbers.getUint32(12),
      cltvExpiryDelta: numbers.getUint16(16),
      htlcMinimumMsat: null,
      htlcMaximumMsat: null,
    };
  });
}

function checkFallback(data: Groups): void {
  const version = data[0] ?? refuse("a fallback address is empty");
  const { length } = groupsToBytes(data.slice(1));
  if (version <= 16 && (length < 2 || length > 40)) refuse("a fallback address has a wrong length");
  if ((version === 17 || version === 18) && length !== 20) refuse("a fallback address has a wrong length");
}

/** Bit 0 is the last group's lowest. */
function parseFeatures(data: Groups | undefined): Bytes {
  if (!data) refuse("no feature bits");
  const set = data.toReversed().flatMap((group, i) =>
    [0, 1, 2, 3, 4].filter((b) => (group >> b) & 1).map((b) => i * 5 + b)
  );
  if (set.some((bit) => bit % 2 === 0 && !FEATURES_KNOWN.has(bit))) refuse("needs a feature that is not known");
  if (!set.some((bit) => bit >> 1 === FEATURE_PAYMENT_SECRET >> 1)) refuse("lacks the payment secret's feature bit");
  const features = new Uint8Array((set.at(-1)! >> 3) + 1);
  for (const bit of set) features[features.length - 1 - (bit >> 3)]! |= 1 << (bit & 7);
  return features;
}

function parseDescription(fields: Fields): Bolt11Invoice["description"] {
  const [field, ...more] = fields.filter(({ tag }) => tag === TAG.description || tag === TAG.descriptionHash);
  if (!field || more.length > 0) return refuse("not exactly one description");
  const bytes = groupsToBytes(field.data);
  if (field.tag === TAG.descriptionHash) return { tag: "Hash", value: toHex(bytes) as Sha256 };
  try {
    return { tag: "Direct", value: fromUtf8(bytes) };
  } catch (cause) {
    return refuse("description is not UTF-8", { cause });
  }
}

/** The key that the invoice names must have signed; where none is named, the signature tells the key. */
function parsePayee(named: Groups | undefined, signature: Bytes, digest: Bytes): Bytes {
  const compact = signature.subarray(0, 64), recoveryId = signature.subarray(64);
  if (recoveryId[0]! > 3) refuse("unknown recovery id");
  if (named) {
    const key = groupsToBytes(named);
    if (!isPublicKey(key)) refuse("the payee's key is no point");
    return ecdsaVerify(compact, digest, key) ? key : refuse("signature is not the payee's");
  }
  try {
    return secp256k1.recoverPublicKey(concat(recoveryId, compact), digest, { prehash: false }) as Bytes;
  } catch (cause) {
    return refuse("invalid signature", { cause });
  }
}

/** SHA-256 of the prefix and the data, which is padded with zero bits to whole bytes. */
export function signedDigest(prefix: string, data: Groups): Bytes {
  const padded = groupsToBytes([...data, 0, 0]).subarray(0, Math.ceil(data.length * 5 / 8));
  return sha256(concat(utf8(prefix), padded)) as Bytes;
}

/** @throws {DecodeError} `invalid` · `too_large` */
export function parseBolt11(source: string): Bolt11Invoice {
  if (source.length > INVOICE_CHARACTERS_MAX) {
    throw new DecodeError("too_large", `Invoice of ${source.length} characters exceeds ${INVOICE_CHARACTERS_MAX}`);
  }
  let decoded: { readonly prefix: string; readonly words: Groups };
  try {
    decoded = bech32.decode(source as `${string}1${string}`, INVOICE_CHARACTERS_MAX);
  } catch (cause) {
    return refuse("bech32 does not hold", { cause });
  }
  const { prefix, words } = decoded;
  if (words.length < SIGNATURE_GROUPS + TIMESTAMP_GROUPS) refuse("too short");
  const signed = words.slice(0, -SIGNATURE_GROUPS);
  const fields = parseFields(signed.slice(TIMESTAMP_GROUPS));
  const all = (tag: number): Groups[] => fields.filter((field) => field.tag === tag).map(({ data }) => data);
  const only = (tag: number, what: string): Groups => {
    const [data, ...more] = all(tag);
    return data && more.length === 0 ? data : refuse(`not exactly one ${what}`);
  };
  const paymentSecret = groupsToBytes(only(TAG.secret, "payment secret"));
  for (const data of all(TAG.fallback)) checkFallback(data);
  const routeHints = all(TAG.route).map((data) => parseRoute(groupsToBytes(data)));
  const features = parseFeatures(all(TAG.features)[0]);
  const digest = signedDigest(prefix, signed);
  const [expiry] = all(TAG.expiry), [cltv] = all(TAG.cltv);
  return {
    text: source.toLowerCase(),
    ...parsePrefix(prefix),
    timestamp: groupsToNumber(signed.slice(0, TIMESTAMP_GROUPS)),
    expirySecs: expiry ? groupsToNumber(expiry) : EXPIRY_SECS_DEFAULT,
    paymentHash: toHex(groupsToBytes(only(TAG.hash, "payment hash"))) as Sha256,
    description: parseDescription(fields),
    minFinalCltvExpiryDelta: cltv ? groupsToNumber(cltv) : CLTV_DELTA_DEFAULT,
    payee: parsePayee(all(TAG.payee)[0], groupsToBytes(words.slice(-SIGNATURE_GROUPS)), digest),
    paymentSecret,
    features,
    routeHints,
  };
}

/** String of the lower-case text; JSON the same. */
export const bolt11Invoice: Codec<Bolt11Invoice> = mapCodec(text, "Bolt11Invoice", {
  decode: parseBolt11,
  encode: (invoice) => invoice.text,
});
