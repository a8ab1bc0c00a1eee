/** Real LND nodes on regtest, beside a federation's Bitcoin node. docs/protocol/08-lightning-nodes.md §A. */
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import { openPinnedHttp } from "../../actors/platform/real/pinned_http.ts";
import type { Lnd as LndNode } from "../../client/gateway/node/lnd/lnd.ts";
import { DEFAULT_PAYMENT_OPTIONS, openLnd } from "../../client/gateway/node/lnd/lnd.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import type { LndPrograms } from "../../server/dev/federation/lnd.ts";
import { DevLnd, openLndChannel } from "../../server/dev/federation/lnd.ts";
import { until } from "../demo/waits.ts";
import type { Suite } from "./suite.ts";

export type { LndPrograms } from "../../server/dev/federation/lnd.ts";

const FUNDS_SAT = 10_000_000;
/** How long LND tries to pay: by itself a minute. */
const PAYING_SECS = 400;

/** The Bitcoin node beside it: a federation's, or one alone. */
export type Chain = Pick<DevFederation, "node" | "bitcoin" | "mine">;

export class Lnd extends DevLnd {
  /**
   * Ends with the suite. Resolves when it is level with the chain and serves peers.
   * @param flags more of LND's
   */
  static async start(
    suite: Suite,
    chain: Chain,
    programs: LndPrograms,
    name: string,
    flags: readonly string[] = [],
  ): Promise<Lnd> {
    const { clock } = realPlatform(), { signal } = suite, dir = join(suite.dir, name);
    const node = new Lnd({ clock, chain: chain.node, programs, dir, name, signal, flags });
    suite.onEnd(() => node.stop());
    await node.start();
    return node;
  }

  /** After `kill`. Resolves when it is level with the chain. */
  startAgain(): Promise<void> {
    return this.start();
  }

  /** Resolves when the payment is over, exit code 0 when it was made. */
  pay(invoice: string) {
    return this.run("payinvoice", "--force", "--timeout", `${PAYING_SECS}s`, invoice);
  }

  /** Our gateway's connection to it. */
  open(): Promise<LndNode> {
    const { clock, dice, files } = realPlatform(), { restUrl: url, certificatePath, macaroonPath } = this;
    return openLnd(
      { url, certificatePath, macaroonPath, ...DEFAULT_PAYMENT_OPTIONS },
      { clock, dice, files, openHttp: openPinnedHttp, onTrouble: () => undefined },
    );
  }
}

/** A channel with half of its capacity on either side, ready for payments both ways. */
export async function openChannel(
  { signal }: Suite,
  federation: Chain,
  { from, to, sat }: { readonly from: Lnd; readonly to: Lnd; readonly sat: number },
): Promise<void> {
  signal.throwIfAborted();
  await openLndChannel(federation, { from, to, sat, pushSat: sat / 2, coinSat: FUNDS_SAT });
}

/** Resolves when the node has the chain's last block: before, it refuses channels. */
export async function awaitLevel(suite: Suite, chain: Chain, node: Lnd): Promise<void> {
  const height = Number(await chain.bitcoin("getblockcount"));
  await until("the node is level with the chain", async () => {
    return await node.isSynced() && Number((await node.ask("getinfo")).block_height) >= height;
  }, suite.signal);
}
