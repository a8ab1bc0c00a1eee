/** What a gateway asks guardians. fedimint-gwv2-client 0.13.0 (`api.rs`); docs/protocol/06-lightning-meta.md §C. */
import type { G1 } from "../../../core/crypto/mod.ts";
import { option, tuple, u64 } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { g1Point } from "../../../core/types/bls.ts";
import type { OutPoint, PeerId } from "../../../core/types/ids.ts";
import { outPoint } from "../../../core/types/ids.ts";
import type { ApiCall } from "../../contract/federation_api.ts";
import { ApiError } from "../../contract/federation_api.ts";
import { orLate } from "../../contract/waiting.ts";
import type { ContractId, IncomingContract } from "../contracts.ts";
import { contractId, isDecryptionShareOf } from "../contracts.ts";
import { ACCEPT_MS, EXPIRATION_DELTA_MINIMUM, LIVENESS_MS } from "./limits.ts";
import type { GatewayEnv } from "./env.ts";

/** What is left of an outgoing contract, in blocks. */
export type ContractLeft = { readonly contractId: ContractId; readonly blocks: bigint };

const contractLeft = option(tuple(contractId, u64));

/** Blocks that a payment may bind money for: the gateway's own are taken off. */
export function maxDelayOf(left: ContractLeft | null): bigint {
  const delay = (left?.blocks ?? 0n) - EXPIRATION_DELTA_MINIMUM;
  return delay > 0n ? delay : 0n;
}

/** Guardians, as the gateway's module asks them. */
export class GatewayFederation {
  readonly #env: Pick<GatewayEnv, "api" | "config" | "platform">;

  constructor(env: Pick<GatewayEnv, "api" | "config" | "platform">) {
    this.#env = env;
  }

  #expiration(outpoint: OutPoint): ApiCall<[ContractId, bigint] | null> {
    return {
      method: "outgoing_contract_expiration",
      params: outPoint.toJson(outpoint),
      result: contractLeft as ApiCall<[ContractId, bigint] | null>["result"],
    };
  }

  /**
   * What is left of the contract at this output; null for none that is funded and unspent.
   * @throws {ApiError} also after half a minute without an answer
   */
  async contractLeft(outpoint: OutPoint, signal: AbortSignal): Promise<ContractLeft | null> {
    const call = this.#expiration(outpoint);
    const late = () =>
      new ApiError({ code: "federation", method: call.method, peers: {} }, "Guardians didn't answer in time");
    const answer = await orLate(
      { clock: this.#env.platform.clock, deadlineMs: ACCEPT_MS, signal, late },
      (until) => this.#env.api.consensus(call, { signal: until }),
    );
    return answer && { contractId: answer[0], blocks: answer[1] };
  }

  /** Blocks that a payment which begins now may bind money for. Asks until guardians have answered. */
  async maxDelayNow(outpoint: OutPoint, signal: AbortSignal): Promise<bigint> {
    const answer = await this.#env.api.consensus(this.#expiration(outpoint), { retry: true, signal });
    return maxDelayOf(answer && { contractId: answer[0], blocks: answer[1] });
  }

  /** Blocks that a threshold says there are, of which the first has height 0; null without an answer in ten seconds. */
  async blockCount(signal: AbortSignal): Promise<bigint | null> {
    const call: ApiCall<bigint> = { method: "consensus_block_count", params: null, result: u64 };
    const late = () => new ApiError({ code: "federation", method: call.method, peers: {} }, "too late");
    try {
      return await orLate(
        { clock: this.#env.platform.clock, deadlineMs: LIVENESS_MS, signal, late },
        (until) => this.#env.api.consensus(call, { signal: until }),
      );
    } catch (thrown) {
      if (thrown instanceof ApiError) return null;
      throw thrown;
    }
  }

  /**
   * A threshold of valid shares of a contract's decryption key, by guardian: there once it is funded. Asks for ever.
   */
  decryptionShares(contract: IncomingContract, outpoint: OutPoint, signal: AbortSignal): Promise<Map<PeerId, G1>> {
    const { tpePks } = this.#env.config;
    const valid = (peer: PeerId, share: G1): Result<G1, string> => {
      const key = tpePks.get(peer);
      if (!key) return err("a guardian without a key");
      return isDecryptionShareOf(contract, share, key) ? ok(share) : err("not its share of the decryption key");
    };
    const call = { method: "decryption_key_share", params: outPoint.toJson(outpoint), result: g1Point };
    return this.#env.api.threshold(call, valid, { retry: true, signal });
  }
}
