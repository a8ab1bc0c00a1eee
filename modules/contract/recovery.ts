/**
 * How a module brings back what words alone can: from the guardians' log, beside the running client. What a module must
 * say is in one type, `ClientModuleRecovery`; its life cycle is the core's (`client/recovery/`).
 * `fedimint-client-module-0.13.0/src/module/init/recovery.rs`; docs/protocol/07-client.md §E.
 *
 * 1. `prepare` fixes how far the log reaches, before the module runs for the first time: what it issues later lies
 *    behind, so the two never meet. A client is restored in one store transaction, with what `prepare` said of every
 *    module, which is told there (`restored`): from then on nothing but `run` needs the network.
 * 2. `run` goes through the log in steps. Each is one store transaction, with the state to go on from: a crash repeats
 *    one step at most.
 * 3. `finish` sets going what was found, in the transaction that ends the recovery: it happens once.
 * 4. A module may look again `later`, for what guardians decide on only when the recovery has begun: each look is a
 *    pass of its own, `prepare`, `run`, `finish` over what the log has got since, while the module is in use.
 */
import type { Bytes } from "../../core/bytes.ts";
import type { StoreTx } from "../../actors/store/store.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { ClientModuleEnv, ClientTx } from "./client_env.ts";

/**
 * Ways to come from words to a federation's secrets: `standard` is that of the official command line and of this
 * client, `sdk` that of the official JavaScript SDK. docs/protocol/07-client.md §A.
 */
export type Derivation = "standard" | "sdk";

/** A module's secret by another way than the client's own. */
export type OtherSecret = {
  readonly derivation: Derivation;
  /** Secret. */
  readonly secret: DerivableSecret;
};

/** What a recovery is done with: that of the module, and what only recovering wants. */
export type ClientRecoveryEnv<Config> =
  & Pick<
    ClientModuleEnv<Config, never>,
    | "instance"
    | "federationId"
    | "peers"
    | "config"
    | "secret"
    | "api"
    | "apiVersion"
    | "platform"
    | "log"
    | "testEnvironment"
    | "signal"
  >
  & {
    /** The same words may have been used by other programs: what is found under these secrets is brought back too. */
    readonly otherSecrets: readonly OtherSecret[];
    /** The module's part of the newest backup, as its `backup` wrote it, or another program of its kind. */
    readonly backup: { readonly body: Bytes; readonly sessionCount: number } | null;
  };

/** Steps, as the module counts them (u32). `total` 0: nothing, or not known yet. */
export type StepCount = { readonly complete: number; readonly total: number };

/** A store transaction of a recovery. */
export interface RecoveryTx<State> extends ClientTx<State> {
  /**
   * An entry of the operation log for what the log shows that the wallet did before it was lost. The same id twice is
   * one entry. The entry is marked as recovered, whatever `meta` is.
   */
  logRecovered(operationId: OperationId, meta: Json, outcome: Json | null): Promise<void>;
}

/** The way through the log. */
export interface RecoverySteps<State, Progress> {
  /** What was stored last. */
  readonly state: Progress;
  /** Whether no later look follows this pass. */
  readonly isLast: boolean;
  /**
   * One step, in one store transaction: what it changes in the module's part, and the state to go on from. The body may
   * run many times until it commits. Resolves when durable.
   */
  step(body: (tx: RecoveryTx<State>, state: Progress) => Promise<Progress>): Promise<void>;
  /**
   * Lets other modules recover first: resolves when none does any more, but those that give way themselves. For what
   * takes a whole core; a module says itself how long it gives way at most. Rejects with the signal's reason.
   */
  giveWay(signal: AbortSignal): Promise<void>;
}

/** What a recovery brought. */
export type Recovered = {
  /** Money of this module that comes back, msat; null: the module has none. */
  readonly amountMsat: bigint | null;
  /** Of it, what lay under other secrets than the client's own. */
  readonly otherMsat: readonly { readonly derivation: Derivation; readonly amountMsat: bigint }[];
};

/** Looks that follow a recovery. */
export type LaterLooks<Config, Progress> = {
  /**
   * When each is due, ms after the recovery; ascending. A client that is closed at that time makes it up when it is
   * opened; one look does for all that are due by then but the last, which comes as long afterwards as it should, and
   * once more when only a clock that may have been set says that it is due.
   */
  readonly afterMs: readonly number[];
  /** How far the log reaches by now. @param done what the pass before ended with @throws {ApiError} */
  readonly prepare: (env: ClientRecoveryEnv<Config>, done: Progress) => Promise<Progress>;
  /**
   * In the transaction that stores what `prepare` said.
   * @returns false: the module can't tell its own doing from the rest any more. Then this pass, which is the last,
   * begins with `done`: it looks through nothing, and tidies up
   */
  readonly begin: (store: StoreTx) => Promise<boolean>;
};

/** How a module recovers. `State` as its machines', `Progress` as it is stored between steps. */
export type ClientModuleRecovery<Config, State, Progress> = {
  /**
   * Whether the module runs beside its recovery, with new money. One that doesn't is started when its recovery is done.
   */
  readonly runsMeanwhile: boolean;
  readonly progress: Codec<Progress>;
  /** How far it is. */
  readonly count: (progress: Progress) => StepCount;
  /** Before anything is stored of the client. Asks guardians; a failure leaves all as it was. @throws {ApiError} */
  readonly prepare: (env: ClientRecoveryEnv<Config>) => Promise<Progress>;
  /**
   * In the transaction that stores what `prepare` said, before the module runs for the first time; the module's own
   * part. A module so learns that it is restored: it may remember from here on which of the log's items are its own
   * doing.
   */
  readonly restored?: (store: StoreTx) => void;
  /**
   * Resolves when only `finish` is left. Guardians that are away are waited for; a rejection is a failure that is told,
   * and tried again when the client is opened the next time.
   */
  readonly run: (env: ClientRecoveryEnv<Config>, steps: RecoverySteps<State, Progress>) => Promise<void>;
  /**
   * In the transaction that ends the recovery, or a later look. Machines that it adds belong to the pass's own
   * operation; those of a module that doesn't run yet start with it. No network here.
   * @param isLast whether no later look follows
   * @returns what all passes so far have brought
   */
  readonly finish: (
    env: ClientRecoveryEnv<Config>,
    tx: RecoveryTx<State>,
    progress: Progress,
    isLast: boolean,
  ) => Promise<Recovered>;
  /** Left out: what the recovery finds is all. */
  readonly later?: LaterLooks<Config, Progress>;
};

/** A recovery of any module. */
// deno-lint-ignore no-explicit-any -- the client holds modules behind their codecs
export type AnyClientModuleRecovery = ClientModuleRecovery<any, any, any>;
