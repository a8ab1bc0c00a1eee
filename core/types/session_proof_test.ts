/** Items of a session proven alone against its root. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../bytes.ts";
import type { Proof } from "./session_proof.ts";
import { ProofBuilder, rootBeyond, rootHeight } from "./session_proof.ts";
import { SessionTree } from "./session_tree.ts";

const encodings = (items: readonly number[]): Uint8Array[] => items.map((item) => Uint8Array.of(item, 7));

function treeOf(items: readonly Uint8Array[]): SessionTree {
  const tree = new SessionTree();
  for (const item of items) tree.add(item);
  return tree;
}

/** @param cuts where the proofs end, ascending; the last one is the number of items */
function prove(items: readonly Uint8Array[], cuts: readonly number[]): Proof[] {
  const builder = new ProofBuilder(items.length);
  for (const [i, item] of items.entries()) {
    builder.add(item);
    if (cuts.includes(i + 1)) builder.cut();
  }
  return builder.finish();
}

function rootOf(items: readonly Uint8Array[], { from, left, right }: Proof, height: number): Bytes | null {
  const tree = SessionTree.at(from, left);
  if (!tree) return null;
  for (const item of items) tree.add(item);
  return rootBeyond(tree, right, height);
}

Deno.test("each part of a session, however cut, gives the root of the whole", () => {
  fc.assert(
    fc.property(
      // few values, so that copies are frequent
      fc.array(fc.nat(2), { minLength: 1, maxLength: 70 }),
      fc.array(fc.nat(70), { maxLength: 8 }),
      (numbers, places) => {
        const items = encodings(numbers);
        const cuts = [...new Set([...places.filter((at) => at > 0 && at < items.length), items.length])];
        const root = treeOf(items).root();
        const proofs = prove(items, cuts);
        assertEquals(proofs.map(({ to }) => to), cuts.sort((a, b) => a - b));
        let at = 0;
        for (const proof of proofs) {
          assertEquals(proof.from, at);
          const part = items.slice(proof.from, proof.to);
          assertEquals(rootOf(part, proof, rootHeight(items.length)), root);
          assert(proof.left.length + proof.right.length <= 2 * rootHeight(items.length) + 1);
          at = proof.to;
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("other items, one more, one fewer, another place, other nodes or another height give another root or none", () => {
  const items = encodings(Array.from({ length: 45 }, (_, i) => i));
  const height = rootHeight(items.length), root = treeOf(items).root();
  for (const proof of prove(items, [7, 16, 31, 45])) {
    const part = items.slice(proof.from, proof.to);
    const wrong: (Bytes | null)[] = [
      rootOf([...part.slice(1), part[0]!], proof, height),
      rootOf(part.slice(1), proof, height),
      rootOf([...part, Uint8Array.of(99)], proof, height),
      rootOf([Uint8Array.of(99), ...part.slice(1)], proof, height),
      rootOf(part, { ...proof, from: proof.from + 1 }, height),
      rootOf(part, proof, height - 1),
      rootOf(part, proof, height + 1),
      rootOf(part, { ...proof, right: proof.right.slice(1) }, height),
      rootOf(part, { ...proof, right: [...proof.right, root] }, height),
      rootOf(part, { ...proof, left: [...proof.left, root] }, height),
    ];
    for (let i = 0; i < proof.left.length; i++) {
      wrong.push(rootOf(part, { ...proof, left: proof.left.with(i, root) }, height));
    }
    for (let i = 0; i < proof.right.length; i++) {
      wrong.push(rootOf(part, { ...proof, right: proof.right.with(i, root) }, height));
    }
    for (const other of wrong) assert(other === null || other.join() !== root.join());
  }
});

Deno.test("a tree that goes on from its waiting nodes is the one that was never interrupted", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1), { minLength: 1, maxLength: 40 }), fc.nat(39), (numbers, place) => {
      const items = encodings(numbers), at = place % items.length;
      const whole = treeOf(items);
      const resumed = SessionTree.at(at, treeOf(items.slice(0, at)).waiting)!;
      for (const item of items.slice(at)) resumed.add(item);
      assertEquals(
        [resumed.count, resumed.root(), resumed.shortest(), resumed.waiting],
        [whole.count, whole.root(), whole.shortest(), whole.waiting],
      );
    }),
    { numRuns: 1_000 },
  );
  const node = new Uint8Array(32);
  for (const [count, nodes] of [[0, 1], [1, 0], [4, 2], [5, 1], [5, 3]] as const) {
    assertEquals(SessionTree.at(count, Array.from({ length: nodes }, () => node)), null);
  }
});
