/**
 * A gateway: wallets in its federations, one Lightning node, an HTTP API. Everything that it knows is in one database:
 * after a crash it is opened again and goes on. docs/protocol/06-lightning-meta.md §E.
 */
import { limitedLogger } from "../../actors/limited_log.ts";
import type { LogSink } from "../../actors/logger.ts";
import { createSystem, loggerFor } from "../../actors/mod.ts";
import type { Address, Platform } from "../../actors/platform/platform.ts";
import type { ProcessHost } from "../../actors/platform/process.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { Store } from "../../actors/store/store.ts";
import type { ActorSystem } from "../../actors/system.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { entropyOfWords, globalRoot, isSecretKey, publicKeyOf, wordsOfEntropy } from "../../core/crypto/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/network.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { PaymentFee } from "../../modules/lnv2/fees.ts";
import { TRANSACTION_FEE_DEFAULT } from "../../modules/lnv2/fees.ts";
import { lnGateway } from "../../modules/ln/gateway/module.ts";
import { lnv2Gateway } from "../../modules/lnv2/gateway/module.ts";
import { metaClient } from "../../modules/meta/client.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import { walletv2Client } from "../../modules/walletv2/client.ts";
import { ClientError } from "../error.ts";
import type { Wallets } from "../wallets.ts";
import { openWallets } from "../wallets.ts";
import { adminAnswer } from "./admin/api.ts";
import type { PasswordHashes } from "./admin/password.ts";
import { Gifts } from "./admin/gifts.ts";
import { AdminPassword } from "./admin/password.ts";
import { Callers } from "./callers.ts";
import type { ServedFederation } from "./federations.ts";
import { checkFees, Federations } from "./federations.ts";
import { Forwards } from "./forwards.ts";
import { GatewayError } from "./error.ts";
import { HeldPayments } from "./held.ts";
import { Invoices } from "./invoices.ts";
import { DRAIN_LOOK_MS, INVOICE_RATE, ROUTE_HINTS } from "./limits.ts";
import { lnurlPages } from "./lnurl/pages.ts";
import { Lnv1Payments } from "./lnv1_payments.ts";
import { ldkNode } from "./node/ldk/node.ts";
import type { LdkProcessArgs } from "./node/ldk/process.ts";
import { nodeSeed } from "./node/ldk/secret.ts";
import type { LdkSettings } from "./node/ldk/settings.ts";
import type { LightningNode } from "./node/node.ts";
import { NodeCommits } from "./node_commits.ts";
import { NodeWatch } from "./node_watch.ts";
import { OpenInvoices } from "./open_invoices.ts";
import { Payments } from "./payments.ts";
import { publicAnswer } from "./public_api.ts";
import { gatewayKey, gatewayPart, nodeCommits } from "./records.ts";
import { Registrations } from "./registrations.ts";
import { gatewayTree, LDK, REGISTRAR } from "./tree.ts";

/** What the embedded node is told, but for what the gateway alone knows. */
export type EmbeddedNode = {
  readonly host: Pick<ProcessHost, "spawn" | "runtime">;
  readonly embedded: Omit<LdkSettings, "seedHex" | "leastCommits">;
};

export type GatewayOptions = {
  readonly platform: Platform;
  /** Closed with the gateway, and when it can't be opened. */
  readonly store: Store;
  /** One that runs, or one that the gateway runs itself, with keys of its words. */
  readonly node: LightningNode | EmbeddedNode;
  readonly network: BitcoinNetwork;
  readonly log: LogSink;
  /** Where its API listens. */
  readonly bind: Address;
  /** What federations that are joined begin with. Default: 2 sat and 0.3 % each. */
  readonly fees?: { readonly lightningFee: PaymentFee; readonly transactionFee: PaymentFee };
  /** Of invoices that strangers ask for. Default: 50 at once, 5 a second. */
  readonly invoiceRate?: { readonly burst: number; readonly perSecond: number };
  /** Ways to the node that clients of version 1 put into their invoices. Default: 1. */
  readonly routeHints?: number;
  /** Tells strangers why something failed. */
  readonly debug?: boolean;
  /** For operators; without it none of their requests is answered. */
  readonly admin?: {
    readonly passwords: PasswordHashes;
    /** Public URL, with `v1`. */
    readonly apiUrl: string | null;
    /** How the gateway came to its node, as gatewayd tells it. */
    readonly lightningMode: Json;
  };
  /** Public URL below which it serves the pages of lnurls. Default: it has none. */
  readonly lnurlUrl?: string | null;
  readonly testEnvironment?: boolean;
  /** Whether its wallets look for new notes' tweaks ahead, in quiet moments. Default: they do. */
  readonly findsAhead?: boolean;
  /** 12 to 24 words for a new database; default: those that it has, or new ones. Secret. */
  readonly words?: string | null;
  /** Modules of its wallets beside those of every gateway. Default: none. */
  readonly modules?: readonly AnyClientModuleDefinition[];
};

const DEFAULT_FEES = { lightningFee: TRANSACTION_FEE_DEFAULT, transactionFee: TRANSACTION_FEE_DEFAULT };

export class Gateway {
  readonly federations: Federations;
  readonly invoices: Invoices;
  readonly watch: NodeWatch;
  readonly options: GatewayOptions;
  readonly node: LightningNode;
  readonly #system: ActorSystem;
  readonly #closing: AbortController;
  readonly #held: HeldPayments;
  readonly #forwards: Forwards;
  readonly registrations: Registrations;
  readonly #stopped = Promise.withResolvers<number>();
  readonly #address = Promise.withResolvers<Address>();
  /** Of the embedded node. */
  #commits: NodeCommits | null = null;

  private constructor(options: GatewayOptions, closing: AbortController) {
    const { platform, store, network, log, fees = DEFAULT_FEES, invoiceRate = INVOICE_RATE } = options;
    this.options = options;
    this.#closing = closing;
    this.#system = createSystem({ platform, log });
    const part = gatewayPart(store), logger = loggerFor("gateway", log), { clock, dice } = platform;
    const node = "embedded" in options.node
      ? ldkNode({ sender: this.#system, process: LDK, clock, network, alias: options.node.embedded.alias })
      : options.node;
    this.node = node;
    this.registrations = new Registrations(clock, {
      hasUrl: (options.admin?.apiUrl ?? null) !== null,
      handsOver: node.interceptor !== undefined,
    });
    this.watch = new NodeWatch({ node, network, store: part, platform, log: logger });
    const payments = new Payments({ store: part, node, watch: this.watch, clock, federations: () => federations });
    const federations: Federations = new Federations({
      store: part,
      clock,
      dice,
      network,
      fees,
      lnv2: lnv2Gateway(payments),
      lnv1: lnGateway(new Lnv1Payments(payments, () => federations)),
      log: logger,
      onChanged: () => {
        if (this.registrations.isManaged) this.#system.tell(REGISTRAR, "register", null);
      },
      leaving: {
        keepAnswers: ({ lnv1 }) => lnv1 ? this.#forwards.keepAnswers(lnv1) : Promise.resolve(),
        keepOutcomes: (served) => payments.keepOutcomes(served, closing.signal),
        endInvoices: (served, onProgress) => openInvoices.end(served, onProgress),
        unregister: (served) => this.#unregister(served),
      },
    });
    this.federations = federations;
    const { watch } = this;
    const openInvoices = new OpenInvoices({ store: part, node, watch, clock, log: logger, closing: closing.signal });
    this.#held = new HeldPayments({
      store: part,
      node,
      federations,
      clock,
      dice,
      log: logger,
      closing: closing.signal,
    });
    this.#forwards = new Forwards({
      store: part,
      watch,
      federations,
      clock,
      dice,
      log: logger,
      closing: closing.signal,
    });
    this.invoices = new Invoices({ store: part, clock, node, watch, federations, rate: invoiceRate });
  }

  /**
   * Opens the gateway with all wallets that its database holds. Needs neither network nor node: payments that were
   * under way go on when they are there.
   * @throws {GatewayError} `fees_too_high` · {ClientError} `wrong_secret`: it has other words · {StoreError} ·
   * {NetworkError} `address_in_use`
   */
  static async open(options: GatewayOptions): Promise<Gateway> {
    checkFees(options.fees ?? DEFAULT_FEES);
    const closing = new AbortController(), gateway = new Gateway(options, closing);
    let wallets: Wallets | null = null;
    try {
      wallets = await openWallets({
        platform: options.platform,
        store: options.store,
        modules: [
          mintv2Client,
          walletv2Client,
          metaClient,
          ...gateway.federations.definitions,
          ...options.modules ?? [],
        ],
        log: options.log,
        testEnvironment: options.testEnvironment ?? false,
        findsAhead: options.findsAhead ?? true,
      });
      if (options.words) await gateway.#takeWords(wallets, options.words);
      gateway.federations.open(wallets);
      await gateway.#start(wallets);
      return gateway;
    } catch (thrown) {
      closing.abort(WaitError.closed());
      await gateway.#system.stop();
      await gateway.#commits?.settled();
      await (wallets ?? options.store).close();
      throw thrown;
    }
  }

  /** Words that a node was made of are used, though no federation has seen them. */
  async #takeWords(wallets: Wallets, words: string): Promise<void> {
    const hasNode = await gatewayPart(this.options.store).read((tx) => nodeCommits.get(tx)) !== undefined;
    if (hasNode && wordsOfEntropy(entropyOfWords(words)) !== wallets.words()) {
      throw new ClientError(
        { code: "wrong_secret" },
        "The Lightning node in this folder has other words. Nothing was changed: use these words with a folder of their own",
      );
    }
    await wallets.restore(words);
  }

  async #embeddedNode(wallets: Wallets): Promise<LdkProcessArgs | null> {
    const { node, store } = this.options;
    if (!("embedded" in node)) return null;
    const commits = this.#commits = await NodeCommits.open(gatewayPart(store));
    return {
      host: node.host,
      settings: { ...node.embedded, seedHex: toHex(nodeSeed(globalRoot(entropyOfWords(wallets.words())))) },
      commits: { read: () => Promise.resolve(commits.newest), keep: (count) => commits.keep(count) },
    };
  }

  async #start(wallets: Wallets): Promise<void> {
    const { store, log, bind, debug = false, admin } = this.options, { node } = this;
    const part = gatewayPart(store), logger = loggerFor("gateway", log), closing = this.#closing.signal;
    const { watch, invoices } = this, callers = new Callers(this.options.platform.clock);
    const strangersLog = limitedLogger(logger, this.options.platform.clock);
    const key = await this.#key(), gatewayId = publicKeyOf(key);
    const adminApi = admin && {
      gateway: this,
      password: new AdminPassword(admin.passwords, this.options.platform.clock),
      callers,
      gifts: new Gifts(this.options.platform.clock),
      lightningMode: admin.lightningMode,
      registrations: admin.apiUrl === null ? {} : { http: [admin.apiUrl, toHex(gatewayId)] },
      log: logger,
      strangersLog,
    };
    const { platform, lnurlUrl, routeHints = ROUTE_HINTS } = this.options;
    const { federations } = this, { interceptor } = node, apiUrl = admin?.apiUrl ?? null;
    const pages = lnurlUrl ? lnurlPages({ platform, address: lnurlUrl as SafeUrl }) : null;
    await this.#system.start(gatewayTree({
      ldk: await this.#embeddedNode(wallets),
      pruner: { store: part },
      held: { node, watch, held: this.#held, closing },
      forwards: interceptor === undefined ? null : { interceptor, watch, forwards: this.#forwards },
      registrar: interceptor === undefined || apiUrl === null
        ? null
        : { interceptor, watch, federations, registrations: this.registrations, apiUrl, gatewayKey: key, routeHints },
      http: {
        bind,
        answer: async (path, request, remote) =>
          await publicAnswer(
            {
              invoices,
              federations,
              registrations: this.registrations,
              gatewayId,
              callers,
              pages,
              log: strangersLog,
              debug,
            },
            path,
            request,
            remote,
          ) ??
            (adminApi ? await adminAnswer(adminApi, path, request, remote) : null),
        listening: (address) => this.#address.resolve(address),
      },
    }));
  }

  /** Ends the gateway's process in order. */
  stop(): void {
    this.#stopped.resolve(0);
  }

  /** Whether it takes no new held payments any more, as it is about to stop. */
  get isDraining(): boolean {
    return this.#held.isDraining;
  }

  /** Takes no held payment any more, waits for the end of those it has, and stops. */
  async drain(): Promise<void> {
    this.#held.drain();
    this.#forwards.drain();
    const { clock } = this.options.platform;
    for (;;) {
      for (const { lnv1 } of await this.federations.all()) if (lnv1) await this.#forwards.keepAnswers(lnv1);
      let left = this.#held.size + this.#forwards.size;
      for (const { module } of await this.federations.all()) left += await module?.completions() ?? 0;
      if (left === 0) break;
      await sleep(clock, DRAIN_LOOK_MS, this.#closing.signal);
    }
    // after the answer to who asked for it
    clock.setTimer(DRAIN_LOOK_MS, () => this.stop());
  }

  /** Resolves with the exit code when it was asked to stop; rejects when it can't go on. */
  get ended(): Promise<number> {
    return Promise.race([this.#stopped.promise, this.options.store.failed, this.#gaveUp()]);
  }

  async #gaveUp(): Promise<never> {
    const code = await this.#system.ended;
    // it was stopped, and who did that knows
    if (code === 0) return await new Promise<never>(() => {});
    throw this.#system.failure ?? new GatewayError({ code: "not_running" }, "The gateway gave up: see its log");
  }

  /** No guardian that answers tells clients of the gateway any more. */
  async #unregister({ federationId, lnv1 }: ServedFederation): Promise<void> {
    if (!lnv1 || !this.registrations.isManaged) return;
    this.registrations.left(federationId);
    const forgotten = await lnv1.unregister(await this.#key(), this.#closing.signal);
    loggerFor("gateway", this.options.log).info("Guardians have forgotten the gateway", { federationId, forgotten });
  }

  /** 32 bytes, secret: its public key names the gateway, and it is made with its database. */
  async #key(): Promise<Bytes> {
    const { store, platform: { dice } } = this.options;
    const { value, durable } = await gatewayPart(store).transact(async (tx) => {
      const known = await gatewayKey.get(tx);
      if (known) return known;
      let key = dice.bytes(32);
      while (!isSecretKey(key)) key = dice.bytes(32);
      gatewayKey.set(tx, key);
      return key;
    });
    await durable;
    return value;
  }

  /** Where its API listens. */
  get address(): Promise<Address> {
    return this.#address.promise;
  }

  /** Stops in order: what is under way goes on when it is opened again. */
  async close(): Promise<void> {
    this.#closing.abort(WaitError.closed());
    await this.#system.stop();
    try {
      await this.#commits?.settled();
    } finally {
      await this.federations.wallets.close();
    }
  }
}
