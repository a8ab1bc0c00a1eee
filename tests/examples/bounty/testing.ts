/** What the tests of this folder share: four guardians on a clock moved by hand, and a bounty. */
import { ManualClock, TestGuardians } from "../../../modules/contract/testing/mod.ts";
import { answerKey } from "./answer.ts";
import type { Bounty } from "./common.ts";
import { bountyServer } from "./server.ts";
import { publicKeyOf } from "../../../modules/contract/mod.ts";

/** Where the clock begins: long after 1970, at a full step. */
export const NOW_SECS = 1_700_000_000n;
export const QUESTION = "Who keeps a federation's money?";
export const ANSWER = "Its guardians, together";
const REFUND_SECRET = new Uint8Array(32).fill(7);

/** Guardians that agree on the time. */
export async function guardiansAt(secs: bigint, options: { readonly disableBaseFees?: boolean } = {}) {
  const clock = new ManualClock();
  const guardians = await TestGuardians.start(bountyServer, { clock, ...options });
  await clock.advance(Number(secs) * 1_000);
  await guardians.agree();
  return { clock, guardians };
}

export function bountyOf(changes: Partial<Bounty> = {}): Bounty {
  return {
    amountMsat: 50_000n,
    question: QUESTION,
    answerKey: answerKey(QUESTION, ANSWER),
    refundKey: publicKeyOf(REFUND_SECRET),
    deadlineSecs: NOW_SECS + 600n,
    ...changes,
  };
}
