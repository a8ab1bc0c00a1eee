/**
 * What an lnv2 client asks guardians: each answer is that of a threshold, but for the lists of gateways, of which each
 * guardian has its own. fedimint-lnv2-client 0.13.0 (`api.rs`); docs/protocol/06-lightning-meta.md §C.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { bool, boundedList, DecodeError, fixedBytes, option, tuple, u64 } from "../../../core/encoding/mod.ts";
import type { Codec, Json } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import type { OutPoint, PeerId } from "../../../core/types/ids.ts";
import { outPoint } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { safeUrl } from "../../../core/types/safe_url.ts";
import type { ApiCall, FederationApi } from "../../contract/federation_api.ts";
import { ApiError } from "../../contract/federation_api.ts";
import type { ContractId, IncomingContract } from "../contracts.ts";
import { contractId, incomingContract } from "../contracts.ts";
import { Lnv2Error } from "./error.ts";
import { GATEWAYS_PER_GUARDIAN_MAX } from "./limits.ts";

const gatewayList = boundedList(safeUrl, GATEWAYS_PER_GUARDIAN_MAX);
const contractLeft = option(tuple(contractId, u64));

function callOf<R>(method: string, result: Codec<R>, params: Json = null): ApiCall<R> {
  return { method, params, result };
}

/** Guardians, as the client asks them. What waits asks again for ever; what doesn't throws when they don't answer. */
export class LightningFederation {
  readonly #api: FederationApi;

  constructor(api: FederationApi) {
    this.#api = api;
  }

  /** @throws {ApiError} */
  blockCount(signal: AbortSignal): Promise<bigint> {
    return this.#api.consensus(callOf("consensus_block_count", u64), { signal });
  }

  /** Where the contract is funded; null once its expiration (Unix time, s) is over. */
  awaitIncomingContract(id: ContractId, expiration: bigint, signal: AbortSignal): Promise<OutPoint | null> {
    const params = [contractId.toJson(id), u64.toJson(expiration)];
    return this.#api.consensus(callOf("await_incoming_contract", option(outPoint), params), { retry: true, signal });
  }

  /** The 32-byte preimage by which an outgoing contract was claimed; null once its expiration (blocks) is over. */
  awaitPreimage(at: OutPoint, expiration: bigint, signal: AbortSignal): Promise<Bytes | null> {
    const params = [outPoint.toJson(at), u64.toJson(expiration)];
    return this.#api.consensus(callOf("await_preimage", option(fixedBytes(32)), params), { retry: true, signal });
  }

  /** Whether an outgoing contract is still there. */
  async isOutgoingOpen(at: OutPoint, signal: AbortSignal): Promise<boolean> {
    const call = callOf("outgoing_contract_expiration", contractLeft, outPoint.toJson(at));
    return await this.#api.consensus(call, { retry: true, signal }) !== null;
  }

  /** Unspent contracts from a position of the stream on, once there is one behind it, and where to go on from. */
  async incomingContracts(
    start: bigint,
    count: number,
    signal: AbortSignal,
  ): Promise<{ readonly contracts: readonly IncomingContract[]; readonly next: bigint }> {
    const page = tuple(boundedList(incomingContract, count), u64);
    const call = callOf("await_incoming_contracts", page, [u64.toJson(start), count]);
    const [contracts, next] = await this.#api.consensus(call, { retry: true, signal });
    return { contracts, next };
  }

  /** Lists of gateways, of a threshold of guardians. @throws {Lnv2Error} `list_failed` */
  async gatewayLists(signal: AbortSignal): Promise<readonly (readonly SafeUrl[])[]> {
    try {
      const lists = await this.#api.threshold(callOf("gateways", gatewayList), (_peer, gateways) => ok(gateways), {
        signal,
      });
      return [...lists.values()];
    } catch (thrown) {
      if (thrown instanceof ApiError) throw Lnv2Error.of("list_failed", thrown.message);
      throw thrown;
    }
  }

  /** One guardian's. @throws {Lnv2Error} `list_failed` */
  async gatewaysOf(peer: PeerId, signal: AbortSignal): Promise<readonly SafeUrl[]> {
    try {
      return await this.#api.one(peer, callOf("gateways", gatewayList), { signal });
    } catch (thrown) {
      if (thrown instanceof ApiError) throw Lnv2Error.of("list_failed", thrown.message);
      throw thrown;
    }
  }

  /**
   * Changes the own guardian's list. @returns whether it changed
   * @throws {Lnv2Error} `federation` · `no_admin`
   */
  async changeGateways(
    method: "add_gateway" | "remove_gateway",
    gateway: SafeUrl,
    admin: { readonly peer: PeerId; readonly password: string } | null,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!admin) throw Lnv2Error.of("no_admin");
    const { peer, password } = admin;
    try {
      return await this.#api.one(peer, callOf(method, bool, safeUrl.toJson(gateway)), { password, signal });
    } catch (thrown) {
      if (thrown instanceof ApiError) throw Lnv2Error.of("federation", thrown.message);
      throw thrown;
    }
  }
}

/** What a text names as a gateway; null when it is no URL. */
export function gatewayUrl(text: string): SafeUrl | null {
  try {
    return safeUrl.fromJson(text);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return null;
    throw thrown;
  }
}
