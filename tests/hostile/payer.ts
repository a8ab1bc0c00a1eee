/** An honest client that pays itself, one payment after the other. */
import type { Mint } from "../bench/federation/purse.ts";
import { exchange } from "../bench/federation/purse.ts";
import type { SpendableNote } from "../../modules/mintv2/ecash.ts";

export class Payer {
  readonly #mint: Mint;
  #notes: readonly SpendableNote[];

  constructor(mint: Mint, notes: readonly SpendableNote[]) {
    this.#mint = mint;
    this.#notes = notes;
  }

  /** @returns from the submission to the acceptance, ms @throws {Error} when guardians refuse */
  async pay(): Promise<number> {
    const denominations = this.#notes.map(({ denomination }) => denomination);
    const { notes, acceptedMs } = await exchange(this.#mint, this.#notes, denominations);
    this.#notes = notes;
    return acceptedMs;
  }
}
