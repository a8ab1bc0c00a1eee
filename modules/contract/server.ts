/**
 * The guardian's side of a module: everything that `defineServerModule` takes is all a module can do. The built-in ones
 * have no other door. The methods are those of Fedimint's `ServerModule` and `ServerModuleInit`, which `start` is
 * `init` of (`fedimint-server-core/src/lib.rs`, `init.rs`); `prepareInputs`, `inputsStandAlone`, `isForGood`,
 * `checkOutput` and `background` are ours.
 *
 * Consensus rule: what `processInput`, `processOutput` and `processConsensusItem` return and write depends only on the
 * store below the module's view, the config and their arguments, so that it is the same on every guardian. A refusal is
 * a value; the engine rolls back.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { Schema } from "../../actors/store/schema.ts";
import { assertSchema, FIRST_SCHEMA } from "../../actors/store/schema.ts";
import type { ReadTx, StoreTx, StoreView } from "../../actors/store/store.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import type { Amounts } from "../../core/types/amount.ts";
import type { InPoint, ModuleInstanceId, OutPoint, PeerId } from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import type { Version } from "../../core/types/version.ts";
import type { BitcoinSource } from "./bitcoin.ts";
import { EndpointError } from "./error.ts";

/** What an accepted input brings into a transaction. */
export type InputMeta = {
  readonly amounts: Amounts;
  readonly fees: Amounts;
  /** 33-byte compressed key that must sign the transaction. */
  readonly publicKey: Bytes;
};

/** What an accepted output takes out. */
export type OutputMeta = { readonly amounts: Amounts; readonly fees: Amounts };

/** Chosen in the ceremony, equal on all guardians. */
export type GenerationParams = {
  readonly network: BitcoinNetwork;
  readonly disableBaseFees: boolean;
};

/**
 * A threshold key from the ceremony: own secret share (32 bytes little-endian) and the public polynomial, constant term
 * first.
 */
export type DkgKey = { readonly share: Bytes; readonly polynomial: readonly Bytes[] };

/** One guardian's side of the ceremony's rounds; every guardian calls the same methods in the same order. */
export interface DkgRounds {
  /** This guardian. */
  readonly identity: PeerId;
  /** All guardians. */
  readonly peers: NumPeers;
  /** A fresh threshold key in G1. */
  keyG1(): Promise<DkgKey>;
  /** A fresh threshold key in G2. */
  keyG2(): Promise<DkgKey>;
  /**
   * Sends a value to all and returns everybody's, the own one included. A peer's bytes that don't decode end the
   * ceremony.
   */
  exchange<T>(codec: Codec<T>, own: T): Promise<Map<PeerId, T>>;
}

/** Who asks an endpoint. */
export type EndpointContext = {
  /** Aborted when the caller is gone or the request's time is over. */
  readonly signal: AbortSignal;
  /** Whom it comes from; null or absent when it can't be told from others. */
  readonly source?: string | null;
};

/** A method of the module's API, as the guardian serves it. */
export type Endpoint = {
  /** Version of the module's API that introduced it. */
  readonly since: Version;
  /** Needs the guardian's API password. */
  readonly admin: boolean;
  /**
   * Reads from the store alone what is the same for everybody, and may be large: done once for all who ask the same at
   * a time. Must not wait, and `context.signal` is nobody's.
   */
  readonly shared?: boolean;
  /**
   * What a call takes of its caller's budget beside its size and its answer's, in units of about half a millisecond:
   * told from what is known without reading, before anything is done. Must not throw, whatever the params are. Default
   * 1.
   */
  readonly units?: (params: Json) => number;
  /** Characters of a request that take a unit, where each has more work to it than being read. */
  readonly unitCharacters?: number;
  /** Characters of the largest request that official clients send, if that is more than 131,072. */
  readonly requestCharactersMax?: number;
  /** @throws {EndpointError} for params that `handle` would not read: told before a wrong password is */
  readonly checkParams?: (params: Json) => void;
  /**
   * Returns the JSON result.
   * @throws {EndpointError} bad request or a failure told to the caller; anything else is a crash
   */
  readonly handle: (params: Json, context: EndpointContext) => Promise<Json>;
  /** The same as text, UTF-8, for answers of megabytes: what the guardian serves where it is there. */
  readonly text?: (params: Json, context: EndpointContext) => Promise<Bytes>;
};

/** What an endpoint of any form says of itself. */
export type EndpointTerms =
  & Pick<Endpoint, "since" | "units" | "unitCharacters" | "requestCharactersMax">
  & Partial<Pick<Endpoint, "admin" | "shared">>;

function termsOf(
  { since, admin = false, shared = false, units, unitCharacters, requestCharactersMax }: EndpointTerms,
): Omit<Endpoint, "handle"> {
  return {
    since,
    admin,
    shared,
    ...(units && { units }),
    ...(unitCharacters !== undefined && { unitCharacters }),
    ...(requestCharactersMax !== undefined && { requestCharactersMax }),
  };
}

/** Plain JSON both ways through codecs' JSON forms; parameters that are not of their form are a bad request. */
export function endpoint<P, R>(
  options: EndpointTerms & {
    readonly params: Pick<Codec<P>, "fromJson">;
    readonly result: Pick<Codec<R>, "toJson">;
    readonly handle: (params: P, context: EndpointContext) => Promise<R>;
  },
): Endpoint {
  const read = (json: Json): P => EndpointError.reading(() => options.params.fromJson(json));
  return {
    ...termsOf(options),
    checkParams: (json) => void read(json),
    handle: async (json, context) => options.result.toJson(await options.handle(read(json), context)),
  };
}

/** One that writes its answer as JSON text itself, UTF-8, because there is much of it. */
export function textEndpoint<P>(
  options: EndpointTerms & {
    readonly params: Pick<Codec<P>, "fromJson">;
    readonly handle: (params: P, context: EndpointContext) => Promise<Bytes>;
  },
): Endpoint {
  const read = (json: Json): P => EndpointError.reading(() => options.params.fromJson(json));
  const text = async (json: Json, context: EndpointContext): Promise<Bytes> =>
    await options.handle(read(json), context);
  return {
    ...termsOf(options),
    checkParams: (json) => void read(json),
    text,
    handle: async (json, context) => parseJson(fromUtf8(await text(json, context))),
  };
}

/** The same module of the other guardians. */
export interface OtherGuardians {
  /**
   * Asks a method of the module's API.
   * @param timeoutMs until there must be an answer; the connection is made meanwhile, where there is none
   * @returns the JSON result; the error says, for the log, why there is none: the guardian can't be reached, doesn't
   *   know the method, or refuses
   */
  ask(peer: PeerId, method: string, params: Json, timeoutMs: number): Promise<Result<Json, string>>;
}

/** What a module is started with. */
export type ServerModuleEnv<Config, Private> = {
  readonly instance: ModuleInstanceId;
  readonly identity: PeerId;
  readonly peers: NumPeers;
  readonly config: Config;
  readonly privateConfig: Private;
  /** The module's own part of the store; `tx` in the calls below is a transaction in the same part. */
  readonly store: StoreView;
  readonly bitcoin: BitcoinSource;
  readonly guardians: OtherGuardians;
  readonly platform: Platform;
  readonly log: Logger;
  /** Shorter timings of test federations (`FM_IN_DEVIMINT`). */
  readonly testEnvironment: boolean;
  /** Aborted when the module stops; background work must end then. */
  readonly signal: AbortSignal;
};

/** A running module on one guardian. */
export interface ServerModule<Input, Output, Outcome, Item, InputError, OutputError> {
  /** Stateless check before anything else of the transaction; a failure makes it `InvalidWitnessLength`. */
  verifyInput?(input: Input): Result<null, InputError>;
  /** Further checks at submission only, never in consensus. */
  verifyInputSubmission?(tx: ReadTx, input: Input): Promise<Result<null, InputError>>;
  /** Further checks at submission only, never in consensus. */
  verifyOutputSubmission?(tx: ReadTx, output: Output, outPoint: OutPoint): Promise<Result<null, OutputError>>;
  /**
   * Optional: checks in one batch what is dear and needs no store (signatures of notes). The host calls it with this
   * module's inputs of one transaction, or of several, grouped by transaction, before it processes them. Only a hint,
   * in plain data: a verdict is found again by all that the input says, `processInput` of any other checks by itself,
   * and results are the same with and without. Refuses nothing.
   * @returns for each transaction whether nothing bad was found in it: whose transactions aren't good has them checked
   *   alone for a while
   */
  prepareInputs?(transactions: readonly (readonly Input[])[]): Promise<readonly boolean[]>;
  /**
   * Optional: true where nothing that is accepted in transactions makes an input or output of this module invalid but
   * the same input, byte for byte (a note that was spent). Only a hint: a transaction that waits is checked again soon
   * when something was accepted that it stands on, and otherwise later; when it is ordered it is checked anyway.
   */
  readonly inputsStandAlone?: boolean;
  /**
   * Optional: whether a refusal holds for good, whatever else is accepted meanwhile: what no honest guardian, who
   * checks a submission, has in its unit. Whose units are full of such is taken for evil and read more slowly: it
   * matters where a refusal takes a millisecond.
   */
  isForGood?(error: InputError | OutputError): boolean;
  /** Takes an input: the same on every guardian. */
  processInput(tx: StoreTx, input: Input, inPoint: InPoint): Promise<Result<InputMeta, InputError>>;
  /**
   * Optional: what `processOutput` would return, without its dear part (signing). The host calls it in its place at a
   * submission, where nothing that is written is kept: an output that isn't made yet needs no signature.
   */
  checkOutput?(tx: StoreTx, output: Output, outPoint: OutPoint): Promise<Result<OutputMeta, OutputError>>;
  /** Makes an output: the same on every guardian. */
  processOutput(tx: StoreTx, output: Output, outPoint: OutPoint): Promise<Result<OutputMeta, OutputError>>;
  /**
   * An error's text is for the log: the item is rejected. `signal` ends waiting for the Bitcoin node when the guardian
   * stops.
   *
   * Rule: a copy of an item that was accepted just before is refused or changes nothing. A session's signed header does
   * not tell how often its last items stand there, so a guardian that takes the outcome from a peer may process them
   * once where others did it twice.
   */
  processConsensusItem(tx: StoreTx, item: Item, peer: PeerId, signal: AbortSignal): Promise<Result<null, string>>;
  /** What came of an output; null where the module has nothing to say of it. */
  outputStatus(tx: ReadTx, outPoint: OutPoint): Promise<Outcome | null>;
  /** Items to propose now; asked once a second (100 ms in a test environment). */
  consensusProposal(tx: ReadTx): Promise<readonly Item[]>;
  /** Assets less liabilities, msat. */
  audit(tx: ReadTx): Promise<bigint>;
  /** By name without the `module_<id>_` prefix. */
  readonly apiEndpoints: { readonly [name: string]: Endpoint };
  /**
   * Work beside the messages (rebroadcast …); must end when `env.signal` is aborted. A rejection is a crash of the
   * module.
   */
  background?(): Promise<void>;
}

/** An environment variable of the value 1 or true, 0 or false. `turns`: what true does. */
export type SetupVariable = { readonly name: string; readonly turns: "on" | "off" };

/** How all that the module says is encoded. */
export type ServerModuleCodecs<Config, Input, Output, Outcome, Item, InputError, OutputError> = {
  readonly config: Codec<Config>;
  readonly input: Codec<Input>;
  readonly output: Codec<Output>;
  readonly outputOutcome: Codec<Outcome>;
  readonly consensusItem: Codec<Item>;
  readonly inputError: Codec<InputError>;
  readonly outputError: Codec<OutputError>;
};

/** Everything that a module is on a guardian. */
export type ServerModuleDefinition<Config, Private, Input, Output, Outcome, Item, InputError, OutputError> = {
  readonly kind: string;
  readonly consensusVersion: Version;
  /**
   * Whether a new federation has the module when its leader names none. fedimint-server-core `is_enabled_by_default`.
   * There is no order to choose: instances are numbered in the order of their kinds' names, by every implementation.
   */
  readonly enabledByDefault: boolean;
  /** Switch in the environment that says otherwise. Default: `FM_ENABLE_MODULE_<KIND>`, which turns it on. */
  readonly setupVariable?: SetupVariable;
  /** One entry for each major, ascending; minor = the highest supported. */
  readonly apiVersions: readonly Version[];
  readonly codecs: ServerModuleCodecs<Config, Input, Output, Outcome, Item, InputError, OutputError>;
  /**
   * Units, half a millisecond each, that an output takes of its submitter's budget beside those by its size: what is
   * dear to check, and may be checked before anything is known to pay for it. Default: 0.
   */
  readonly outputUnits?: number;
  /** JSON form in the guardian's private config file. Holds secrets. */
  readonly privateConfig: Pick<Codec<Private>, "toJson" | "fromJson">;
  /**
   * Version of what the module keeps in its part of the store, and the way to it from each older one
   * (`actors/store/schema.ts`). Left out it is 0, of which all data is that has no version yet. Whoever changes a
   * stored form raises it by one and adds a migration from the one before. A guardian is migrated in one transaction
   * before `start`, and refused when its data is of a newer version. A migration changes the form and never what is
   * meant: guardians come to it at different times, in the midst of sessions.
   */
  readonly schema?: Schema;
  /** A federation of one has no messages: its `rounds` deal to itself. */
  readonly distributedGen: (
    rounds: DkgRounds,
    params: GenerationParams,
    platform: Platform,
  ) => Promise<{ readonly config: Config; readonly privateConfig: Private }>;
  /** At every start: does the own share fit the config? The error says what is wrong. */
  readonly validateConfig: (config: Config, privateConfig: Private, identity: PeerId) => Result<null, string>;
  /** What clients get: config's own encoding unless the module has another form. */
  readonly getClientConfig: (config: Config) => { readonly bytes: Bytes; readonly json: Json };
  readonly start: (
    env: ServerModuleEnv<Config, Private>,
  ) => Promise<ServerModule<Input, Output, Outcome, Item, InputError, OutputError>>;
};

/** A definition of any module: the host holds them behind their codecs. */
// deno-lint-ignore no-explicit-any -- as said
export type AnyServerModuleDefinition = ServerModuleDefinition<any, any, any, any, any, any, any, any>;

/** Any module that runs. */
// deno-lint-ignore no-explicit-any -- as above
export type AnyServerModule = ServerModule<any, any, any, any, any, any>;

/** Checks a definition's types, and changes nothing. */
export function defineServerModule<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>(
  definition: ServerModuleDefinition<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>,
): ServerModuleDefinition<Config, Private, Input, Output, Outcome, Item, InputError, OutputError> {
  assertSchema(definition.schema ?? FIRST_SCHEMA);
  return definition;
}
