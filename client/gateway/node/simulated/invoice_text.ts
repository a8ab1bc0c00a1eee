/** Invoices of simulated nodes as text (BOLT 11): what a wallet needs and nothing more. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import type { BitcoinNetwork } from "../../../../core/bitcoin/network.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat, fromHex, utf8 } from "../../../../core/bytes.ts";
import type { Bolt11Invoice } from "../../../../core/lightning/bolt11.ts";

const PREFIX: Readonly<Record<BitcoinNetwork, string>> = {
  bitcoin: "lnbc",
  testnet: "lntb",
  testnet4: "lntb",
  signet: "lntbs",
  regtest: "lnbcrt",
};
const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const TIMESTAMP_GROUPS = 7;
/** Variable-length onion, payment secret, multi-part: bits 8, 14 and 17. */
const FEATURES = [4, 16, 8, 0];

type Groups = readonly number[];

function groupsOf(value: number, least = 0): number[] {
  const groups: number[] = [];
  for (let rest = value; rest > 0 || groups.length < least; rest = Math.floor(rest / 32)) groups.unshift(rest % 32);
  return groups;
}

function field(tag: string, groups: Groups): number[] {
  return [ALPHABET.indexOf(tag), groups.length >> 5, groups.length & 31, ...groups];
}

/** Padded with zero bits to whole bytes, as what is signed. */
function bytesOf(groups: Groups): Bytes {
  const bits = groups.flatMap((group) => [16, 8, 4, 2, 1].map((bit) => group & bit ? 1 : 0));
  while (bits.length % 8 !== 0) bits.push(0);
  return Uint8Array.from({ length: bits.length / 8 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8).join(""), 2));
}

export type InvoiceTerms = {
  readonly network: BitcoinNetwork;
  readonly paymentHash: Bytes;
  /** 32 bytes. */
  readonly paymentSecret: Bytes;
  readonly amountMsat: bigint;
  readonly expirySecs: number;
  readonly minFinalCltvExpiryDelta: number;
  readonly description: Bolt11Invoice["description"];
  /** Unix time, seconds. */
  readonly timestamp: number;
};

/** @param secretKey 32 bytes: the payee's */
export function invoiceText(terms: InvoiceTerms, secretKey: Bytes): string {
  // in pico-bitcoin: a millisatoshi is ten of them
  const prefix = `${PREFIX[terms.network]}${terms.amountMsat * 10n}p`;
  const { description } = terms;
  const data = [
    ...groupsOf(terms.timestamp, TIMESTAMP_GROUPS),
    ...field("p", bech32.toWords(terms.paymentHash)),
    ...field("s", bech32.toWords(terms.paymentSecret)),
    ...(description.tag === "Direct"
      ? field("d", bech32.toWords(utf8(description.value)))
      : field("h", bech32.toWords(fromHex(description.value)))),
    ...field("x", groupsOf(terms.expirySecs)),
    ...field("c", groupsOf(terms.minFinalCltvExpiryDelta)),
    ...field("9", FEATURES),
  ];
  const digest = sha256(concat(utf8(prefix), bytesOf(data)));
  const recovered = secp256k1.sign(digest, secretKey, { prehash: false, format: "recovered" });
  const signature = concat(recovered.subarray(1), recovered.subarray(0, 1));
  return bech32.encode(prefix, [...data, ...bech32.toWords(signature)], false);
}
