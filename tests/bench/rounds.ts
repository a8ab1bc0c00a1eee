/** Rounds of consensus that guardians of a federation have made. */
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Inspection } from "../../actors/system.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";

const { clock } = realPlatform();
const AGAIN_MS = 100;
/** Rounds of a session in test federations; docs/protocol/03-consensus.md §A4. */
const ROUNDS_PER_SESSION = 200;

/** A look at a guardian. */
export type RoundsAt = { readonly rounds: number; readonly atMs: number };

export async function inspect(federation: DevFederation, peer: number): Promise<Inspection> {
  return await federation.call(peer, "inspect") as unknown as Inspection;
}

function find(tree: Inspection, name: string): Inspection | undefined {
  if (tree.path.endsWith(`/${name}`)) return tree;
  for (const child of tree.children) {
    const found = find(child, name);
    if (found) return found;
  }
  return undefined;
}

/** Of one of our guardians. */
export async function roundsOf(federation: DevFederation, peer: number): Promise<RoundsAt> {
  for (;;) {
    const tree = await inspect(federation, peer);
    const session = Number(find(tree, "sessions")?.facts.session);
    const round = Number(find(tree, "broadcast")?.facts.round);
    const atMs = clock.monotonicMs();
    // between two sessions there is no broadcast, and one that begins has no round yet
    if (Number.isInteger(session) && Number.isInteger(round)) {
      return { rounds: session * ROUNDS_PER_SESSION + round, atMs };
    }
    await sleep(clock, AGAIN_MS);
  }
}

/**
 * Of an official guardian, by its metrics: what it sent to another one. That is a unit a round and few other messages,
 * so it is a little too much. @throws {Error} for metrics without it
 */
export function roundsOfMetrics(text: string): number {
  const sent = [...text.matchAll(/^fm_peer_messages_total\{([^}]*)\} ([0-9]+)$/gm)]
    .filter(([, labels]) => labels!.includes('direction="outgoing"'))
    .map(([, , count]) => Number(count));
  if (sent.length === 0) throw new Error("The guardian's metrics have no messages with other guardians");
  return Math.max(...sent);
}

/** Between two looks. */
export function roundsPerSecond(before: RoundsAt, after: RoundsAt): number {
  return (after.rounds - before.rounds) / (after.atMs - before.atMs) * 1_000;
}
