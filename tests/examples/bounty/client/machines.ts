/**
 * What moves the machines on. A trigger waits and changes nothing; `apply` takes what it found in one store transaction
 * with all that follows. Either may run again after a crash, so neither counts on having run once.
 */
import type { OperationId, Result, Transition } from "../../../../modules/contract/mod.ts";
import { sleep, transition } from "../../../../modules/contract/mod.ts";
import { POLL_MS, POLL_TEST_MS } from "../limits.ts";
import type { BountyEnv } from "./bundles.ts";
import { refundBundle } from "./bundles.ts";
import type { BountyFederation } from "./federation.ts";
import type { BountyState, OwnBounty } from "./states.ts";

export type Watched = { readonly env: BountyEnv; readonly federation: BountyFederation };
type Ways = readonly Transition<BountyState>[];

export function bountyTransitions(watched: Watched, state: BountyState, operationId: OperationId): Ways {
  switch (state.tag) {
    case "Locking":
      return [whenLocked(watched, state.value, operationId)];
    case "Open":
      return [whenGoneOrOver(watched, state.value, operationId)];
    case "Refunding":
      return [whenRefunded(watched, state.value, operationId)];
    case "Claiming":
      return [whenDecided(watched, state.value, operationId)];
    default:
      return [];
  }
}

function whenLocked({ env }: Watched, own: OwnBounty, operationId: OperationId): Transition<BountyState> {
  return transition<BountyState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, own.id.txid, signal),
    async (tx, accepted): Promise<BountyState> => {
      if (accepted.ok) return { tag: "Open", value: own };
      await tx.setOutcome(operationId, { Refused: accepted.error });
      return { tag: "LockRefused", value: accepted.error };
    },
  );
}

// quote: machine
/** Looks at an own bounty now and then until it is gone, or until guardians agree that its deadline has passed. */
async function lookAt({ env, federation }: Watched, own: OwnBounty, signal: AbortSignal): Promise<"gone" | "over"> {
  const { platform: { clock }, testEnvironment } = env;
  const pollMs = testEnvironment ? POLL_TEST_MS : POLL_MS;
  // refused before: something that we don't know of is in the way, and may need time
  await sleep(clock, own.tries * pollMs, signal);
  for (;;) {
    if (await federation.find(own.id, signal) === null) return "gone";
    if (await federation.time(signal) >= own.deadlineSecs) return "over";
    await sleep(clock, pollMs, signal);
  }
}

function whenGoneOrOver(watched: Watched, own: OwnBounty, operationId: OperationId): Transition<BountyState> {
  const { env } = watched;
  return transition<BountyState, "gone" | "over">(
    (signal) => lookAt(watched, own, signal),
    async (tx, found): Promise<BountyState> => {
      if (found === "gone") {
        await tx.setOutcome(operationId, "Claimed");
        return { tag: "Claimed", value: own.id };
      }
      // pays its own fees: it stands or falls with the bounty alone, and takes nothing from the wallet
      const refund = await tx.claimInputs(refundBundle(env, operationId, own), "nothing");
      if (refund.ok) return { tag: "Refunding", value: { own, txid: refund.value.txid } };
      env.log.warn("An own bounty can't be taken back now", { operationId, reason: refund.error.code });
      return { tag: "Open", value: { ...own, tries: own.tries + 1 } };
    },
  );
}
// quote: end

function whenRefunded(
  { env }: Watched,
  { own, txid }: { readonly own: OwnBounty; readonly txid: string },
  operationId: OperationId,
): Transition<BountyState> {
  return transition<BountyState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, txid, signal),
    async (tx, accepted): Promise<BountyState> => {
      // money is never given up on: if it was claimed in the last moment, the next look finds it gone
      if (!accepted.ok) return { tag: "Open", value: { ...own, tries: own.tries + 1 } };
      await tx.setOutcome(operationId, "Refunded");
      return { tag: "Refunded", value: own.id };
    },
  );
}

function whenDecided(
  { env }: Watched,
  { id, txid }: { readonly id: OwnBounty["id"]; readonly txid: string },
  operationId: OperationId,
): Transition<BountyState> {
  return transition<BountyState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, txid, signal),
    async (tx, accepted): Promise<BountyState> => {
      await tx.setOutcome(operationId, accepted.ok ? "Won" : { Refused: accepted.error });
      return accepted.ok ? { tag: "Won", value: id } : { tag: "ClaimRefused", value: accepted.error };
    },
  );
}
