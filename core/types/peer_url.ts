/** Where a guardian is reached, and its name. `fedimint-core/src/config.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { map, struct, text } from "../encoding/mod.ts";
import type { PeerId } from "./ids.ts";
import { peerId } from "./ids.ts";
import type { SafeUrl } from "./safe_url.ts";
import { safeUrl } from "./safe_url.ts";

/** Where a guardian's API is, and how the guardian calls itself. */
export type PeerUrl = { readonly url: SafeUrl; readonly name: string };
export const peerUrl: Codec<PeerUrl> = struct("PeerUrl", { url: safeUrl, name: text });

/** All guardians of a federation; what its id is the hash of. */
export type PeerUrls = ReadonlyMap<PeerId, PeerUrl>;
export const peerUrls: Codec<PeerUrls> = map(peerId, peerUrl);
