/**
 * Two federations, gateways that serve both, and the Lightning network outside, in one simulated world: people's
 * wallets pay and are paid through the gateways; all of them may be killed at any time.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import type { Gateway } from "../../client/gateway/gateway.ts";
import { SimulatedLightning } from "../../client/gateway/node/simulated/lightning.ts";
import type { SimulatedNode } from "../../client/gateway/node/simulated/simulated_node.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import { lnClient } from "../../modules/ln/client.ts";
import { lnServer } from "../../modules/ln/server.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import { lnv2Server } from "../../modules/lnv2/server.ts";
import { mintv2Server } from "../../modules/mintv2/server.ts";
import { builtIn, registryOf } from "../../modules/contract/registry.ts";
import type { ServerModules } from "../../server/modules.ts";
import type { Audit } from "../demo/audits.ts";
import { netMsat } from "../demo/audits.ts";
import { faucetClient, faucetServer } from "./faucet.ts";
import { SimulatedFederation } from "./federation.ts";
import { Person } from "./person.ts";
import { SimulatedGateway } from "./simulated_gateway.ts";
import { SimulatedWallet } from "./wallets.ts";

export { PASSWORDS } from "./simulated_gateway.ts";

/** Modules of guardians in these worlds. */
export const DEFINITIONS: ServerModules = registryOf(
  builtIn([faucetServer, lnServer, lnv2Server, mintv2Server]),
);
const PEOPLES_MODULES = [faucetClient, lnClient, lnv2Client, mintv2Client];
const BOOKS_WAIT_MS = 120_000;
/** Four times the program's: some payments end by time alone, and until then rounds cost more than all that happens. */
const ROUND_DELAY_MS = 200;

/** What everybody begins with. */
const CHANNEL_MSAT = 1_000_000_000n;
const PURSE_MSAT = 500_000_000n;
/** Of a gateway, in each federation. */
const GATEWAY_MSAT = 5_000_000_000n;

export type LightningWorldOptions = {
  readonly seed: number;
  /** Guardians of each federation. Default: 4. */
  readonly total?: number;
  /** Lightning modules of both federations. Default: lnv2. */
  readonly lightning?: readonly ("ln" | "lnv2")[];
  /** Default: 1. */
  readonly gateways?: number;
  /** Programs of guardians who cheat, by peer, in either federation. Default: nobody does. */
  readonly evil?: ReadonlyMap<number, ServerModules>;
};

export class LightningWorld {
  readonly here: SimulatedFederation;
  readonly there: SimulatedFederation;
  readonly lightning: SimulatedLightning;
  readonly outside: SimulatedNode;
  readonly gateways: SimulatedGateway[] = [];
  readonly people: Person[] = [];
  readonly #total: number;

  private constructor(here: SimulatedFederation, there: SimulatedFederation, total: number) {
    this.here = here;
    this.there = there;
    this.#total = total;
    const { clock, dice } = here.world.process("lightning").platform;
    this.lightning = new SimulatedLightning({ clock, dice });
    this.outside = this.#node("outside");
  }

  /** The gateways serve both federations, and have e-cash in both. */
  static async start(
    { seed, total = 4, lightning = ["lnv2"], gateways = 1, evil }: LightningWorldOptions,
  ): Promise<LightningWorld> {
    const options = {
      seed,
      total,
      modules: ["faucet", ...lightning, "mintv2"],
      definitions: DEFINITIONS,
      roundsPerSession: 40,
      roundDelayMs: ROUND_DELAY_MS,
      ...(evil && { evil }),
    };
    const here = await SimulatedFederation.start(options);
    const there = await SimulatedFederation.start({ ...options, beside: here, name: "h" });
    const world = new LightningWorld(here, there, total);
    for (let i = 0; i < gateways; i++) {
      const gateway = await SimulatedGateway.open(here, world.#node(i === 0 ? "gateway" : `gateway${i}`));
      world.gateways.push(gateway);
      for (const federation of [here, there]) await gateway.serve(federation, GATEWAY_MSAT);
    }
    return world;
  }

  #node(name: string): SimulatedNode {
    return this.lightning.node(name, { localMsat: CHANNEL_MSAT, remoteMsat: CHANNEL_MSAT });
  }

  /** The first gateway, as all that is said of the gateway below. */
  get #first(): SimulatedGateway {
    const [first] = this.gateways;
    assert(first, "a world has a gateway");
    return first;
  }

  get gateway(): Gateway {
    return this.#first.gateway;
  }

  get gatewayUrl(): SafeUrl {
    return this.#first.url;
  }

  /** The gateway's. */
  get node(): SimulatedNode {
    return this.#first.node;
  }

  /** SIGKILL: what was not durable is lost. The node lives on. */
  killGateway(): void {
    this.#first.kill();
  }

  restartGateway(): Promise<void> {
    return this.#first.restart();
  }

  crashAtCommit(...args: Parameters<SimulatedGateway["crashAtCommit"]>): ReturnType<SimulatedGateway["crashAtCommit"]> {
    return this.#first.crashAtCommit(...args);
  }

  ask(...args: Parameters<SimulatedGateway["ask"]>): ReturnType<SimulatedGateway["ask"]> {
    return this.#first.ask(...args);
  }

  /** What the gateway has: in its channels, and in each federation. */
  gatewayMsat(): Promise<bigint> {
    return this.#first.totalMsat();
  }

  /** Somebody with e-cash in a federation. */
  async person(name: string, federation: SimulatedFederation, msat = PURSE_MSAT): Promise<Person> {
    const wallet = await SimulatedWallet.open(federation, name, undefined, PEOPLES_MODULES);
    if (msat > 0n) await this.here.finish(wallet.client.use(faucetClient).draw(msat));
    const person = new Person(federation, wallet, this.gatewayUrl);
    this.people.push(person);
    return person;
  }

  /** Everything that is under way, of anybody, comes to its end. */
  async settled(): Promise<void> {
    for (const person of this.people) await person.settled();
    for (const gateway of this.gateways) await gateway.settled();
  }

  /**
   * All guardians count the same: the e-cash that people and gateways have, no contract that is open, and no more owed
   * than owned.
   */
  async assertBalanced(): Promise<void> {
    for (const federation of [this.here, this.there]) await this.#assertBalanced(federation);
  }

  async #assertBalanced(federation: SimulatedFederation): Promise<void> {
    const { clock } = federation.world.process("admin").platform, endMs = clock.monotonicMs() + BOOKS_WAIT_MS;
    const heldMsat = await this.#heldMsat(federation);
    const wanted = { mintMsat: -heldMsat, contractsMsat: 0n, isSolvent: true };
    for (let peer = 0; peer < this.#total; peer++) {
      for (;;) {
        const audit = await federation.call(peer, "audit") as unknown as Audit;
        const found = {
          mintMsat: netMsat(audit, "mintv2"),
          contractsMsat: netMsat(audit, "lnv2") + netMsat(audit, "ln"),
          isSolvent: audit.net_assets >= 0,
        };
        // a guardian may be behind the others
        const isWanted = found.mintMsat === wanted.mintMsat && found.contractsMsat === 0n;
        if (isWanted || clock.monotonicMs() > endMs) {
          assertEquals(found, wanted, `${federation.machine(peer)} counts otherwise`);
          break;
        }
        await sleep(clock, 1_000);
      }
    }
  }

  async #heldMsat(federation: SimulatedFederation): Promise<bigint> {
    let sumMsat = 0n;
    for (const person of this.people) if (person.federation === federation) sumMsat += await person.balance();
    const index = federation === this.here ? 0 : 1;
    for (const { gateway } of this.gateways) {
      sumMsat += await (await gateway.federations.all())[index]!.wallet.getBalance();
    }
    return sumMsat;
  }
}

/** All that the world's Lightning nodes have is as it was. */
export function assertConstant(world: LightningWorld, beforeMsat: bigint): void {
  assertEquals(world.lightning.totalMsat, beforeMsat, "nodes neither make nor lose money");
}
