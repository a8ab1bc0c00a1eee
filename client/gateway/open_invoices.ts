/**
 * A federation that is left has no invoice that anybody could pay: the node ends them first. What it holds for one is
 * under way, and is waited for.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { fromHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import type { GatewayModule } from "../../modules/lnv2/gateway/api.ts";
import { GatewayError } from "./error.ts";
import type { ServedFederation } from "./federations.ts";
import { underWay } from "./federations.ts";
import { INVOICES_ENDED_AT_ONCE, NODE_INFO_MS } from "./limits.ts";
import type { LightningNode } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { Registration } from "./records.ts";
import { registeredIn, registrationOf, unregister } from "./records.ts";

export type OpenInvoicesEnv = {
  /** The gateway's part. */
  readonly store: StoreView;
  readonly node: LightningNode;
  readonly watch: NodeWatch;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the gateway closes. */
  readonly closing: AbortSignal;
};

type Registered = { readonly hash: Sha256; readonly registration: Registration; readonly isFunded: boolean };

export class OpenInvoices {
  readonly #env: OpenInvoicesEnv;

  constructor(env: OpenInvoicesEnv) {
    this.#env = env;
  }

  /**
   * Ends all invoices of a federation at the node, and forgets those that nobody has paid. The caller sees to it that
   * nothing begins in the federation meanwhile. May be done again, wherever it ended.
   * @throws {GatewayError} `under_way`: the node holds a payment; then no invoice was ended · `node_not_connected` ·
   * `node`
   */
  async end({ federationId, module }: ServedFederation): Promise<void> {
    const { store, watch, log } = this.#env;
    if (!module) return;
    const hashes = await readDurable(store, (tx) => registeredIn(tx, federationId));
    if (hashes.length === 0) return;
    // to another node they would be unknown, and that would be taken for their end
    if (!await watch.info()) {
      throw new GatewayError(
        { code: "node_not_connected" },
        "The Lightning node is not connected: it must end the invoices of this federation first",
      );
    }
    for (const chunk of chunksOf(hashes)) {
      const held = await Promise.all(chunk.map((hash) => this.#isHeld(hash, module)));
      if (held.includes(true)) throw underWay();
    }
    for (const chunk of chunksOf(hashes)) {
      const ended = await Promise.all(chunk.map((hash) => this.#end(hash, module)));
      const { durable } = await store.transact(async (tx) => {
        for (const hash of ended) if (hash !== null) await unregister(tx, hash);
      });
      await durable;
    }
    log.info("The invoices of a federation have ended", { federationId, invoices: hashes.length });
  }

  async #registered(hash: Sha256, module: GatewayModule): Promise<Registered | null> {
    const registration = await readDurable(this.#env.store, (tx) => registrationOf(tx, hash));
    return registration ? { hash, registration, isFunded: await module.isFunded(registration.contract) } : null;
  }

  /** Whether the node holds a payment that brings back what was funded, or that would be funded next. */
  async #isHeld(hash: Sha256, module: GatewayModule): Promise<boolean> {
    const registered = await this.#registered(hash, module);
    if (!registered) return false;
    const held = await this.#asked((signal) => this.#env.node.heldPayment(fromHex(hash), signal));
    return held !== null && (registered.isFunded || held.amountMsat === registered.registration.amountMsat);
  }

  /** A payment that came since is given back: nothing was funded for it. @returns the hash, where nothing ever was */
  async #end(hash: Sha256, module: GatewayModule): Promise<Sha256 | null> {
    const registered = await this.#registered(hash, module);
    if (!registered) return null;
    // one that was paid by a swap can be paid at the node as well
    const ended = await this.#asked((signal) => this.#env.node.cancel(fromHex(hash), signal));
    if (registered.isFunded) return null;
    if (!ended.ok && ended.error === "settled") {
      this.#env.log.error("The node has settled an invoice that nothing was funded for", { paymentHash: hash });
    }
    return hash;
  }

  /** @throws {GatewayError} `node` */
  async #asked<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, closing: signal } = this.#env;
    const late = (): NodeError => new NodeError("unreachable", "The Lightning node doesn't answer");
    try {
      return await orLate({ clock, deadlineMs: NODE_INFO_MS, signal, late }, ask);
    } catch (thrown) {
      if (!(thrown instanceof NodeError)) throw thrown;
      throw new GatewayError({ code: "node" }, `Lightning rpc error: ${errorText(thrown)}`, { cause: thrown });
    }
  }
}

function* chunksOf(hashes: readonly Sha256[]): Iterable<readonly Sha256[]> {
  for (let start = 0; start < hashes.length; start += INVOICES_ENDED_AT_ONCE) {
    yield hashes.slice(start, start + INVOICES_ENDED_AT_ONCE);
  }
}
