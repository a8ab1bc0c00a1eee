/**
 * What the lnv2 module answers. Clients and gateways wait here for what comes: each wait is woken by what it waits for,
 * and costs nothing until then. docs/protocol/06-lightning-meta.md §C.
 */
import type { ReadTx } from "../../../actors/store/store.ts";
import { Coalesced } from "../../../core/coalesced.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { bool, DecodeError, fixedBytes, list, option, tuple, u64, unit } from "../../../core/encoding/mod.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import { outPoint } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { safeUrl } from "../../../core/types/safe_url.ts";
import { awaitValue } from "../../contract/await_value.ts";
import { EndpointError } from "../../contract/error.ts";
import { readDurable } from "../../contract/read_durable.ts";
import type { Endpoint } from "../../contract/server.ts";
import { endpoint } from "../../contract/server.ts";
import { LNV2_API_VERSION } from "../common.ts";
import type { ContractId, IncomingContract } from "../contracts.ts";
import { contractId, outgoingContractId } from "../contracts.ts";
import { CONTRACTS_PER_UNIT, GATEWAYS_MAX, INCOMING_CONTRACTS_MAX } from "../limits.ts";
import {
  addGateway,
  blockCountVotes,
  consensusBlockCount,
  consensusUnixTime,
  decryptionShares,
  gatewayList,
  incomingCount,
  incomingFrom,
  outgoingContracts,
  outPointsOfContracts,
  preimages,
  removeGateway,
  storedIncomingContract,
  storedShare,
  STREAM_LENGTH_KEY,
  unixTimeVotes,
} from "./db.ts";
import type { LightningEnv } from "./inputs_outputs.ts";
import { Rising } from "../../contract/rising.ts";

/** The number from which on, and how many. */
const streamParams = tuple(u64, u64);
const streamAnswer = tuple(list(storedIncomingContract), u64);
type StreamAnswer = readonly [readonly IncomingContract[], bigint];

/** What a call of the stream will cost; most wait for what isn't there yet. */
function streamUnits(params: Json, knownCount: bigint): number {
  try {
    const [start, limit] = streamParams.fromJson(params);
    const left = knownCount > start ? knownCount - start : 0n;
    const contracts = [limit, left, BigInt(INCOMING_CONTRACTS_MAX)].reduce((least, each) =>
      each < least ? each : least
    );
    return 1 + Math.floor(Number(contracts) / CONTRACTS_PER_UNIT);
  } catch (thrown) {
    // it is refused, which costs nothing
    if (thrown instanceof DecodeError) return 1;
    throw thrown;
  }
}

/** What is read for whom, and how long they wait for it. */
class Answers {
  readonly #env: LightningEnv;
  readonly #blockCount: Rising;
  readonly #unixTime: Rising;
  readonly #streamLength: Rising;
  readonly #streamReads = new Coalesced<StreamAnswer | undefined>();
  /** Incoming contracts when somebody looked last. */
  knownCount = 0n;

  constructor(env: LightningEnv) {
    const { store, peers } = env;
    this.#env = { ...env, store: store.forStrangers() };
    this.#blockCount = new Rising(store, blockCountVotes.prefix, (tx) => consensusBlockCount(tx, peers));
    this.#unixTime = new Rising(store, unixTimeVotes.prefix, (tx) => consensusUnixTime(tx, peers));
    this.#streamLength = new Rising(store, STREAM_LENGTH_KEY, incomingCount);
  }

  read<T>(body: (tx: ReadTx) => Promise<T>): Promise<T> {
    return readDurable(this.#env.store, body);
  }

  blockCount(): Promise<bigint> {
    return this.read((tx) => consensusBlockCount(tx, this.#env.peers));
  }

  /** Where the contract is funded; null once guardians' time has come to its expiration. */
  incomingContract([id, expiration]: readonly [ContractId, bigint], signal: AbortSignal): Promise<OutPoint | null> {
    const { store, peers } = this.#env;
    const body = async (tx: ReadTx): Promise<OutPoint | null | undefined> => {
      const at = await outPointsOfContracts.get(tx, id);
      return at ?? (expiration <= await consensusUnixTime(tx, peers) ? null : undefined);
    };
    return this.#until(() => this.read(body), signal, (until) => [
      store.changed(outPointsOfContracts.keyOf(id), until),
      this.#unixTime.reached(expiration, until),
    ]);
  }

  /** With what the contract was claimed; null once guardians' block count has come to its expiration. */
  preimage([at, expiration]: readonly [OutPoint, bigint], signal: AbortSignal): Promise<Uint8Array | null> {
    const { store, peers } = this.#env;
    const body = async (tx: ReadTx): Promise<Uint8Array | null | undefined> => {
      const found = await preimages.get(tx, at);
      return found ?? (expiration <= await consensusBlockCount(tx, peers) ? null : undefined);
    };
    return this.#until(() => this.read(body), signal, (until) => [
      store.changed(preimages.keyOf(at), until),
      this.#blockCount.reached(expiration, until),
    ]);
  }

  decryptionShare(at: OutPoint, signal: AbortSignal) {
    const key = decryptionShares.keyOf(at);
    return awaitValue(this.#env.store, key, (tx) => decryptionShares.get(tx, at), signal);
  }

  outgoingExpiration(at: OutPoint): Promise<readonly [ContractId, bigint] | null> {
    return this.read(async (tx) => {
      const contract = await outgoingContracts.get(tx, at);
      if (!contract) return null;
      const left = contract.expiration - await consensusBlockCount(tx, this.#env.peers);
      return [outgoingContractId(contract), left > 0n ? left : 0n];
    });
  }

  /** Waits until the stream goes beyond `start`. All who wait at the same place are answered from one reading. */
  incomingContracts([start, limit]: readonly [bigint, bigint], signal: AbortSignal): Promise<StreamAnswer> {
    if (limit === 0n || limit > BigInt(INCOMING_CONTRACTS_MAX)) {
      throw EndpointError.badRequest(`Batch size must be in 1..=${INCOMING_CONTRACTS_MAX}`);
    }
    const body = async (tx: ReadTx): Promise<StreamAnswer | undefined> => {
      this.knownCount = await incomingCount(tx);
      if (this.knownCount <= start) return undefined;
      const { contracts, next } = await incomingFrom(tx, start, Number(limit));
      return [contracts, next];
    };
    return this.#until(
      () => this.#streamReads.ask(`${start} ${limit}`, () => this.read(body)),
      signal,
      (until) => [this.#streamLength.reached(start + 1n, until)],
    );
  }

  gateways(): Promise<SafeUrl[]> {
    return this.read(gatewayList);
  }

  async addGateway(url: SafeUrl): Promise<boolean> {
    const { value, durable } = await this.#env.store.transact(async (tx) => {
      const isNew = await addGateway(tx, url);
      if (isNew && (await gatewayList(tx)).length > GATEWAYS_MAX) {
        throw EndpointError.badRequest(`There are ${GATEWAYS_MAX} gateways already: remove one first`);
      }
      return isNew;
    });
    await durable;
    return value;
  }

  async removeGateway(url: SafeUrl): Promise<boolean> {
    const { value, durable } = await this.#env.store.transact((tx) => removeGateway(tx, url));
    await durable;
    return value;
  }

  /** Reads, and again after each of these changes, until there is something. Rejects with the signal's reason. */
  async #until<T>(
    read: () => Promise<T | undefined>,
    signal: AbortSignal,
    changes: (until: AbortSignal) => readonly Promise<void>[],
  ): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const done = new AbortController();
      // registered before reading, so that nothing in between is missed
      const changed = Promise.race(changes(AbortSignal.any([signal, done.signal])));
      changed.catch(() => undefined);
      try {
        const value = await read();
        if (value !== undefined) return value;
        await changed;
      } finally {
        done.abort();
      }
    }
  }
}

export function lightningEndpoints(env: LightningEnv): { readonly [name: string]: Endpoint } {
  const answers = new Answers(env), since = LNV2_API_VERSION;
  return {
    consensus_block_count: endpoint({ since, params: unit, result: u64, handle: () => answers.blockCount() }),
    await_incoming_contract: endpoint({
      since,
      params: tuple(contractId, u64),
      result: option(outPoint),
      handle: (params, { signal }) => answers.incomingContract(params, signal),
    }),
    await_preimage: endpoint({
      since,
      params: tuple(outPoint, u64),
      result: option(fixedBytes(32)),
      handle: (params, { signal }) => answers.preimage(params, signal),
    }),
    decryption_key_share: endpoint({
      since,
      params: outPoint,
      result: storedShare,
      handle: (at, { signal }) => answers.decryptionShare(at, signal),
    }),
    outgoing_contract_expiration: endpoint({
      since,
      params: outPoint,
      result: option(tuple(contractId, u64)),
      handle: (at) => answers.outgoingExpiration(at),
    }),
    await_incoming_contracts: endpoint({
      since,
      units: (params) => streamUnits(params, answers.knownCount),
      params: streamParams,
      result: streamAnswer,
      handle: (params, { signal }) => answers.incomingContracts(params, signal),
    }),
    add_gateway: endpoint({
      since,
      admin: true,
      params: safeUrl,
      result: bool,
      handle: (url) => answers.addGateway(url),
    }),
    remove_gateway: endpoint({
      since,
      admin: true,
      params: safeUrl,
      result: bool,
      handle: (url) => answers.removeGateway(url),
    }),
    gateways: endpoint({ since, params: unit, result: list(safeUrl), handle: () => answers.gateways() }),
  };
}
