/**
 * Two federations, a gateway that serves both, and the Lightning network outside, in one simulated world: people's
 * wallets pay and are paid through the gateway, which may be killed at any time.
 */
import { assertEquals } from "@std/assert";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import { Gateway } from "../../client/gateway/gateway.ts";
import { SimulatedLightning } from "../../client/gateway/node/simulated/lightning.ts";
import type { SimulatedNode } from "../../client/gateway/node/simulated/simulated_node.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { lnClient } from "../../modules/ln/client.ts";
import type { LnClient } from "../../modules/ln/client/api.ts";
import { lnServer } from "../../modules/ln/server.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import type { LightningClient } from "../../modules/lnv2/client/api.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import { lnv2Server } from "../../modules/lnv2/server.ts";
import { mintv2Server } from "../../modules/mintv2/server.ts";
import { builtIn, registryOf } from "../../modules/contract/registry.ts";
import { faucetClient, faucetServer } from "./faucet.ts";
import { SimulatedFederation } from "./federation.ts";
import { SimulatedWallet } from "./wallets.ts";

const DEFINITIONS = registryOf(builtIn([faucetServer, lnServer, lnv2Server, mintv2Server]));
const PEOPLES_MODULES = [faucetClient, lnClient, lnv2Client, mintv2Client];
const PORT = 8_175;
const MACHINE = "gateway";

/** Of the gateway's operators. */
export const PASSWORDS = { admin: "theresnosecondbest", liquidityManager: "liquid" };
/** Of the least cost that there is. */
const PASSWORD_HASHES = {
  admin: "$2b$04$0DFWbJvc.K2y6d6ZXjCq3ukxcy2WqhjJ54mAI.aYquMmNyWzg4EiO",
  liquidityManager: "$2b$04$aPKghHZx0aormuwLmsi5mOqrDIZgtCDIVK0ej1NlBLqBe2OD8UJP6",
};

/** What everybody begins with. */
const CHANNEL_MSAT = 1_000_000_000n;
const PURSE_MSAT = 500_000_000n;
/** Of the gateway, in each federation. */
const GATEWAY_MSAT = 5_000_000_000n;

export type LightningWorldOptions = {
  readonly seed: number;
  /** Guardians of each federation. Default: 4. */
  readonly total?: number;
  /** Lightning modules of both federations. Default: lnv2. */
  readonly lightning?: readonly ("ln" | "lnv2")[];
};

export class LightningWorld {
  readonly here: SimulatedFederation;
  readonly there: SimulatedFederation;
  readonly lightning: SimulatedLightning;
  readonly node: SimulatedNode;
  readonly outside: SimulatedNode;
  readonly gatewayUrl = `http://${MACHINE}:${PORT}/v1`;
  #disk: MemoryBackend;
  #gateway: Gateway | null = null;

  private constructor(here: SimulatedFederation, there: SimulatedFederation) {
    this.here = here;
    this.there = there;
    const { clock, dice } = here.world.process("lightning").platform;
    this.lightning = new SimulatedLightning({ clock, dice });
    const channel = { localMsat: CHANNEL_MSAT, remoteMsat: CHANNEL_MSAT };
    this.node = this.lightning.node("gateway", channel);
    this.outside = this.lightning.node("outside", channel);
    this.#disk = new MemoryBackend(here.diskOptions(MACHINE));
  }

  /** The gateway serves both federations, and has e-cash in both. */
  static async start({ seed, total = 4, lightning = ["lnv2"] }: LightningWorldOptions): Promise<LightningWorld> {
    const modules = ["faucet", ...lightning, "mintv2"];
    const options = { seed, total, modules, definitions: DEFINITIONS, roundsPerSession: 40 };
    const here = await SimulatedFederation.start(options);
    const there = await SimulatedFederation.start({ ...options, beside: here, name: "h" });
    const world = new LightningWorld(here, there);
    await world.#open();
    for (const { invite } of [here, there]) {
      const { wallet } = await here.finish(world.gateway.federations.connect(invite));
      await here.finish(wallet.use(faucetClient).draw(GATEWAY_MSAT));
    }
    return world;
  }

  get gateway(): Gateway {
    if (!this.#gateway) throw new Error("the gateway was killed");
    return this.#gateway;
  }

  async #open(): Promise<void> {
    const { here } = this, { platform } = here.world.process(MACHINE);
    const opening = openMemoryStore({ clock: platform.clock, backend: this.#disk }).then((store) =>
      Gateway.open({
        platform,
        store,
        node: this.node.connect(),
        network: "regtest",
        log: here.logOf(MACHINE),
        bind: { hostname: "0.0.0.0", port: PORT },
        testEnvironment: true,
        modules: [faucetClient],
        admin: { passwords: PASSWORD_HASHES, apiUrl: this.gatewayUrl, lightningMode: "Simulated" },
      })
    );
    this.#gateway = await here.finish(opening);
  }

  /** SIGKILL: what was not durable is lost. The node lives on. */
  killGateway(): void {
    this.#gateway = null;
    this.here.world.process(MACHINE).kill();
    this.#disk = this.#disk.crash();
  }

  async restartGateway(): Promise<void> {
    this.here.world.process(MACHINE).restart();
    this.#disk = this.#disk.crash(this.here.diskOptions(MACHINE));
    await this.#open();
  }

  /**
   * From now on the gateway dies with its `count`th commit: with `lost` before that reaches the disk, with `kept` once
   * it is there and nobody was told; and is started again by itself a second later.
   * @returns whether it has died by then
   */
  async crashAtCommit(count: number, commit: "lost" | "kept"): Promise<{ hasDied: boolean; back: Promise<void> }> {
    const { here } = this, back = Promise.withResolvers<void>(), fate = { hasDied: false, back: back.promise };
    const { clock } = here.world.process("fate").platform;
    const die = (): void => {
      this.killGateway();
      clock.setTimer(1_000, () => void this.restartGateway().then(back.resolve, back.reject));
    };
    this.killGateway();
    here.world.process(MACHINE).restart();
    let isArmed = false, written = 0;
    this.#disk = this.#disk.crash({
      ...here.diskOptions(MACHINE),
      onWrite: () => {
        if (!isArmed || ++written !== count) return;
        fate.hasDied = true;
        if (commit === "kept") return queueMicrotask(die);
        die();
        throw new Error("the gateway has crashed");
      },
    });
    await this.#open();
    isArmed = true;
    return fate;
  }

  /** Somebody with e-cash in a federation. */
  async person(name: string, federation: SimulatedFederation, msat = PURSE_MSAT): Promise<Person> {
    const wallet = await SimulatedWallet.open(federation, name, undefined, PEOPLES_MODULES);
    if (msat > 0n) await this.here.finish(wallet.client.use(faucetClient).draw(msat));
    return new Person(this, wallet);
  }

  /** A request to the gateway, as from outside. @param from whose machine */
  async ask(
    route: string,
    options: {
      readonly body?: Json | string;
      readonly password?: string;
      readonly from?: string;
      readonly type?: string;
    } = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { body, password, from = "stranger", type = "application/json" } = options;
    const { network } = this.here.world.process(from).platform;
    const { status, body: bytes } = await network.fetch(`http://${MACHINE}:${PORT}${route}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(body !== undefined && { "content-type": type }),
        ...(password !== undefined && { authorization: `Bearer ${password}` }),
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : stringifyJson(body) }),
      timeoutMs: 60_000,
      bodyBytesMax: 1_000_000,
    });
    return { status, text: fromUtf8(bytes) };
  }

  /** What the gateway has: in its channels, and in each federation. */
  async gatewayMsat(): Promise<bigint> {
    let sumMsat = this.node.books.localMsat;
    for (const { wallet } of await this.gateway.federations.all()) sumMsat += await wallet.getBalance();
    return sumMsat;
  }
}

class Person {
  readonly wallet: SimulatedWallet;
  readonly #world: LightningWorld;

  constructor(world: LightningWorld, wallet: SimulatedWallet) {
    this.#world = world;
    this.wallet = wallet;
  }

  get lightning(): LightningClient {
    return this.wallet.client.use(lnv2Client);
  }

  /** Version 1. */
  get lnv1(): LnClient {
    return this.wallet.client.use(lnClient);
  }

  balance(): Promise<bigint> {
    return this.wallet.client.getBalance();
  }

  /** Pays an invoice by the gateway. @returns what became of it */
  async pay(invoice: string): Promise<"success" | "refunded" | "rejected" | "failure"> {
    const operationId = await this.lightning.send(invoice, { gateway: this.#world.gatewayUrl });
    return (await this.lightning.awaitSend(operationId)).outcome;
  }

  /** An invoice of the gateway's. */
  async invoice(amountMsat: bigint) {
    return await this.lightning.receive(amountMsat, { gateway: this.#world.gatewayUrl });
  }

  /** Everything that is under way comes to its end. */
  settled(): Promise<void> {
    return this.wallet.client.client.awaitIdle();
  }
}

/** All that the world's Lightning nodes have is as it was. */
export function assertConstant(world: LightningWorld, beforeMsat: bigint): void {
  assertEquals(world.lightning.totalMsat, beforeMsat, "nodes neither make nor lose money");
}
