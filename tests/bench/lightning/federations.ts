/** What a gateway takes that is in many federations, and has nothing to do. */
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import { DevFederation } from "../../../server/dev/federation/federation.ts";
import type { Gateway } from "../../interop/gateway.ts";
import type { Suite } from "../../interop/suite.ts";
import { socketsOf, usageOf } from "../usage.ts";
import type { Pair, World } from "./world.ts";

const STARTED_AT_ONCE = 4;

export type Memory = {
  /** Its own, and with the program's pages. */
  readonly ownBytes: number;
  readonly residentBytes: number;
  /** Open connections, and sockets that listen. */
  readonly sockets: number;
};

async function memoryOf({ pid }: Gateway): Promise<Memory> {
  const { ownBytes, residentBytes } = await usageOf(pid);
  return { ownBytes, residentBytes, sockets: await socketsOf(pid) };
}

export async function memoryOfBoth({ gateways: { ours, official } }: World): Promise<Pair<Memory>> {
  return { ours: await memoryOf(ours), official: await memoryOf(official) };
}

/**
 * Both start anew with the rates of real federations: what a test federation's are shorter for would be all that they
 * do.
 */
export async function startForReal({ gateways: { ours, official } }: World): Promise<void> {
  await Promise.all([ours, official].map(async (gateway) => {
    await gateway.halt();
    await gateway.startAgain({ FM_IN_DEVIMINT: "0" });
  }));
}

/** Both gateways join small federations, of one guardian each, which end with the suite. */
export async function joinMany(suite: Suite, { federation, gateways }: World, count: number): Promise<void> {
  const platform = realPlatform(), { signal } = suite;
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < count) {
      const dir = join(suite.dir, `small-${begun++}`), progress = (): void => undefined;
      const small = await DevFederation.start({ platform, dir, peers: 1, beside: federation, progress, signal });
      suite.onEnd(() => small.stop());
      for (const gateway of [gateways.ours, gateways.official]) await gateway.ask("connect-fed", small.invite);
    }
  };
  await Promise.all(Array.from({ length: STARTED_AT_ONCE }, lane));
}
