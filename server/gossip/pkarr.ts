/**
 * A guardian's name in pkarr, where its URL may be published: an Ed25519 key derived from its broadcast key, in
 * z-base-32. It is part of a guardian's metadata. fedimint-server `net/api/pkarr_publish.rs`.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import type { Bytes } from "../../core/bytes.ts";
import { utf8 } from "../../core/bytes.ts";
import { DerivableSecret } from "../../core/crypto/mod.ts";

const SALT = utf8("fedimint-pkarr");
const SEED_BYTES = 32;

const Z_BASE_32 = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** z-base-32: five bits a character, most significant first, the last one filled up with zeros. */
export function zBase32(bytes: Uint8Array): string {
  let text = "", buffer = 0, bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8 | byte) & 0xfff; // at most four bits are left over from before
    bits += 8;
    for (; bits >= 5; bits -= 5) text += Z_BASE_32[buffer >> (bits - 5) & 31];
  }
  return bits === 0 ? text : text + Z_BASE_32[buffer << (5 - bits) & 31];
}

/** @param broadcastSecretKey 32 bytes. Secret. */
export function pkarrId(broadcastSecretKey: Bytes): string {
  const seed = DerivableSecret.root(broadcastSecretKey, SALT).child(0).randomBytes(SEED_BYTES);
  return zBase32(ed25519.getPublicKey(seed));
}
