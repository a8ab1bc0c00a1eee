/**
 * What an ln client asks guardians: each answer is that of a threshold, but for the lists of gateways, of which each
 * guardian has its own. fedimint-ln-client 0.13.0 (`api.rs`); docs/protocol/06-lightning-meta.md §F.
 */
import type { Clock, Dice, Platform } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Codec, Json } from "../../../core/encoding/mod.ts";
import { badJson, list, option, tryDecoding, tuple, u64, unit } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import type { ApiCall, AskOptions, FederationApi } from "../../contract/federation_api.ts";
import { ApiError } from "../../contract/federation_api.ts";
import type { LN_ENDPOINTS } from "../common.ts";
import type { ContractAccount, ContractId, IncomingContractOffer } from "../contracts.ts";
import { contractAccount, incomingContractAccount, incomingContractOffer, preimage } from "../contracts.ts";
import type { GatewayAnnouncement } from "../gateways.ts";
import { gatewayAnnouncement } from "../gateways.ts";
import { LnError } from "./error.ts";
import { BLOCK_COUNT_AGAIN_MS, GATEWAYS_PER_GUARDIAN_MAX } from "./limits.ts";

function callOf<R>(method: typeof LN_ENDPOINTS[number], result: Codec<R>, params: Json = null): ApiCall<R> {
  return { method, params, result };
}

const decrypted = tuple(incomingContractAccount, option(preimage));
const announcements = list(gatewayAnnouncement);

/**
 * What one guardian lists. Anybody registers, with guardians of the reference any number: of a list that is too long
 * some are read by chance, and one that can't be read leaves the others.
 */
function readList(json: Json, dice: Pick<Dice, "below">): GatewayAnnouncement[] {
  if (!Array.isArray(json)) return badJson("a list of gateways");
  const all = [...json as readonly Json[]], count = Math.min(all.length, GATEWAYS_PER_GUARDIAN_MAX);
  const found: GatewayAnnouncement[] = [];
  for (let i = 0; i < count; i++) {
    if (all.length > count) {
      const j = i + dice.below(all.length - i);
      [all[i], all[j]] = [all[j]!, all[i]!];
    }
    const read = tryDecoding(() => gatewayAnnouncement.fromJson(all[i]!));
    if (read.ok) found.push(read.value);
  }
  return found;
}

/** Guardians, as the client asks them. What waits asks again for ever; what doesn't throws when they don't answer. */
export class LnFederation {
  readonly #api: FederationApi;
  readonly #dice: Pick<Dice, "below">;
  readonly #clock: Clock;

  constructor({ api, platform }: { readonly api: FederationApi; readonly platform: Pick<Platform, "dice" | "clock"> }) {
    this.#api = api;
    this.#dice = platform.dice;
    this.#clock = platform.clock;
  }

  /** @throws {LnError} `federation` */
  async blockCount(signal: AbortSignal): Promise<bigint> {
    const count = await this.#once(callOf("block_count", option(u64)), signal);
    if (count === null) throw LnError.of("federation", "The federation did not report a consensus block count");
    return count;
  }

  /** The same, asked until guardians know one. */
  async awaitBlockCount(signal: AbortSignal): Promise<bigint> {
    for (;;) {
      const count = await this.#api.consensus(callOf("block_count", option(u64)), { retry: true, signal });
      if (count !== null) return count;
      await sleep(this.#clock, BLOCK_COUNT_AGAIN_MS, signal);
    }
  }

  /** Null when there is no such contract. Asks until guardians agree. */
  account(id: ContractId, signal: AbortSignal): Promise<ContractAccount | null> {
    return this.#api.consensus(callOf("account", option(contractAccount), id), { retry: true, signal });
  }

  /** The same, asked once. @throws {LnError} `federation` */
  accountNow(id: ContractId, signal: AbortSignal): Promise<ContractAccount | null> {
    return this.#once(callOf("account", option(contractAccount), id), signal);
  }

  /** The contract, once it is funded. */
  awaitAccount(id: ContractId, signal: AbortSignal): Promise<ContractAccount> {
    return this.#api.consensus(callOf("await_account", contractAccount, id), { retry: true, signal });
  }

  /** Resolves once a block of this height is in the chain. */
  async awaitBlock(height: number, signal: AbortSignal): Promise<void> {
    await this.#api.consensus(callOf("await_block_height", unit, height), { retry: true, signal });
  }

  /** Resolves once the gateway has given an outgoing contract up. */
  async awaitCancelled(id: ContractId, signal: AbortSignal): Promise<void> {
    const call = callOf("await_outgoing_contract_cancelled", contractAccount, id);
    await this.#api.consensus(call, { retry: true, signal });
  }

  /** What an incoming contract decrypted to: null when it was no preimage (32 bytes). */
  async awaitDecrypted(id: ContractId, signal: AbortSignal): Promise<Bytes | null> {
    const call = callOf("await_preimage_decryption", decrypted, id);
    const [, found] = await this.#api.consensus(call, { retry: true, signal });
    return found;
  }

  /** Null when there is none. @throws {LnError} `federation` */
  offer(hash: Sha256, signal: AbortSignal): Promise<IncomingContractOffer | null> {
    return this.#once(callOf("offer", option(incomingContractOffer), hash), signal);
  }

  /** Lists of a threshold of guardians. @throws {LnError} `federation` */
  async gatewayLists(signal: AbortSignal): Promise<readonly (readonly GatewayAnnouncement[])[]> {
    const result = { ...announcements, fromJson: (json: Json) => readList(json, this.#dice) };
    const lists = await this.#told(() =>
      this.#api.threshold(callOf("list_gateways", result), (_peer, listed) => ok(listed), { signal })
    );
    return [...lists.values()];
  }

  #once<R>(call: ApiCall<R>, signal: AbortSignal): Promise<R> {
    const options: AskOptions = { signal };
    return this.#told(() => this.#api.consensus(call, options));
  }

  async #told<R>(ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (thrown) {
      if (thrown instanceof ApiError) throw LnError.of("federation", thrown.message);
      throw thrown;
    }
  }
}
