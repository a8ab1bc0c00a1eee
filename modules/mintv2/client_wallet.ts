/** The e-cash wallet itself: its keys, its notes as inputs, new notes as outputs, and the balancing of transactions. */
import type { G2 } from "../../core/crypto/bls/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { AmountUnit, OperationId, OutPointRange, PeerId } from "../../core/types/ids.ts";
import type { ReadTx } from "../../actors/store/store.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { Amounts } from "../../core/types/amount.ts";
import type {
  ClientInput,
  ClientModuleEnv,
  ClientOutput,
  ClientTx,
  FinalizeError,
  InputBundle,
  OutputBundle,
  PrimaryModule,
  Spending,
} from "../contract/client.ts";
import { endedBy } from "../contract/waiting.ts";
import { balance } from "./balancing.ts";
import { holdings, noteCounts, removeNote } from "./client_db.ts";
import type { MintState } from "./client_states.ts";
import { mintInput, mintOutput } from "./common.ts";
import type { MintConfig } from "./config.ts";
import type { Denomination } from "./denomination.ts";
import { denominationAmount } from "./denomination.ts";
import type { SpendableNote } from "./ecash.ts";
import { noteOf } from "./ecash.ts";
import { feeOf } from "./fees.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";
import { noteRequest, requestOutput, tweakFilter } from "./issuance.ts";
import { Tweaks } from "./tweaks.ts";

export type MintEnv = ClientModuleEnv<MintConfig, MintState>;

export class Wallet implements PrimaryModule<MintState> {
  readonly env: MintEnv;
  readonly tweaks: Tweaks;
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
      output: toDyn(this.env.instance, mintOutput, requestOutput(request)),
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

  /** New notes as outputs, with the machine that fetches them. */
  outputBundle(
    { attempt }: Pick<ClientTx<MintState>, "attempt">,
    denominations: readonly Denomination[],
  ): OutputBundle<MintState> {
    const tweaks = this.tweaks.take(attempt, denominations.length);
    const requests = denominations.map((denomination, i) => noteRequest(this.env.secret, denomination, tweaks[i]!));
    return {
      outputs: requests.map((request) => this.outputOf(request)),
      machines: (range) => [{ tag: "OutputPending", value: { range, requests } }],
    };
  }

  async balanceTransaction(
    tx: ClientTx<MintState>,
    inputMsat: bigint,
    outputMsat: bigint,
    spending: Spending,
  ): Promise<Result<{ inputs: InputBundle<MintState>; outputs: OutputBundle<MintState> }, FinalizeError>> {
    const held = await holdings(tx.store);
    const plan = balance(held, inputMsat, outputMsat, this.env.config.feeConsensus, spending);
    if (!plan) {
      const requestedMsat = outputMsat > inputMsat ? outputMsat - inputMsat : 0n;
      return err({ code: "insufficient_funds", requestedMsat, availableMsat: await this.balanceMsat(tx.store) });
    }
    const notes = plan.spend.map(({ note }) => note);
    for (const note of notes) removeNote(tx.store, note);
    return ok({ inputs: this.inputBundle(notes), outputs: this.outputBundle(tx, plan.issue) });
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
    let sumMsat = 0n;
    for (const [denomination, count] of await noteCounts(tx)) {
      sumMsat += denominationAmount(denomination) * BigInt(count);
    }
    return sumMsat;
  }

  async denominations(tx: ReadTx): Promise<Map<bigint, number>> {
    const counts = [...await noteCounts(tx)].sort(([a], [b]) => a - b);
    return new Map(counts.map(([denomination, count]) => [denominationAmount(denomination), count]));
  }
}
