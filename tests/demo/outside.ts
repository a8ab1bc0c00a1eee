/** The outside world of a development federation's gateway: a Lightning node in a process of its own. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Platform } from "../../actors/platform/platform.ts";
import { askNode } from "../../client/gateway/devln/control.ts";
import { runDevln } from "../../client/gateway/devln/commands.ts";
import { runGatewayCli } from "../../client/gateway/cli/cli.ts";
import type { NodeChannel } from "../../client/gateway/node/node.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { LightningCommands } from "../../server/dev/federation/lightning.ts";
import { until } from "./waits.ts";

const EXPIRY_SECS = 3_600;

/** The same commands without a process each: on two cores those cost the most. */
export function commandsOf(platform: Platform): LightningCommands {
  return {
    gateway: async (args) => {
      const { output, exit } = await runGatewayCli({ platform, args });
      if (exit !== 0) throw new Error(output.trim());
      return output;
    },
    devln: (args) => runDevln(platform, args),
  };
}

/** An invoice whose payment waits until its payee decides. */
export type HoldInvoice = { readonly invoice: string; readonly preimage: Bytes; readonly paymentHash: Bytes };

export class Outside {
  readonly #platform: Platform;
  readonly #dir: string;

  /** @param dir the node's folder */
  constructor(platform: Platform, dir: string) {
    this.#platform = platform;
    this.#dir = dir;
  }

  invoice(amountMsat: bigint): Promise<string> {
    const terms = { amountMsat, expirySecs: EXPIRY_SECS, description: "tea" };
    return askNode(this.#platform, this.#dir, "createInvoice", terms);
  }

  /** @returns the preimage, as hex @throws {Error} when it isn't paid */
  async pay(invoice: string): Promise<string> {
    const told = await runDevln(this.#platform, ["--dir", this.#dir, "pay", invoice]);
    const preimage = /^paid; the preimage is ([0-9a-f]{64})/.exec(told)?.[1];
    if (preimage === undefined) throw new Error(`The outside world says: ${told}`);
    return preimage;
  }

  async holdInvoice(amountMsat: bigint): Promise<HoldInvoice> {
    const preimage = this.#platform.dice.bytes(32) as Bytes, paymentHash = sha256(preimage) as Bytes;
    const description = { tag: "Direct", value: "tea" } as const;
    const terms = { paymentHash, amountMsat, expirySecs: EXPIRY_SECS, description };
    return { invoice: await askNode(this.#platform, this.#dir, "hold", terms), preimage, paymentHash };
  }

  /** Resolves when its payment has come, and waits. */
  async awaitHeld({ paymentHash }: HoldInvoice): Promise<void> {
    await until("The payment comes to the outside world", async () => {
      const held = await askNode(this.#platform, this.#dir, "held", null);
      return held.some((payment) => toHex(payment.paymentHash) === toHex(paymentHash));
    });
  }

  /** @throws {Error} when it was given back before */
  async take({ preimage }: HoldInvoice): Promise<void> {
    await until("The outside world takes the payment", async () => {
      const outcome = await askNode(this.#platform, this.#dir, "settle", { preimage });
      if (outcome?.ok === false) throw new Error(`The outside world's payment is ${outcome.error}`);
      return outcome !== null;
    });
  }

  async refuse({ paymentHash }: HoldInvoice): Promise<void> {
    const outcome = await askNode(this.#platform, this.#dir, "cancel", { paymentHash });
    if (!outcome.ok) throw new Error(`The outside world can't refuse the payment: it is ${outcome.error}`);
  }

  channels(): Promise<readonly NodeChannel[]> {
    return askNode(this.#platform, this.#dir, "channels", null);
  }
}
