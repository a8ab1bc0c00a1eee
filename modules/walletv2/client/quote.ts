/** What a payment costs and whether it can be made, told before anything is stored or paid. Dry runs only. */
import { addressFromScript, scriptFromAddress } from "../../../core/bitcoin/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/secp.ts";
import type { Result } from "../../../core/result.ts";
import { err } from "../../../core/result.ts";
import { BITCOIN_SAT_MAX, MSAT_PER_SAT, U64_MAX } from "../../../core/types/amount.ts";
import type { FinalizeError } from "../../contract/client_env.ts";
import { mostAffordable } from "../../contract/most_sendable.ts";
import { WalletError } from "./error.ts";
import type { WalletFederation } from "./federation.ts";
import type { WalletClientEnv } from "./wallet.ts";
import { claimBundle, paymentBundle } from "./wallet.ts";
import { FEE_SHARE_MAX_PERCENT } from "../limits.ts";
import type { StandardScript } from "../standard_script.ts";
import { standardScriptOf } from "../standard_script.ts";

/** What a payment costs, and what arrives. */
export type WithdrawQuote = {
  /** In its usual form. */
  readonly address: string;
  /** What arrives there. */
  readonly valueSat: bigint;
  /** What goes to the miners. */
  readonly feeSat: bigint;
  /** The federation's own fees, and what is too small to come back as change. */
  readonly federationFeeMsat: bigint;
  /** What leaves the balance: all of the above. */
  readonly totalMsat: bigint;
  /**
   * Transactions of the federation that no block holds yet: this one waits for all of them, and each makes it dearer.
   */
  readonly pending: number;
  /** The fee is so large a share of the amount that a payment is refused unless that is wanted. */
  readonly isFeeHigh: boolean;
  /** `all`: the federation can't pay more, and the rest stays in the wallet. */
  readonly isShort: boolean;
};

/** What of a deposit would come into the balance. */
export type DepositQuote = {
  /** What is paid to the address. */
  readonly amountSat: bigint;
  /** What goes to the miners, when the federation moves it. */
  readonly feeSat: bigint;
  /** The federation's own fees, and what is too small to be a note. */
  readonly federationFeeMsat: bigint;
  /** What comes into the balance; 0 when it would not pay its own fees: it would wait until they have fallen. */
  readonly arrivesMsat: bigint;
};

/** Only its size matters. */
const ANY_DESTINATION: StandardScript = { tag: "P2WSH", value: new Uint8Array(32) };
/** The same: nobody signs with it, and nothing is asked about it. */
const ANY_SECRET = new Uint8Array(32).fill(1) as Bytes;

export class Quotes {
  readonly #env: WalletClientEnv;
  readonly #federation: WalletFederation;

  constructor(env: WalletClientEnv, federation: WalletFederation) {
    this.#env = env;
    this.#federation = federation;
  }

  /** @throws {WalletError} `invalid_address` · `wrong_network` · `unsupported_address` */
  destination(address: string): { readonly address: string; readonly destination: StandardScript } {
    const { network } = this.#env.config;
    const script = scriptFromAddress(address, network);
    if (!script.ok) {
      throw WalletError.of(script.error.code === "wrong_network" ? "wrong_network" : "invalid_address");
    }
    const destination = standardScriptOf(script.value);
    if (!destination) throw WalletError.of("unsupported_address");
    return { address: addressFromScript(script.value, network) ?? address, destination };
  }

  /** @throws {WalletError} `dust_value` */
  checkValue(valueSat: bigint): void {
    const { dustLimit } = this.#env.config;
    if (valueSat >= dustLimit) return;
    throw WalletError.of("dust_value", { cause: new Error(`the least is ${dustLimit} sat`) });
  }

  /** @throws {WalletError} `no_feerate` · `federation` · `failed` */
  async quoteDeposit(amountSat: bigint, signal: AbortSignal): Promise<DepositQuote> {
    const feeSat = await this.#federation.receiveFee(signal);
    const nothing: DepositQuote = { amountSat, feeSat, federationFeeMsat: 0n, arrivesMsat: 0n };
    const anywhere = { secret: ANY_SECRET, publicKey: publicKeyOf(ANY_SECRET), script: new Uint8Array(0) as Bytes };
    const bundle = claimBundle(this.#env, anywhere, { outputIndex: 0, value: amountSat, fee: feeSat });
    if (!bundle) return nothing;
    const cost = await this.#env.core.quoteFee({ inputs: [bundle], outputs: [], spending: "nothing" });
    if (!cost.ok && cost.error.code !== "insufficient_funds") throw notSubmitted(cost.error);
    const worthMsat = (amountSat - feeSat) * MSAT_PER_SAT;
    if (!cost.ok || cost.value >= worthMsat) return nothing;
    return { amountSat, feeSat, federationFeeMsat: cost.value, arrivesMsat: worthMsat - cost.value };
  }

  async quote(
    text: string,
    amountSat: bigint | "all",
    givenFeeSat: bigint | undefined,
    signal: AbortSignal,
  ): Promise<WithdrawQuote> {
    const { address, destination } = this.destination(text);
    if (amountSat !== "all") this.checkValue(amountSat);
    const leastFeeSat = await this.#federation.sendFee(signal);
    const feeSat = givenFeeSat ?? leastFeeSat;
    if (feeSat < leastFeeSat) {
      throw WalletError.of("fee_too_low", { cause: new Error(`they ask for ${leastFeeSat} sat now`) });
    }
    const payableSat = await this.maxPayable(feeSat, signal);
    const valueSat = amountSat === "all" ? await this.maxSendable(feeSat, payableSat) : amountSat;
    if (valueSat > payableSat) {
      const most = `it can pay ${payableSat} sat at most with a fee of ${feeSat} sat`;
      throw WalletError.of("federation_short", { cause: new Error(most) });
    }
    const cost = await this.#cost(valueSat, feeSat, destination);
    if (!cost.ok) throw notSubmitted(cost.error);
    const federationFeeMsat = cost.value;
    return {
      address,
      valueSat,
      feeSat,
      federationFeeMsat,
      totalMsat: (valueSat + feeSat) * MSAT_PER_SAT + federationFeeMsat,
      pending: (await this.#federation.pendingChain(signal)).length,
      isFeeHigh: feeSat * 100n > valueSat * FEE_SHARE_MAX_PERCENT,
      isShort: amountSat === "all" && valueSat === payableSat,
    };
  }

  /**
   * What a payment of `valueSat` with `feeSat` for the miners costs beside these two, msat; or why the wallet can't
   * make it.
   */
  async #cost(
    valueSat: bigint,
    feeSat: bigint,
    destination = ANY_DESTINATION,
  ): Promise<Result<bigint, FinalizeError>> {
    const bundle = paymentBundle(this.#env, { destination, value: valueSat, fee: feeSat });
    if (!bundle) return err({ code: "insufficient_funds", requestedMsat: U64_MAX, availableMsat: 0n });
    return await this.#env.core.quoteFee({ inputs: [], outputs: [bundle] });
  }

  async maxPayable(feeSat: bigint, signal: AbortSignal): Promise<bigint> {
    const { dustLimit } = this.#env.config;
    const heldSat = (await this.#federation.wallet(signal))?.value ?? 0n;
    const payableSat = heldSat - feeSat - dustLimit;
    if (payableSat >= dustLimit) return payableSat;
    const why = `it has ${heldSat} sat, must keep ${dustLimit} sat, and the least payment is ${dustLimit} sat`;
    throw WalletError.of("federation_short", { cause: new Error(`${why} with a fee of ${feeSat} sat`) });
  }

  /** @param payableSat as `maxPayable` tells it */
  async maxSendable(feeSat: bigint, payableSat: bigint): Promise<bigint> {
    const affordableSat = await this.#maxAffordable(feeSat);
    return affordableSat < payableSat ? affordableSat : payableSat;
  }

  /** What pays for notes rises by steps, so the most is searched for by trial, from the top down. */
  async #maxAffordable(feeSat: bigint): Promise<bigint> {
    const { dustLimit } = this.#env.config;
    const affordable = async (valueSat: bigint): Promise<boolean> => {
      const cost = await this.#cost(valueSat, feeSat);
      if (cost.ok) return true;
      if (cost.error.code === "insufficient_funds" || needsFewerNotes(cost.error)) return false;
      throw notSubmitted(cost.error);
    };
    const most = await this.#balanceSat() - feeSat;
    const found = await mostAffordable({ least: dustLimit, most: most > dustLimit ? most : dustLimit }, affordable);
    if (found !== null) return found;
    const least = `the least payment is ${dustLimit} sat, with a fee of ${feeSat} sat and the federation's own fees`;
    throw WalletError.of("insufficient_funds", { cause: new Error(least) });
  }

  /** More than there can be is refused, and the refusal says what the wallet holds. */
  async #balanceSat(): Promise<bigint> {
    const all = paymentBundle(this.#env, { destination: ANY_DESTINATION, value: BITCOIN_SAT_MAX, fee: 0n });
    assert(all, "all bitcoin there can be fit into an amount");
    const quote = await this.#env.core.quoteFee({ inputs: [], outputs: [all] });
    if (quote.ok) return BITCOIN_SAT_MAX;
    if (quote.error.code !== "insufficient_funds") throw notSubmitted(quote.error);
    return quote.error.availableMsat / MSAT_PER_SAT;
  }
}

/** A smaller payment can be made. */
function needsFewerNotes({ code }: FinalizeError): boolean {
  return code === "fragmented" || code === "too_large";
}

export function notSubmitted(error: FinalizeError): WalletError {
  if (error.code === "insufficient_funds") return WalletError.of("insufficient_funds");
  if (needsFewerNotes(error)) return WalletError.of("too_many_notes");
  return WalletError.of("failed", { cause: new Error(error.code) });
}
