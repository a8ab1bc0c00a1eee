/**
 * Whose addresses are watched: the wallet's own, and in a wallet that was restored those that the same words give in
 * other programs. Those are watched for good: an address that was shown and never paid may still be paid.
 */
import { assert } from "../../../core/assert.ts";
import type { Derivation } from "../../contract/recovery.ts";
import { Addresses } from "./addresses.ts";
import { watchedSecrets } from "./db.ts";
import type { WalletClientEnv } from "./wallet.ts";

export class Watches {
  readonly #env: WalletClientEnv;
  /** Those that are given out. */
  readonly own: Addresses;
  readonly #all = new Map<Derivation, Addresses>();

  constructor(env: WalletClientEnv) {
    this.#env = env;
    this.own = new Addresses(env, "standard", env.secret);
    this.#all.set("standard", this.own);
  }

  /** The own ones first. */
  async all(): Promise<readonly Addresses[]> {
    for (const [derivation, secret] of await this.#env.store.read((tx) => watchedSecrets(tx))) {
      if (this.#all.has(derivation)) continue;
      this.#all.set(derivation, new Addresses(this.#env, derivation, secret));
    }
    return [...this.#all.values()];
  }

  /** Of a deposit's derivation: deposits are found by those that `all` has told. */
  async of(derivation: Derivation): Promise<Addresses> {
    const addresses = this.#all.get(derivation) ?? (await this.all()).find((each) => each.derivation === derivation);
    assert(addresses, "a deposit was paid to an address that is watched");
    return addresses;
  }
}
