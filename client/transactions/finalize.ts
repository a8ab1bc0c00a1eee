/**
 * From inputs and outputs that modules made to a signed transaction: sums, balancing by the primary module, signatures,
 * size. `fedimint-client/src/client.rs` (`finalize_transaction`); docs/protocol/07-client.md §C.
 */
import type { Dice } from "../../actors/platform/platform.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import type { Amounts } from "../../core/types/amount.ts";
import type { AmountUnit, ModuleInstanceId, OutPointRange, TransactionId } from "../../core/types/ids.ts";
import { BITCOIN_UNIT } from "../../core/types/ids.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import {
  transaction as transactionCodec,
  TRANSACTION_BYTES_MAX,
  transactionIdOf,
} from "../../core/types/transaction.ts";
import { signTransaction } from "../../core/types/transaction_signing.ts";
import type { AddedMsat, ToBalance } from "../../modules/contract/client.ts";
import type {
  ClientInput,
  ClientOutput,
  FinalizeError,
  InputBundle,
  OutputBundle,
} from "../../modules/contract/client_env.ts";

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
  sums: Omit<ToBalance, "spending">,
) => Promise<Result<{ instance: ModuleInstanceId; inputs: AnyInputs; outputs: AnyOutputs }, FinalizeError>>;

/** The same, of what would be added. */
export type QuoteBalance = (
  unit: AmountUnit,
  sums: Omit<ToBalance, "spending">,
) => Promise<Result<AddedMsat, FinalizeError>>;

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

/** Signatures are 64 bytes whatever they say. */
const ANY_SIGNATURE = new Uint8Array(64) as Bytes;
/**
 * Lengths of lists that grow with what is added: three of them, by two bytes each, and that of the whole list of
 * signatures, by four.
 */
const LENGTHS_BYTES = 10;

function unsigned(draft: Draft, nonce: Bytes): Pick<Transaction, "inputs" | "outputs" | "nonce"> {
  return {
    inputs: draft.inputs.flatMap(({ bundle }) => bundle.inputs.map(({ input }) => input)),
    outputs: draft.outputs.flatMap(({ bundle }) => bundle.outputs.map(({ output }) => output)),
    nonce,
  };
}

/** Bytes that a transaction of this may still grow by; negative when it is too large already. */
function roomBytes(draft: Draft): number {
  const { inputs, outputs, nonce } = unsigned(draft, new Uint8Array(8) as Bytes);
  const signatures: Transaction["signatures"] = { tag: "NaiveMultisig", value: inputs.map(() => ANY_SIGNATURE) };
  const bytes = encode(transactionCodec, { inputs, outputs, nonce, signatures }).length;
  return TRANSACTION_BYTES_MAX - bytes - LENGTHS_BYTES;
}

function unitsOf(sums: { inputs: Sums; outputs: Sums }): AmountUnit[] {
  return [...new Set([...sums.inputs.keys(), ...sums.outputs.keys()])].sort((a, b) => a < b ? -1 : 1);
}

async function balanced(draft: Draft, balance: Balance): Promise<Result<Draft, FinalizeError>> {
  const before = sumsOf(draft);
  if (overflows(before.inputs) || overflows(before.outputs)) return err({ code: "overflow" });
  let whole = draft;
  const units = unitsOf(before);
  for (const unit of units) {
    const inputMsat = before.inputs.get(unit) ?? 0n, outputMsat = before.outputs.get(unit) ?? 0n;
    if (inputMsat === outputMsat) continue;
    const added = await balance(unit, { inputMsat, outputMsat, roomBytes: roomBytes(whole) });
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
  const transaction = signTransaction(
    unsigned(whole.value, dice.bytes(8)),
    inputs.map(({ key }) => key),
    () => dice.bytes(32),
  );
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

/**
 * What `finalize` would make of it: fees, what is burned, and what exchanges that must come before cost. No
 * cryptography.
 * @returns msat of bitcoin
 */
export async function quote(draft: Draft, balance: QuoteBalance): Promise<Result<bigint, FinalizeError>> {
  const sums = sumsOf(draft);
  if (overflows(sums.inputs) || overflows(sums.outputs)) return err({ code: "overflow" });
  let feeMsat = feeOf(
    draft.inputs.flatMap(({ bundle }) => [...bundle.inputs]),
    draft.outputs.flatMap(({ bundle }) => [...bundle.outputs]),
  );
  for (const unit of unitsOf(sums)) {
    const inputMsat = sums.inputs.get(unit) ?? 0n, outputMsat = sums.outputs.get(unit) ?? 0n;
    if (inputMsat === outputMsat) continue;
    const added = await balance(unit, { inputMsat, outputMsat, roomBytes: roomBytes(draft) });
    if (!added.ok) return added;
    if (unit === BITCOIN_UNIT) {
      feeMsat += added.value.inputMsat - added.value.outputMsat + added.value.feesBeforeMsat;
    }
  }
  return ok(feeMsat);
}

function feeOf(inputs: readonly ClientInput[], outputs: readonly ClientOutput[]): bigint {
  const bitcoin = (amounts: Amounts): bigint => amounts.get(BITCOIN_UNIT) ?? 0n;
  const inMsat = inputs.reduce((sum, { amounts }) => sum + bitcoin(amounts), 0n);
  return outputs.reduce((rest, { amounts }) => rest - bitcoin(amounts), inMsat);
}
