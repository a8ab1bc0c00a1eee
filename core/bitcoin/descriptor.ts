/**
 * Output descriptors, as far as federations use them: `wpkh(key)` for one guardian and `wsh(sortedmulti(k,keys))`, with
 * compressed keys in hex. Sources: BIP380 (checksum), BIP382, BIP383; `miniscript` crate.
 */
import type { Bytes } from "../bytes.ts";
import { fromHex, toHex } from "../bytes.ts";
import { isPublicKey } from "../crypto/secp.ts";
import { DecodeError } from "../encoding/mod.ts";
import { MULTISIG_KEYS_MAX, p2wshOf, sortedMultisigScript } from "./multisig.ts";
import { hash160, p2wpkhScript } from "./script.ts";

/** Keys are 33 bytes; their order is the text's, the script sorts them. */
export type Descriptor =
  | { readonly kind: "wpkh"; readonly key: Bytes }
  | { readonly kind: "wsh_sortedmulti"; readonly threshold: number; readonly keys: readonly Bytes[] };

/** Twenty keys take 1,400 characters. */
const DESCRIPTOR_CHARACTERS_MAX = 2_000;

const INPUT_CHARSET =
  "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";
const CHECKSUM_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn] as const;

function polymod(checksum: bigint, value: number): bigint {
  const top = checksum >> 35n;
  const shifted = ((checksum & 0x7ffffffffn) << 5n) ^ BigInt(value);
  return GENERATOR.reduce((sum, term, bit) => (top >> BigInt(bit)) & 1n ? sum ^ term : sum, shifted);
}

/**
 * Eight characters that guard a descriptor's text against mistakes (BIP380).
 * @param body the text without `#` and checksum
 * @throws {DecodeError} `invalid` for a character that descriptors don't have
 */
export function descriptorChecksum(body: string): string {
  let checksum = 1n;
  let group = 0, grouped = 0;
  for (const character of body) {
    const position = INPUT_CHARSET.indexOf(character);
    if (position < 0) throw new DecodeError("invalid", "A descriptor has a character that is not allowed");
    checksum = polymod(checksum, position & 31);
    group = group * 3 + (position >> 5);
    if (++grouped === 3) {
      checksum = polymod(checksum, group);
      group = grouped = 0;
    }
  }
  if (grouped > 0) checksum = polymod(checksum, group);
  for (let i = 0; i < 8; i++) checksum = polymod(checksum, 0);
  checksum ^= 1n;
  return Array.from({ length: 8 }, (_, i) => CHECKSUM_CHARSET[Number((checksum >> BigInt(5 * (7 - i))) & 31n)]).join(
    "",
  );
}

/** Text with checksum. */
export function descriptorText(descriptor: Descriptor): string {
  const body = descriptor.kind === "wpkh"
    ? `wpkh(${toHex(descriptor.key)})`
    : `wsh(sortedmulti(${[descriptor.threshold, ...descriptor.keys.map(toHex)].join(",")}))`;
  return `${body}#${descriptorChecksum(body)}`;
}

/**
 * A checksum may be absent, as in the reference; a wrong one is refused. @throws {DecodeError} `invalid` · `too_large`
 * · `out_of_range`
 */
export function parseDescriptor(text: string): Descriptor {
  if (text.length > DESCRIPTOR_CHARACTERS_MAX) throw new DecodeError("too_large", "Descriptor is too long");
  const [body = "", checksum, ...more] = text.split("#");
  if (more.length > 0 || (checksum !== undefined && checksum !== descriptorChecksum(body))) {
    throw new DecodeError("invalid", "Descriptor's checksum is wrong");
  }
  const single = /^wpkh\((0[23][0-9a-fA-F]{64})\)$/.exec(body);
  if (single !== null) return { kind: "wpkh", key: publicKey(single[1]!) };
  const multi = /^wsh\(sortedmulti\(([1-9][0-9]?)((?:,0[23][0-9a-fA-F]{64})+)\)\)$/.exec(body);
  if (multi === null) throw new DecodeError("invalid", "Descriptor is neither wpkh nor wsh(sortedmulti)");
  const threshold = Number(multi[1]);
  const keys = multi[2]!.slice(1).split(",").map(publicKey);
  if (keys.length > MULTISIG_KEYS_MAX || threshold > keys.length) {
    throw new DecodeError("out_of_range", "Descriptor's threshold or number of keys is out of range");
  }
  return { kind: "wsh_sortedmulti", threshold, keys };
}

function publicKey(hex: string): Bytes {
  const key = fromHex(hex);
  if (!isPublicKey(key)) throw new DecodeError("invalid", "Descriptor has a key that is not a point of the curve");
  return key;
}

/** The output script that a descriptor stands for. */
export function descriptorScript(descriptor: Descriptor): Bytes {
  return descriptor.kind === "wpkh"
    ? p2wpkhScript(hash160(descriptor.key))
    : p2wshOf(sortedMultisigScript(descriptor.threshold, descriptor.keys));
}
