/**
 * From inputs and outputs that modules made to a signed transaction: sums, balancing by the primary module, signatures, size.
 * `fedimint-client/src/client.rs` (`finalize_transaction`); sheet "client" C.
 */
import type { Dice } from "../../actors/platform/platform.ts";
import { assert } from "../../core/assert.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import type { Amounts } from "../../core/types/amount.ts";
import type { AmountUnit, ModuleInstanceId, OutPointRange, TransactionId } from "../../core/types/ids.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import {
  transaction as transactionCodec,
  TRANSACTION_BYTES_MAX,
  transactionIdOf,
} from "../../core/types/transaction.ts";
import { signTransaction } from "../../core/types/transaction_signing.ts";
import type {
  ClientInput,
  ClientOutput,
  FinalizeError,
  InputBundle,
  OutputBundle,
} from "../../modules/contract/client.ts";

// deno-lint-ignore no-explicit-any -- bundles of different modules stand side by side, each with its own kind of state
type AnyInputs = InputBundle<any>;
// deno-lint-ignore no-explicit-any -- as above
type AnyOutputs = OutputBundle<any>;

/** Bundles with the module whose machines they start. */
export type Draft = {
  readonly inputs: readonly { readonly instance: ModuleInstanceId; readonly bundle: AnyInputs }[];
  readonly outputs: readonly { readonly instance: ModuleInstanceId; readonly bundle: AnyOutputs }[];
};

/** Asked for each unit whose inputs differ from its outputs. */
export type Balance = (
  unit: AmountUnit,
  inputMsat: bigint,
  outputMsat: bigint,
) => Promise<Result<{ instance: ModuleInstanceId; inputs: AnyInputs; outputs: AnyOutputs }, FinalizeError>>;

export type Finalized = {
  readonly txid: TransactionId;
  readonly transaction: Transaction;
  /** Outputs that the primary module added; may be empty. */
  readonly change: OutPointRange;
  /** Everything that comes in and doesn't go out: module fees and what is burned, msat of bitcoin. */
  readonly feeMsat: bigint;
  readonly machines: readonly { readonly instance: ModuleInstanceId; readonly state: unknown }[];
};

type Sums = Map<AmountUnit, bigint>;

function add(sums: Sums, amounts: Amounts): void {
  for (const [unit, msat] of amounts) sums.set(unit, (sums.get(unit) ?? 0n) + msat);
}

/** Inputs without, outputs with the fees of both. */
function sumsOf(draft: Draft): { inputs: Sums; outputs: Sums } {
  const inputs: Sums = new Map(), outputs: Sums = new Map();
  for (const { bundle } of draft.inputs) {
    for (const item of bundle.inputs) {
      add(inputs, item.amounts);
      add(outputs, item.fees);
    }
  }
  for (const { bundle } of draft.outputs) {
    for (const item of bundle.outputs) {
      add(outputs, item.amounts);
      add(outputs, item.fees);
    }
  }
  return { inputs, outputs };
}

function overflows(sums: Sums): boolean {
  return [...sums.values()].some((msat) => msat > U64_MAX);
}

async function balanced(draft: Draft, balance: Balance): Promise<Result<Draft, FinalizeError>> {
  const before = sumsOf(draft);
  if (overflows(before.inputs) || overflows(before.outputs)) return err({ code: "overflow" });
  let whole = draft;
  const units = [...new Set([...before.inputs.keys(), ...before.outputs.keys()])].sort((a, b) => a < b ? -1 : 1);
  for (const unit of units) {
    const inputMsat = before.inputs.get(unit) ?? 0n, outputMsat = before.outputs.get(unit) ?? 0n;
    if (inputMsat === outputMsat) continue;
    const added = await balance(unit, inputMsat, outputMsat);
    if (!added.ok) return added;
    const { instance, inputs, outputs } = added.value;
    whole = {
      inputs: [...whole.inputs, { instance, bundle: inputs }],
      outputs: [...whole.outputs, { instance, bundle: outputs }],
    };
  }
  const after = sumsOf(whole);
  for (const unit of units) {
    const covered = (after.inputs.get(unit) ?? 0n) >= (after.outputs.get(unit) ?? 0n);
    assert(covered, "the primary module covers a transaction's outputs and fees");
  }
  return ok(whole);
}

function machinesOf(draft: Draft, txid: TransactionId): { instance: ModuleInstanceId; state: unknown }[] {
  const machines: { instance: ModuleInstanceId; state: unknown }[] = [];
  let at = 0;
  for (const { instance, bundle } of draft.inputs) {
    const range = { start: at, end: at + bundle.inputs.length };
    at = range.end;
    if (bundle.inputs.length === 0) continue;
    for (const state of bundle.machines(txid, range)) machines.push({ instance, state });
  }
  at = 0;
  for (const { instance, bundle } of draft.outputs) {
    const idxRange = { start: at, end: at + bundle.outputs.length };
    at = idxRange.end;
    if (bundle.outputs.length === 0) continue;
    for (const state of bundle.machines({ txid, idxRange })) machines.push({ instance, state });
  }
  return machines;
}

/**
 * @param balance changes the wallet (spends notes) in the caller's store transaction
 * Source of the order: explicit inputs and outputs first, what the primary module adds behind them.
 */
export async function finalize(draft: Draft, balance: Balance, dice: Dice): Promise<Result<Finalized, FinalizeError>> {
  const explicitOutputs = draft.outputs.reduce((count, { bundle }) => count + bundle.outputs.length, 0);
  const whole = await balanced(draft, balance);
  if (!whole.ok) return whole;
  const inputs: ClientInput[] = whole.value.inputs.flatMap(({ bundle }) => [...bundle.inputs]);
  const outputs: ClientOutput[] = whole.value.outputs.flatMap(({ bundle }) => [...bundle.outputs]);
  const unsigned = {
    inputs: inputs.map(({ input }) => input),
    outputs: outputs.map(({ output }) => output),
    nonce: dice.bytes(8),
  };
  const transaction = signTransaction(unsigned, inputs.map(({ key }) => key), () => dice.bytes(32));
  const txid = transactionIdOf(transaction);
  const bytes = encode(transactionCodec, transaction).length;
  if (bytes > TRANSACTION_BYTES_MAX) return err({ code: "too_large", bytes, bytesMax: TRANSACTION_BYTES_MAX });
  return ok({
    txid,
    transaction,
    change: { txid, idxRange: { start: explicitOutputs, end: outputs.length } },
    feeMsat: feeOf(inputs, outputs),
    machines: machinesOf(whole.value, txid),
  });
}

function feeOf(inputs: readonly ClientInput[], outputs: readonly ClientOutput[]): bigint {
  const bitcoin = (amounts: Amounts): bigint => amounts.get(0n) ?? 0n;
  const inMsat = inputs.reduce((sum, { amounts }) => sum + bitcoin(amounts), 0n);
  return outputs.reduce((rest, { amounts }) => rest - bitcoin(amounts), inMsat);
}
