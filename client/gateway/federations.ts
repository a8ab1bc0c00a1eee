/**
 * The federations that a gateway serves: a wallet in each under the same words, with its prices. Joining one checks
 * that it has Lightning and is on the gateway's network; leaving one waits until nothing of it is under way, ends its
 * invoices, and keeps its money.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Clock, Dice } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/network.ts";
import type { FederationId } from "../../core/types/ids.ts";
import type { AnyClientModuleDefinition, UsableModule } from "../../modules/contract/client.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import type { PaymentFee } from "../../modules/lnv2/fees.ts";
import { isWithin, RECEIVE_FEE_LIMIT, SEND_FEE_LIMIT } from "../../modules/lnv2/fees.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { GatewayModule } from "../../modules/lnv2/gateway/api.ts";
import { ClientError } from "../error.ts";
import { readInviteCode } from "../pasted.ts";
import type { FederationClient } from "../wallet.ts";
import type { Wallets } from "../wallets.ts";
import { GatewayError } from "./error.ts";
import { DRAIN_LOOK_MS, LEAVE_MS, RELAY_AGAIN_MS } from "./limits.ts";
import type { FederationRecord } from "./records.ts";
import { federations, takeIndex } from "./records.ts";

export type FederationsEnv = {
  /** The gateway's part. */
  readonly store: StoreView;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly network: BitcoinNetwork;
  /** What a federation that is joined begins with. */
  readonly fees: { readonly lightningFee: PaymentFee; readonly transactionFee: PaymentFee };
  readonly lnv2: AnyClientModuleDefinition & UsableModule<GatewayModule>;
  readonly lnv1: AnyClientModuleDefinition & UsableModule<LnGatewayModule>;
  readonly log: Logger;
  /** One was joined, or its prices have changed: what the gateway says of itself there has, too. */
  readonly onChanged?: (federationId: FederationId) => void;
  /** What there is to do before one is left, beside its wallet. Nothing begins in it meanwhile. */
  readonly leaving: {
    /** Keeps what is owed to the node: the answers to forwards that were bought for. */
    readonly keepAnswers: (served: ServedFederation) => Promise<void>;
    /** Keeps what is owed to other federations: outcomes of swaps into this one. @throws {GatewayError} `under_way` */
    readonly keepOutcomes: (served: ServedFederation) => Promise<void>;
    /** Has the node end all its invoices. @throws {GatewayError} also `under_way`: the node holds a payment */
    readonly endInvoices: (
      served: ServedFederation,
      onProgress: (progress: LeavingProgress) => void,
    ) => Promise<void>;
    /** The last one. Must not fail. */
    readonly unregister: (served: ServedFederation) => Promise<void>;
  };
};

/** How far leaving a federation is: of the invoices that its clients had. */
export type LeavingProgress = { readonly ended: number; readonly invoices: number };

/** The gateway in one of its federations. */
export type ServedFederation = {
  readonly federationId: FederationId;
  readonly record: FederationRecord;
  readonly wallet: FederationClient;
  /** Null where the federation has no module lnv2; then it has `lnv1`. */
  readonly module: GatewayModule | null;
  /** Null where it has no module ln. */
  readonly lnv1: LnGatewayModule | null;
};

/** What a client adds to an amount that it sends. */
export function sendFees({ lightningFee, transactionFee }: Pick<FederationRecord, "lightningFee" | "transactionFee">) {
  return {
    minimum: transactionFee,
    default: {
      base: lightningFee.base + transactionFee.base,
      partsPerMillion: lightningFee.partsPerMillion + transactionFee.partsPerMillion,
    },
  };
}

/** @throws {GatewayError} `fees_too_high` for fees that clients would not pay */
export function checkFees(fees: Pick<FederationRecord, "lightningFee" | "transactionFee">): void {
  if (!isWithin(sendFees(fees).default, SEND_FEE_LIMIT)) {
    throw new GatewayError({ code: "fees_too_high" }, "Total Send fees exceeded 100 sat,15000");
  }
  if (!isWithin(fees.transactionFee, RECEIVE_FEE_LIMIT)) {
    throw new GatewayError({ code: "fees_too_high" }, "Transaction fees exceeded RECEIVE LIMIT 50 sat,5000");
  }
}

export class Federations {
  readonly #env: FederationsEnv;
  #wallets: Wallets | null = null;
  /** What is in hand, which modules may have nothing of yet. */
  readonly #uses = new Map<FederationId, number>();
  /** Those that are being left, and how far that is. */
  readonly #leaving = new Map<FederationId, LeavingProgress | null>();

  constructor(env: FederationsEnv) {
    this.#env = env;
  }

  /** The modules that all wallets of the gateway have. */
  get definitions(): readonly AnyClientModuleDefinition[] {
    return [this.#env.lnv2, this.#env.lnv1];
  }

  /** The wallets are open: machines of theirs that ran before have waited for it. */
  open(wallets: Wallets): void {
    this.#wallets = wallets;
  }

  get wallets(): Wallets {
    if (!this.#wallets) throw new GatewayError({ code: "not_running" }, "The gateway is starting");
    return this.#wallets;
  }

  /** What is stored of a federation; undefined for one that isn't served. */
  record(federationId: FederationId): Promise<FederationRecord | undefined> {
    return this.#env.store.read((tx) => federations.get(tx, federationId));
  }

  /**
   * Does what moves money in a federation: it isn't left before that is over.
   * @throws {GatewayError} `not_connected`: it is being left; and what `work` throws
   */
  async using<T>(federationId: FederationId, work: () => Promise<T>): Promise<T> {
    if (this.#leaving.has(federationId)) throw notConnected(federationId);
    this.#uses.set(federationId, (this.#uses.get(federationId) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = this.#uses.get(federationId)! - 1;
      if (left === 0) this.#uses.delete(federationId);
      else this.#uses.set(federationId, left);
    }
  }

  /** The module lnv2 in a federation that is served and runs; null otherwise. */
  module(federationId: FederationId): GatewayModule | null {
    return this.#moduleIn(federationId, this.#env.lnv2);
  }

  /** The module ln in a federation that is served and runs; null otherwise. */
  lnv1(federationId: FederationId): LnGatewayModule | null {
    return this.#moduleIn(federationId, this.#env.lnv1);
  }

  #moduleIn<Api>(federationId: FederationId, definition: UsableModule<Api>): Api | null {
    const wallet = this.#wallets?.wallet(federationId);
    return wallet ? moduleOf(wallet, definition) : null;
  }

  /**
   * The same; waits for one that is being opened, or can't run at the moment. Null for one that isn't served, unless
   * `isOwed`: then something may have begun there, and it is waited for until it is served again.
   */
  awaitModule(federationId: FederationId, signal: AbortSignal, isOwed = false): Promise<GatewayModule | null> {
    return this.#awaited(federationId, this.#env.lnv2, signal, isOwed);
  }

  /** As `awaitModule`; null also where the federation has no module ln. */
  awaitLnv1(federationId: FederationId, signal: AbortSignal, isOwed = false): Promise<LnGatewayModule | null> {
    return this.#awaited(federationId, this.#env.lnv1, signal, isOwed);
  }

  async #awaited<Api>(
    federationId: FederationId,
    definition: UsableModule<Api>,
    signal: AbortSignal,
    isOwed: boolean,
  ): Promise<Api | null> {
    for (let attempt = 0;; attempt++) {
      signal.throwIfAborted();
      const wallet = this.#wallets?.wallet(federationId), module = wallet && moduleOf(wallet, definition);
      if (module) return module;
      if (wallet && !isOwed && lacks(wallet, definition)) return null;
      if (!isOwed && await this.record(federationId) === undefined) return null;
      if (attempt === 0) this.#env.log.warn("A payment waits for a federation that doesn't run", { federationId });
      await sleep(this.#env.clock, backOffMs(RELAY_AGAIN_MS, attempt, this.#env.dice), signal);
    }
  }

  /** The federation that is served whose invoices of version 1 have this short channel id; null for none. */
  ofIndex(channel: bigint): Promise<FederationId | null> {
    return this.#env.store.read(async (tx) => {
      for await (const [id, { index }] of federations.entries(tx)) if (BigInt(index) === channel) return id;
      return null;
    });
  }

  /** One that is served and runs. @throws {GatewayError} `not_connected` */
  async served(federationId: FederationId): Promise<ServedFederation> {
    const record = await this.record(federationId), served = record && this.#served(federationId, record);
    if (!served) throw notConnected(federationId);
    return served;
  }

  #served(federationId: FederationId, record: FederationRecord): ServedFederation | null {
    const wallet = this.#wallets?.wallet(federationId);
    if (!wallet) return null;
    const module = moduleOf(wallet, this.#env.lnv2), lnv1 = moduleOf(wallet, this.#env.lnv1);
    return module || lnv1 ? { federationId, record, wallet, module, lnv1 } : null;
  }

  /** All that are served and run, in the order in which they were joined. */
  async all(): Promise<ServedFederation[]> {
    const records = await this.#env.store.read(async (tx) => {
      const found: (readonly [FederationId, FederationRecord])[] = [];
      for await (const entry of federations.entries(tx)) found.push(entry);
      return found;
    });
    const all: ServedFederation[] = [];
    for (const [federationId, record] of records.sort(([, a], [, b]) => a.index - b.index)) {
      const served = this.#served(federationId, record);
      if (served) all.push(served);
    }
    return all;
  }

  /**
   * Joins a federation, or takes back one that was left with all its money.
   * @throws {GatewayError} `already_connected` · `under_way` · `no_lightning` · `wrong_network` · {PastedError} ·
   * {ClientError} and others, as `Wallets.add`
   */
  async connect(inviteCode: string, signal?: AbortSignal): Promise<ServedFederation> {
    const { federationId } = readInviteCode(inviteCode);
    if (this.#leaving.has(federationId)) throw isBeingLeft(this.#leaving.get(federationId) ?? null);
    // one that is served and whose wallet doesn't run is taken back: nothing else would bring its money
    if (await this.record(federationId) && this.wallets.wallet(federationId)) {
      throw new GatewayError({ code: "already_connected" }, "Federation has already been registered");
    }
    const wallet = await this.wallets.add(inviteCode, signal);
    try {
      await this.#checkJoined(wallet);
    } catch (thrown) {
      await this.wallets.leaveOut(federationId);
      throw thrown;
    }
    const { durable } = await this.#env.store.transact(async (tx) => {
      if (await federations.get(tx, federationId)) return;
      federations.set(tx, federationId, {
        inviteCode,
        index: await takeIndex(tx),
        ...this.#env.fees,
        receiveEnabled: true,
      });
    });
    await durable;
    this.#env.onChanged?.(federationId);
    return await this.served(federationId);
  }

  async #checkJoined(wallet: FederationClient): Promise<void> {
    const module = moduleOf(wallet, this.#env.lnv2) ?? moduleOf(wallet, this.#env.lnv1);
    if (!module) throw new GatewayError({ code: "no_lightning" }, "The federation has no Lightning module");
    const { network } = await module.facts();
    if (network === this.#env.network) return;
    throw new GatewayError(
      { code: "wrong_network" },
      `The federation is on ${network}, the gateway on ${this.#env.network}`,
    );
  }

  /**
   * Serves a federation no more: nobody can pay its invoices then. Its money stays with the gateway: `connect` takes it
   * back.
   * @returns what it was
   * @throws {GatewayError} `not_connected` · `under_way`: payments haven't ended · `node_not_connected` · `node`: the
   * node must end invoices, and is away
   */
  async leave(federationId: FederationId): Promise<ServedFederation> {
    const served = await this.served(federationId);
    if (this.#leaving.has(federationId)) throw isBeingLeft(this.#leaving.get(federationId) ?? null);
    // nothing begins from here on: what is looked at stays as it is
    this.#leaving.set(federationId, null);
    try {
      const { clock, leaving } = this.#env;
      await this.#awaitIdle(served);
      await orLate({ clock, deadlineMs: LEAVE_MS, late: underWay }, () => leaving.keepOutcomes(served));
      await leaving.endInvoices(served, (progress) => this.#leaving.set(federationId, progress));
      await leaving.unregister(served);
      const { durable } = await this.#env.store.transact((tx) => federations.delete(tx, federationId));
      await durable;
      await this.wallets.leaveOut(federationId);
    } finally {
      this.#leaving.delete(federationId);
    }
    return served;
  }

  /** @throws {GatewayError} `under_way` */
  async #awaitIdle(served: ServedFederation): Promise<void> {
    const { clock, leaving, lnv2, lnv1 } = this.#env, { federationId, wallet } = served;
    const untilMs = clock.monotonicMs() + LEAVE_MS;
    for (;;) {
      // before the rest: what is in hand may become what is under way
      const isIdle = !this.#uses.has(federationId);
      const { incomingMsat, outgoingMsat } = await wallet.getPending();
      if (incomingMsat + outgoingMsat > 0n) throw underWay();
      await orLate({ clock, deadlineMs: LEAVE_MS, late: underWay }, () => leaving.keepAnswers(served));
      // other modules' comes back with the wallet, and strangers bring it about: spent e-cash, deposits of dust
      const { inDoubtMsat } = await wallet.getPending([lnv2.kind, lnv1.kind]);
      if (inDoubtMsat > 0n) throw underWay();
      if (isIdle) return;
      if (clock.monotonicMs() >= untilMs) throw underWay();
      await sleep(clock, DRAIN_LOOK_MS);
    }
  }

  /** Changes what is stored of a federation. @throws {GatewayError} `not_connected` and what `change` throws */
  async change(
    federationId: FederationId,
    change: (record: FederationRecord) => FederationRecord,
  ): Promise<FederationRecord> {
    const { value, durable } = await this.#env.store.transact(async (tx) => {
      const before = await federations.get(tx, federationId);
      if (!before) throw notConnected(federationId);
      const after = change(before);
      federations.set(tx, federationId, after);
      return after;
    });
    await durable;
    this.#env.onChanged?.(federationId);
    return value;
  }
}

/** Something hasn't ended in a federation that is to be left. */
export function underWay(): GatewayError {
  return new GatewayError(
    { code: "under_way" },
    "Payments of this federation are under way: try again in a minute. While receiving is disabled no new ones come in",
  );
}

function isBeingLeft(progress: LeavingProgress | null): GatewayError {
  const far = progress ? `: of ${progress.invoices} invoices ${progress.ended} have ended` : "";
  return new GatewayError({ code: "under_way" }, `This federation is being left${far}`);
}

/** As the reference tells clients: the first four bytes of the id. */
export function notConnected(federationId: FederationId): GatewayError {
  return new GatewayError(
    { code: "not_connected" },
    `No federation available for prefix ${federationId.slice(0, 8)}`,
  );
}

/** Whether the federation has no such module, as far as its config says. */
function lacks(wallet: FederationClient, { kind }: Pick<AnyClientModuleDefinition, "kind">): boolean {
  return [...wallet.client.running.joined.config.modules.values()].every((module) => module.kind !== kind);
}

function moduleOf<Api>(wallet: FederationClient, definition: UsableModule<Api>): Api | null {
  try {
    return wallet.use(definition);
  } catch (thrown) {
    // a federation without it
    if (thrown instanceof ClientError) return null;
    throw thrown;
  }
}
