/**
 * The Merkle tree over a session's items, built item after item: memory grows with the logarithm of their number.
 * Leaves are SHA-256 of items' encodings, nodes SHA-256 of left ‖ right; no items: 32 zero bytes.
 * `fedimint-core/src/session_outcome.rs` (`header`).
 *
 * An odd last node of a level is paired with itself, so a root does not tell how often the last items stand there:
 * `shortest` is the fewest first items that have the same root. It is found on the way down from the root to the last
 * item. Wherever a node's two halves are equal, the second one may be a copy, and stands there again when it is left
 * away; only at the root it may not, as a level with a single node is the end.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../assert.ts";
import type { Bytes } from "../bytes.ts";
import { concat, equalBytes } from "../bytes.ts";

const PAIR_BYTES = 64;

/** The node above two. */
export function joinNodes(left: Bytes, right: Bytes): Bytes {
  return sha256(concat(left, right)) as Bytes;
}

/** Whether so many first items leave a node at a height that waits for its right neighbour. */
export function waitsAt(count: number, height: number): boolean {
  return Math.floor(count / 2 ** height) % 2 === 1;
}

/** Told of each node when it is complete: height 0 are the items, indices count from the left. */
export type OnNode = (height: number, index: number, node: Bytes) => void;

/** What a whole tree says. */
type Top = { readonly root: Bytes; readonly shortest: number };

export class SessionTree {
  /** By height: the node that waits for its right neighbour. */
  readonly #waiting: (Bytes | undefined)[] = [];
  /** By height: whether the last two nodes that were joined there were equal. */
  readonly #twins: boolean[] = [];
  #count = 0;
  #bytes = 0;
  #isOfPairs = true;

  /**
   * The tree over the first `count` items, of which only these nodes are known: what `waiting` of it gave. `shortest`
   * is right again once an item was added.
   * @returns null when it has another number of nodes
   */
  static at(count: number, waiting: readonly Bytes[]): SessionTree | null {
    const tree = new SessionTree();
    let taken = 0;
    for (let height = 0; 2 ** height <= count; height++) {
      if (waitsAt(count, height)) tree.#waiting[height] = waiting[taken++];
    }
    if (taken !== waiting.length || waiting.includes(undefined!)) return null;
    tree.#count = count;
    return tree;
  }

  /** Items added, those that it began with included. */
  get count(): number {
    return this.#count;
  }

  /** The nodes that wait for their right neighbours, lowest first, 32 bytes each: all that a tree needs to go on. */
  get waiting(): Bytes[] {
    return this.#waiting.filter((node) => node !== undefined);
  }

  /** Of the encodings that were added, together. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Whether each item that was added is as long as two nodes. Then they may be no items, but the nodes above twice as
   * many other ones: the tree hashes both alike, and an item's two hashes can be searched for until they look like one.
   * It takes all of them, as a level has nothing but nodes.
   */
  get isOfPairs(): boolean {
    return this.#isOfPairs;
  }

  /** @param encoded of an `AcceptedItem` */
  add(encoded: Uint8Array, onNode?: OnNode): void {
    let index = this.#count++;
    this.#bytes += encoded.length;
    this.#isOfPairs &&= encoded.length === PAIR_BYTES;
    let node = sha256(encoded) as Bytes;
    for (let height = 0;; height++) {
      onNode?.(height, index, node);
      const left = this.#waiting[height];
      if (left === undefined) {
        this.#waiting[height] = node;
        return;
      }
      this.#waiting[height] = undefined;
      this.#twins[height] = equalBytes(left, node);
      node = joinNodes(left, node);
      index = (index - 1) / 2; // a right neighbour's is odd
    }
  }

  /** 32 bytes; zeros when there are no items. */
  root(): Bytes {
    return this.#top().root;
  }

  /** The fewest first items under the same root: others may be copies of the last ones. */
  shortest(): number {
    return this.#top().shortest;
  }

  #top(): Top {
    if (this.#count === 0) return { root: new Uint8Array(32), shortest: 0 };
    const heightMax = Math.ceil(Math.log2(this.#count));
    let node: Bytes | undefined;
    let shortest = 2 ** heightMax;
    for (let height = 0; height < heightMax; height++) {
      const left = this.#waiting[height];
      // the last two nodes of this height, once it is complete; none is added where all were joined already
      const twins = node === undefined
        ? left !== undefined || this.#twins[height]!
        : left === undefined || equalBytes(left, node);
      if (node !== undefined) node = joinNodes(left ?? node, node);
      else if (left !== undefined) node = joinNodes(left, left);
      if (twins && height < heightMax - 1) shortest -= 2 ** height;
    }
    const root = node ?? this.#waiting[heightMax];
    assert(root, "the last two nodes were joined");
    return { root, shortest };
  }
}
