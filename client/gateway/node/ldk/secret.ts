/** The node's seed, from the gateway's words: no other secret of them tells it, and it tells no other. */
import type { Bytes } from "../../../../core/bytes.ts";
import { utf8 } from "../../../../core/bytes.ts";
import type { DerivableSecret } from "../../../../core/crypto/mod.ts";

const LABEL = utf8("fedimint gateway embedded lightning node");

/** @param root of the gateway's words (`globalRoot`) @returns 32 bytes. Secret. */
export function nodeSeed(root: DerivableSecret): Bytes {
  return root.tweak(LABEL).randomBytes(32);
}
