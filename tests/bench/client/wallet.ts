/** A wallet behind a command line, ours or the official one, whose commands are measured. Both take the same words. */
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson } from "../../../core/encoding/mod.ts";
import { startCommand } from "../../recovery/command.ts";
import type { Ran } from "../command.ts";
import { runCommand } from "../command.ts";
import { socketsOf, usageOf } from "../usage.ts";

/** An address takes 65,536 tries on average, and now and then five times as many. */
const COMMAND_MS = 600_000;
const MINUTE_MS = 60_000;
/** A wallet that waits does it at the rate of real federations: in test ones all it does is done more often. */
const REAL_ENVIRONMENT = { FM_IN_DEVIMINT: "0" };

/** A wallet that waits for a deposit. */
export type Idle = {
  readonly cpuSecondsAMinute: number;
  readonly ownBytes: number;
  readonly residentBytes: number;
  readonly sockets: number;
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class MeasuredWallet {
  readonly #command: readonly string[];

  /** @param program and its first arguments */
  constructor(program: readonly string[], dir: string) {
    this.#command = [...program, "--data-dir", dir];
  }

  /** @throws {Error} when it doesn't end well */
  run(...args: readonly string[]): Promise<Ran> {
    return runCommand([...this.#command, ...args], COMMAND_MS);
  }

  async ask(...args: readonly string[]): Promise<Json> {
    return parseJson((await this.run(...args)).out);
  }

  async balanceMsat(): Promise<bigint> {
    const { total_amount_msat: msat } = await this.ask("info") as JsonObject;
    return BigInt(msat as number | bigint);
  }

  /** @param settleMs what its start takes is over then @param ms for which it is looked at */
  async idle(settleMs: number, ms: number): Promise<Idle> {
    const position = await this.ask("dev", "next-event-log-id");
    const command = [...this.#command, "module", "walletv2", "await-receive", String(position)];
    const child = startCommand(command, COMMAND_MS, REAL_ENVIRONMENT), output = child.output();
    await sleep(settleMs);
    const before = await usageOf(child.pid), begunMs = performance.now();
    await sleep(ms);
    const { cpuSeconds, ...memory } = await usageOf(child.pid), tookMs = performance.now() - begunMs;
    const sockets = await socketsOf(child.pid);
    child.kill("SIGKILL");
    await output;
    const cpuSecondsAMinute = (cpuSeconds - before.cpuSeconds) / tookMs * MINUTE_MS;
    return { ...memory, cpuSecondsAMinute, sockets };
  }
}
