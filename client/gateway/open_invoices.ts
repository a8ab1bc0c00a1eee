/**
 * A federation that is left has no invoice that anybody could pay: the node ends them first. What it holds for one is
 * under way, and is waited for.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import type { GatewayModule } from "../../modules/lnv2/gateway/api.ts";
import { GatewayError } from "./error.ts";
import type { LeavingProgress, ServedFederation } from "./federations.ts";
import { underWay } from "./federations.ts";
import { ENDED_AFTER_EXPIRY_SECS, INVOICES_ENDED_AT_ONCE, NODE_INFO_MS, REGISTRATIONS_READ_AT_ONCE } from "./limits.ts";
import type { LightningNode } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { RegistrationHead } from "./records.ts";
import { registrationHead, registrationHeads, unregister } from "./records.ts";

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

type Registered = readonly [Sha256, RegistrationHead];

export class OpenInvoices {
  readonly #env: OpenInvoicesEnv;

  constructor(env: OpenInvoicesEnv) {
    this.#env = env;
  }

  /**
   * Ends all invoices of a federation at the node, and forgets those that nobody has paid, some at a time. The caller
   * sees to it that nothing begins in the federation meanwhile. May be done again, wherever it ended.
   * @param onProgress called now and then
   * @throws {GatewayError} `under_way`: the node holds a payment; then no invoice was ended · `node_not_connected` ·
   * `node`
   */
  async end(
    { federationId, module }: ServedFederation,
    onProgress: (progress: LeavingProgress) => void = () => {},
  ): Promise<void> {
    const { store, watch, log } = this.#env;
    if (!module) return;
    let invoices = 0, ended = 0;
    for await (const page of this.#pages(federationId)) invoices += page.length;
    if (invoices === 0) return;
    // to another node they would be unknown, and that would be taken for their end
    if (!await watch.info()) {
      throw new GatewayError(
        { code: "node_not_connected" },
        "The Lightning node is not connected: it must end the invoices of this federation first",
      );
    }
    if (await this.#holdsFor(federationId, module)) throw underWay();
    for await (const page of this.#pages(federationId)) {
      for (let start = 0; start < page.length; start += INVOICES_ENDED_AT_ONCE) {
        const chunk = page.slice(start, start + INVOICES_ENDED_AT_ONCE);
        const over = await Promise.all(chunk.map((registered) => this.#end(registered, module)));
        const { durable } = await store.transact(async (tx) => {
          for (const hash of over) if (hash !== null) await unregister(tx, hash);
        });
        await durable;
        ended += chunk.length;
        onProgress({ ended, invoices });
      }
      log.info("Invoices of a federation that is left have ended", { federationId, ended, invoices });
    }
  }

  /** A federation's registrations, each page as it is when it is read. */
  async *#pages(federationId: FederationId): AsyncGenerator<readonly Registered[]> {
    let after: Sha256 | null = null;
    for (;;) {
      const options = { after, limit: REGISTRATIONS_READ_AT_ONCE };
      const all: readonly Registered[] = await readDurable(
        this.#env.store,
        (tx) => registrationHeads(tx, options),
      );
      if (all.length === 0) return;
      after = all.at(-1)![0];
      const page = all.filter(([, head]) => head.federationId === federationId);
      if (page.length > 0) yield page;
    }
  }

  /** Whether the node holds a payment that brings back what was funded, or that would be funded next. */
  async #holdsFor(federationId: FederationId, module: GatewayModule): Promise<boolean> {
    for (const { paymentHash, amountMsat } of await this.#asked((signal) => this.#env.node.held(signal))) {
      const hash = toHex(paymentHash) as Sha256;
      const head = await readDurable(this.#env.store, (tx) => registrationHead(tx, hash));
      if (head?.federationId !== federationId) continue;
      if (amountMsat === head.amountMsat || await module.isFundedOf(head.contractId)) return true;
    }
    return false;
  }

  /** A payment that came since is given back: nothing was funded for it. @returns the hash, where nothing ever was */
  async #end(
    [hash, { contractId, invoiceExpiresAtSecs }]: Registered,
    module: GatewayModule,
  ): Promise<Sha256 | null> {
    const isFunded = await module.isFundedOf(contractId), nowSecs = Math.floor(this.#env.clock.nowMs() / 1_000);
    // the node has ended it by itself
    if (invoiceExpiresAtSecs + ENDED_AFTER_EXPIRY_SECS < nowSecs) return isFunded ? null : hash;
    // one that was paid by a swap can be paid at the node as well
    const ended = await this.#asked((signal) => this.#env.node.cancel(fromHex(hash), signal));
    if (isFunded) return null;
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
