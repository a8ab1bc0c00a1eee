/** Deposits on their way into the wallet, as applications see them, and what is under way in figures. */
import type { ReadTx } from "../../../actors/store/store.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import type { ActiveState, PendingMoney } from "../../contract/client.ts";
import { orEnded } from "../../contract/waiting.ts";
import type { Claims } from "./claims.ts";
import type { Deposit } from "./db.ts";
import { depositsIn, getClaim, getLastLookMs } from "./db.ts";
import type { Scanner } from "./scanner.ts";
import type { WalletState } from "./states.ts";
import type { WalletClientEnv } from "./wallet.ts";
import type { Watches } from "./watches.ts";

/** Money that guardians have seen on the chain, that is this wallet's, and that isn't e-cash yet. */
export type PendingDeposit = {
  /** Number of the output among all that the federation has seen. */
  readonly outputIndex: number;
  readonly valueSat: bigint;
  readonly address: string;
  /**
   * `waiting` for its turn, or for a federation that can't claim at the moment · `claiming`: guardians decide ·
   * `failing`: claims failed and are made again · `too_small` for its fee: tried again when the fee falls.
   */
  readonly status: "waiting" | "claiming" | "failing" | "too_small";
  /** Claims that failed. */
  readonly tries: number;
  /** Why it isn't claimed; null when there is nothing to say. */
  readonly reason: string | null;
};

export class Deposits {
  readonly #env: WalletClientEnv;
  readonly #watches: Watches;
  readonly #scanner: Scanner;
  readonly #claims: Claims;

  constructor(env: WalletClientEnv, watches: Watches, scanner: Scanner, claims: Claims) {
    this.#env = env;
    this.#watches = watches;
    this.#scanner = scanner;
    this.#claims = claims;
  }

  /** Why nothing is looked for or claimed at the moment; null when that isn't so. */
  get trouble(): string | null {
    return this.#scanner.trouble ?? this.#claims.wait;
  }

  /** All of them, those that come in before those that are too small; the largest first. */
  async list(): Promise<PendingDeposit[]> {
    const { trouble } = this;
    return await this.#env.store.read(async (tx) => {
      const pending: PendingDeposit[] = [];
      const add = async (
        { outputIndex, valueSat, addressIndex, derivation, tries }: Deposit,
        status: PendingDeposit["status"],
        reason: string | null,
      ): Promise<void> => {
        const address = (await this.#watches.of(derivation)).textAt(addressIndex);
        pending.push({ outputIndex, valueSat, address, status, tries, reason });
      };
      for (const deposit of await depositsIn(tx, "to_claim")) {
        if (await getClaim(tx, deposit.outputIndex)) await add(deposit, "claiming", null);
        else if (deposit.tries > 0) await add(deposit, "failing", deposit.reason);
        else await add(deposit, "waiting", trouble);
      }
      for (const deposit of await depositsIn(tx, "put_off")) await add(deposit, "too_small", deposit.reason);
      return pending;
    });
  }

  /**
   * Looks through everything that guardians have seen and tries each deposit again at once.
   * @throws {WalletError} `federation` · `no_feerate` · {WaitError}
   */
  retry(signal: AbortSignal): Promise<void> {
    return orEnded(signal, () => this.#scanner.ask());
  }

  /**
   * Looks for what has come since the last time, and claims it.
   * @throws {WalletError} `federation` · `no_feerate` · {WaitError}
   */
  look(signal: AbortSignal): Promise<void> {
    return orEnded(signal, () => this.#scanner.look());
  }

  /** When all that guardians have seen was last looked through, to the minute; null when that was never. */
  async lastLookMs(): Promise<number | null> {
    return await this.#env.store.read((tx) => getLastLookMs(tx)) ?? null;
  }
}

/** What a claim under way brings is the e-cash module's figure. */
export async function pendingMoney(tx: ReadTx, active: readonly ActiveState<WalletState>[]): Promise<PendingMoney> {
  let incomingSat = 0n, outgoingSat = 0n, inDoubtSat = 0n;
  for (const { outputIndex, valueSat, tries } of await depositsIn(tx, "to_claim")) {
    if (await getClaim(tx, outputIndex)) continue;
    if (tries === 0) incomingSat += valueSat;
    else inDoubtSat += valueSat;
  }
  for (const { valueSat } of await depositsIn(tx, "put_off")) inDoubtSat += valueSat;
  for (const { state } of active) {
    if (state.tag === "SendFunding") outgoingSat += state.value.value + state.value.fee;
  }
  return {
    incomingMsat: incomingSat * MSAT_PER_SAT,
    outgoingMsat: outgoingSat * MSAT_PER_SAT,
    inDoubtMsat: inDoubtSat * MSAT_PER_SAT,
  };
}
