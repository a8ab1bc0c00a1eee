/**
 * What the ln module answers to clients and gateways. Those that wait cost nothing while they wait.
 * docs/protocol/06-lightning-meta.md §F.
 */
import type { ReadTx } from "../../../actors/store/store.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { bool, list, option, tuple, u64, unit } from "../../../core/encoding/mod.ts";
import { sha256Hash } from "../../../core/types/ids.ts";
import { publicKey } from "../../../core/types/keys.ts";
import { version } from "../../../core/types/version.ts";
import { awaitValue } from "../../contract/await_value.ts";
import { EndpointError } from "../../contract/error.ts";
import { readDurable } from "../../contract/read_durable.ts";
import { Rising } from "../../contract/rising.ts";
import type { Endpoint } from "../../contract/server.ts";
import { endpoint } from "../../contract/server.ts";
import type { LN_ENDPOINTS } from "../common.ts";
import { LN_CONSENSUS_VERSION } from "../common.ts";
import type { ContractAccount, ContractId, DecryptedPreimageStatus, IncomingContractAccount } from "../contracts.ts";
import {
  contractId,
  decryptedPreimageStatus,
  incomingContractAccount,
  preimage,
  preimageOfKey,
  statusOf,
  storedAccount,
  storedOffer,
} from "../contracts.ts";
import type { GatewayAnnouncement, RemoveGatewayRequest } from "../gateways.ts";
import { gatewayAnnouncement, removeGatewayRequest } from "../gateways.ts";
import { GATEWAYS_PER_UNIT, REGISTER_UNITS } from "../limits.ts";
import { accounts, blockCountVotes, consensusBlockCount, consensusVersion, offers } from "./db.ts";
import type { LnEnv } from "./env.ts";
import type { Sources } from "./registrations.ts";
import { challengeOf, checkAnnouncement, listGateways, register, remove } from "./registrations.ts";

const FIRST = { since: { major: 0, minor: 0 } };
const SECOND = { since: { major: 0, minor: 1 } };

/** Null for an outgoing contract. */
function incomingOf({ amount, contract }: ContractAccount): IncomingContractAccount | null {
  return contract.tag === "Incoming" ? { amount, contract: contract.value.contract } : null;
}

/** What is read for whom, and how long they wait for it. */
class Answers {
  readonly #env: LnEnv;
  readonly #blockCount: Rising;
  readonly #sources: Sources = new Map();
  /** Gateways when somebody looked last. */
  knownGateways = 0;

  constructor(env: LnEnv) {
    const { store, peers } = env;
    this.#env = { ...env, store: store.forStrangers() };
    this.#blockCount = new Rising(store, blockCountVotes.prefix, (tx) => consensusBlockCount(tx, peers));
  }

  read<T>(body: (tx: ReadTx) => Promise<T>): Promise<T> {
    return readDurable(this.#env.store, body);
  }

  blockCount(): Promise<bigint> {
    return this.read((tx) => consensusBlockCount(tx, this.#env.peers));
  }

  /** The contract, once it is there and `holds`. */
  account(
    id: ContractId,
    signal: AbortSignal,
    holds: (account: ContractAccount) => boolean = () => true,
  ): Promise<ContractAccount> {
    const body = async (tx: ReadTx): Promise<ContractAccount | undefined> => {
      const account = await accounts.get(tx, id);
      return account && holds(account) ? account : undefined;
    };
    return awaitValue(this.#env.store, accounts.keyOf(id), body, signal);
  }

  /** Resolves once so many blocks are in the chain that one of this height is among them. */
  async blockHeight(height: bigint, signal: AbortSignal): Promise<null> {
    const found = new AbortController();
    // registered before reading, so that nothing in between is missed
    const reached = this.#blockCount.reached(height + 1n, AbortSignal.any([signal, found.signal]));
    if (await this.blockCount() > height) found.abort();
    else await reached;
    return null;
  }

  /** As it stands once the contract is there. */
  async status(
    id: ContractId,
    signal: AbortSignal,
  ): Promise<readonly [IncomingContractAccount, DecryptedPreimageStatus]> {
    const account = incomingOf(await this.account(id, signal));
    if (!account) throw EndpointError.badRequest("Contract is not an incoming contract");
    return [account, statusOf(account.contract.decryptedPreimage)];
  }

  /** Once the contract is decrypted: null if that was no preimage. An outgoing one never is. */
  async decrypted(
    id: ContractId,
    signal: AbortSignal,
  ): Promise<readonly [IncomingContractAccount, Uint8Array | null]> {
    const isDecrypted = (each: ContractAccount): boolean => {
      const tag = incomingOf(each)?.contract.decryptedPreimage.tag;
      return tag === "Some" || tag === "Invalid";
    };
    const account = incomingOf(await this.account(id, signal, isDecrypted))!;
    const { decryptedPreimage } = account.contract;
    return [account, decryptedPreimage.tag === "Some" ? preimageOfKey(decryptedPreimage.value) : null];
  }

  async gateways(): Promise<GatewayAnnouncement[]> {
    const found = await this.read((tx) => listGateways(tx, this.#env.platform.clock.nowMs()));
    this.knownGateways = found.length;
    return found;
  }

  async register(announcement: GatewayAnnouncement, source: string | null): Promise<null> {
    const checked = checkAnnouncement(this.#env, announcement);
    if (!checked.ok) throw EndpointError.badRequest(checked.error);
    const { value, durable } = await this.#env.store.transact((tx) =>
      register(this.#env, tx, announcement, source, this.#sources)
    );
    if (!value.ok) throw EndpointError.badRequest(value.error);
    await durable;
    return null;
  }

  async remove(request: RemoveGatewayRequest): Promise<boolean> {
    const { value, durable } = await this.#env.store.transact((tx) => remove(this.#env, tx, request, this.#sources));
    await durable;
    return value;
  }
}

export function lnEndpoints(env: LnEnv): Record<typeof LN_ENDPOINTS[number], Endpoint> {
  const answers = new Answers(env);
  const ofContract = { ...FIRST, params: contractId };
  return {
    block_count: endpoint({ ...FIRST, params: unit, result: u64, handle: () => answers.blockCount() }),
    module_consensus_version: endpoint({
      ...SECOND,
      params: unit,
      result: version,
      handle: () => answers.read((tx) => consensusVersion(tx, env.peers)),
    }),
    supported_module_consensus_version: endpoint({
      ...SECOND,
      params: unit,
      result: version,
      handle: () => Promise.resolve(LN_CONSENSUS_VERSION),
    }),
    account: endpoint({
      ...ofContract,
      result: option(storedAccount),
      handle: (id) => answers.read(async (tx) => await accounts.get(tx, id) ?? null),
    }),
    await_account: endpoint({
      ...ofContract,
      result: storedAccount,
      handle: (id, { signal }) => answers.account(id, signal),
    }),
    await_block_height: endpoint({
      ...FIRST,
      params: u64,
      result: unit,
      handle: (height, { signal }) => answers.blockHeight(height, signal),
    }),
    await_outgoing_contract_cancelled: endpoint({
      ...ofContract,
      result: storedAccount,
      handle: (id, { signal }) =>
        answers.account(id, signal, ({ contract }) => contract.tag === "Outgoing" && contract.value.cancelled),
    }),
    get_decrypted_preimage_status: endpoint({
      ...ofContract,
      result: tuple(incomingContractAccount, decryptedPreimageStatus),
      handle: async (id, { signal }) => [...await answers.status(id, signal)],
    }),
    await_preimage_decryption: endpoint({
      ...ofContract,
      result: tuple(incomingContractAccount, option(preimage)),
      handle: async (id, { signal }) => [...await answers.decrypted(id, signal)],
    }),
    offer: endpoint({
      ...FIRST,
      params: sha256Hash,
      result: option(storedOffer),
      handle: (hash) => answers.read(async (tx) => await offers.get(tx, hash) ?? null),
    }),
    await_offer: endpoint({
      ...FIRST,
      params: sha256Hash,
      result: storedOffer,
      handle: (hash, { signal }) =>
        awaitValue(env.store.forStrangers(), offers.keyOf(hash), (tx) => offers.get(tx, hash), signal),
    }),
    list_gateways: endpoint({
      ...FIRST,
      shared: true,
      units: () => 1 + Math.floor(answers.knownGateways / GATEWAYS_PER_UNIT),
      params: unit,
      result: list(gatewayAnnouncement),
      handle: () => answers.gateways(),
    }),
    register_gateway: endpoint({
      ...FIRST,
      units: (_params: Json) => REGISTER_UNITS,
      params: gatewayAnnouncement,
      result: unit,
      handle: (announcement, { source = null }) => answers.register(announcement, source),
    }),
    remove_gateway_challenge: endpoint({
      ...SECOND,
      params: publicKey,
      result: option(sha256Hash),
      handle: (gatewayId) => answers.read((tx) => challengeOf(tx, gatewayId)),
    }),
    remove_gateway: endpoint({
      ...SECOND,
      units: (_params: Json) => REGISTER_UNITS,
      params: removeGatewayRequest,
      result: bool,
      handle: (request) => answers.remove(request),
    }),
  };
}
