/** A federation in trouble, as far as honest guardians can be: what must not keep them from ordering the same items. */
import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/mod.ts";
import { sessionOutcome } from "../../core/types/session.ts";
import type { SignedSessionOutcome } from "../../core/types/session.ts";
import { SimulatedFederation } from "./federation.ts";

const GUARDIANS = 4;
const SESSIONS = 3;
const MODULES = ["meta", "walletv2"];
const WAIT_MS = 300_000;
/** Each guardian votes for the chain's height and a feerate at the beginning, and at least a threshold for the height after mining. */
const ITEMS_MIN = 2 * GUARDIANS + 3;

export type Troubled = { readonly sessions: readonly SignedSessionOutcome[][]; readonly log: string };

/**
 * Four guardians agree on the blocks of a chain over slow links that lose packets, one of which is cut for a while; one guardian is killed
 * and comes back. Returns each guardian's first sessions, and the hash of the world's log.
 */
export async function troubledFederation(seed: number): Promise<Troubled> {
  const federation = await SimulatedFederation.start({
    seed,
    total: GUARDIANS,
    modules: MODULES,
    roundsPerSession: 40,
    world: { link: { delayMs: [5, 60], dropProbability: 0.01 } },
  });
  const { world } = federation;
  await world.run({ forMs: 3_000 });
  await federation.mine(10);
  const victim = seed % GUARDIANS, cut = (seed + 1) % GUARDIANS;
  world.partition(`g${cut}`, `g${victim}`);
  await world.run({ forMs: 2_000 });
  federation.kill(victim);
  await federation.mine(5);
  await world.run({ forMs: 5_000 });
  world.heal(`g${cut}`, `g${victim}`);
  await federation.restart(victim);
  for (let ms = 0; ms < WAIT_MS; ms += 1_000) {
    await world.run({ forMs: 1_000 });
    const sessions: SignedSessionOutcome[][] = [];
    for (let peer = 0; peer < GUARDIANS; peer++) {
      sessions.push((await federation.finish(federation.sessionsOf(peer))).slice(0, SESSIONS));
    }
    if (sessions.every((of) => of.length === SESSIONS)) return { sessions, log: world.log.hash() };
  }
  throw new Error(`Seed ${seed}: not ${SESSIONS} sessions at every guardian in ${WAIT_MS / 1000} s`);
}

/** All guardians have the same sessions, each signed by a threshold, and they are not empty. */
export function assertAgreed({ sessions }: Troubled): void {
  const outcomes = sessions.map((of) => of.map((signed) => toHex(encode(sessionOutcome, signed.sessionOutcome))));
  for (const outcome of outcomes) assertEquals(outcome, outcomes[0]);
  for (const signed of sessions.flat()) assert(signed.signatures.size >= 3, "a threshold signed");
  const items = sessions[0]!.reduce((sum, signed) => sum + signed.sessionOutcome.items.length, 0);
  assert(items >= ITEMS_MIN, `only ${items} items were ordered`);
}
