/** Rounds of consensus that guardians of a federation have made. */
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Inspection } from "../../actors/system.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";

const { clock } = realPlatform();
const AGAIN_MS = 100;
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

/** Of one of our guardians, since its process began. */
export async function roundsOf(federation: DevFederation, peer: number): Promise<RoundsAt> {
  for (;;) {
    const rounds = find(await inspect(federation, peer), "broadcast")?.facts.rounds;
    // between two sessions there is no broadcast
    if (rounds !== undefined) return { rounds: Number(rounds), atMs: clock.monotonicMs() };
    await sleep(clock, AGAIN_MS);
  }
}

/** Counts from each look to the next: a guardian that was started again begins at none. */
export class RoundsCount {
  #last: RoundsAt;
  readonly #sinceMs: number;
  #rounds = 0;

  constructor(first: RoundsAt) {
    this.#last = first;
    this.#sinceMs = first.atMs;
  }

  add(look: RoundsAt): void {
    this.#rounds += look.rounds < this.#last.rounds ? look.rounds : look.rounds - this.#last.rounds;
    this.#last = look;
  }

  get perSecond(): number {
    return this.#rounds / (this.#last.atMs - this.#sinceMs) * 1_000;
  }
}

/** Looks at one of our guardians ten times a second until it is over. @returns rounds a second */
export async function watchRounds(federation: DevFederation, peer: number, over: Promise<unknown>): Promise<number> {
  const count = new RoundsCount(await roundsOf(federation, peer));
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  void over.then(end, end);
  do {
    await sleep(clock, AGAIN_MS);
    count.add(await roundsOf(federation, peer));
  } while (!isOver);
  return count.perSecond;
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
