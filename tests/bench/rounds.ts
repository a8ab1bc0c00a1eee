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

/** A look at its running session. */
type SessionAt = { readonly session: number; readonly round: number; readonly atMs: number };

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

async function sessionOf(federation: DevFederation, peer: number): Promise<SessionAt> {
  for (;;) {
    const tree = await inspect(federation, peer);
    const session = Number(find(tree, "sessions")?.facts.session);
    const round = Number(find(tree, "broadcast")?.facts.round);
    // between two sessions there is no broadcast, and one that begins has no round yet
    if (Number.isInteger(session) && Number.isInteger(round)) return { session, round, atMs: clock.monotonicMs() };
    await sleep(clock, AGAIN_MS);
  }
}

/**
 * Of one of our guardians. Rounds that a session makes beyond its last one, until it is signed, aren't counted: of a
 * short time they may be most, then `watchRounds` is right.
 */
export async function roundsOf(federation: DevFederation, peer: number): Promise<RoundsAt> {
  const { session, round, atMs } = await sessionOf(federation, peer);
  return { rounds: session * ROUNDS_PER_SESSION + round, atMs };
}

/** Counts from each look to the next: what a session made after its last look is left out. */
export class RoundsCount {
  #last: SessionAt;
  readonly #sinceMs: number;
  #rounds = 0;

  constructor(first: SessionAt) {
    this.#last = first;
    this.#sinceMs = first.atMs;
  }

  add(look: SessionAt): void {
    this.#rounds += look.session === this.#last.session ? look.round - this.#last.round : look.round;
    this.#last = look;
  }

  get perSecond(): number {
    return this.#rounds / (this.#last.atMs - this.#sinceMs) * 1_000;
  }
}

/** Looks at one of our guardians ten times a second until it is over. @returns rounds a second */
export async function watchRounds(federation: DevFederation, peer: number, over: Promise<unknown>): Promise<number> {
  const count = new RoundsCount(await sessionOf(federation, peer));
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  void over.then(end, end);
  do {
    await sleep(clock, AGAIN_MS);
    count.add(await sessionOf(federation, peer));
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
