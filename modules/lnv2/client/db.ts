/**
 * What the lnv2 module stores in a client, beside its machines.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 41 | node's public key 33 | URL of the gateway whose node it is |
 * | 42 | – | BS: position in the stream of incoming contracts up to which they were looked at |
 * | 43 | – | BS ms since the epoch: when gateways were last asked whose nodes they have |
 * | 44 | payment hash | –: of an invoice of this wallet's own |
 *
 * The first two are as in the reference (`db.rs`).
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { text, u64, u64Number, unit } from "../../../core/encoding/mod.ts";
import { sha256Hash } from "../../../core/types/ids.ts";
import { publicKey } from "../../../core/types/keys.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { slot, table } from "../../contract/records.ts";

const gateways = table(0x41, publicKey, text);
/** Contracts before it are done with. */
export const streamPosition = slot(0x42, u64);
export const mappedAtMs = slot(0x43, u64Number);

/** Invoices that the wallet shows, by their payment hashes. */
export const ownInvoices = table(0x44, sha256Hash, unit);

/** @param nodeKey 33 bytes */
export function gatewayOfNode(tx: ReadTx, nodeKey: Bytes): Promise<SafeUrl | undefined> {
  return gateways.get(tx, nodeKey);
}

/** Nodes of gateways that aren't listed any more go; nodes of those that didn't answer stay. */
export async function setGateways(
  tx: StoreTx,
  found: readonly { readonly nodeKey: Bytes; readonly gateway: SafeUrl }[],
  listed: ReadonlySet<SafeUrl>,
): Promise<void> {
  const answered = new Set(found.map(({ gateway }) => gateway));
  for await (const [nodeKey, gateway] of gateways.entries(tx)) {
    if (!listed.has(gateway) || answered.has(gateway)) gateways.delete(tx, nodeKey);
  }
  for (const { nodeKey, gateway } of found) gateways.set(tx, nodeKey, gateway);
}
