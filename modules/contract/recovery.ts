/**
 * How a module brings back what words alone can: from the guardians' log, beside the running client. What a module must
 * say is in one type, `ClientModuleRecovery`; its life cycle is the core's (`client/recovery/`).
 * `fedimint-client-module-0.13.0/src/module/init/recovery.rs`; docs/protocol/07-client.md §E.
 *
 * 1. `prepare` fixes how far the log reaches, before the module runs for the first time: what it issues later lies
 *    behind, so the two never meet. A client is restored in one store transaction, with what `prepare` said of every
 *    module: from then on nothing but `run` needs the network.
 * 2. `run` goes through the log in steps. Each is one store transaction, with the state to go on from: a crash repeats
 *    one step at most.
 * 3. `finish` sets going what was found, in the transaction that ends the recovery: it happens once.
 */
import type { Bytes } from "../../core/bytes.ts";
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
  /**
   * One step, in one store transaction: what it changes in the module's part, and the state to go on from. The body may
   * run many times until it commits. Resolves when durable.
   */
  step(body: (tx: RecoveryTx<State>, state: Progress) => Promise<Progress>): Promise<void>;
}

/** What a recovery brought. */
export type Recovered = {
  /** Money of this module that comes back, msat; null: the module has none. */
  readonly amountMsat: bigint | null;
  /** Of it, what lay under other secrets than the client's own. */
  readonly otherMsat: readonly { readonly derivation: Derivation; readonly amountMsat: bigint }[];
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
   * Resolves when only `finish` is left. Guardians that are away are waited for; a rejection is a failure that is told,
   * and tried again when the client is opened the next time.
   */
  readonly run: (env: ClientRecoveryEnv<Config>, steps: RecoverySteps<State, Progress>) => Promise<void>;
  /**
   * In the transaction that ends the recovery. Machines that it adds belong to the recovery's own operation; those of a
   * module that doesn't run yet start with it. No network here.
   */
  readonly finish: (env: ClientRecoveryEnv<Config>, tx: RecoveryTx<State>, progress: Progress) => Promise<Recovered>;
};

/** A recovery of any module. */
// deno-lint-ignore no-explicit-any -- the client holds modules behind their codecs
export type AnyClientModuleRecovery = ClientModuleRecovery<any, any, any>;
