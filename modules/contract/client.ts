/**
 * The client's side of a module: everything that `defineClientModule` takes is all a module can do. The built-in ones
 * have no other door. `fedimint-client-module-0.13.0`.
 */
import type { Schema } from "../../actors/store/schema.ts";
import { assertSchema, FIRST_SCHEMA } from "../../actors/store/schema.ts";
import type { ReadTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import type { ModuleCodecs } from "../../core/types/dyn.ts";
import type { AmountUnit, OperationId, OutPointRange } from "../../core/types/ids.ts";
import type { Version } from "../../core/types/version.ts";
import type {
  ClientModuleEnv,
  ClientTx,
  FinalizeError,
  InputBundle,
  OutputBundle,
  Spending,
  Transition,
} from "./client_env.ts";
import type { CallTable } from "./call_table.ts";
import type { ClientModuleRecovery } from "./recovery.ts";

/** A transaction that the primary module is to balance. */
export type ToBalance = {
  /** What its inputs bring. */
  readonly inputMsat: bigint;
  /** What its outputs take, all fees among them. */
  readonly outputMsat: bigint;
  readonly spending: Spending;
  /** Bytes of the transaction that are left for what is added, signatures included. */
  readonly roomBytes: number;
};

/**
 * Sums of what the primary module adds: `inputMsat` without fees, `outputMsat` without fees, `feesBeforeMsat` of what
 * comes before.
 */
export type AddedMsat = { readonly inputMsat: bigint; readonly outputMsat: bigint; readonly feesBeforeMsat: bigint };

/**
 * Money that is in no balance, msat. The modules' figures are added up, so each counts what it will bring or pay
 * itself: what a transaction issues is the primary module's alone, from the transaction's making on.
 */
export type PendingMoney = {
  /** On its way into the balance: notes that are being issued, deposits that are seen and not claimed yet, refunds. */
  readonly incomingMsat: bigint;
  /** On its way out, and still back if guardians refuse it: withdrawals. */
  readonly outgoingMsat: bigint;
  /** May be lost: notes whose refund failed, deposits that can't be claimed now. */
  readonly inDoubtMsat: bigint;
};

/** A state of the module's machines that waits for something. */
export type ActiveState<State> = { readonly operationId: OperationId; readonly state: State };

/** The module that pays for and takes the change of transactions (e-cash). */
export interface PrimaryModule<State> {
  /** Of which money it is. */
  readonly unit: AmountUnit;
  /**
   * Further inputs and outputs, so that their own fees included inputs cover outputs. Removes what it spends from the
   * store in `tx`.
   * @throws {NotReady}
   */
  balanceTransaction(
    tx: ClientTx<State>,
    balance: ToBalance,
  ): Promise<Result<{ readonly inputs: InputBundle<State>; readonly outputs: OutputBundle<State> }, FinalizeError>>;
  /**
   * What `balanceTransaction` would add, and what would have to be done before, by arithmetic alone. Changes nothing.
   */
  quoteBalance(tx: ReadTx, balance: ToBalance): Promise<Result<AddedMsat, FinalizeError>>;
  /**
   * Exchanges notes for fewer ones, so that a transaction can take as many as `needMsat` takes. Resolves when they are
   * there. The error says why they never will.
   */
  consolidate(needMsat: bigint, signal?: AbortSignal): Promise<Result<null, string>>;
  /** Resolves when the outputs' notes are in the store. */
  awaitOutputs(operationId: OperationId, range: OutPointRange, signal?: AbortSignal): Promise<Result<null, string>>;
  /** What can be spent now, msat. */
  balanceMsat(tx: ReadTx): Promise<bigint>;
  /** Notes held by value in msat. */
  denominations(tx: ReadTx): Promise<ReadonlyMap<bigint, number>>;
}

/** A command of `module <kind> …`: fedimint-cli's names, JSON out. */
export type ClientCommand = {
  readonly usage: string;
  readonly help: string;
  /** @throws {CommandError} with what to do */
  readonly run: (args: readonly string[], signal: AbortSignal) => Promise<Json>;
};

/** A module that runs in an opened client. `Api` is what applications call; it is the module's own. */
export interface ClientModule<State, Api> {
  /** Ways out of a state; none = terminal. */
  transitions(state: State, operationId: OperationId): readonly Transition<State>[];
  /** Of a module that pays for transactions. */
  readonly primary?: PrimaryModule<State>;
  /** What applications call, by message (`calls.ts`): the definition lists it. */
  readonly api: Api;
  /** Of `module <kind> …`, by name. */
  readonly commands: { readonly [name: string]: ClientCommand };
  /**
   * Money under way and in doubt.
   * @param tx the module's own part of the store
   * @param active the module's active states, of the same moment as `tx`
   */
  pending?(tx: ReadTx, active: readonly ActiveState<State>[]): Promise<PendingMoney>;
  /**
   * What of the module goes into a backup, as it reads it again when it recovers: at most 32 KiB, null for nothing.
   * What guardians' logs show belongs in none.
   * @param tx the module's own part of the store
   */
  backup?(tx: ReadTx): Promise<Bytes | null>;
  /** Scanning and the like; must end when `env.signal` is aborted. A rejection is a crash of the module. */
  background?(): Promise<void>;
}

/**
 * Whether a command with these arguments needs nothing but the store now. Declared as a method, so that a definition
 * stays one of any module: who calls it has the API of the same definition.
 */
export type IsAtHand<Api> = { isAtHand(api: Api, args: readonly string[]): Promise<boolean> }["isAtHand"];

/** Everything that a module is on a client. */
export type ClientModuleDefinition<Config, State, Api> = {
  readonly kind: string;
  /** Consensus major that it understands, and the lowest API version that it needs. */
  readonly consensusVersion: Version;
  readonly requiredApi: Version;
  readonly config: Codec<Config>;
  readonly codecs: ModuleCodecs;
  /** Text of an input's or output's error that guardians answer with. */
  readonly describeError?: (kind: "inputError" | "outputError", body: Bytes) => string;
  /** States as they are stored. */
  readonly state: Codec<State>;
  /**
   * Version of what the module keeps in its part of the store, and the way to it from each older one
   * (`actors/store/schema.ts`). Left out it is 0, of which all data is that has no version yet. Whoever changes a
   * stored form raises it by one and adds a migration from the one before. A wallet is migrated in one transaction
   * before `start`, and refused when its data is of a newer version.
   */
  readonly schema?: Schema;
  /**
   * What applications may call of the running module's `api`: each method by its name, as `"call"` or `"stream"`. Null
   * when it offers nothing.
   */
  readonly api: CallTable<NoInfer<Api>>;
  /**
   * Commands that at times need nothing but the store: by name, whether one with these arguments asks nobody now and
   * leaves nothing under way. Then it runs in a wallet where nothing else is set going. What is asked of `api` here
   * asks nobody either. Throws as the command does.
   */
  readonly atHand?: { readonly [command: string]: IsAtHand<NoInfer<Api>> };
  /** How the module recovers; left out, there is nothing that its first start wouldn't find by itself. */
  // deno-lint-ignore no-explicit-any -- what is stored between steps is the module's own
  readonly recovery?: ClientModuleRecovery<Config, State, any>;
  readonly start: (env: ClientModuleEnv<Config, State>) => Promise<ClientModule<State, Api>>;
};

/** A definition of any module: the client holds them behind their codecs. */
// deno-lint-ignore no-explicit-any -- as said
export type AnyClientModuleDefinition = ClientModuleDefinition<any, any, any>;

/** A definition as applications see it: what its module offers them, and nothing of its config and states. */
// deno-lint-ignore no-explicit-any -- as above
export type UsableModule<Api> = ClientModuleDefinition<any, any, Api>;

/** Any module that runs. */
// deno-lint-ignore no-explicit-any -- as above
export type AnyClientModule = ClientModule<any, any>;

/** Checks a definition's types, and changes nothing. */
export function defineClientModule<Config, State, Api>(
  definition: ClientModuleDefinition<Config, State, Api>,
): ClientModuleDefinition<Config, State, Api> {
  assertSchema(definition.schema ?? FIRST_SCHEMA);
  return definition;
}
