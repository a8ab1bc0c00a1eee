/** A federation to be loaded, ours or the official one, which is still while the other one has its turn. */
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import { openClient } from "../../../client/deno.ts";
import type { GuardianProgram } from "../../../server/dev/federation/federation.ts";
import { DevFederation } from "../../../server/dev/federation/federation.ts";
import { fund } from "../../demo/fund.ts";
import { within } from "../../demo/waits.ts";
import type { Suite } from "../../interop/suite.ts";
import type { RoundsAt } from "../rounds.ts";
import type { Usage } from "../usage.ts";
import { usageOf } from "../usage.ts";
import type { Mint } from "./purse.ts";
import { mintOf, Purse } from "./purse.ts";

const platform = realPlatform();
export const PEERS = 4;
const DEPOSIT_BTC = 0.5;
/** A multiple of what clients' smallest notes are worth, and enough for all loads. */
const PURSE_MSAT = 2n ** 35n;

type GuardianOptions = {
  readonly name: string;
  /** How many; default `PEERS`. */
  readonly peers?: number;
  /** What a guardian runs; undefined for ours. */
  readonly program: (peer: number) => GuardianProgram | undefined;
  /** Rounds that the first guardian has made. */
  readonly rounds: (federation: DevFederation) => Promise<RoundsAt>;
  /** Whether one of them is stopped. */
  readonly down: boolean;
};

export class Guardians {
  readonly name: string;
  readonly purse: Purse;
  readonly federation: DevFederation;
  readonly #roundsOf: GuardianOptions["rounds"];

  private constructor({ name, rounds }: GuardianOptions, federation: DevFederation, purse: Purse) {
    this.name = name;
    this.#roundsOf = rounds;
    this.federation = federation;
    this.purse = purse;
  }

  /** They end with the suite. */
  static async start(suite: Suite, options: GuardianOptions): Promise<Guardians> {
    const { name, peers = PEERS, program, down } = options;
    const progress = (text: string): void => console.error(`${name}: ${text}`);
    const federation = await DevFederation.start({
      platform,
      dir: join(suite.dir, name.replaceAll(" ", "-")),
      peers,
      progress,
      signal: suite.signal,
      env: { FM_DISABLE_BASE_FEES: "1", FM_ENABLE_MODULE_LNV2: "0" },
      program,
    });
    suite.onEnd(() => federation.stop());
    progress("Paying in");
    const wallet = await openClient({ dir: join(suite.dir, `wallet of ${name}`), platform, findsAhead: false });
    suite.onEnd(() => wallet.close());
    await within("Joining", wallet.join(federation.invite));
    await fund(federation, wallet, DEPOSIT_BTC);
    const purse = await within("Notes", Purse.withdraw(wallet, mintOf(wallet, peers), PURSE_MSAT));
    await wallet.client.awaitIdle();
    if (down) {
      progress("Stopping one guardian");
      await federation.halt(peers - 1);
    }
    return new Guardians(options, federation, purse);
  }

  get mint(): Mint {
    return this.purse.mint;
  }

  get pids(): number[] {
    return this.federation.guardians.filter(({ process }) => process.isRunning).map(({ process }) => process.pid);
  }

  usages(): Promise<Usage[]> {
    return Promise.all(this.pids.map(usageOf));
  }

  /** In order. */
  stop(): Promise<void> {
    return this.federation.stop();
  }

  /** They and their links stay as they are, and take no CPU. */
  pause(): void {
    for (const pid of this.pids) Deno.kill(pid, "SIGSTOP");
  }

  resume(): void {
    for (const pid of this.pids) Deno.kill(pid, "SIGCONT");
  }

  /** What the first guardian tells of how long its units take to be ordered; null before it has a figure. */
  async orderingMs(): Promise<number | null> {
    const latency = await this.federation.call(0, "consensus_ord_latency") as { secs: number; nanos: number } | null;
    return latency === null ? null : Number(latency.secs) * 1_000 + Number(latency.nanos) / 1_000_000;
  }

  rounds(): Promise<RoundsAt> {
    return this.#roundsOf(this.federation);
  }
}
