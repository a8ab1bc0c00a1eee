/**
 * Notes that a recovery has found are signed once more and come into the wallet, some at a time. A guardian refuses a
 * request as a whole that names a note it doesn't know: then it is asked for halves, until such notes are alone. They
 * are put off (`put_off.ts`): the others don't wait for them, and the recovery's operation comes to an end.
 */
import type { StoreTx } from "../../../../actors/store/store.ts";
import { sleep } from "../../../../actors/platform/platform.ts";
import { list } from "../../../../core/encoding/mod.ts";
import { g1Point } from "../../../../core/types/bls.ts";
import type { G1 } from "../../../../core/crypto/bls/mod.ts";
import type { OperationId } from "../../../../core/types/ids.ts";
import type { Transition } from "../../../contract/client_env.ts";
import { transition } from "../../../contract/client_env.ts";
import { ApiError, REFUSAL } from "../../../contract/federation_api.ts";
import { codedEnd } from "../../../contract/waiting.ts";
import { RECOVERED_AT_ONCE } from "../../limits.ts";
import { countsOf, valueOf } from "../balancing.ts";
import { addBrought, addNotes } from "../db.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import type { IssuedNotes, IssuingWallet } from "../issued_notes.ts";
import { issuedNotes } from "../issued_notes.ts";
import type { MintState, StateOf } from "../states.ts";
import type { Wallet } from "../wallet.ts";
import { areWaiting, comingRequests, putOff, removeRecovered } from "./db.ts";

/** A guardian that is behind knows a note soon: so often it is asked again before others are told apart. */
const REFUSALS_MS: readonly number[] = [1_000, 4_000];
/** What it takes of a wallet. */
export type RecoveringWallet = IssuingWallet & {
  readonly env: IssuingWallet["env"] & Pick<Wallet["env"], "store" | "log">;
};

/** `notes` with the requests that they come of, in the same order; `refused`: too few guardians know them. */
export type Claimed = Pick<IssuedNotes, "notes"> & {
  readonly requests: readonly NoteIssuanceRequest[];
  readonly refused: readonly NoteIssuanceRequest[];
};

/** One round. The last one finds nothing that is left. */
export function recoveryTransition(
  wallet: RecoveringWallet,
  { value: { round } }: StateOf<"RecoveryPending">,
  operationId: OperationId,
): Transition<MintState> {
  return transition<MintState, Claimed | null>(
    (signal) => claimNext(wallet, signal),
    async (tx, claimed) => {
      if (!claimed) return { tag: "RecoveryIssued", value: null };
      await bringIn(tx.store, operationId, claimed);
      return { tag: "RecoveryPending", value: { round: round + 1 } };
    },
  );
}

/** They are in the wallet from then on; but for those that it has redeemed meanwhile. */
export async function bringIn(
  tx: StoreTx,
  operationId: OperationId,
  { notes, requests, refused }: Claimed,
): Promise<void> {
  const waiting = await areWaiting(tx, requests), waitStill = await areWaiting(tx, refused);
  const brought = notes.filter((_, i) => waiting[i]);
  await addNotes(tx, brought);
  await addBrought(tx, operationId, valueOf(countsOf(brought.map(({ denomination }) => denomination))));
  await removeRecovered(tx, requests);
  await putOff(tx, refused.filter((_, i) => waitStill[i]));
}

/** Some notes of those that are left; null when there are none. */
async function claimNext(wallet: RecoveringWallet, signal: AbortSignal): Promise<Claimed | null> {
  const coming = await wallet.env.store.read((tx) => comingRequests(tx, RECOVERED_AT_ONCE));
  return coming.length > 0 ? await claim(wallet, coming, signal) : null;
}

/**
 * Asks guardians for the notes of some requests.
 * @param refusalsMs when it is asked again before it is split
 * @throws {ApiError} when guardians aren't reached · {WaitError}
 */
export async function claim(
  wallet: RecoveringWallet,
  requests: readonly NoteIssuanceRequest[],
  signal: AbortSignal,
  refusalsMs: readonly number[] = REFUSALS_MS,
): Promise<Claimed> {
  const { log, platform: { clock } } = wallet.env;
  for (const waitMs of [...refusalsMs, null]) {
    try {
      return await claimed(wallet, requests, signal);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
      if (waitMs !== null) await codedEnd(signal, () => sleep(clock, waitMs, signal));
    }
  }
  if (requests.length === 1) {
    log.warn("Too few guardians know a recovered note; it is asked for again later");
    return { notes: [], requests: [], refused: requests };
  }
  const middle = Math.ceil(requests.length / 2);
  const left = await claim(wallet, requests.slice(0, middle), signal, []);
  const right = await claim(wallet, requests.slice(middle), signal, []);
  return {
    notes: [...left.notes, ...right.notes],
    requests: [...left.requests, ...right.requests],
    refused: [...left.refused, ...right.refused],
  };
}

async function claimed(
  wallet: RecoveringWallet,
  requests: readonly NoteIssuanceRequest[],
  signal: AbortSignal,
): Promise<Claimed> {
  const blindedNonces = list(g1Point);
  const call = {
    method: "recovery_signature_shares",
    params: (blinded: readonly G1[]) => blindedNonces.toJson([...blinded]),
  };
  const { notes, invalid } = await issuedNotes(wallet, requests, call, { signal });
  if (invalid.length > 0) wallet.env.log.error("A threshold of guardians signed a note that does not verify");
  const bad = new Set(invalid);
  return { notes, requests: requests.filter((request) => !bad.has(request)), refused: invalid };
}

/** Whether a guardian was reached and doesn't answer this request. Others may not be reached. */
function isRefusal(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.facts.code === "federation" &&
    Object.values(thrown.facts.peers).some((text) => text.startsWith(REFUSAL));
}
