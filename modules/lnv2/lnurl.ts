/**
 * What an lnurl says about its receiver. Follows fedimint-lnv2-common 0.13.0 (`lnurl.rs`). Text: `fedimint` and base32.
 */
import { g1Point } from "../../core/types/bls.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { list, struct } from "../../core/encoding/mod.ts";
import { federationId } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import { safeUrl } from "../../core/types/safe_url.ts";

export const lnurlRequest = struct("LnurlRequest", {
  federationId,
  recipientPk: publicKey,
  /** The federation's key, to which preimages are encrypted. 48 bytes. */
  aggregatePk: g1Point,
  /** Gateways that the receiver trusts. */
  gateways: list(safeUrl),
});
export type LnurlRequest = CodecType<typeof lnurlRequest>;
