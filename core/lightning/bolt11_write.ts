/**
 * Lightning invoices (BOLT 11), written: for those who are paid through somebody else's node. Fields stand in the order
 * in which `lightning-invoice`'s builder puts them.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bech32 } from "@scure/base";
import { assert } from "../assert.ts";
import type { Bytes } from "../bytes.ts";
import { bigEndian, concat, concatAll, fromHex, utf8 } from "../bytes.ts";
import { publicKeyOf } from "../crypto/secp.ts";
import type { Bolt11Invoice } from "./bolt11.ts";
import {
  CURRENCIES,
  DESCRIPTION_BYTES_MAX,
  parseBolt11,
  PICO_BTC,
  PICO_BTC_PER_BTC,
  signedDigest,
  TAG,
  TIMESTAMP_GROUPS,
} from "./bolt11.ts";
import type { RouteHint } from "./route_hint.ts";

/** What an invoice says; the rest follows from the key that signs it. */
export type InvoiceTerms = Omit<Bolt11Invoice, "text" | "payee">;

/** Variable-length onion (bit 8) and payment secret (bit 14), both of which the payer must understand. */
export const FEATURES_BASIC: Bytes = Uint8Array.of(0x41, 0x00);

type Groups = readonly number[];

/** Big-endian, without leading zeros. */
function numberGroups(value: bigint, length = 0): Groups {
  const groups: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 5n) groups.unshift(Number(rest & 31n));
  while (groups.length < length) groups.unshift(0);
  return groups;
}

function featureGroups(features: Bytes): Groups {
  return numberGroups(bigEndian(features));
}

function routeGroups(route: RouteHint): Groups {
  const hops = route.map((hop) => {
    const numbers = new DataView(new ArrayBuffer(18));
    numbers.setBigUint64(0, hop.shortChannelId);
    numbers.setUint32(8, hop.baseMsat);
    numbers.setUint32(12, hop.proportionalMillionths);
    numbers.setUint16(16, hop.cltvExpiryDelta);
    return concat(hop.srcNodeId, new Uint8Array(numbers.buffer));
  });
  return bech32.toWords(concatAll(hops));
}

/** The largest unit in which the amount is a whole number. */
function prefixOf({ currency, amountMsat }: InvoiceTerms): string {
  const [name] = [...CURRENCIES].find(([, known]) => known === currency)!;
  if (amountMsat === null) return `ln${name}`;
  const pico = amountMsat * 10n;
  const [unit, each] = [["", PICO_BTC_PER_BTC] as const, ...PICO_BTC].find(([, each]) => pico % each === 0n)!;
  return `ln${name}${pico / each}${unit}`;
}

function descriptionField({ description }: InvoiceTerms): readonly [number, Groups] {
  return description.tag === "Direct"
    ? [TAG.description, bech32.toWords(utf8(description.value))]
    : [TAG.descriptionHash, bech32.toWords(fromHex(description.value))];
}

/**
 * @param nodeSecret 32 bytes, secret: the key of the node that is paid
 * @returns the invoice's text
 */
export function writeBolt11(terms: InvoiceTerms, nodeSecret: Bytes): string {
  const { description } = terms;
  assert(
    description.tag === "Hash" || utf8(description.value).length <= DESCRIPTION_BYTES_MAX,
    "a description has 639 bytes at most: whoever asks for more is told before",
  );
  const fields: readonly (readonly [number, Groups])[] = [
    descriptionField(terms),
    [TAG.hash, bech32.toWords(fromHex(terms.paymentHash))],
    [TAG.secret, bech32.toWords(terms.paymentSecret)],
    [TAG.features, featureGroups(terms.features)],
    [TAG.cltv, numberGroups(terms.minFinalCltvExpiryDelta)],
    [TAG.payee, bech32.toWords(publicKeyOf(nodeSecret))],
    [TAG.expiry, numberGroups(terms.expirySecs)],
    ...terms.routeHints.map((route) => [TAG.route, routeGroups(route)] as const),
  ];
  const data = [
    ...numberGroups(terms.timestamp, TIMESTAMP_GROUPS),
    ...fields.flatMap(([tag, groups]) => [tag, groups.length >> 5, groups.length & 31, ...groups]),
  ];
  const prefix = prefixOf(terms);
  const signed = secp256k1.sign(signedDigest(prefix, data), nodeSecret, { prehash: false, format: "recovered" });
  const signature = concat(signed.subarray(1), signed.subarray(0, 1));
  const text = bech32.encode(prefix, [...data, ...bech32.toWords(signature)], false);
  assert(parseBolt11(text).paymentHash === terms.paymentHash, "what is written is read again");
  return text;
}
