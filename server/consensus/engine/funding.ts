/**
 * Does a transaction bring in what it takes out and pays? Sums per unit, refused on overflow. `FundingVerifier` in
 * fedimint-server `consensus/transaction.rs`.
 */
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Amounts } from "../../../core/types/amount.ts";
import { checkedAdd } from "../../../core/types/amount.ts";
import type { AmountUnit } from "../../../core/types/ids.ts";
import type { TransactionError } from "../../../core/types/transaction.ts";
import type { Version } from "../../../core/types/version.ts";

/** What the reference answers whenever a sum overflows. */
export const OVERFLOW_ERROR: TransactionError = {
  tag: "UnbalancedTransaction",
  value: { inputs: 0n, outputs: 0n, fee: 0n },
};

/** Before core consensus 2.1 a transaction had to balance exactly; since then a surplus is burned. */
function allowsSurplus(version: Version): boolean {
  return version.major > 2 || (version.major === 2 && version.minor >= 1);
}

type Sums = Map<AmountUnit, bigint>;

function addAll(sums: Sums, amounts: Amounts): boolean {
  for (const [unit, amount] of amounts) {
    if (amount === 0n) continue;
    const sum = checkedAdd(sums.get(unit) ?? 0n, amount);
    if (sum === null) return false;
    sums.set(unit, sum);
  }
  return true;
}

export class Funding {
  readonly #inputs: Sums = new Map();
  readonly #outputs: Sums = new Map();
  readonly #fees: Sums = new Map();

  addInput(item: { readonly amounts: Amounts; readonly fees: Amounts }): Result<null, TransactionError> {
    return addAll(this.#inputs, item.amounts) && addAll(this.#fees, item.fees) ? ok(null) : err(OVERFLOW_ERROR);
  }

  addOutput(item: { readonly amounts: Amounts; readonly fees: Amounts }): Result<null, TransactionError> {
    return addAll(this.#outputs, item.amounts) && addAll(this.#fees, item.fees) ? ok(null) : err(OVERFLOW_ERROR);
  }

  /** The first unit, ascending, that isn't paid for is the one reported. */
  verify(version: Version): Result<null, TransactionError> {
    const needed: Sums = new Map(this.#outputs);
    if (!addAll(needed, this.#fees)) return err(OVERFLOW_ERROR);
    const exact = !allowsSurplus(version);
    for (const unit of [...needed.keys()].sort(ascending)) {
      const input = this.#inputs.get(unit) ?? 0n;
      const output = needed.get(unit)!;
      if (input < output || (exact && input !== output)) return err(this.#unbalanced(unit));
    }
    if (exact) {
      const surplus = [...this.#inputs.keys()].sort(ascending).find((unit) => !needed.has(unit));
      if (surplus !== undefined) return err(this.#unbalanced(surplus));
    }
    return ok(null);
  }

  #unbalanced(unit: AmountUnit): TransactionError {
    return {
      tag: "UnbalancedTransaction",
      value: {
        inputs: this.#inputs.get(unit) ?? 0n,
        outputs: this.#outputs.get(unit) ?? 0n,
        fee: this.#fees.get(unit) ?? 0n,
      },
    };
  }
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
