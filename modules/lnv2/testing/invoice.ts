/** Invoices as nodes of tests write them. BOLT 11. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, fromHex, utf8 } from "../../../core/bytes.ts";
import type { Sha256 } from "../../../core/types/ids.ts";

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const TIMESTAMP_GROUPS = 7;

type Field = readonly [tag: string, groups: readonly number[]];

/** What an invoice says. */
export type InvoiceFacts = {
  readonly paymentHash: Sha256;
  /** Null: the payer chooses. */
  readonly amountMsat: bigint | null;
  /** Unix time. */
  readonly timestampSecs: number;
  readonly expirySecs?: number;
  readonly description?: string;
  /** Instead of a description. */
  readonly descriptionHash?: string;
  /** `lnbcrt`, `lnbc` … */
  readonly prefix?: string;
};

function groupsOf(value: number, count?: number): number[] {
  const groups: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) groups.unshift(rest % 32);
  return count === undefined ? groups : [...new Array<number>(count - groups.length).fill(0), ...groups];
}

/** @param nodeKey 32-byte secret key of the node that is paid */
export function testInvoice(nodeKey: Bytes, facts: InvoiceFacts): string {
  const { paymentHash, amountMsat, timestampSecs, expirySecs = 3_600, description = "", prefix = "lnbcrt" } = facts;
  // a tenth of a picobitcoin is a millisatoshi
  const whole = amountMsat === null ? prefix : `${prefix}${amountMsat * 10n}p`;
  const fields: readonly Field[] = [
    ["p", bech32.toWords(fromHex(paymentHash))],
    ["s", bech32.toWords(new Uint8Array(32).fill(2))],
    facts.descriptionHash === undefined
      ? ["d", bech32.toWords(utf8(description))]
      : ["h", bech32.toWords(fromHex(facts.descriptionHash))],
    ["x", groupsOf(expirySecs)],
    // bits 8 and 14, which everybody sets
    ["9", [16, 8, 0]],
  ];
  const data = [
    ...groupsOf(timestampSecs, TIMESTAMP_GROUPS),
    ...fields.flatMap(([tag, groups]) => [ALPHABET.indexOf(tag), groups.length >> 5, groups.length & 31, ...groups]),
  ];
  const bits = data.flatMap((group) => [16, 8, 4, 2, 1].map((bit) => group & bit ? 1 : 0));
  while (bits.length % 8 !== 0) bits.push(0);
  const bytes = Uint8Array.from(
    { length: bits.length / 8 },
    (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8).join(""), 2),
  );
  const digest = sha256(concat(utf8(whole), bytes));
  const recovered = secp256k1.sign(digest, nodeKey, { prehash: false, format: "recovered" });
  const signature = concat(recovered.subarray(1), recovered.subarray(0, 1));
  return bech32.encode(whole, [...data, ...bech32.toWords(signature)], false);
}
