/** What applications do with on-chain money: deposit, pay, ask for fees. Follows fedimint-walletv2-client 0.13.0; sheet "wallet" 9. */
import { addressFromScript, scriptFromAddress } from "../../core/bitcoin/mod.ts";
import { assert } from "../../core/assert.ts";
import { toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { isJsonObject } from "../../core/encoding/mod.ts";
import { BITCOIN_SAT_MAX } from "../../core/types/amount.ts";
import type { BitcoinTxid, OperationId } from "../../core/types/ids.ts";
import { operationId as operationIdCodec, outPointRange } from "../../core/types/ids.ts";
import type { FinalizeError } from "../contract/client.ts";
import { endedBy, orEnded } from "../contract/waiting.ts";
import type { Addresses, SearchProgress } from "./client_addresses.ts";
import { getChange } from "./client_db.ts";
import { WalletError } from "./client_error.ts";
import type { WalletFederation } from "./client_federation.ts";
import type { WalletClientEnv } from "./client_wallet.ts";
import { paymentBundle } from "./client_wallet.ts";
import { satoshi } from "./config.ts";
import type { StandardScript } from "./standard_script.ts";
import { standardScriptOf } from "./standard_script.ts";

/** What became of a payment. `failure`: guardians accepted it and made no transaction. */
export type SendOutcome =
  | { readonly outcome: "success"; readonly txid: BitcoinTxid }
  | { readonly outcome: "aborted"; readonly reason: string }
  | { readonly outcome: "failure" };

/** As the reference writes it into the operation log and on the terminal. */
export function sendOutcomeJson(sent: SendOutcome): Json {
  if (sent.outcome === "success") return { Success: sent.txid };
  return sent.outcome === "aborted" ? "Aborted" : "Failure";
}

/** Only its size matters. */
const ANY_DESTINATION: StandardScript = { tag: "P2WSH", value: new Uint8Array(32) };

export class WalletClient {
  readonly #env: WalletClientEnv;
  readonly #addresses: Addresses;
  /** Fees, fee rate, block count and transactions of the federation. */
  readonly federation: WalletFederation;

  constructor(env: WalletClientEnv, addresses: Addresses, federation: WalletFederation) {
    this.#env = env;
    this.#addresses = addresses;
    this.federation = federation;
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([this.#env.signal, signal]) : this.#env.signal;
  }

  /**
   * An address to deposit to. The first one is searched for in the background and takes some seconds; another one is given out once it
   * was used. To wait for the deposit, take the event log's position before asking for the address.
   * @param options.onProgress called while the search goes on, with the number of indices tried; 65,536 are needed on average
   */
  async receive(
    options: { readonly onProgress?: SearchProgress; readonly signal?: AbortSignal } = {},
  ): Promise<string> {
    const until = this.#until(options.signal);
    const index = await orEnded(until, () => this.#addresses.awaitHighest(options.onProgress, until));
    return this.#addresses.textAt(index);
  }

  /**
   * Waits for the next deposit that is claimed, and until its e-cash is in the wallet. Refused claims are passed over: they are made again.
   * @param fromEventId position in the event log to look from
   * @returns the position after it, for the next call
   * @throws {WalletError} `not_issued`
   */
  async awaitReceive(
    fromEventId: number,
    signal?: AbortSignal,
  ): Promise<{ readonly operationId: OperationId; readonly nextEventId: number }> {
    const until = this.#until(signal);
    const { core, store } = this.#env;
    for await (const { id, kind, payload } of core.events(fromEventId, until)) {
      if (kind !== "payment-receive") continue;
      const operationId = operationIdOf(payload);
      if (!await this.#isReceived(operationId, until)) continue;
      const change = await store.read((tx) => getChange(tx, operationId));
      assert(change, "a claim's change is stored with its event");
      const issued = await core.awaitPrimaryOutputs(operationId, change, until);
      if (!issued.ok) throw WalletError.of("not_issued", { cause: new Error(issued.error) });
      return { operationId, nextEventId: id + 1 };
    }
    throw endedBy(until);
  }

  /** Did guardians accept the claim? */
  async #isReceived(operationId: OperationId, signal: AbortSignal): Promise<boolean> {
    const { core } = this.#env;
    for await (const { tag } of core.states(operationId, signal)) {
      if (tag !== "ReceiveSuccess" && tag !== "ReceiveAborted") continue;
      const received = tag === "ReceiveSuccess";
      await core.setOutcome(operationId, received ? "Success" : "Aborted");
      return received;
    }
    throw endedBy(signal);
  }

  /**
   * Pays on chain. Resolves when the operation is stored; `awaitSend` tells what became of it.
   * @param valueSat what arrives at the address
   * @param options.feeSat what goes to the miners; by default what guardians ask for now (`federation.sendFee`)
   * @throws {WalletError} `invalid_address` · `wrong_network` · `dust_value` · `unsupported_address` · `no_feerate` · `federation` ·
   * `insufficient_funds` · `failed`
   */
  async send(
    address: string,
    valueSat: bigint,
    options: { readonly feeSat?: bigint; readonly customMeta?: Json } = {},
    signal?: AbortSignal,
  ): Promise<OperationId> {
    const { config, core, platform } = this.#env;
    const script = scriptFromAddress(address, config.network);
    if (!script.ok) {
      throw WalletError.of(script.error.code === "wrong_network" ? "wrong_network" : "invalid_address");
    }
    if (valueSat < config.dustLimit) {
      throw WalletError.of("dust_value", { cause: new Error(`the least is ${config.dustLimit} sat`) });
    }
    const feeSat = options.feeSat ?? await this.federation.sendFee(this.#until(signal));
    const destination = standardScriptOf(script.value);
    if (!destination) throw WalletError.of("unsupported_address");
    const bundle = paymentBundle(this.#env, { destination, value: valueSat, fee: feeSat });
    if (!bundle) throw WalletError.of("insufficient_funds");
    const operationId = toHex(platform.dice.bytes(32)) as OperationId;
    const facts = {
      address: addressFromScript(script.value, config.network),
      value: satoshi.toJson(valueSat),
      fee: satoshi.toJson(feeSat),
    };
    const submitted = await core.submit({
      operationId,
      inputs: [],
      outputs: [bundle],
      meta: (change) => ({
        Send: {
          change_outpoint_range: outPointRange.toJson(change),
          ...facts,
          custom_meta: options.customMeta ?? null,
        },
      }),
      also: (tx) => {
        tx.logEvent("payment-send", { operation_id: operationId, ...facts });
        return Promise.resolve();
      },
    });
    if (!submitted.ok) throw notSubmitted(submitted.error);
    return operationId;
  }

  /** @throws {WalletError} `unknown_operation` */
  async awaitSend(operationId: OperationId, signal?: AbortSignal): Promise<SendOutcome> {
    const until = this.#until(signal);
    const { core } = this.#env;
    if (!await core.operationExists(operationId)) throw WalletError.of("unknown_operation");
    for await (const state of core.states(operationId, until)) {
      let sent: SendOutcome;
      if (state.tag === "SendSuccess") sent = { outcome: "success", txid: state.value };
      else if (state.tag === "SendAborted") sent = { outcome: "aborted", reason: state.value };
      else if (state.tag === "SendFailure") sent = { outcome: "failure" };
      else if (state.tag === "SendFunding") continue;
      else throw WalletError.of("unknown_operation");
      await core.setOutcome(operationId, sendOutcomeJson(sent));
      return sent;
    }
    throw endedBy(until);
  }

  /** What a payment of `valueSat` with `feeSat` for the miners costs beside these two, msat; null when the wallet can't pay it. */
  async #costMsat(valueSat: bigint, feeSat: bigint): Promise<bigint | null> {
    const bundle = paymentBundle(this.#env, { destination: ANY_DESTINATION, value: valueSat, fee: feeSat });
    if (!bundle) return null;
    const quote = await this.#env.core.quoteFee({ inputs: [], outputs: [bundle] });
    if (quote.ok) return quote.value;
    if (quote.error.code === "insufficient_funds") return null;
    throw notSubmitted(quote.error);
  }

  /**
   * The most that the federation itself can pay with this fee: it refuses to be left with less than dust, so some bitcoin always stays.
   * @throws {WalletError} `federation_short` when not even the least amount can be paid · `federation`
   */
  async maxPayable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    const { dustLimit } = this.#env.config;
    const heldSat = (await this.federation.wallet(this.#until(signal)))?.value ?? 0n;
    const payableSat = heldSat - feeSat - dustLimit;
    if (payableSat >= dustLimit) return payableSat;
    const why = `it has ${heldSat} sat, must keep ${dustLimit} sat, and the least payment is ${dustLimit} sat`;
    throw WalletError.of("federation_short", { cause: new Error(`${why} with a fee of ${feeSat} sat`) });
  }

  /**
   * The most that can be sent with this fee: as much as the balance pays for, and the federation can pay.
   * @throws {WalletError} `insufficient_funds`, `federation_short` when not even the least amount can be paid · `federation` · `failed`
   */
  async maxSendable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    const affordableSat = await this.#maxAffordable(feeSat);
    const payableSat = await this.maxPayable(feeSat, signal);
    return affordableSat < payableSat ? affordableSat : payableSat;
  }

  /** What pays for notes rises by steps, so the most is searched for by trial, from the top down. */
  async #maxAffordable(feeSat: bigint): Promise<bigint> {
    const { dustLimit } = this.#env.config;
    const affordable = async (valueSat: bigint): Promise<boolean> => await this.#costMsat(valueSat, feeSat) !== null;
    if (!await affordable(dustLimit)) {
      const least = `the least payment is ${dustLimit} sat, with a fee of ${feeSat} sat and the federation's own fees`;
      throw WalletError.of("insufficient_funds", { cause: new Error(least) });
    }
    // `low` can be paid, `high` can't
    let low = dustLimit, high = BITCOIN_SAT_MAX + 1n;
    const top = await this.#balanceSat() - feeSat;
    for (let below = 0n; top - below > low; below = 2n * below + 1n) {
      if (await affordable(top - below)) {
        low = top - below;
        break;
      }
      high = top - below;
    }
    if (low >= top) return low;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (await affordable(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  /** More than there can be is refused, and the refusal says what the wallet holds. */
  async #balanceSat(): Promise<bigint> {
    const all = paymentBundle(this.#env, { destination: ANY_DESTINATION, value: BITCOIN_SAT_MAX, fee: 0n });
    assert(all, "all bitcoin there can be fit into an amount");
    const quote = await this.#env.core.quoteFee({ inputs: [], outputs: [all] });
    if (quote.ok) return BITCOIN_SAT_MAX;
    if (quote.error.code !== "insufficient_funds") throw notSubmitted(quote.error);
    return quote.error.availableMsat / 1000n;
  }
}

function notSubmitted(error: FinalizeError): WalletError {
  return error.code === "insufficient_funds"
    ? WalletError.of("insufficient_funds")
    : WalletError.of("failed", { cause: new Error(error.code) });
}

function operationIdOf(payload: Json): OperationId {
  assert(isJsonObject(payload), "an event's payload is an object");
  return operationIdCodec.fromJson(payload.operation_id ?? null);
}
