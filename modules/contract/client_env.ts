/**
 * What the core does for a module of a client, and what a module hands it: inputs and outputs with their machines,
 * store transactions, operations. `fedimint-client-module-0.13.0`.
 *
 * Money moves in two ways only: a *transaction* (inputs and outputs that modules make, balanced by the primary module,
 * submitted until accepted or rejected) and a *state machine* (a module's states; each step and its effects are one
 * store transaction, and every step can run twice). What isn't in the store doesn't survive.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { StoreTx, StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import type { Amounts } from "../../core/types/amount.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import type {
  FederationId,
  IdxRange,
  ModuleInstanceId,
  OperationId,
  OutPointRange,
  PeerId,
  TransactionId,
} from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import type { Version } from "../../core/types/version.ts";
import type { FederationApi } from "./federation_api.ts";

/** An input with what the transaction needs to know of it. `fees` as the module charges them. */
export type ClientInput = {
  readonly input: Dyn;
  readonly amounts: Amounts;
  readonly fees: Amounts;
  /** 32-byte secret key that signs for it. Secret. */
  readonly key: Bytes;
};

/** An output with what the transaction needs to know of it. */
export type ClientOutput = { readonly output: Dyn; readonly amounts: Amounts; readonly fees: Amounts };

/** Inputs that belong together, and the machines that watch over them: made once id and positions are known. */
export type InputBundle<State> = {
  readonly inputs: readonly ClientInput[];
  readonly machines: (txid: TransactionId, range: IdxRange) => readonly State[];
};

/** Outputs that belong together, and the machines that watch over them. */
export type OutputBundle<State> = {
  readonly outputs: readonly ClientOutput[];
  readonly machines: (range: OutPointRange) => readonly State[];
};

/**
 * One way out of a state. The trigger waits for something outside and may run again after a restart; it changes
 * nothing.
 */
export type Transition<State> = {
  readonly trigger: (signal: AbortSignal) => Promise<unknown>;
  /**
   * Applies the trigger's value, in one store transaction with all effects; may run many times until it commits. No
   * network here.
   */
  // deno-lint-ignore no-explicit-any -- the value is that of the trigger beside it: use `transition()` to have it typed
  readonly apply: (tx: ClientTx<State>, value: any) => Promise<State>;
};

/** A way out of a state, with the trigger's value typed. */
export function transition<State, T>(
  trigger: (signal: AbortSignal) => Promise<T>,
  apply: (tx: ClientTx<State>, value: T) => Promise<State>,
): Transition<State> {
  return { trigger, apply };
}

/**
 * What the primary module may add to a transaction's inputs: from the wallet as far as there is something to pay, or
 * nothing.
 */
export type Spending = "wallet" | "nothing";

/**
 * Thrown in a store transaction that lacks what takes long to find and is never stored before it is used. Nothing is
 * committed, and the body runs again once `ready` has resolved.
 */
export class NotReady extends Error {
  /** `NotReady`. */
  override readonly name = "NotReady";
  /** Resolves when the body may run again. */
  readonly ready: (signal?: AbortSignal) => Promise<void>;

  /**
   * Thrown by who lacks something.
   * @param ready rejects with the signal's reason, or when what is waited for will never be there
   */
  constructor(ready: (signal?: AbortSignal) => Promise<void>) {
    super("a store transaction waits for what it uses up");
    this.ready = ready;
  }
}

/** One run of a store transaction's body. What it takes from memory it gives back when the run comes to nothing. */
export interface Attempt {
  /**
   * Called once when the body threw, was rolled back, or runs again after a conflict; never when it may have committed.
   */
  onUndo(effect: () => void): void;
}

/** Persistent events are numbered and kept; the others are only for whoever listens now. */
export type EventPersistence = "persistent" | "trimable" | "transient";

/** A store transaction in the hands of a module's machine. */
export interface ClientTx<State> {
  /** Whose transaction it is. */
  readonly operationId: OperationId;
  /** The module's own part of the store. */
  readonly store: StoreTx;
  /** The run of the body that this is; the same one for all modules that take part. */
  readonly attempt: Attempt;
  /**
   * Builds, signs and submits a transaction with these inputs in this operation.
   * @param spending `"nothing"`: the inputs pay their own fees and the primary module adds none, so that the
   * transaction stands or falls with them alone
   * @returns the change outputs
   */
  claimInputs(bundle: InputBundle<State>, spending?: Spending): Promise<Result<OutPointRange, FinalizeError>>;
  /** Adds a state of the module's machines to the operation. */
  addMachine(state: State): Promise<void>;
  /**
   * Stores the final outcome of an operation, shown by `list-operations`: durable with the step that brings it, whoever
   * waits for it. The first one stays; an operation that was never logged has none. What the core knows by itself
   * (transactions, their fees) it adds when it is asked.
   */
  setOutcome(operationId: OperationId, outcome: Json): Promise<void>;
  /** Writes an event into the log, together with all else. */
  logEvent(kind: string, payload: Json, persistence?: EventPersistence): void;
}

/** Why a transaction can't be made. */
export type FinalizeError =
  | { readonly code: "insufficient_funds"; readonly requestedMsat: bigint; readonly availableMsat: bigint }
  | { readonly code: "operation_exists"; readonly operationId: OperationId }
  | { readonly code: "too_large"; readonly bytes: number; readonly bytesMax: number }
  /** The wallet has enough, but in more notes than a transaction takes: `consolidate` makes fewer of them. */
  | { readonly code: "fragmented"; readonly needMsat: bigint }
  | { readonly code: "overflow" | "no_primary_module" };

/** A new operation: one transaction and its entry in the operation log. */
export type NewTransaction<State> = {
  readonly operationId: OperationId;
  readonly inputs: readonly InputBundle<State>[];
  readonly outputs: readonly OutputBundle<State>[];
  /** Default: `"wallet"`. */
  readonly spending?: Spending;
  /** Entry in the operation log, given the change outputs. */
  readonly meta: (change: OutPointRange) => Json;
  /** Ends the wait for notes that the wallet exchanges before; what is submitted is not ended. */
  readonly signal?: AbortSignal;
  /** Further work of the module in the same store transaction. */
  readonly also?: (tx: ClientTx<State>, change: OutPointRange) => Promise<void>;
};

/** What the core does for a module. */
export interface ClientCore<State> {
  /**
   * A store transaction with the means of an operation but no transaction to the federation: note selection, own
   * records.
   */
  transact<T>(operationId: OperationId, body: (tx: ClientTx<State>) => Promise<T>): Promise<T>;
  /**
   * Makes a new operation: builds, signs and stores its transaction, which is then submitted until guardians have
   * decided.
   */
  submit(transaction: NewTransaction<State>): Promise<Result<OutPointRange, FinalizeError>>;
  /** What `submit` would cost: fees and what is burned, msat. By arithmetic alone. */
  quoteFee(
    transaction: Pick<NewTransaction<State>, "inputs" | "outputs" | "spending">,
  ): Promise<Result<bigint, FinalizeError>>;
  /** Whether there is an operation of this id, or was. */
  operationExists(operationId: OperationId): Promise<boolean>;
  /** Writes an entry into the operation log, for operations without a transaction. */
  logOperation(tx: ClientTx<State>, meta: Json): void;
  /**
   * Ok when accepted; the error is the reason of the rejection. Waits as long as it takes.
   * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
   */
  awaitTransaction(operationId: OperationId, txid: TransactionId, signal?: AbortSignal): Promise<Result<null, string>>;
  /**
   * Waits until the primary module holds what these change outputs bring. The error says why it never will.
   * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
   */
  awaitPrimaryOutputs(
    operationId: OperationId,
    range: OutPointRange,
    signal?: AbortSignal,
  ): Promise<Result<null, string>>;
  /**
   * States of this module's machines in the operation: those stored, then live ones. It never just ends, so what waits
   * for a state has it or an error.
   * @throws {WaitError} `aborted` · `closed` · `unknown_operation`: nothing of the operation is under way any more
   */
  states(operationId: OperationId, signal?: AbortSignal): AsyncIterable<State>;
  /** Position after the newest persistent event. */
  nextEventId(): Promise<number>;
  /** Persistent events of this module from a position on, live; ends when the signal is aborted. */
  events(
    fromId: number,
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly id: number; readonly kind: string; readonly payload: Json }>;
}

/** What a module is started with. */
export type ClientModuleEnv<Config, State> = {
  readonly instance: ModuleInstanceId;
  readonly federationId: FederationId;
  readonly peers: NumPeers;
  readonly config: Config;
  /**
   * An invite code's parts: url of a guardian, its id, the federation's API secret if it has one. For e-cash that
   * carries an invite.
   */
  readonly invite: () => Promise<{ readonly peer: PeerId; readonly url: string; readonly apiSecret: string | null }>;
  /** Client root.child(0).child(instance). Secret. */
  readonly secret: DerivableSecret;
  readonly store: StoreView;
  readonly api: FederationApi;
  /** API version that was negotiated with the guardians. */
  readonly apiVersion: Version;
  readonly core: ClientCore<State>;
  /** Own guardian, for admin calls: its id and API password. Secret. */
  readonly admin: { readonly peer: PeerId; readonly password: string } | null;
  readonly platform: Platform;
  readonly log: Logger;
  /** A test federation: what happens on the chain is looked for each second. */
  readonly testEnvironment: boolean;
  /** Whether what payments use up is looked for ahead, in quiet moments. Left out: it is. */
  readonly findsAhead?: boolean;
  /**
   * Resolves when no module of the client recovers: what is not in a hurry leaves it cores and memory until then.
   * Rejects with the signal's reason. Left out: none does.
   */
  readonly untilRecovered?: (signal: AbortSignal) => Promise<void>;
  /** Aborted when the client closes. */
  readonly signal: AbortSignal;
};
