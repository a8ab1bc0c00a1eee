/** Somebody with a wallet who pays and is paid over Lightning, whose program may be killed meanwhile. */
import { sleep } from "../../actors/platform/platform.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import { lnClient } from "../../modules/ln/client.ts";
import type { LnClient } from "../../modules/ln/client/api.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import type { LightningClient, SendOutcome } from "../../modules/lnv2/client/api.ts";
import { LightningError } from "../../core/lightning/error.ts";
import type { SimulatedFederation } from "./federation.ts";
import type { SimulatedWallet } from "./wallets.ts";

const AGAIN_MS = 1_000;

/** From a start of the program to the next one. */
type Life = { isOver: boolean; readonly died: PromiseWithResolvers<void>; readonly next: PromiseWithResolvers<void> };

const newLife = (): Life => ({ isOver: false, died: Promise.withResolvers(), next: Promise.withResolvers() });

export class Person {
  readonly name: string;
  readonly federation: SimulatedFederation;
  readonly wallet: SimulatedWallet;
  readonly #gateway: SafeUrl;
  #life = newLife();

  /** @param gateway where nothing else is said */
  constructor(federation: SimulatedFederation, wallet: SimulatedWallet, gateway: SafeUrl) {
    this.name = wallet.name;
    this.federation = federation;
    this.wallet = wallet;
    this.#gateway = gateway;
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

  /** Waits, a minute at most, until version 1 of the wallet finds one gateway registered. */
  async knowsGateway(): Promise<void> {
    const { clock } = this.federation.world.process("fate").platform;
    for (let tries = 0; tries < 60; tries++) {
      await this.lnv1.updateGateways();
      if ((await this.lnv1.gateways()).length === 1) return;
      await sleep(clock, AGAIN_MS);
    }
    throw new Error("the gateway is not registered");
  }

  /** SIGKILL. What it does goes on after `restart`. */
  kill(): void {
    this.wallet.kill();
    this.#life.isOver = true;
    this.#life.died.resolve();
  }

  async restart(): Promise<void> {
    await this.wallet.restart();
    const { next } = this.#life;
    this.#life = newLife();
    next.resolve();
  }

  /** Once more in each life until it is done; a gateway that is away is asked again later. */
  async #through<T>(work: () => Promise<T>): Promise<T> {
    const { clock } = this.federation.world.process("fate").platform;
    for (;;) {
      const life = this.#life;
      if (life.isOver) {
        await life.next.promise;
        continue;
      }
      const done = await Promise.race([
        work().then((value) => ({ value }), (thrown) => {
          // nothing was done
          if (life.isOver || thrown instanceof LightningError && thrown.code === "gateway_failed") return null;
          throw thrown;
        }),
        life.died.promise.then(() => null),
      ]);
      if (done) return done.value;
      if (!life.isOver) await sleep(clock, AGAIN_MS);
    }
  }

  /** Pays an invoice by a gateway. @returns what became of it */
  pay(invoice: string, gateway = this.#gateway): Promise<SendOutcome["outcome"]> {
    return this.#through(async () => {
      const operationId = await this.lightning.paymentOf(invoice) ?? await this.lightning.send(invoice, { gateway });
      return (await this.lightning.awaitSend(operationId)).outcome;
    });
  }

  /** An invoice of a gateway's. @param expirySecs default: an hour */
  invoice(amountMsat: bigint, gateway = this.#gateway, expirySecs = 3_600) {
    return this.#through(() => this.lightning.receive(amountMsat, { gateway, expirySecs }));
  }

  /** What became of an invoice. */
  received(operationId: Parameters<LightningClient["awaitReceive"]>[0]) {
    return this.#through(async () => (await this.lightning.awaitReceive(operationId)).outcome);
  }

  /** Everything that is under way comes to its end. */
  settled(): Promise<void> {
    return this.#through(() => this.wallet.client.client.awaitIdle());
  }
}
