/**
 * The keys by which guardians sign what they order, and the tag that binds such signatures to one federation. Sheets 01
 * §10, 03 A2.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { encode, map } from "../encoding/mod.ts";
import type { PeerId } from "./ids.ts";
import { peerId } from "./ids.ts";
import { publicKey } from "./keys.ts";

/** 33-byte keys by guardian. */
export type BroadcastKeys = ReadonlyMap<PeerId, Bytes>;
export const broadcastKeys: Codec<BroadcastKeys> = map(peerId, publicKey);

/** 32 bytes: SHA-256 of the encoded keys. */
export function broadcastTag(keys: BroadcastKeys): Bytes {
  return sha256(encode(broadcastKeys, keys)) as Bytes;
}
