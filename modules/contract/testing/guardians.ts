/**
 * The guardians of one module without a ceremony, network or consensus: what is ordered is processed on each of them as
 * its engine does it, and they must agree. What a federation would find out late these say at once: that guardians
 * decide or store differently, that a refusal leaves something behind, that a copy of an item counts twice.
 */
import { assertEquals } from "@std/assert";
import type { LogRecord } from "../../../actors/logger.ts";
import type { Clock } from "../../../actors/platform/platform.ts";
import type { StoreTx, StoreView } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { BitcoinNetwork } from "../../../core/bitcoin/mod.ts";
import type { Codec, Json } from "../../../core/encoding/mod.ts";
import { decode, encode, stringifyJson } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { InPoint, OutPoint, PeerId } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { BitcoinSource } from "../bitcoin.ts";
import { EndpointError } from "../error.ts";
import type { ApiCall, FederationApi } from "../federation_api.ts";
import { ApiError } from "../federation_api.ts";
import type { InputMeta, OutputMeta, ServerModule, ServerModuleDefinition, ServerModuleEnv } from "../server.ts";
import { onAll } from "./alike.ts";
import { dealtRounds, dicePlatform, dump, seededDice, testEnv, testStore } from "./env.ts";

/** API password of every test guardian. */
export const GUARDIAN_PASSWORD = "the guardian's password";

/** How the guardians of a test are made. */
export type TestGuardiansOptions = {
  /** Default 4. */
  readonly total?: number;
  /** The same seed gives the same federation. Default 1. */
  readonly seed?: number;
  readonly network?: BitcoinNetwork;
  readonly disableBaseFees?: boolean;
  readonly clock?: Clock;
  readonly bitcoin?: BitcoinSource;
};

/** One of them, with what it was started with and what it has logged. */
export type TestGuardian<Config, Private, Module> = {
  readonly env: ServerModuleEnv<Config, Private>;
  readonly store: StoreView;
  readonly module: Module;
  readonly records: LogRecord[];
};

/** A module's definition. */
export type Definition<C, P, I, O, Out, Item, IE, OE> = ServerModuleDefinition<C, P, I, O, Out, Item, IE, OE>;

/** What became of an accepted transaction's parts, in their order. */
export type Processed = { readonly inputs: readonly InputMeta[]; readonly outputs: readonly OutputMeta[] };
/** The first part of a transaction that was refused, and why. */
export type Refused<InputError, OutputError> =
  | { readonly part: "input"; readonly error: InputError }
  | { readonly part: "output"; readonly error: OutputError };

const signal = new AbortController().signal;

/** The guardians of one module, without a federation. What is ordered is processed by each of them, alike. */
export class TestGuardians<Config, Private, Input, Output, Outcome, Item, InputError, OutputError> {
  /** The module. */
  readonly definition: Definition<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>;
  /** Made by them together. */
  readonly config: Config;
  /** By peer id. */
  readonly guardians: readonly TestGuardian<
    Config,
    Private,
    ServerModule<Input, Output, Outcome, Item, InputError, OutputError>
  >[];
  #transactions = 0;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    definition: TestGuardians<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>["definition"],
    guardians: TestGuardians<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>["guardians"],
  ) {
    this.definition = definition;
    this.guardians = guardians;
    this.config = guardians[0]!.env.config;
  }

  /** Keys are dealt, configs go through their encodings and the module's own check, as at a guardian's start. */
  static async start<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>(
    definition: Definition<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>,
    options: TestGuardiansOptions = {},
  ): Promise<TestGuardians<Config, Private, Input, Output, Outcome, Item, InputError, OutputError>> {
    const { total = 4, seed = 1, network = "regtest", disableBaseFees = false, clock, bitcoin } = options;
    const rounds = dealtRounds(total, seededDice(seed));
    const generated = await Promise.all(
      rounds.map((own) =>
        definition.distributedGen(own, { network, disableBaseFees }, dicePlatform(seed + own.identity + 1))
      ),
    );
    const encoded = generated.map(({ config }) => toHex(encode(definition.codecs.config, config)));
    assertEquals(new Set(encoded).size, 1, "all guardians come to the same config");
    const guardians = await Promise.all(generated.map(async (made, identity) => {
      const config = roundTrip(definition.codecs.config, made.config);
      const privateConfig = definition.privateConfig.fromJson(definition.privateConfig.toJson(made.privateConfig));
      assertEquals(definition.validateConfig(config, privateConfig, identity), { ok: true, value: null });
      const store = await testStore(), records: LogRecord[] = [];
      const env = testEnv({
        store,
        config,
        privateConfig,
        identity,
        guardians: total,
        seed: seed + identity + 100,
        records,
        ...(clock && { clock }),
        ...(bitcoin && { bitcoin }),
      });
      return { env, store, module: await definition.start(env), records };
    }));
    return new TestGuardians(definition, guardians);
  }

  /** A position that no other call gave. */
  newTransaction(): OutPoint & InPoint {
    return { txid: (++this.#transactions).toString(16).padStart(64, "0"), outIdx: 0, inIdx: 0 };
  }

  /** One after the other, as consensus orders them, whoever else is at it. */
  #inTurn<T>(process: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(process);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** An output of a transaction is processed. */
  output(output: Output, at: OutPoint = this.newTransaction()): Promise<Result<OutputMeta, OutputError>> {
    const encoded = roundTrip(this.definition.codecs.output, output);
    return this.#inTurn(() => onAll(this.guardians, ({ module }, tx) => module.processOutput(tx, encoded, at)));
  }

  /** An input of a transaction is processed. */
  input(input: Input, at: InPoint = this.newTransaction()): Promise<Result<InputMeta, InputError>> {
    const encoded = roundTrip(this.definition.codecs.input, input);
    return this.#inTurn(() => onAll(this.guardians, ({ module }, tx) => module.processInput(tx, encoded, at)));
  }

  /**
   * Inputs and outputs of one transaction, all or nothing; the error is that of the first part that is refused. Nothing
   * is added up.
   */
  transaction(
    { inputs, outputs }: { readonly inputs: readonly Input[]; readonly outputs: readonly Output[] },
    { txid }: Pick<OutPoint, "txid"> = this.newTransaction(),
  ): Promise<Result<Processed, Refused<InputError, OutputError>>> {
    const { codecs } = this.definition;
    const ins = inputs.map((input) => roundTrip(codecs.input, input));
    const outs = outputs.map((output) => roundTrip(codecs.output, output));
    const process = async ({ module }: (typeof this.guardians)[number], tx: StoreTx): Promise<
      Result<Processed, Refused<InputError, OutputError>>
    > => {
      const processed = { inputs: [] as InputMeta[], outputs: [] as OutputMeta[] };
      for (const [inIdx, input] of ins.entries()) {
        const result = await module.processInput(tx, input, { txid, inIdx });
        if (!result.ok) return err({ part: "input", error: result.error });
        processed.inputs.push(result.value);
      }
      for (const [outIdx, output] of outs.entries()) {
        const result = await module.processOutput(tx, output, { txid, outIdx });
        if (!result.ok) return err({ part: "output", error: result.error });
        processed.outputs.push(result.value);
      }
      return ok(processed);
    };
    return this.#inTurn(() => onAll(this.guardians, process));
  }

  /** An item of a guardian. One that is accepted comes once more: a copy must be refused, or change nothing. */
  item(item: Item, peer: PeerId): Promise<Result<null, string>> {
    return this.#inTurn(() => this.#item(item, peer));
  }

  async #item(item: Item, peer: PeerId): Promise<Result<null, string>> {
    const encoded = roundTrip(this.definition.codecs.consensusItem, item);
    const once = (): Promise<Result<null, string>> =>
      onAll(this.guardians, ({ module }, tx) => module.processConsensusItem(tx, encoded, peer, signal));
    const result = await once();
    if (!result.ok) return result;
    const before = await this.#dumps();
    await once();
    assertEquals(await this.#dumps(), before, "a copy of an accepted item changes nothing");
    return result;
  }

  /** What guardians propose, ordered, until nobody has anything to say. @returns how many items were accepted */
  async agree(): Promise<number> {
    let accepted = 0;
    for (let before = -1; accepted > before;) {
      before = accepted;
      for (const { store, module, env } of this.guardians) {
        const items = await store.read((tx) => module.consensusProposal(tx));
        for (const item of items) if ((await this.item(item, env.identity)).ok) accepted++;
      }
    }
    return accepted;
  }

  /** Assets less liabilities, msat: the same on every guardian. */
  async audit(): Promise<bigint> {
    const sums = await Promise.all(this.guardians.map(({ store, module }) => store.read((tx) => module.audit(tx))));
    assertEquals(new Set(sums).size, 1, "all guardians have the same books");
    return sums[0]!;
  }

  /**
   * What guardians hold in their stores, `key: value` in hex; the same on each. For modules that keep nothing of their
   * own.
   */
  async stored(): Promise<string[]> {
    const dumps = await this.#dumps();
    for (const found of dumps) assertEquals(found, dumps[0], "all guardians store the same");
    return dumps[0]!;
  }

  /** What an endpoint of a guardian answers. @throws {EndpointError} */
  async ask(method: string, params: Json = null, peer: PeerId = 0, password?: string): Promise<Json> {
    const { apiEndpoints } = this.guardians[peer]!.module;
    const endpoint = Object.hasOwn(apiEndpoints, method) ? apiEndpoints[method] : undefined;
    if (!endpoint) throw EndpointError.badRequest(`There is no method ${method}`);
    endpoint.checkParams?.(params);
    if (endpoint.admin && password !== GUARDIAN_PASSWORD) throw EndpointError.unauthorized();
    return await endpoint.handle(params, { signal });
  }

  /** The module's API as its clients have it. */
  get api(): FederationApi {
    const { threshold } = numPeers(this.guardians.length);
    const peerIds = [...this.guardians.keys()];
    const one = async <R>(peer: PeerId, call: ApiCall<R>, options: { readonly password?: string } = {}): Promise<R> =>
      call.result.fromJson(await this.ask(call.method, call.params, peer, options.password));
    const agreement = async <R>(call: ApiCall<R>): Promise<R> => {
      const answers = await Promise.all(peerIds.map((peer) => one(peer, call)));
      const texts = answers.map((answer) => stringifyJson(call.result.toJson(answer)));
      const agreed = texts.findIndex((text) => texts.filter((other) => other === text).length >= threshold);
      if (agreed >= 0) return answers[agreed]!;
      const facts = { code: "disagreement", method: call.method, answers: { ...texts }, errors: {} } as const;
      throw new ApiError(facts, `Guardians differ at ${call.method}`);
    };
    const accepted = async <R, T>(
      call: ApiCall<R>,
      filter: (peer: PeerId, result: R) => Result<T, string>,
      count: number,
    ): Promise<Map<PeerId, T>> => {
      const found = new Map<PeerId, T>(), peers: Record<number, string> = {};
      for (const peer of peerIds) {
        const filtered = filter(peer, await one(peer, call));
        if (filtered.ok) found.set(peer, filtered.value);
        else peers[peer] = filtered.error;
        if (found.size === count) return found;
      }
      throw new ApiError({ code: "federation", method: call.method, peers }, `Too few answers to ${call.method}`);
    };
    return {
      peerIds,
      one,
      agreement,
      consensus: agreement,
      reached: agreement,
      first: async (call, filter) => [...(await accepted(call, filter, 1)).values()][0]!,
      threshold: (call, filter) => accepted(call, filter, threshold),
    };
  }

  #dumps(): Promise<string[][]> {
    return Promise.all(this.guardians.map(({ store }) => dump(store)));
  }
}

/** As it comes over the wire. */
function roundTrip<T>(codec: Codec<T>, value: T): T {
  const bytes: Bytes = encode(codec, value);
  const decoded = decode(codec, bytes);
  assertEquals(toHex(encode(codec, decoded)), toHex(bytes), "an encoding is decoded and encoded again alike");
  return decoded;
}
