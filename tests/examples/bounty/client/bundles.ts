/** Bounties as parts of transactions, with the machines that watch over them. */
import type {
  Amounts,
  ClientInput,
  ClientModuleEnv,
  InputBundle,
  OutPoint,
  OutputBundle,
} from "../../../../modules/contract/mod.ts";
import { assert, BITCOIN_UNIT, fromHex, publicKeyOf, toDyn } from "../../../../modules/contract/mod.ts";
import type { Bytes, OperationId } from "../../../../modules/contract/mod.ts";
import { answerKey, answerSecret } from "../answer.ts";
import type { Bounty, BountyConfig } from "../common.ts";
import { bountyInput, bountyOutput } from "../common.ts";
import type { BountyState, OwnBounty } from "./states.ts";

export type BountyEnv = ClientModuleEnv<BountyConfig, BountyState>;

/** Where a bounty stands in the transaction that makes it. */
export const LOCK_INDEX = 0;

function inBitcoin(msat: bigint): Amounts {
  return new Map(msat === 0n ? [] : [[BITCOIN_UNIT, msat]]);
}

/** Of one operation, always the same: nothing has to be stored. Secret. */
function refundSecret({ secret }: BountyEnv, operationId: OperationId): Bytes {
  return secret.tweak(fromHex(operationId)).secpKey();
}

// quote: bundle
export type Lock = {
  readonly amountMsat: bigint;
  readonly question: string;
  readonly answer: string;
  readonly deadlineSecs: bigint;
};

/** The output that makes a bounty, and the machine that takes it back if nobody claims it. */
export function lockBundle(env: BountyEnv, operationId: OperationId, lock: Lock): OutputBundle<BountyState> {
  const { amountMsat, question, deadlineSecs } = lock;
  const bounty: Bounty = {
    amountMsat,
    question,
    answerKey: answerKey(question, lock.answer),
    refundKey: publicKeyOf(refundSecret(env, operationId)),
    deadlineSecs,
  };
  const output = toDyn(env.instance, bountyOutput, { tag: "V0", value: bounty });
  return {
    outputs: [{ output, amounts: inBitcoin(amountMsat), fees: inBitcoin(env.config.lockFeeMsat) }],
    // called once the transaction is made: only then is it known where the output stands
    machines: ({ txid, idxRange }) => {
      assert(idxRange.start === LOCK_INDEX, "the bounty is its transaction's first output");
      const id = { txid, outIdx: LOCK_INDEX };
      return [{ tag: "Locking", value: { id, amountMsat, deadlineSecs, tries: 0 } }];
    },
  };
}
// quote: end

function unlocking(env: BountyEnv, tag: "Claim" | "Refund", id: OutPoint, amountMsat: bigint, key: Bytes): ClientInput {
  return {
    input: toDyn(env.instance, bountyInput, { tag, value: id }),
    amounts: inBitcoin(amountMsat),
    fees: inBitcoin(env.config.claimFeeMsat),
    key,
  };
}

export function claimBundle(env: BountyEnv, id: OutPoint, bounty: Bounty, answer: string): InputBundle<BountyState> {
  const key = answerSecret(bounty.question, answer);
  return {
    inputs: [unlocking(env, "Claim", id, bounty.amountMsat, key)],
    machines: (txid) => [{ tag: "Claiming", value: { id, txid } }],
  };
}

/** Without a machine: the one that takes it back goes on itself. */
export function refundBundle(env: BountyEnv, operationId: OperationId, own: OwnBounty): InputBundle<BountyState> {
  const key = refundSecret(env, operationId);
  return { inputs: [unlocking(env, "Refund", own.id, own.amountMsat, key)], machines: () => [] };
}
