/**
 * How long a gateway of the first Lightning module is registered with our guardians, whose clocks a test moves: the
 * official gateway registers for ten minutes, when it starts and again after 8.5 minutes.
 */
import { fromFileUrl, join } from "@std/path";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation, GuardianProgram } from "../../server/dev/federation/federation.ts";
import { ownProgram } from "../../server/dev/federation/processes.ts";
import { until } from "../demo/waits.ts";
import type { Gateway } from "./gateway.ts";
import { instanceOf } from "./lightning_payments.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

const PRELOAD = fromFileUrl(new URL("moved_clock.ts", import.meta.url));
const SECOND_MS = 1_000;
const TTL_SECS = 600;
/** 85 % of its time. */
const RENEWED_AFTER_SECS = 510;
const HOUR_SECS = 3_600;

/** The clocks of guardians, in the folder of a suite. */
export class MovedClock {
  readonly #path: string;
  #aheadSecs = 0;

  constructor(suite: Suite) {
    this.#path = join(suite.dir, "clock-ahead");
    this.#write();
  }

  #write(): void {
    // as a whole: guardians look at any time
    Deno.writeTextFileSync(`${this.#path}.new`, String(this.#aheadSecs * SECOND_MS));
    Deno.renameSync(`${this.#path}.new`, this.#path);
  }

  /** A guardian of ours that goes by it. */
  get guardian(): GuardianProgram {
    const [deno, run, ...others] = ownProgram("server/main.ts");
    return { command: [deno!, run!, "--preload", PRELOAD, ...others], env: { MOVED_CLOCK_FILE: this.#path } };
  }

  move(secs: number): void {
    this.#aheadSecs += secs;
    this.#write();
  }
}

/** What is left of a gateway's time at each guardian, seconds; null where none is listed. */
async function ttlsOf(federation: DevFederation, method: string): Promise<(number | null)[]> {
  return await Promise.all(federation.guardians.map(async ({ peer }) => {
    const listed = await federation.call(peer, method) as readonly JsonObject[];
    demand(listed.length <= 1, stringifyJson(listed));
    return listed.length === 0 ? null : Number((listed[0]!.ttl as JsonObject).secs);
  }));
}

/**
 * An hour of the guardians' clocks, in which the gateway registers as often as it would; then it stays away, and is
 * forgotten. It is started again for each registration, as nothing moves the clock that it sleeps by.
 */
export async function staysRegistered(
  suite: Suite,
  federation: DevFederation,
  gateway: Gateway,
  clock: MovedClock,
): Promise<void> {
  const method = `module_${await instanceOf(federation, "ln")}_list_gateways`;
  const have = (what: string, holds: (ttlSecs: number | null) => boolean): Promise<void> =>
    until(what, async () => (await ttlsOf(federation, method)).every(holds), suite.signal);
  const isFresh = (ttlSecs: number | null): boolean => ttlSecs !== null && ttlSecs > RENEWED_AFTER_SECS;
  const isOld = (ttlSecs: number | null): boolean => ttlSecs !== null && ttlSecs <= TTL_SECS - RENEWED_AFTER_SECS;
  await gateway.kill();
  await gateway.startAgain();
  await have("all guardians have the gateway", isFresh);
  for (let secs = 0; secs < HOUR_SECS; secs += RENEWED_AFTER_SECS) {
    clock.move(RENEWED_AFTER_SECS);
    await have("all guardians have the gateway still, for a little while", isOld);
    await gateway.kill();
    await gateway.startAgain();
    await have("all guardians have the gateway anew", isFresh);
  }
  await gateway.kill();
  clock.move(TTL_SECS + 1);
  await have("no guardian has a gateway that stays away", (ttlSecs) => ttlSecs === null);
}
