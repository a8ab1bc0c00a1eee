/**
 * The keys by which guardians sign what they order, and the tag that binds such signatures to one federation.
 * docs/protocol/01-encoding.md §10, docs/protocol/03-consensus.md §A2.
 */
import type { Bytes } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { map } from "../encoding/mod.ts";
import type { PeerId } from "./ids.ts";
import { peerId } from "./ids.ts";
import { publicKey } from "./keys.ts";

/** 33-byte keys by guardian. */
export type BroadcastKeys = ReadonlyMap<PeerId, Bytes>;
export const broadcastKeys: Codec<BroadcastKeys> = map(peerId, publicKey);
