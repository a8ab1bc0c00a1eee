/** Whose folder it is: another seed, network or chain would lose what is in it. */
import type { BitcoinNetwork } from "../../../../../core/bitcoin/network.ts";
import { fromHex, toHex } from "../../../../../core/bytes.ts";
import { NodeError } from "../../node.ts";
import type { Disk } from "./disk.ts";
import { identityRecord } from "./records.ts";

export async function checkIdentity(
  disk: Disk,
  found: { readonly nodeKey: string; readonly network: BitcoinNetwork; readonly firstBlock: string },
): Promise<void> {
  const stored = await disk.get(identityRecord, "identity");
  if (stored === null) {
    disk.put(identityRecord, "identity", { ...found, nodeKey: fromHex(found.nodeKey) });
    return;
  }
  if (toHex(stored.nodeKey) !== found.nodeKey) {
    throw new NodeError("refused", "The Lightning node's folder belongs to other words. Use those, or another folder.");
  }
  if (stored.network !== found.network || stored.firstBlock !== found.firstBlock) {
    const text = `The Lightning node's folder is one of ${stored.network}, and the Bitcoin node follows another chain.`;
    throw new NodeError("wrong_network", text);
  }
}
