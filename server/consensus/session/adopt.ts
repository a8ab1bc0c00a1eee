/**
 * Taking over what a threshold of guardians has signed of a session: as a whole, or piece by piece. Anything that the
 * federation accepted must be accepted here too.
 */
import type { Sender } from "../../../actors/actor.ts";
import type { Logger } from "../../../actors/logger.ts";
import type { Clock } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes } from "../../../core/bytes.ts";
import { decode, DecodeError } from "../../../core/encoding/mod.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { acceptedItem } from "../../../core/types/session.ts";
import { SessionTree } from "../../../core/types/session_tree.ts";
import type { EngineRef, Sealed } from "../engine/engine.ts";
import type { FetchedOutcome } from "./fetched_outcome.ts";
import type { FetchedEnd } from "../pieces/fetched_piece.ts";
import { ADOPTED_ITEMS_MAX, HASHED_ITEMS_MAX } from "../limits.ts";

/**
 * An outcome that comes in pieces, while what is ordered is taken as ever: each finds what the other brought, and
 * compares it.
 */
export type Adopting = {
  readonly end: FetchedEnd;
  /** The fewest first items under its root. */
  readonly shortest: number;
  /** Items in all, as far as ours tell. */
  readonly count: number;
  /** Of the item that is wanted. */
  readonly position: number;
  /**
   * Over the items before it, of which some are our own, until a piece shows whether they are those that were signed.
   */
  readonly own: SessionTree | null;
};

/** Encoded items, and the waiting nodes of the tree up to the last of them. */
type Piece = { readonly items: readonly Bytes[]; readonly waiting: readonly Bytes[] };

type Session = { readonly session: number; readonly engine: EngineRef };
type Context = Sender & { readonly log: Logger; readonly platform: { readonly clock: Clock } };

/** Null when the store has others than these. */
export function seal(ctx: Sender, { session, engine }: Session, position: number): Promise<Sealed | null> {
  return ctx.ask(engine, "seal", { session, position }, { deadlineMs: Infinity, untilStop: true });
}

/** Items that the federation has accepted must be accepted here too. @returns what differs, when something does */
async function adoptItems(
  ctx: Context,
  { session, engine }: Session,
  position: number,
  items: readonly AcceptedItem[],
  count: number,
): Promise<string | null> {
  const args = { session, position, items, adopted: true } as const;
  const { accepted, refused } = await ctx.ask(engine, "process", args, { deadlineMs: Infinity, untilStop: true });
  if (accepted === items.length) return null;
  return `of its ${count} items this guardian refused one after ${position + accepted}: ${refused}`;
}

/**
 * How many of an outcome's items are taken. An evil guardian can append copies of the last ones under the same
 * signatures (`session_tree.ts`), so they are dropped before anything is processed: a module may well accept an item
 * again.
 */
function countToAdopt(own: Sealed, { shortest, told }: { readonly shortest: number; readonly told: number }): number {
  // beyond that, the federation itself had the same items again
  return own.items <= shortest ? shortest : told;
}

/** Of what we have signed. */
export function differFrom(own: Sealed, { told }: { readonly told: number }): string {
  return `it accepted ${told} items, this guardian ${own.items}, and they differ`;
}

/**
 * Processes what a peer's outcome has beyond ours. Ours come first once more; the engine compares them.
 *
 * A guardian whose own items are all that was signed keeps them as they are.
 * @returns what differs, when something does; an error when it holds an item that this guardian can't decode
 */
export async function adopt(
  ctx: Context,
  at: Session,
  recovered: FetchedOutcome,
): Promise<Sealed | string | DecodeError> {
  const own = await ctx.ask(at.engine, "resume", null, { deadlineMs: Infinity, untilStop: true });
  if (equalBytes(own.root, recovered.root)) return { items: own.items, root: own.root };

  const count = countToAdopt(own, recovered);
  if (own.items > count) return `it accepted ${count} items, this guardian ${own.items}`;
  let position = 0;
  try {
    for await (const items of recovered.items(count)) {
      const differs = await adoptItems(ctx, at, position, items, count);
      if (differs !== null) return differs;
      position += items.length;
    }
  } catch (thrown) {
    if (thrown instanceof DecodeError) return thrown;
    throw thrown;
  }
  ctx.log.info("Took the session's outcome from peers", { session: at.session, had: own.items, items: count });
  const sealed = await seal(ctx, at, position);
  assert(sealed, "ours are among theirs");
  return sealed;
}

/**
 * What is wanted next of a peer's outcome, after what we have.
 * @param proven items that are known to be those that were signed
 * @returns the outcome when ours has it all, or what differs
 */
async function continueAdopting(
  ctx: Context,
  { engine }: Session,
  { end, shortest, proven }: { readonly end: FetchedEnd; readonly shortest: number; readonly proven: number },
): Promise<Adopting | Sealed | string> {
  const own = await ctx.ask(engine, "resume", null, { deadlineMs: Infinity, untilStop: true });
  if (equalBytes(own.root, end.root)) return { items: own.items, root: own.root };
  const count = countToAdopt(own, { shortest, told: end.told });
  if (own.items >= count) return differFrom(own, { told: count });
  if (own.items === proven) return { end, shortest, count, position: proven, own: null };
  const tree = SessionTree.at(own.items, own.waiting);
  assert(tree, "the engine tells a tree's own nodes");
  return { end, shortest, count, position: own.items, own: tree };
}

/** Begins to take a peer's outcome in pieces. @returns as `adoptPiece` */
export async function beginAdopting(
  ctx: Context,
  at: Session,
  end: FetchedEnd,
  shortest: number,
): Promise<Adopting | Sealed | string> {
  const begun = await continueAdopting(ctx, at, { end, shortest, proven: 0 });
  if (typeof begun === "object" && "end" in begun) {
    const { position: had, count: items } = begun;
    ctx.log.info("Taking the session's outcome from peers in pieces", { session: at.session, had, items });
  }
  return begun;
}

/** Whether our items, and then these, are those of the tree. */
async function continues(own: SessionTree, items: readonly Bytes[], waiting: readonly Bytes[], clock: Clock) {
  for (const [i, item] of items.entries()) {
    if (i % HASHED_ITEMS_MAX === HASHED_ITEMS_MAX - 1) await sleep(clock, 0);
    own.add(item);
  }
  const nodes = own.waiting;
  return nodes.length === waiting.length && nodes.every((node, i) => equalBytes(node, waiting[i]!));
}

/**
 * Takes a piece, in one transaction a few items, and waits until it is on disk: so no more than a piece is in memory.
 * @returns the outcome when it was the last one, or what differs
 */
export async function adoptPiece(
  ctx: Context,
  at: Session,
  adopting: Adopting,
  { items, waiting }: Piece,
): Promise<Adopting | Sealed | string> {
  const { end, shortest, count, own } = adopting;
  let { position } = adopting;
  if (own && !await continues(own, items, waiting, ctx.platform.clock)) {
    return `the ${position} items that this guardian has are not the first of those that were signed`;
  }
  const wanted = items.slice(0, count - position);
  for (let from = 0; from < wanted.length; from += ADOPTED_ITEMS_MAX) {
    const some = wanted.slice(from, from + ADOPTED_ITEMS_MAX).map((encoded) => decode(acceptedItem, encoded));
    const differs = await adoptItems(ctx, at, position, some, count);
    if (differs !== null) return differs;
    position += some.length;
  }
  const adopted = await continueAdopting(ctx, at, { end, shortest, proven: position });
  if (typeof adopted === "object" && "root" in adopted) {
    ctx.log.info("Took the session's outcome from peers", { session: at.session, items: adopted.items });
  }
  return adopted;
}
