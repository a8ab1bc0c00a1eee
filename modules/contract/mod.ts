/**
 * All that a module is written with, in one import; helpers for tests are in `testing/mod.ts`.
 *
 * A module has two sides. Guardians run what `defineServerModule` takes: they process its inputs, outputs and items in
 * the same order and must come to the same. Clients run what `defineClientModule` takes: they make inputs and outputs,
 * and watch over them with state machines.
 */

/** The guardian's side. */
export { defineServerModule, endpoint, textEndpoint } from "./server.ts";
export type {
  AnyServerModule,
  AnyServerModuleDefinition,
  DkgKey,
  DkgRounds,
  Endpoint,
  EndpointContext,
  EndpointTerms,
  GenerationParams,
  InputMeta,
  OtherGuardians,
  OutputMeta,
  ServerModule,
  ServerModuleCodecs,
  ServerModuleDefinition,
  ServerModuleEnv,
  SetupVariable,
} from "./server.ts";
export { isNodeOf } from "./bitcoin.ts";
export type { BitcoinSource, BitcoinStatus } from "./bitcoin.ts";
export { EndpointError } from "./error.ts";
export { readDurable } from "./read_durable.ts";
export { unknownVariantError } from "./unknown_variant.ts";

/** The client's side. */
export { defineClientModule } from "./client.ts";
export { NotReady, transition } from "./client_env.ts";
export { CallError } from "./calls.ts";
export type { AnyCallTable, CallForm, CallTable, Refused } from "./call_table.ts";
export type {
  ActiveState,
  AddedMsat,
  AnyClientModule,
  AnyClientModuleDefinition,
  ClientCommand,
  ClientModule,
  ClientModuleDefinition,
  IsAtHand,
  PendingMoney,
  PrimaryModule,
  ToBalance,
  UsableModule,
} from "./client.ts";
export type {
  Attempt,
  ClientCore,
  ClientInput,
  ClientModuleEnv,
  ClientOutput,
  ClientTx,
  EventPersistence,
  FinalizeError,
  InputBundle,
  NewTransaction,
  OutputBundle,
  Spending,
  Transition,
} from "./client_env.ts";
export type {
  AnyClientModuleRecovery,
  ClientModuleRecovery,
  ClientRecoveryEnv,
  Derivation,
  LaterLooks,
  OtherSecret,
  Recovered,
  RecoverySteps,
  RecoveryTx,
  StepCount,
} from "./recovery.ts";
export { recoveredOperationId } from "./recovered.ts";
export { ApiError } from "./federation_api.ts";
export type { ApiCall, ApiResult, AskOptions, FederationApi } from "./federation_api.ts";
export { amountArgument, noArguments } from "./command_arguments.ts";
export { CommandError } from "./command_error.ts";
export { codedEnd, endedBy, isEndBy, orEnded, orLate, WaitError } from "./waiting.ts";

/** What a module keeps, and how it is brought to a newer form. */
export { FIRST_SCHEMA, nothingToMigrate } from "../../actors/store/schema.ts";
export type { Migration, Schema } from "../../actors/store/schema.ts";
export { slot, table } from "./records.ts";
export type { EntriesOptions, Slot, Table } from "./records.ts";
export { rollback } from "../../actors/store/store.ts";
export type { Committed, Entry, RangeOptions, ReadTx, Rollback, StoreTx, StoreView } from "../../actors/store/store.ts";

/** Outcomes: what is expected is a value, what is thrown is a bug. */
export { assert, InvariantError, unreachable } from "../../core/assert.ts";
export { err, errorText, FedimintError, ok } from "../../core/result.ts";
export { CryptoError } from "../../core/crypto/error.ts";
export type { CryptoFacts } from "../../core/crypto/error.ts";
export { StoreError } from "../../actors/store/error.ts";
export type { Err, Ok, Result } from "../../core/result.ts";

/** Encodings: each is declared once, and its type follows (`CodecType`). */
export * from "../../core/encoding/mod.ts";

/** Bytes. */
export { concat, equalBytes, fromHex, fromUtf8, toHex, utf8 } from "../../core/bytes.ts";
export type { Bytes } from "../../core/bytes.ts";

/** Amounts: bigint millisatoshi. */
export {
  amount,
  amounts,
  amountSat,
  BITCOIN_SAT_MAX,
  checkedAdd,
  MSAT_PER_SAT,
  U64_MAX,
} from "../../core/types/amount.ts";
export type { Amount, Amounts } from "../../core/types/amount.ts";

/** Ids, versions, keys. */
export * from "../../core/types/ids.ts";
export { numPeers } from "../../core/types/num_peers.ts";
export type { NumPeers } from "../../core/types/num_peers.ts";
export { version } from "../../core/types/version.ts";
export type { Version } from "../../core/types/version.ts";
export { keypair, publicKey, schnorrSignature, secretKey, xOnlyPublicKey } from "../../core/types/keys.ts";
export { isPublicKey, isSecretKey, publicKeyOf } from "../../core/crypto/secp.ts";
export { DerivableSecret } from "../../core/crypto/derive_secret.ts";
export type { Scalar } from "../../core/crypto/bls/types.ts";
export { toDyn } from "../../core/types/dyn.ts";
export type { Dyn, DynKind, ModuleCodecs } from "../../core/types/dyn.ts";

/** The world outside, as it is handed to a module. */
export { sleep } from "../../actors/platform/platform.ts";
export type { Clock, Dice, Platform } from "../../actors/platform/platform.ts";
export type { Logger } from "../../actors/logger.ts";
