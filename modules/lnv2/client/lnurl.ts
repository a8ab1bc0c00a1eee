/**
 * Being paid without being asked: the receiver publishes an lnurl, somebody's server makes contracts for it, and the
 * wallet finds those that are its own in the stream of all incoming contracts. Everything needed stands in them, so a
 * wallet that is restored from its words finds them again, from the stream's beginning. fedimint-lnv2-client 0.13.0
 * (`generate_lnurl`, `receive_lnurl`); docs/protocol/06-lightning-meta.md §D.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { encodeText } from "../../../core/encoding/mod.ts";
import { encodeLnurl } from "../../../core/lightning/lnurl.ts";
import { errorText } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { WaitError } from "../../contract/waiting.ts";
import type { IncomingContract } from "../contracts.ts";
import { feeFromExpiration, incomingContract } from "../contracts.ts";
import { incomingKeys, tweakOf } from "../incoming.ts";
import { lnurlRequest } from "../lnurl.ts";
import { isWorthClaiming, receiptOperationId } from "./contracts.ts";
import { streamPosition } from "./db.ts";
import { Lnv2Error } from "./error.ts";
import type { Gateways } from "./gateways.ts";
import { CLAIM_RETRY, CONTRACTS_AT_ONCE, STREAM_CONTRACTS } from "./limits.ts";
import type { LightningParts } from "./send_machine.ts";

export class LnurlReceiving {
  readonly #parts: LightningParts;
  readonly #gateways: Gateways;

  constructor(parts: LightningParts, gateways: Gateways) {
    this.#parts = parts;
    this.#gateways = gateways;
  }

  /**
   * An lnurl of this wallet at a server that makes contracts for it. It is the same for the same gateways.
   * @param server URL; what comes behind it is appended as it is
   * @throws {Lnv2Error} `list_failed` · `no_gateways`
   */
  async generate(server: SafeUrl, gateway: SafeUrl | null, signal: AbortSignal): Promise<string> {
    const { env: { federationId, config } } = this.#parts;
    const gateways = gateway === null ? await this.#gateways.list(signal) : [gateway];
    if (gateways.length === 0) throw Lnv2Error.of("no_gateways");
    const request = {
      federationId,
      recipientPk: publicKeyOf(this.#secretKey()),
      aggregatePk: config.tpeAggPk,
      gateways: [...gateways],
    };
    return encodeLnurl(`${server}pay/${encodeText(lnurlRequest, request)}`);
  }

  #secretKey() {
    return this.#parts.env.secret.child(1).secpKey();
  }

  /** Finds and claims what was paid, as it comes. Ends when the signal is aborted. */
  async run(signal: AbortSignal): Promise<never> {
    const { env: { log, platform: { clock, dice } } } = this.#parts;
    for (let failures = 0;;) {
      try {
        await this.#batch(signal);
        failures = 0;
      } catch (thrown) {
        if (!(thrown instanceof Lnv2Error)) throw thrown;
        // the e-cash module isn't there yet: the same contracts are looked at again
        log.warn("Receives by lnurl wait", { reason: errorText(thrown) });
        await sleep(clock, backOffMs(CLAIM_RETRY, failures++, dice), signal);
      }
    }
  }

  /** The position is stored when all of it is on its way: a crash looks at the same contracts again. */
  async #batch(signal: AbortSignal): Promise<void> {
    const { env: { store, platform: { clock } }, federation } = this.#parts;
    const position = await store.read((tx) => streamPosition.get(tx)) ?? 0n;
    const { contracts, next } = await federation.incomingContracts(position, STREAM_CONTRACTS, signal);
    for (const [i, contract] of contracts.entries()) {
      if (i % CONTRACTS_AT_ONCE === CONTRACTS_AT_ONCE - 1) await sleep(clock, 0, signal);
      const operationId = await this.#take(contract);
      if (operationId !== null) await this.#claimed(operationId, signal);
    }
    if (next <= position) return;
    const { durable } = await store.transact((tx) => streamPosition.set(tx, next));
    await durable;
  }

  /** Anybody can address contracts to a published key: what costs most is done last. */
  async #take(contract: IncomingContract): Promise<OperationId | null> {
    const { env } = this.#parts, { core, config, log } = env;
    const secretKey = this.#secretKey();
    const tweak = tweakOf(secretKey, contract);
    if (tweak === null) return null;
    const operationId = receiptOperationId(contract);
    if (await core.operationExists(operationId)) return operationId;
    const { amount, expiration } = contract.commitment;
    if (!await isWorthClaiming(env, amount)) {
      log.info("A contract for this wallet doesn't pay the fees of its claim, and is left", { amount });
      return null;
    }
    const keys = incomingKeys(secretKey, config.tpeAggPk, contract, tweak);
    if (keys === null) {
      log.info("A contract for this wallet can't be claimed, and is left", { amount });
      return null;
    }
    const feeMsat = feeFromExpiration(expiration);
    await core.transact(operationId, async (tx) => {
      core.logOperation(tx, { LnurlReceive: { contract: incomingContract.toJson(contract), custom_meta: null } });
      await tx.addMachine({ tag: "ReceivePending", value: { contract, ...keys, feeMsat } });
    });
    return operationId;
  }

  /** One claim after the other: a stranger may have paid into a hundred contracts. */
  async #claimed(operationId: OperationId, signal: AbortSignal): Promise<void> {
    try {
      for await (const { tag } of this.#parts.env.core.states(operationId, signal)) {
        if (tag !== "ReceivePending") return;
      }
    } catch (thrown) {
      // nothing of it is under way any more
      if (!(thrown instanceof WaitError && thrown.code === "unknown_operation")) throw thrown;
    }
  }
}
