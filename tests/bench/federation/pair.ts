/** Both kinds of guardians by turns: whoever hasn't the turn is still. */
import type { DevFederation, GuardianProgram } from "../../../server/dev/federation/federation.ts";
import { freePorts } from "../../../server/dev/federation/processes.ts";
import { officialGuardian } from "../../interop/federation.ts";
import type { Suite } from "../../interop/suite.ts";
import { roundsOf, roundsOfMetrics } from "../rounds.ts";
import { Guardians } from "./guardians.ts";

/** Of both federations; null where only ours is measured. */
export type Both<T> = { readonly ours: T; readonly official: T | null };

export type PairOptions = {
  /** Path of the program; null: ours alone. */
  readonly fedimintd: string | null;
  readonly down: boolean;
  /** What one of our guardians runs, if not what everybody does. */
  readonly program?: (peer: number) => GuardianProgram | undefined;
};

async function startOfficial(suite: Suite, fedimintd: string, down: boolean): Promise<Guardians> {
  const [port] = freePorts(1), { command, env } = officialGuardian(fedimintd), metrics = `127.0.0.1:${port}`;
  return await Guardians.start(suite, {
    name: "official guardians",
    program: (peer) => ({ command, env: peer === 0 ? { ...env, FM_BIND_METRICS: metrics } : env }),
    rounds: async () => {
      const text = await (await fetch(`http://${metrics}/metrics`)).text();
      return { rounds: roundsOfMetrics(text), atMs: performance.now() };
    },
    down,
  });
}

/** Both are still. They end with the suite. */
export async function startPair(
  suite: Suite,
  { fedimintd, down, program = () => undefined }: PairOptions,
): Promise<Both<Guardians>> {
  const rounds = (federation: DevFederation) => roundsOf(federation, 0);
  const ours = await Guardians.start(suite, { name: "our guardians", program, rounds, down });
  ours.pause();
  const official = fedimintd === null ? null : await startOfficial(suite, fedimintd, down);
  official?.pause();
  // before they are stopped: that is done in order
  suite.onEnd(() => Promise.resolve([ours, official].forEach((guardians) => guardians?.resume())));
  return { ours, official };
}

/** Only then it goes on. */
export async function inTurn<T>(guardians: Guardians, measure: (of: Guardians) => Promise<T>): Promise<T> {
  guardians.resume();
  try {
    return await measure(guardians);
  } finally {
    guardians.pause();
  }
}

export async function byTurns<T>(
  { ours, official }: Both<Guardians>,
  measure: (of: Guardians) => Promise<T>,
): Promise<Both<T>> {
  return { ours: await inTurn(ours, measure), official: official && await inTurn(official, measure) };
}
