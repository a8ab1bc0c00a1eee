/**
 * A primary module without blind signatures, for tests of other modules: money that is just a number. Pays and takes
 * change in one item of any amount, for a fee of 100 msat each; what is refused comes back.
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { ModuleCodecs } from "../../core/types/dyn.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import { closedEnum, decode, encode, struct, u64, unit } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { BITCOIN_UNIT, outPointRange, transactionId } from "../../core/types/ids.ts";
import type { OperationId, OutPointRange } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import type { PrimaryModule, ToBalance } from "../../modules/contract/client.ts";
import type { ClientModuleEnv, ClientTx, FinalizeError, Transition } from "../../modules/contract/client_env.ts";
import { defineClientModule } from "../../modules/contract/client.ts";
import { transition } from "../../modules/contract/client_env.ts";
import { endedBy } from "../../modules/contract/waiting.ts";
import type { InputMeta, OutputMeta } from "../../modules/contract/server.ts";

export const PURSE_FEE_MSAT = 100n;

const purseInput = struct("PurseInput", { msat: u64, key: publicKey });
const purseOutput = struct("PurseOutput", { msat: u64 });

export const purseCodecs: ModuleCodecs = {
  config: unit,
  input: purseInput,
  output: purseOutput,
  outputOutcome: unit,
  consensusItem: unit,
  inputError: unit,
  outputError: unit,
};

function inBitcoin(msat: bigint): OutputMeta {
  return { amounts: new Map([[BITCOIN_UNIT, msat]]), fees: new Map([[BITCOIN_UNIT, PURSE_FEE_MSAT]]) };
}

/** What a guardian makes of the purse's items: it believes them. */
export const purseGuardian = {
  input: ({ msat, key }: CodecType<typeof purseInput>): InputMeta => ({ ...inBitcoin(msat), publicKey: key }),
  output: ({ msat }: CodecType<typeof purseOutput>): OutputMeta => inBitcoin(msat),
};

const paid = struct("Paid", { txid: transactionId, msat: u64 });
const taken = struct("Taken", { range: outPointRange, msat: u64 });
const purseState = closedEnum("PurseState", {
  Paying: paid,
  Paid: paid,
  Back: paid,
  Taking: taken,
  Taken: taken,
  Lost: taken,
});
type PurseState = CodecType<typeof purseState>;

const BALANCE = Uint8Array.of(1);

async function balanceOf(tx: ReadTx): Promise<bigint> {
  const value = await tx.get(BALANCE);
  return value ? decode(u64, value) : 0n;
}

async function add(tx: StoreTx, msat: bigint): Promise<void> {
  tx.set(BALANCE, encode(u64, await balanceOf(tx) + msat));
}

/** Set in the store: the purse refuses every transaction with this code. */
export const REFUSING = Uint8Array.of(2);

/** Set in the store: more than that (u64, msat) would take more of its notes than one transaction holds. */
export const AT_ONCE = Uint8Array.of(3);

async function fragmented(tx: ReadTx, needMsat: bigint): Promise<FinalizeError | null> {
  const value = await tx.get(AT_ONCE);
  return value && needMsat > decode(u64, value) ? { code: "fragmented", needMsat } : null;
}

async function refusal(tx: ReadTx): Promise<FinalizeError | null> {
  const value = await tx.get(REFUSING);
  if (!value) return null;
  return fromUtf8(value) === "too_large"
    ? { code: "too_large", bytes: 60_000, bytesMax: 50_000 }
    : { code: "insufficient_funds", requestedMsat: 1n, availableMsat: 0n };
}

type PurseEnv = ClientModuleEnv<null, PurseState>;

class Purse implements PrimaryModule<PurseState> {
  readonly unit = BITCOIN_UNIT;
  readonly #env: PurseEnv;

  constructor(env: PurseEnv) {
    this.#env = env;
  }

  async balanceTransaction(
    tx: ClientTx<PurseState>,
    { inputMsat, outputMsat, spending }: ToBalance,
  ): ReturnType<PrimaryModule<PurseState>["balanceTransaction"]> {
    const refused = await refusal(tx.store);
    if (refused) return err(refused);
    const none = { inputs: [], outputs: [], machines: () => [] };
    const surplusMsat = inputMsat - outputMsat;
    if (surplusMsat > PURSE_FEE_MSAT) {
      const msat = surplusMsat - PURSE_FEE_MSAT;
      const output = { output: toDyn(this.#env.instance, purseOutput, { msat }), ...inBitcoin(msat) };
      const machines = (range: OutPointRange): PurseState[] => [{ tag: "Taking", value: { range, msat } }];
      return ok({ inputs: none, outputs: { outputs: [output], machines } });
    }
    const msat = PURSE_FEE_MSAT - surplusMsat;
    const availableMsat = spending === "nothing" ? 0n : await balanceOf(tx.store);
    if (availableMsat < msat) return err({ code: "insufficient_funds", requestedMsat: msat, availableMsat });
    const tooMany = await fragmented(tx.store, msat);
    if (tooMany) return err(tooMany);
    await add(tx.store, -msat);
    const key = this.#env.platform.dice.bytes(32);
    const input = toDyn(this.#env.instance, purseInput, { msat, key: publicKeyOf(key) });
    const machines = (txid: string): PurseState[] => [{ tag: "Paying", value: { txid, msat } }];
    return ok({ inputs: { inputs: [{ input, ...inBitcoin(msat), key }], machines }, outputs: none });
  }

  async quoteBalance(
    tx: ReadTx,
    { inputMsat, outputMsat }: ToBalance,
  ): ReturnType<PrimaryModule<PurseState>["quoteBalance"]> {
    const surplusMsat = inputMsat - outputMsat;
    if (surplusMsat > PURSE_FEE_MSAT) {
      return ok({ inputMsat: 0n, outputMsat: surplusMsat - PURSE_FEE_MSAT, feesBeforeMsat: 0n });
    }
    const msat = PURSE_FEE_MSAT - surplusMsat, availableMsat = await balanceOf(tx);
    if (availableMsat < msat) return err({ code: "insufficient_funds", requestedMsat: msat, availableMsat });
    const tooMany = await fragmented(tx, msat);
    if (tooMany) return err(tooMany);
    return ok({ inputMsat: msat, outputMsat: 0n, feesBeforeMsat: 0n });
  }

  consolidate(): Promise<Result<null, string>> {
    return Promise.resolve(err("there are no notes"));
  }

  async awaitOutputs(
    operationId: OperationId,
    range: OutPointRange,
    signal?: AbortSignal,
  ): Promise<Result<null, string>> {
    for await (const { tag, value } of this.#env.core.states(operationId, signal)) {
      if ((tag !== "Taken" && tag !== "Lost") || value.range.txid !== range.txid) continue;
      return tag === "Taken" ? ok(null) : err("Transaction was rejected");
    }
    throw endedBy(signal);
  }

  balanceMsat(tx: ReadTx): Promise<bigint> {
    return balanceOf(tx);
  }

  denominations(): Promise<ReadonlyMap<bigint, number>> {
    return Promise.resolve(new Map());
  }
}

function transitions(env: PurseEnv, state: PurseState, operationId: OperationId): readonly Transition<PurseState>[] {
  if (state.tag !== "Paying" && state.tag !== "Taking") return [];
  const txid = state.tag === "Paying" ? state.value.txid : state.value.range.txid;
  return [transition<PurseState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, txid, signal),
    async (tx, outcome) => {
      // money comes back from a refused payment, and in from an accepted change
      if (outcome.ok === (state.tag === "Taking")) await add(tx.store, state.value.msat);
      if (state.tag === "Paying") return { tag: outcome.ok ? "Paid" : "Back", value: state.value };
      return { tag: outcome.ok ? "Taken" : "Lost", value: state.value };
    },
  )];
}

export const purseClient = defineClientModule({
  kind: "purse",
  consensusVersion: { major: 0, minor: 0 },
  requiredApi: { major: 0, minor: 0 },
  config: unit,
  codecs: purseCodecs,
  state: purseState,
  api: null,
  start: (env: PurseEnv) =>
    Promise.resolve({
      transitions: (state: PurseState, operationId: OperationId) => transitions(env, state, operationId),
      primary: new Purse(env),
      api: null,
      commands: {},
    }),
});
