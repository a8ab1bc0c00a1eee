import { assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import type { Bytes } from "../bytes.ts";
import { concat, toHex } from "../bytes.ts";
import { SessionTree } from "./session_tree.ts";

/** The root level by level, as the reference computes it: an odd last node is paired with itself. */
function merkleRoot(leaves: readonly Bytes[]): Bytes {
  let level = leaves;
  if (level.length === 0) return new Uint8Array(32);
  while (level.length > 1) {
    const above: Bytes[] = [];
    for (let i = 0; i < level.length; i += 2) above.push(sha256(concat(level[i]!, level[i + 1] ?? level[i]!)) as Bytes);
    level = above;
  }
  return level[0]!;
}

function treeOf(items: readonly number[]): SessionTree {
  const tree = new SessionTree();
  for (const item of items) tree.add(Uint8Array.of(item, 7));
  return tree;
}

function rootOf(items: readonly number[]): string {
  return toHex(merkleRoot(items.map((item) => sha256(Uint8Array.of(item, 7)) as Bytes)));
}

Deno.test("a tree built item after item has the root of the one over all leaves, at every number of items", () => {
  const tree = new SessionTree();
  const items: number[] = [];
  assertEquals([toHex(tree.root()), tree.count, tree.bytes, tree.shortest()], [rootOf([]), 0, 0, 0]);
  for (let item = 0; item < 130; item++) {
    tree.add(Uint8Array.of(item, 7));
    items.push(item);
    assertEquals([toHex(tree.root()), tree.count, tree.bytes], [rootOf(items), items.length, 2 * items.length]);
    assertEquals(tree.shortest(), items.length, "items that all differ hold no copies");
  }
});

Deno.test("the shortest beginning is the first of all beginnings that have the same root", () => {
  // few values, so that equal halves are frequent
  fc.assert(
    fc.property(fc.array(fc.nat(1), { minLength: 1, maxLength: 40 }), (items) => {
      const root = rootOf(items);
      const first = items.findIndex((_, i) => rootOf(items.slice(0, i + 1)) === root) + 1;
      assertEquals(treeOf(items).shortest(), first);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("items that an evil guardian can append under the same root are not in the shortest beginning", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 33 }), (items) => {
      const shortest = treeOf(items).shortest();
      for (let copied = 1; copied <= items.length; copied++) {
        const longer = [...items, ...items.slice(-copied)];
        if (rootOf(longer) !== rootOf(items)) continue;
        assertEquals(treeOf(longer).shortest(), shortest);
      }
    }),
    { numRuns: 500 },
  );
});
