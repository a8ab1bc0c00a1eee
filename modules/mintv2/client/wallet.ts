/** The e-cash wallet itself: its keys, its notes as inputs, new notes as outputs, and the balancing of transactions. */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { G2 } from "../../../core/crypto/bls/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { u64Number } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Amounts } from "../../../core/types/amount.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { AmountUnit, OperationId, OutPointRange, PeerId } from "../../../core/types/ids.ts";
import { outPointRange } from "../../../core/types/ids.ts";
import { TRANSACTION_BYTES_MAX } from "../../../core/types/transaction.ts";
import type { ActiveState, AddedMsat, PendingMoney, PrimaryModule, ToBalance } from "../../contract/client.ts";
import type {
  Attempt,
  ClientInput,
  ClientModuleEnv,
  ClientOutput,
  ClientTx,
  FinalizeError,
  InputBundle,
  OutputBundle,
} from "../../contract/client_env.ts";
import { NotReady } from "../../contract/client_env.ts";
import { endedBy } from "../../contract/waiting.ts";
import type { BalanceError, Counts, Purse, Terms } from "./balancing.ts";
import { balance, countsOf, valueOf } from "./balancing.ts";
import { addUnderWay, failedRefundCounts, noteCounts, recount, takeNotes, underWayCounts } from "./db.ts";
import type { MintState } from "./states.ts";
import { mintInput, mintOutput } from "../common.ts";
import type { MintConfig } from "../config.ts";
import type { Denomination } from "../denomination.ts";
import { denominationAmount } from "../denomination.ts";
import type { SpendableNote } from "../ecash.ts";
import { noteOf } from "../ecash.ts";
import { feeOf } from "../fees.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";
import { BlindedNonces } from "./blinded_nonces.ts";
import { noteRequest, requestOutput, tweakFilter } from "./issuance.ts";
import { balanceMerging, mergesFor } from "./merging.ts";
import { comingCounts, missingCounts } from "./recovery/db.ts";
import { Tweaks } from "./tweaks.ts";

export type MintEnv = ClientModuleEnv<MintConfig, MintState>;

export class Wallet implements PrimaryModule<MintState> {
  readonly env: MintEnv;
  readonly tweaks: Tweaks;
  readonly blinded = new BlindedNonces();
  /** By their tweaks, while those are there. */
  readonly #requests = new WeakMap<Bytes, NoteIssuanceRequest>();
  /** Whole keys: what notes are checked against. */
  readonly noteKeys: ReadonlyMap<Denomination, G2>;
  /** Guardians' keys: what their shares are checked against. */
  readonly shareKeys: ReadonlyMap<Denomination, ReadonlyMap<PeerId, G2>>;

  constructor(env: MintEnv) {
    this.env = env;
    this.tweaks = new Tweaks(tweakFilter(env.secret), env);
    this.noteKeys = env.config.tbsAggPks;
    this.shareKeys = env.config.tbsPks;
  }

  get unit(): AmountUnit {
    return this.env.config.amountUnit;
  }

  #amounts(msat: bigint): Amounts {
    return new Map([[this.unit, msat]]);
  }

  #fee(valueMsat: bigint): Amounts {
    const feeMsat = feeOf(this.env.config.feeConsensus, valueMsat);
    return feeMsat === 0n ? new Map() : this.#amounts(feeMsat);
  }

  inputOf(note: SpendableNote): ClientInput {
    const valueMsat = denominationAmount(note.denomination);
    return {
      input: toDyn(this.env.instance, mintInput, { tag: "V0", value: { note: noteOf(note) } }),
      amounts: this.#amounts(valueMsat),
      fees: this.#fee(valueMsat),
      key: note.keypair,
    };
  }

  outputOf(request: NoteIssuanceRequest): ClientOutput {
    const valueMsat = denominationAmount(request.denomination);
    return {
      output: toDyn(this.env.instance, mintOutput, requestOutput(request, this.blinded.make(request))),
      amounts: this.#amounts(valueMsat),
      fees: this.#fee(valueMsat),
    };
  }

  /** Notes as inputs; if the transaction is rejected they come back. */
  inputBundle(notes: readonly SpendableNote[]): InputBundle<MintState> {
    return {
      inputs: notes.map((note) => this.inputOf(note)),
      machines: (txid) => [{ tag: "InputPending", value: { txid, notes: [...notes] } }],
    };
  }

  /** New notes to ask for. @throws {NotReady} */
  requests(attempt: Attempt, denominations: readonly Denomination[]): NoteIssuanceRequest[] {
    const tweaks = this.tweaks.take(attempt, denominations.length, denominations);
    return denominations.map((denomination, i) => this.#request(denomination, tweaks[i]!));
  }

  /** A transaction that meets another one is tried again: what was derived for it then is what it needs now. */
  #request(denomination: Denomination, tweak: Bytes): NoteIssuanceRequest {
    const known = this.#requests.get(tweak);
    if (known?.denomination === denomination) return known;
    const request = noteRequest(this.env.secret, denomination, tweak);
    this.#requests.set(tweak, request);
    return request;
  }

  /** New notes as outputs, with the machine that fetches them. */
  outputBundle(requests: readonly NoteIssuanceRequest[]): OutputBundle<MintState> {
    return {
      outputs: requests.map((request) => this.outputOf(request)),
      machines: (range) => [{ tag: "OutputPending", value: { range, requests: [...requests] } }],
    };
  }

  /**
   * Takes notes that were counted out of the wallet. @throws {NotReady} when the count was wrong: they are counted anew
   */
  async take(tx: StoreTx, counts: Counts): Promise<SpendableNote[]> {
    const taken = await takeNotes(tx, counts);
    if (taken) return taken;
    throw new NotReady(() => recounted(this.env));
  }

  async purse(tx: ReadTx): Promise<Purse> {
    return { held: await noteCounts(tx), underWay: await underWayCounts(tx) };
  }

  #terms({ roomBytes, spending }: Pick<ToBalance, "roomBytes" | "spending">): Terms {
    return { fees: this.env.config.feeConsensus, roomBytes, spending };
  }

  #refusal(error: BalanceError, { inputMsat, outputMsat, roomBytes }: ToBalance, { held }: Purse): FinalizeError {
    switch (error) {
      case "insufficient":
        return { code: "insufficient_funds", requestedMsat: outputMsat - inputMsat, availableMsat: valueOf(held) };
      case "fragmented":
        return { code: "fragmented", needMsat: outputMsat - inputMsat };
      case "no_room":
        return { code: "too_large", bytes: TRANSACTION_BYTES_MAX - roomBytes, bytesMax: TRANSACTION_BYTES_MAX };
    }
  }

  async balanceTransaction(
    tx: ClientTx<MintState>,
    sums: ToBalance,
  ): Promise<Result<{ inputs: InputBundle<MintState>; outputs: OutputBundle<MintState> }, FinalizeError>> {
    const purse = await this.purse(tx.store);
    const plan = balance(purse, sums.inputMsat, sums.outputMsat, this.#terms(sums));
    if (!plan.ok) return err(this.#refusal(plan.error, sums, purse));
    const requests = this.requests(tx.attempt, plan.value.issue);
    await addUnderWay(tx.store, requests);
    const notes = await this.take(tx.store, plan.value.spend);
    return ok({ inputs: this.inputBundle(notes), outputs: this.outputBundle(requests) });
  }

  async quoteBalance(tx: ReadTx, sums: ToBalance): Promise<Result<AddedMsat, FinalizeError>> {
    const purse = await this.purse(tx);
    const plan = balanceMerging(purse, sums.inputMsat, sums.outputMsat, this.#terms(sums));
    if (!plan.ok) return err(this.#refusal(plan.error, sums, purse));
    const { rounds, balanced: { spend, issue } } = plan.value;
    let feesBeforeMsat = 0n;
    for (const merge of rounds.flat()) feesBeforeMsat += valueOf(merge.spend) - valueOf(countsOf(merge.issue));
    return ok({ inputMsat: valueOf(spend), outputMsat: valueOf(countsOf(issue)), feesBeforeMsat });
  }

  /** One round of merges; another payment may have made it needless, or taken the notes. */
  async consolidate(needMsat: bigint, signal?: AbortSignal): Promise<Result<null, string>> {
    const { core, config: { feeConsensus } } = this.env;
    const operationId = this.newOperation();
    const ranges = await core.transact(operationId, async (tx) => {
      const merges = mergesFor(await this.purse(tx.store), needMsat, feeConsensus);
      const ranges: OutPointRange[] = [];
      for (const { spend } of merges) {
        const claimed = await tx.claimInputs(this.inputBundle(await this.take(tx.store, spend)), "nothing");
        if (!claimed.ok) throw new Error(`Notes can't be merged: ${claimed.error.code}`);
        ranges.push(claimed.value);
      }
      if (ranges.length === 0) return ranges;
      const amountMsat = merges.reduce((sum, { spend }) => sum + valueOf(spend), 0n);
      core.logOperation(tx, reissueMeta(ranges[0]!, amountMsat, null));
      await tx.addMachine({ tag: "ReissuePending", value: { txids: ranges.map(({ txid }) => txid) } });
      return ranges;
    });
    if (ranges.length === 0) return err("No notes can be merged");
    for (const range of ranges) {
      const outcome = await this.awaitOutputs(operationId, range, signal);
      if (!outcome.ok) return outcome;
    }
    return ok(null);
  }

  newOperation(): OperationId {
    return toHex(this.env.platform.dice.bytes(32)) as OperationId;
  }

  /** Waits for the machine that fetches these outputs. */
  async awaitOutputs(
    operationId: OperationId,
    range: OutPointRange,
    signal?: AbortSignal,
  ): Promise<Result<null, string>> {
    const covers = (other: OutPointRange | null): boolean =>
      other !== null && other.txid === range.txid && other.idxRange.start <= range.idxRange.start &&
      range.idxRange.end <= other.idxRange.end;
    for await (const state of this.env.core.states(operationId, signal)) {
      if (state.tag === "OutputIssued" && covers(state.value.range)) return ok(null);
      if (state.tag === "OutputAborted" && covers(state.value.range)) return err("Transaction was rejected");
      if (state.tag === "OutputFailed" && covers(state.value.range)) return err("Failed to finalize notes");
    }
    throw endedBy(signal);
  }

  async balanceMsat(tx: ReadTx): Promise<bigint> {
    return valueOf(await noteCounts(tx));
  }

  async denominations(tx: ReadTx): Promise<Map<bigint, number>> {
    const counts = [...await noteCounts(tx)].sort(([a], [b]) => a - b);
    return new Map(counts.map(([denomination, count]) => [denominationAmount(denomination), count]));
  }

  /** What is being issued or comes back, and notes whose refund failed or that too few guardians know. */
  async pending(tx: ReadTx, active: readonly ActiveState<MintState>[]): Promise<PendingMoney> {
    let incomingMsat = valueOf(await comingCounts(tx));
    for (const { state } of active) {
      if (state.tag !== "OutputPending") continue;
      incomingMsat += valueOf(countsOf(state.value.requests.map(({ denomination }) => denomination)));
    }
    const inDoubtMsat = valueOf(await failedRefundCounts(tx)) + valueOf(await missingCounts(tx));
    return { incomingMsat, outgoingMsat: 0n, inDoubtMsat };
  }
}

/** Whatever was counted before, the keys of the store are counted now. */
export async function recounted({ store, log }: Pick<MintEnv, "store" | "log">): Promise<void> {
  const { value: wrong, durable } = await store.transact((tx) => recount(tx));
  await durable;
  if (wrong) log.warn("The wallet's notes were counted wrongly; they are counted anew");
}

/** Entry in the operation log, as the official client's. */
export function reissueMeta(change: OutPointRange, amountMsat: bigint, customMeta: Json): Json {
  return {
    Reissue: {
      change_outpoint_range: outPointRange.toJson(change),
      amount: u64Number.toJson(Number(amountMsat)),
      custom_meta: customMeta,
    },
  };
}
