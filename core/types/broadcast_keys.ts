/**
 * The keys by which guardians sign what they order, and the tag that binds such signatures to one federation.
 * docs/protocol/01-encoding.md §10, docs/protocol/03-consensus.md §A2.
 */
import type { CodecType } from "../encoding/mod.ts";
import { map } from "../encoding/mod.ts";
import { peerId } from "./ids.ts";
import { publicKey } from "./keys.ts";

/** 33-byte keys by guardian. */
export const broadcastKeys = map(peerId, publicKey);
export type BroadcastKeys = CodecType<typeof broadcastKeys>;
