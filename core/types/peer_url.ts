/** Where a guardian is reached, and its name. `fedimint-core/src/config.rs`. */
import type { CodecType } from "../encoding/mod.ts";
import { map, struct, text } from "../encoding/mod.ts";
import { peerId } from "./ids.ts";
import { safeUrl } from "./safe_url.ts";

export const peerUrl = struct("PeerUrl", { url: safeUrl, name: text });

/** All guardians of a federation; what its id is the hash of. */
export const peerUrls = map(peerId, peerUrl);
export type PeerUrls = CodecType<typeof peerUrls>;
