/**
 * Checks a transaction and applies it to a store transaction: inputs, signatures, outputs, funding, in the reference's
 * order, so that every guardian gives the same error. fedimint-server `consensus/transaction.rs`.
 */
import type { Sender } from "../../../actors/actor.ts";
import type { StoreTx } from "../../../actors/store/store.ts";
import { InvariantError } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import { err } from "../../../core/result.ts";
import type { Decoders, DynKind } from "../../../core/types/dyn.ts";
import { fromDyn } from "../../../core/types/dyn.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import type { ModuleInstanceId, TransactionId } from "../../../core/types/ids.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import type { Transaction, TransactionError } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import type { Version } from "../../../core/types/version.ts";
import { modulePrefix } from "../store/db.ts";
import type { DecodedItem } from "./decoded_memo.ts";
import { DecodedMemo } from "./decoded_memo.ts";
import { Funding } from "./funding.ts";
import { LiveModules } from "./live_modules.ts";
import type { Broken, ModuleRef } from "./module_actor.ts";
import { SignatureVerdicts } from "./signature_verdicts.ts";

export type Modules = {
  readonly refs: ReadonlyMap<ModuleInstanceId, ModuleRef>;
  readonly decoders: Decoders;
  /** For who only reads. */
  readonly live: LiveModules;
  /** Of these decoders' work. */
  readonly memo: DecodedMemo;
  /**
   * Consensus items of modules, decoded, as long as somebody has them: a unit may hold ten thousand, and each is met
   * twice.
   */
  readonly items: WeakMap<Dyn, unknown>;
  readonly signatures: SignatureVerdicts;
};

export function modulesWith(refs: Modules["refs"], decoders: Decoders): Modules {
  const signatures = new SignatureVerdicts();
  return { refs, decoders, live: new LiveModules(), memo: new DecodedMemo(), items: new WeakMap(), signatures };
}

/** A transaction whose inputs and outputs were all decoded by their modules. */
export type DecodedTransaction = {
  readonly txid: TransactionId;
  readonly transaction: Transaction;
  readonly inputs: readonly DecodedItem[];
  readonly outputs: readonly DecodedItem[];
};

function decodeItems(modules: Modules, kind: DynKind, items: readonly Dyn[]): DecodedItem[] {
  return items.map((item) => ({
    instance: item.instance,
    value: fromDyn(modules.decoders, kind, item),
    ref: modules.refs.get(item.instance)!,
  }));
}

/**
 * @throws {DecodeError} for unknown modules and malformed bodies: such a transaction is no transaction to a guardian
 */
export function decodeTransaction(modules: Modules, transaction: Transaction): DecodedTransaction {
  const txid = transactionIdOf(transaction);
  const known = modules.memo.get(txid);
  if (known) return { txid, transaction, ...known };
  const parts = {
    inputs: decodeItems(modules, "input", transaction.inputs),
    outputs: decodeItems(modules, "output", transaction.outputs),
  };
  modules.memo.add(txid, transaction, parts);
  return { txid, transaction, ...parts };
}

/**
 * An item of an unknown variant decodes: the engine rejects it.
 * @throws {DecodeError} for unknown modules and malformed bodies
 */
export function checkDecodes(modules: Modules, item: ConsensusItem): void {
  if (item.tag === "Transaction") decodeTransaction(modules, item.value);
  else if (item.tag === "Module") decodeModuleItem(modules, item.value);
}

/** Once for the same object. @throws {DecodeError} for unknown modules and malformed bodies */
export function decodeModuleItem({ decoders, items }: Modules, item: Dyn): unknown {
  if (items.has(item)) return items.get(item);
  const decoded = fromDyn(decoders, "consensusItem", item);
  items.set(item, decoded);
  return decoded;
}

function unbroken<R>(reply: R | Broken): R {
  if (typeof reply === "object" && reply !== null && "broken" in reply) throw new InvariantError(reply.broken);
  return reply;
}

/**
 * Outputs that are signed come behind all that may still be refused: else one that was refused would have cost 600
 * signatures. Each module's stay in order.
 */
function signedLast(live: LiveModules, outputs: readonly DecodedItem[]): (readonly [number, DecodedItem])[] {
  const isSigned = ({ instance }: DecodedItem): boolean => live.get(instance)?.module.checkOutput !== undefined;
  const all = [...outputs.entries()];
  return [...all.filter(([, output]) => !isSigned(output)), ...all.filter(([, output]) => isSigned(output))];
}

/** `submission` adds the checks that guardians make only when a client submits. */
export type Processing = { readonly version: Version; readonly submission: boolean };

/**
 * Applies `decoded` to `tx`. On an error `tx` may hold partial writes: the caller rolls it back. What is dear in it was
 * prepared before (`prepare.ts`), or is checked piece by piece.
 * @throws {InvariantError} at a submission, for what would crash a module in consensus
 */
export async function processTransaction(
  sender: Sender,
  { signatures, live }: Pick<Modules, "signatures" | "live">,
  tx: StoreTx,
  decoded: DecodedTransaction,
  { version, submission }: Processing,
): Promise<Result<null, TransactionError>> {
  const patient = { deadlineMs: Infinity };
  for (const { ref, value } of decoded.inputs) {
    const valid = unbroken(await sender.ask(ref, "verifyInput", { input: value, submission }, patient));
    if (!valid) return err({ tag: "InvalidWitnessLength", value: null });
  }
  const funding = new Funding();
  const keys: Bytes[] = [];
  for (const [inIdx, { instance, ref, value }] of decoded.inputs.entries()) {
    const inPoint = { txid: decoded.txid, inIdx };
    const args = { tx: tx.view(modulePrefix(instance)), input: value, inPoint, submission };
    const meta = unbroken(await sender.ask(ref, "processInput", args, patient));
    if (!meta.ok) return err({ tag: "Input", value: meta.error });
    const added = funding.addInput(meta.value);
    if (!added.ok) return added;
    keys.push(meta.value.publicKey);
  }
  const signed = signatures.verify(decoded.txid, decoded.transaction, keys);
  if (!signed.ok) return signed;
  // which of a transaction's errors it is matters to who submits it alone
  const outputs = submission ? [...decoded.outputs.entries()] : signedLast(live, decoded.outputs);
  for (const [outIdx, { instance, ref, value }] of outputs) {
    const outPoint = { txid: decoded.txid, outIdx };
    const args = { tx: tx.view(modulePrefix(instance)), output: value, outPoint, submission };
    const meta = unbroken(await sender.ask(ref, "processOutput", args, patient));
    if (!meta.ok) return err({ tag: "Output", value: meta.error });
    const added = funding.addOutput(meta.value);
    if (!added.ok) return added;
  }
  return funding.verify(version);
}
