/**
 * What a client asks guardians about their on-chain wallet. Follows fedimint-walletv2-client 0.13.0 (`api.rs`);
 * docs/protocol/05-wallet.md §8, §9.
 */
import type { Codec, Json } from "../../../core/encoding/mod.ts";
import { list, option, u64, u64Number } from "../../../core/encoding/mod.ts";
import type { BitcoinTxid, OutPoint } from "../../../core/types/ids.ts";
import { bitcoinTxid, outPoint } from "../../../core/types/ids.ts";
import type { ApiCall, FederationApi } from "../../contract/federation_api.ts";
import { ApiError } from "../../contract/federation_api.ts";
import { WalletError } from "./error.ts";
import type { FederationWallet, OutputInfo, TxInfo, WALLETV2_ENDPOINTS } from "../common.ts";
import { federationWallet, outputInfo, txInfo } from "../common.ts";
import { satoshi } from "../config.ts";

type Method = typeof WALLETV2_ENDPOINTS[number];

function callOf<R>(method: Method, result: Codec<R>, params: Json = null): ApiCall<R> {
  return { method, params, result };
}

/** What guardians say about their on-chain wallet: each answer is that of a threshold. */
export class WalletFederation {
  readonly #api: FederationApi;

  /** @internal */
  constructor(api: FederationApi) {
    this.#api = api;
  }

  /** How many blocks guardians agree on. */
  blockCount(signal?: AbortSignal): Promise<number> {
    return this.#agreed(callOf("consensus_block_count", u64Number), signal);
  }

  /** sat per 1,000 vbytes; null before a threshold has one. */
  feerate(signal?: AbortSignal): Promise<bigint | null> {
    return this.#agreed(callOf("consensus_feerate", option(u64)), signal);
  }

  /** The federation's one output; null before its first deposit. */
  wallet(signal?: AbortSignal): Promise<FederationWallet | null> {
    return this.#agreed(callOf("federation_wallet", option(federationWallet)), signal);
  }

  /** Newest first: transactions that no block holds yet. */
  pendingChain(signal?: AbortSignal): Promise<TxInfo[]> {
    return this.#agreed(callOf("pending_transaction_chain", list(txInfo)), signal);
  }

  /** Oldest first: all of them. */
  chain(signal?: AbortSignal): Promise<TxInfo[]> {
    return this.#agreed(callOf("transaction_chain", list(txInfo)), signal);
  }

  /** Possible deposits with indices start … end − 1, ascending. */
  async outputs(start: number, end: number, signal?: AbortSignal): Promise<OutputInfo[]> {
    const outputs = await this.#agreed(callOf("output_info_slice", list(outputInfo), [start, end]), signal);
    let next = start;
    for (const { index } of outputs) {
      if (index < next || index >= end) {
        throw WalletError.of("federation", { cause: new Error("A slice of outputs is out of order") });
      }
      next = index + 1;
    }
    return outputs;
  }

  /** Which transaction an accepted output became; asks until guardians agree. */
  transactionId(at: OutPoint, signal: AbortSignal): Promise<BitcoinTxid | null> {
    const call = callOf("transaction_id", option(bitcoinTxid), outPoint.toJson(at));
    return this.#api.consensus(call, { retry: true, signal });
  }

  /** sat. @throws {WalletError} `no_feerate` · `federation` */
  sendFee(signal?: AbortSignal): Promise<bigint> {
    return this.#fee("send_fee", signal);
  }

  /** sat. @throws {WalletError} `no_feerate` · `federation` */
  receiveFee(signal?: AbortSignal): Promise<bigint> {
    return this.#fee("receive_fee", signal);
  }

  /**
   * Every guardian is asked once. Waiting until they agree could take for ever: the fee folds together the fee rate and the transactions
   * under way, and one guardian that has lost its way in either would stop everybody without a word.
   */
  async #fee(method: "send_fee" | "receive_fee", signal?: AbortSignal): Promise<bigint> {
    const options = signal ? { signal } : {};
    const fee = await this.#told(this.#api.agreement(callOf(method, option(satoshi)), options));
    if (fee === null) throw WalletError.of("no_feerate");
    return fee;
  }

  #agreed<R>(call: ApiCall<R>, signal?: AbortSignal): Promise<R> {
    return this.#told(this.#api.consensus(call, signal ? { signal } : {}));
  }

  async #told<R>(answer: Promise<R>): Promise<R> {
    try {
      return await answer;
    } catch (thrown) {
      if (thrown instanceof ApiError) throw WalletError.of("federation", { cause: thrown });
      throw thrown;
    }
  }
}
