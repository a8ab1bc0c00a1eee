/**
 * What the log of issued and redeemed notes shows of a wallet's past. The log has neither transactions nor times, but a
 * transaction's items stand next to each other, inputs before outputs: own items in a row are one entry of the history.
 * What several own transactions did next to each other may stand in one entry; an entry never holds half of one, unless
 * notes of others stand between.
 */
import type { DerivableSecret } from "../../../../core/crypto/derive_secret.ts";
import type { CodecType, Json } from "../../../../core/encoding/mod.ts";
import { struct, u64Number } from "../../../../core/encoding/mod.ts";
import { amount } from "../../../../core/types/amount.ts";
import type { ModuleInstanceId, OperationId } from "../../../../core/types/ids.ts";
import { derivation, recoveredOperationId } from "../../../contract/recovered.ts";
import type { Derivation } from "../../../contract/recovery.ts";

/** A note of this wallet in the log: issued as an `Output`, redeemed as an `Input`. */
export type OwnItem = {
  readonly tag: "Output" | "Input";
  /** Its place in the log. */
  readonly index: number;
  readonly amountMsat: bigint;
  /** Whose the note's secret is. */
  readonly derivation: Derivation;
};

/** Own items start ≤ index < end, in a row. As small as one item, however many they are. */
export const itemGroup = struct("RecoveredItems", {
  start: u64Number,
  end: u64Number,
  derivation,
  issuedMsat: amount,
  redeemedMsat: amount,
  issuedNotes: u64Number,
  redeemedNotes: u64Number,
});
export type ItemGroup = CodecType<typeof itemGroup>;

/**
 * Groups own items. A log may be gone through in any parts: what one part leaves open, the next one begins with, and
 * the same groups come out.
 * @param open what the part before left open; null at the beginning
 * @param items by ascending index, behind those of the parts before
 * @returns groups that are done, in order, and the one that the next part may add to
 */
export function groupItems(
  open: ItemGroup | null,
  items: Iterable<OwnItem>,
): { readonly closed: readonly ItemGroup[]; readonly open: ItemGroup | null } {
  const closed: ItemGroup[] = [];
  let group = open;
  for (const item of items) {
    if (group && belongs(group, item)) {
      group = extended(group, item);
    } else {
      if (group) closed.push(group);
      group = extended(emptyGroup(item), item);
    }
  }
  return { closed, open: group };
}

/** An input behind an output is another transaction's. */
function belongs(group: ItemGroup, item: OwnItem): boolean {
  return item.index === group.end && item.derivation === group.derivation &&
    (item.tag === "Output" || group.issuedNotes === 0);
}

function emptyGroup({ index, derivation }: OwnItem): ItemGroup {
  return {
    start: index,
    end: index,
    derivation,
    issuedMsat: 0n,
    redeemedMsat: 0n,
    issuedNotes: 0,
    redeemedNotes: 0,
  };
}

function extended(group: ItemGroup, { tag, index, amountMsat }: OwnItem): ItemGroup {
  const end = index + 1;
  return tag === "Output"
    ? { ...group, end, issuedMsat: group.issuedMsat + amountMsat, issuedNotes: group.issuedNotes + 1 }
    : { ...group, end, redeemedMsat: group.redeemedMsat + amountMsat, redeemedNotes: group.redeemedNotes + 1 };
}

/** An entry of the operation log, for `logRecovered`. */
export type HistoryEntry = { readonly operationId: OperationId; readonly meta: Json };

/**
 * `{"Recovered":{"issued":msat,"redeemed":msat,"issued_notes","redeemed_notes","log_range":{"start","end"},"derivation"}}`.
 * Issued alone: money came in. Redeemed alone: it was paid, or handed out and redeemed by somebody. Both: a payment and
 * its change, or notes that were exchanged; the difference left the wallet, fees included.
 * @param secret the module's
 */
export function historyEntry(secret: DerivableSecret, instance: ModuleInstanceId, group: ItemGroup): HistoryEntry {
  return {
    operationId: recoveredOperationId(secret, instance, group.start),
    meta: {
      Recovered: {
        issued: amount.toJson(group.issuedMsat),
        redeemed: amount.toJson(group.redeemedMsat),
        issued_notes: group.issuedNotes,
        redeemed_notes: group.redeemedNotes,
        log_range: { start: group.start, end: group.end },
        derivation: group.derivation,
      },
    },
  };
}
