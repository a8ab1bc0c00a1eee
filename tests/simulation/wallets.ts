/** People's wallets in a simulated world: each a process of its own, whose disk outlives it. */
import { assertEquals } from "@std/assert";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import { ManualClock } from "../../actors/store/testing/mod.ts";
import { Client } from "../../client/core/client.ts";
import { entropySlot } from "../../client/federation/join_state.ts";
import { FederationClient } from "../../client/mod.ts";
import { builtInModules } from "../../client/modules.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { SimulatedFederation } from "./federation.ts";
import type { FederationOptions } from "./federation.ts";

export class SimulatedWallet {
  readonly name: string;
  readonly #federation: SimulatedFederation;
  readonly #modules: readonly AnyClientModuleDefinition[];
  #disk: MemoryBackend;
  #client: FederationClient | null = null;

  private constructor(
    federation: SimulatedFederation,
    name: string,
    disk: MemoryBackend,
    modules: readonly AnyClientModuleDefinition[],
  ) {
    this.#modules = modules;
    this.#federation = federation;
    this.name = name;
    this.#disk = disk;
  }

  /** Joined. @param from what its disk holds at first; by default nothing @param modules that its program has */
  static async open(
    federation: SimulatedFederation,
    name: string,
    from?: MemoryBackend,
    modules: readonly AnyClientModuleDefinition[] = builtInModules,
  ): Promise<SimulatedWallet> {
    const options = federation.diskOptions(name), disk = from ? from.copy(options) : new MemoryBackend(options);
    const wallet = new SimulatedWallet(federation, name, disk, modules);
    await wallet.#open();
    if (!wallet.client.isJoined) await federation.finish(wallet.client.join(federation.invite));
    return wallet;
  }

  /** On a machine of its own, from words alone; recoveries have begun. */
  static async restore(federation: SimulatedFederation, name: string, words: string): Promise<SimulatedWallet> {
    const disk = new MemoryBackend(federation.diskOptions(name));
    const wallet = new SimulatedWallet(federation, name, disk, builtInModules);
    await wallet.#open();
    await federation.finish(wallet.client.restore(federation.invite, { words }));
    return wallet;
  }

  get client(): FederationClient {
    if (!this.#client) throw new Error(`${this.name} was killed`);
    return this.#client;
  }

  async #open(): Promise<void> {
    const { platform } = this.#federation.world.process(this.name);
    const opening = openMemoryStore({ clock: platform.clock, backend: this.#disk }).then((store) =>
      Client.open({
        platform,
        store,
        modules: this.#modules,
        log: this.#federation.logOf(this.name),
        testEnvironment: true,
        findsAhead: false,
      })
    );
    this.#client = new FederationClient(await this.#federation.finish(opening));
  }

  /** SIGKILL: what was not durable is lost. Its promises never settle. @returns what the disk holds then */
  kill(): MemoryBackend {
    this.#client = null;
    this.#federation.world.process(this.name).kill();
    return this.#disk = this.#disk.crash();
  }

  async restart(): Promise<void> {
    this.#federation.world.process(this.name).restart();
    this.#disk = this.#disk.crash(this.#federation.diskOptions(this.name));
    await this.#open();
  }

  /** Stops in order. @returns what the disk holds then */
  async close(): Promise<MemoryBackend> {
    await this.#federation.finish(this.client.close());
    this.#client = null;
    return this.#disk;
  }
}

/**
 * Hands e-cash over; done when the receiver has its notes.
 * @param taken called as soon as the receiver's wallet has said that it took the e-cash
 */
export async function pay(
  from: SimulatedWallet,
  to: SimulatedWallet,
  amountMsat: bigint,
  taken: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { ecash } = await from.client.spend(amountMsat);
  const { operationId } = await to.client.receive(ecash);
  await taken();
  assertEquals(await to.client.awaitReceive(operationId), { ok: true, value: null });
}

/** A disk with a wallet's words on it. */
async function diskWith(entropy: Bytes): Promise<MemoryBackend> {
  const backend = new MemoryBackend(), clock = new ManualClock();
  const store = await openMemoryStore({ clock, backend });
  await store.transact((tx) => Promise.resolve(entropySlot.set(tx, entropy)));
  await store.close();
  return backend;
}

/**
 * Wallets that have joined and know their first deposit address, which takes seconds of searching: worth finding once
 * for many worlds of the same federation.
 * @param wallets the words' entropy of each by its name, 16 bytes; null: words of its own
 */
export async function walletDisks<Name extends string>(
  wallets: Readonly<Record<Name, Bytes | null>>,
  options: Omit<FederationOptions, "world">,
): Promise<Record<Name, { readonly disk: MemoryBackend; readonly address: string }>> {
  const federation = await SimulatedFederation.start(options);
  const found: [string, { disk: MemoryBackend; address: string }][] = [];
  for (const [name, entropy] of Object.entries<Bytes | null>(wallets)) {
    const wallet = await SimulatedWallet.open(federation, name, entropy ? await diskWith(entropy) : undefined);
    const address = await federation.finish(wallet.client.depositAddress());
    found.push([name, { disk: await wallet.close(), address }]);
  }
  return Object.fromEntries(found) as Record<Name, { disk: MemoryBackend; address: string }>;
}
