/**
 * Recovered notes that too few guardians knew: a guardian that is behind, or comes back with another's history, knows
 * them later. They are money in doubt until then, and asked for now and then as long as the wallet is open.
 */
import { sleep } from "../../../../actors/platform/platform.ts";
import { errorText } from "../../../../core/result.ts";
import type { OperationId } from "../../../../core/types/ids.ts";
import { ApiError } from "../../../contract/federation_api.ts";
import { RECOVERED_AT_ONCE } from "../../limits.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import type { Wallet } from "../wallet.ts";
import type { RecoveringWallet } from "./claiming.ts";
import { bringIn, claim } from "./claiming.ts";
import { MISSING, missingRequests } from "./db.ts";

const AGAIN_MS = 600_000;

/** What it takes of a wallet. */
export type PatientWallet = RecoveringWallet & Pick<Wallet, "newOperation"> & {
  readonly env: RecoveringWallet["env"] & Pick<Wallet["env"], "core" | "signal">;
};

/** Work of an open wallet; ends when it closes. */
export async function askForMissing(wallet: PatientWallet): Promise<void> {
  const { platform: { clock }, log, signal } = wallet.env;
  try {
    for (;;) {
      await untilMissing(wallet);
      await sleep(clock, AGAIN_MS, signal);
      try {
        await askOnce(wallet);
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        log.debug("Guardians can't be asked for recovered notes that they didn't know", { reason: errorText(thrown) });
      }
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}

/** Costs nothing as long as there are none. */
async function untilMissing({ env: { store, signal } }: PatientWallet): Promise<void> {
  const stop = new AbortController();
  const changed = store.changed(MISSING, AbortSignal.any([signal, stop.signal]));
  // given up below when the read has found some
  changed.catch(() => {});
  try {
    if ((await store.read((tx) => missingRequests(tx, 1))).length === 0) await changed;
  } finally {
    stop.abort();
  }
}

/** All of them, page by page. */
async function askOnce(wallet: PatientWallet): Promise<void> {
  const { store, core, signal } = wallet.env;
  let after: NoteIssuanceRequest | undefined;
  for (;;) {
    const requests = await store.read((tx) => missingRequests(tx, RECOVERED_AT_ONCE, after));
    if (requests.length === 0) return;
    const claimed = await claim(wallet, requests, signal);
    const operationId: OperationId = wallet.newOperation();
    if (claimed.notes.length > 0) await core.transact(operationId, (tx) => bringIn(tx.store, operationId, claimed));
    after = requests.at(-1);
  }
}
