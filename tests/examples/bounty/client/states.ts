/**
 * States of the client's machines, as they are stored. A machine is one operation's: who makes a bounty has
 * Locking → Open → Refunding → Refunded, who claims one has Claiming → Won. The others are other ends.
 */
import type { CodecType } from "../../../../modules/contract/mod.ts";
import {
  amount,
  closedEnum,
  outPoint,
  struct,
  text,
  transactionId,
  u64,
  u64Number,
} from "../../../../modules/contract/mod.ts";

// quote: states
/** A bounty of one's own. `tries`: refunds that guardians refused; no machine comes to a state twice. */
const ownBounty = struct("OwnBounty", { id: outPoint, amountMsat: amount, deadlineSecs: u64, tries: u64Number });
export type OwnBounty = CodecType<typeof ownBounty>;

export const bountyState = closedEnum("BountyState", {
  /** Guardians haven't decided on the transaction that makes it. */
  Locking: ownBounty,
  /** Refused, with the reason: the e-cash comes back. */
  LockRefused: text,
  /** Waits for somebody who knows the answer, or for the deadline. */
  Open: ownBounty,
  /** It is gone: somebody knew the answer. */
  Claimed: outPoint,
  /** The deadline has passed: it is on its way back. */
  Refunding: struct("Refunding", { own: ownBounty, txid: transactionId }),
  Refunded: outPoint,
  /** Guardians haven't decided on our claim. */
  Claiming: struct("Claiming", { id: outPoint, txid: transactionId }),
  Won: outPoint,
  /** Refused, with the reason: somebody was faster, or the deadline was. */
  ClaimRefused: text,
});
export type BountyState = CodecType<typeof bountyState>;
// quote: end
