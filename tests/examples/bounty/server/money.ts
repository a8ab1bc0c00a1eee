/**
 * Money in and out of bounties. The order of checks and the errors are consensus. What comes from outside is refused by
 * value: whether a transaction pays for what it locks is looked at only after all its parts were processed, so any
 * amount may stand here.
 */
import type {
  Amounts,
  InputMeta,
  NumPeers,
  OutPoint,
  OutputMeta,
  Result,
  StoreTx,
} from "../../../../modules/contract/mod.ts";
import { assert, BITCOIN_UNIT, checkedAdd, err, ok } from "../../../../modules/contract/mod.ts";
import type { BountyConfig, BountyInput, BountyInputError, BountyOutput, BountyOutputError } from "../common.ts";
import { AMOUNT_MSAT_MIN, OPEN_SECS_MAX } from "../limits.ts";
import { lockedMsat, openBounties } from "./records.ts";
import { agreedTime } from "./time.ts";

type Rules = { readonly config: BountyConfig; readonly peers: NumPeers };

/** Amounts by unit hold no zero. */
function inBitcoin(msat: bigint): Amounts {
  return new Map(msat === 0n ? [] : [[BITCOIN_UNIT, msat]]);
}

// quote: lock
/** Money goes into a bounty. */
export async function lock(
  tx: StoreTx,
  output: BountyOutput,
  id: OutPoint,
  { config, peers }: Rules,
): Promise<Result<OutputMeta, BountyOutputError>> {
  if (output.tag === "Default") return err({ tag: "UnknownOutputVariant", value: { variant: output.value.variant } });
  const { amountMsat, deadlineSecs } = output.value;
  if (amountMsat < AMOUNT_MSAT_MIN) return err({ tag: "AmountTooSmall", value: null });
  const totalMsat = checkedAdd(await lockedMsat.get(tx) ?? 0n, amountMsat);
  if (totalMsat === null) return err({ tag: "AmountTooLarge", value: null });
  const time = await agreedTime(tx, peers);
  if (deadlineSecs <= time) return err({ tag: "DeadlinePassed", value: null });
  if (deadlineSecs > time + OPEN_SECS_MAX) return err({ tag: "DeadlineTooFar", value: null });

  openBounties.set(tx, id, output.value);
  lockedMsat.set(tx, totalMsat);
  return ok({ amounts: inBitcoin(amountMsat), fees: inBitcoin(config.lockFeeMsat) });
}
// quote: end

// quote: unlock
/** Money comes out of a bounty, once: to who knows the answer before the deadline, to who made it from then on. */
export async function unlock(
  tx: StoreTx,
  input: BountyInput,
  { config, peers }: Rules,
): Promise<Result<InputMeta, BountyInputError>> {
  if (input.tag === "Default") return err({ tag: "UnknownInputVariant", value: { variant: input.value.variant } });
  const id = input.value, isRefund = input.tag === "Refund";
  const found = await openBounties.get(tx, id);
  if (!found) return err({ tag: "NoSuchBounty", value: null });
  const isOver = await agreedTime(tx, peers) >= found.deadlineSecs;
  if (isOver && !isRefund) return err({ tag: "TooLate", value: null });
  if (!isOver && isRefund) return err({ tag: "TooEarly", value: null });

  const { amountMsat, answerKey, refundKey } = found;
  const restMsat = await lockedMsat.get(tx) ?? 0n;
  assert(restMsat >= amountMsat, "what is open is counted");
  openBounties.delete(tx, id);
  lockedMsat.set(tx, restMsat - amountMsat);
  return ok({
    amounts: inBitcoin(amountMsat),
    fees: inBitcoin(config.claimFeeMsat),
    // the engine lets the transaction pass only with a signature of this key
    publicKey: isRefund ? refundKey : answerKey,
  });
}
// quote: end
