/** A gateway in a simulated world: a process of its own, whose disk outlives it, at a node that outlives both. */
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import { Gateway } from "../../client/gateway/gateway.ts";
import type { SimulatedNode } from "../../client/gateway/node/simulated/simulated_node.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import { faucetClient } from "./faucet.ts";
import type { SimulatedFederation } from "./federation.ts";

const PORT = 8_175;
/** Of its operators. */
export const PASSWORDS = { admin: "theresnosecondbest", liquidityManager: "liquid" };
/** Of the least cost that there is. */
const PASSWORD_HASHES = {
  admin: "$2b$04$0DFWbJvc.K2y6d6ZXjCq3ukxcy2WqhjJ54mAI.aYquMmNyWzg4EiO",
  liquidityManager: "$2b$04$aPKghHZx0aormuwLmsi5mOqrDIZgtCDIVK0ej1NlBLqBe2OD8UJP6",
};

export class SimulatedGateway {
  readonly machine: string;
  readonly node: SimulatedNode;
  readonly url: SafeUrl;
  /** One of those in its world. */
  readonly #federation: SimulatedFederation;
  #disk: MemoryBackend;
  #gateway: Gateway | null = null;

  private constructor(federation: SimulatedFederation, node: SimulatedNode) {
    this.machine = node.name;
    this.node = node;
    this.url = `http://${node.name}:${PORT}/v1` as SafeUrl;
    this.#federation = federation;
    this.#disk = new MemoryBackend(federation.diskOptions(node.name));
  }

  /** On a machine that is named as its node is. It serves nobody yet. */
  static async open(federation: SimulatedFederation, node: SimulatedNode): Promise<SimulatedGateway> {
    const gateway = new SimulatedGateway(federation, node);
    await gateway.#open();
    return gateway;
  }

  get gateway(): Gateway {
    if (!this.#gateway) throw new Error(`${this.machine} was killed`);
    return this.#gateway;
  }

  async #open(): Promise<void> {
    const federation = this.#federation, { machine } = this, { platform } = federation.world.process(machine);
    const opening = openMemoryStore({ clock: platform.clock, backend: this.#disk }).then((store) =>
      Gateway.open({
        platform,
        store,
        node: this.node.connect(),
        network: "regtest",
        log: federation.logOf(machine),
        bind: { hostname: "0.0.0.0", port: PORT },
        testEnvironment: true,
        // it is killed often, and each life would look for fifty that it never uses
        findsAhead: false,
        modules: [faucetClient],
        admin: { passwords: PASSWORD_HASHES, apiUrl: this.url, lightningMode: "Simulated" },
      })
    );
    this.#gateway = await federation.finish(opening);
  }

  /** Serves a federation from now on, and has e-cash in it. */
  async serve({ invite }: SimulatedFederation, msat: bigint): Promise<void> {
    const { wallet } = await this.#federation.finish(this.gateway.federations.connect(invite));
    await this.#federation.finish(wallet.use(faucetClient).draw(msat));
  }

  /** SIGKILL: what was not durable is lost. The node lives on. */
  kill(): void {
    this.#gateway = null;
    this.#federation.world.process(this.machine).kill();
    this.#disk = this.#disk.crash();
  }

  async restart(): Promise<void> {
    this.#federation.world.process(this.machine).restart();
    this.#disk = this.#disk.crash(this.#federation.diskOptions(this.machine));
    await this.#open();
  }

  /**
   * From now on it dies with its `count`th commit: with `lost` before that reaches the disk, with `kept` once it is
   * there and nobody was told; and is started again by itself a second later.
   * @returns whether it has died by then
   */
  async crashAtCommit(count: number, commit: "lost" | "kept"): Promise<{ hasDied: boolean; back: Promise<void> }> {
    const { world } = this.#federation, back = Promise.withResolvers<void>();
    const fate = { hasDied: false, back: back.promise }, { clock } = world.process("fate").platform;
    const die = (): void => {
      this.kill();
      clock.setTimer(1_000, () => void this.restart().then(back.resolve, back.reject));
    };
    this.kill();
    world.process(this.machine).restart();
    let isArmed = false, written = 0;
    this.#disk = this.#disk.crash({
      ...this.#federation.diskOptions(this.machine),
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

  /** A request, as from outside. @param from whose machine */
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
    const { network } = this.#federation.world.process(from).platform;
    const { status, body: bytes } = await network.fetch(`http://${this.machine}:${PORT}${route}`, {
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

  /** What it has: in its channels, and in each federation. */
  async totalMsat(): Promise<bigint> {
    let sumMsat = this.node.books.localMsat;
    for (const { wallet } of await this.gateway.federations.all()) sumMsat += await wallet.getBalance();
    return sumMsat;
  }

  /** Everything that is under way comes to its end. */
  async settled(): Promise<void> {
    for (const { wallet } of await this.gateway.federations.all()) await wallet.client.awaitIdle();
  }
}
