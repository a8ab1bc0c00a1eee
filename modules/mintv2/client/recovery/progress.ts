/** How far a recovery is: all that it stores between its steps, beside the notes that it has found. */
import type { CodecType } from "../../../../core/encoding/mod.ts";
import { option, struct, u64Number } from "../../../../core/encoding/mod.ts";
import type { Amount } from "../../../../core/types/amount.ts";
import { amount } from "../../../../core/types/amount.ts";
import type { Derivation, StepCount } from "../../../contract/recovery.ts";
import { itemGroup } from "./history.ts";

/** Of one size, however long the log and however many notes. */
export const mintProgress = struct("MintRecoveryProgress", {
  /** Items before it are dealt with. */
  next: u64Number,
  /** How long the log was before the wallet ran: what it issues itself is behind. */
  total: u64Number,
  /** Notes that are not spent, as far as the log was gone through. */
  standardMsat: amount,
  sdkMsat: amount,
  /** Own items in a row, which the next slice may go on with. */
  openGroup: option(itemGroup),
});
export type MintProgress = CodecType<typeof mintProgress>;

/** A number of items is told as a u32. */
const COUNT_MAX = 0xffff_ffff;

export function newProgress(total: number): MintProgress {
  return { next: 0, total, standardMsat: 0n, sdkMsat: 0n, openGroup: null };
}

export function countOf({ next, total }: MintProgress): StepCount {
  return { complete: Math.min(next, COUNT_MAX), total: Math.min(total, COUNT_MAX) };
}

export function foundMsat({ standardMsat, sdkMsat }: MintProgress, derivation: Derivation): Amount {
  return derivation === "standard" ? standardMsat : sdkMsat;
}

export function withMsat(progress: MintProgress, derivation: Derivation, changeMsat: bigint): MintProgress {
  return derivation === "standard"
    ? { ...progress, standardMsat: progress.standardMsat + changeMsat }
    : { ...progress, sdkMsat: progress.sdkMsat + changeMsat };
}
