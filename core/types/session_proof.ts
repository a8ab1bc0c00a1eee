/**
 * Proofs that items stand at their places under a session's root: with what stands left of them (the waiting nodes of
 * the tree before them) and right of them, the root comes out. So a few items of a session can be checked alone against
 * the header that guardians signed.
 *
 * Where a level's last node has no neighbour, its copy stands there, and copies of what is below (`session_tree.ts`):
 * to a proof they are nodes like others. A root does not tell them from items that came again, nor does a proof.
 */
import type { Bytes } from "../bytes.ts";
import { joinNodes, SessionTree, waitsAt } from "./session_tree.ts";

/** Of the root over so many items, at least one; items are at height 0. */
export function rootHeight(count: number): number {
  return Math.ceil(Math.log2(count));
}

/** Where nodes right of the first `count` items are needed: by height, their indices there. */
function* rightOf(count: number, height: number): Generator<readonly [height: number, index: number]> {
  let begun = false;
  for (let at = 0; at < height; at++) {
    const waits = waitsAt(count, at);
    if (waits !== begun) yield [at, Math.floor((count - 1) / 2 ** at) + 1];
    begun ||= waits;
  }
}

/**
 * The root of a tree of this height whose first items are those of `tree`, at least one.
 * @param right nodes right of them, lowest first, 32 bytes each
 * @returns null when they are too few or too many
 */
export function rootBeyond(tree: SessionTree, right: readonly Bytes[], height: number): Bytes | null {
  const { count, waiting } = tree;
  if (count < 1 || count > 2 ** height) return null;
  if ([...rightOf(count, height)].length !== right.length) return null;
  let node: Bytes | undefined, lefts = 0, rights = 0;
  for (let at = 0; at < height; at++) {
    const left = waitsAt(count, at) ? waiting[lefts++]! : undefined;
    if (left && node) node = joinNodes(left, node);
    else if (left ?? node) node = joinNodes((left ?? node)!, right[rights++]!);
  }
  return node ?? waiting[lefts]!;
}

/** How a session was cut, and what proves the items between two cuts: after `from` of them, before `to`. */
export type Proof = {
  readonly from: number;
  readonly to: number;
  /** Waiting nodes of the tree over the first `from` items. */
  readonly left: readonly Bytes[];
  /** Nodes right of the first `to` items, lowest first. */
  readonly right: readonly Bytes[];
};

/** Makes proofs in one pass over a session's items. Memory grows with the number of cuts. */
export class ProofBuilder {
  readonly #height: number;
  readonly #tree = new SessionTree();
  readonly #cuts: { readonly at: number; readonly waiting: readonly Bytes[] }[] = [{ at: 0, waiting: [] }];
  /** By height: indices of nodes that are needed, ascending, and those of them that are complete. */
  readonly #needed: { readonly indices: number[]; readonly nodes: Bytes[] }[];

  /** @param count of all items, at least one */
  constructor(count: number) {
    this.#height = rootHeight(count);
    this.#needed = Array.from({ length: this.#height }, () => ({ indices: [], nodes: [] }));
  }

  /** @param encoded of an `AcceptedItem` */
  add(encoded: Uint8Array): void {
    this.#tree.add(encoded, (height, index, node) => {
      const needed = this.#needed[height];
      if (needed && needed.indices[needed.nodes.length] === index) needed.nodes.push(node);
    });
  }

  /** A proof ends here, at least one item after the last cut, and the next one begins. */
  cut(): void {
    this.#cuts.push({ at: this.#tree.count, waiting: this.#tree.waiting });
    for (const [height, index] of rightOf(this.#tree.count, this.#height)) {
      const { indices } = this.#needed[height]!;
      if (indices.at(-1) !== index) indices.push(index);
    }
  }

  /** All items were added, and the last cut is behind them. */
  finish(): Proof[] {
    const last = this.#lastNodes();
    const proofs: Proof[] = [];
    for (let i = 1; i < this.#cuts.length; i++) {
      const [before, { at: to }] = [this.#cuts[i - 1]!, this.#cuts[i]!];
      const right = [...rightOf(to, this.#height)].map(([height, index]) => {
        const { indices, nodes } = this.#needed[height]!;
        return nodes[indices.indexOf(index)] ?? last[height]!; // no complete one: the level's last one, or its copy
      });
      proofs.push({ from: before.at, to, left: before.waiting, right });
    }
    return proofs;
  }

  /** By height: the level's last node where it has no right neighbour. */
  #lastNodes(): (Bytes | undefined)[] {
    const { count, waiting } = this.#tree;
    const last: (Bytes | undefined)[] = [];
    let node: Bytes | undefined, lefts = 0;
    for (let at = 0; at < this.#height; at++) {
      const left = waitsAt(count, at) ? waiting[lefts++]! : undefined;
      last.push(node ?? left);
      if (node) node = joinNodes(left ?? node, node);
      else if (left) node = joinNodes(left, left);
    }
    return last;
  }
}
