/**
 * A guardian's name in pkarr, where its URL may be published: an Ed25519 key derived from its broadcast key, in z-base-32. It is part of
 * a guardian's metadata. fedimint-server `net/api/pkarr_publish.rs`.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { utils } from "@scure/base";
import type { Bytes } from "../../core/bytes.ts";
import { utf8 } from "../../core/bytes.ts";
import { DerivableSecret } from "../../core/crypto/mod.ts";

const SALT = utf8("fedimint-pkarr");
const SEED_BYTES = 32;

/** z-base-32 without padding, most significant bits first. */
export const zBase32 = utils.chain(
  utils.radix2(5),
  utils.alphabet("ybndrfg8ejkmcpqxot1uwisza345h769"),
  utils.join(""),
);

/** @param broadcastSecretKey 32 bytes. Secret. */
export function pkarrId(broadcastSecretKey: Bytes): string {
  const seed = DerivableSecret.root(broadcastSecretKey, SALT).child(0).randomBytes(SEED_BYTES);
  return zBase32.encode(ed25519.getPublicKey(seed));
}
