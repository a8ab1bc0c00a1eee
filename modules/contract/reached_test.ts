import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { numPeers } from "../../core/types/num_peers.ts";
import { Reached } from "./reached.ts";

const FOUR = numPeers(4);

/** Answers as [peer, value], in order; what is known after each. */
function play(answers: readonly (readonly [number, number])[], peers = FOUR): (number | null)[] {
  const reached = new Reached(peers);
  return answers.map(([peer, value]) => reached.answered(peer, value));
}

Deno.test("equal answers of a threshold are enough, and no fewer", () => {
  assertEquals(play([[0, 7], [1, 7], [2, 7]]), [null, null, 7]);
  assertEquals(play([[0, 7]], numPeers(1)), [7]);
  assertEquals(play([[0, 7], [0, 7], [0, 7], [0, 7]]), [null, null, null, null]);
});

Deno.test("guardians of a busy federation never say the same, and one more round tells", () => {
  assertEquals(play([[0, 100], [1, 101], [2, 103], [0, 104], [1, 106]]), [null, null, null, 103, 104]);
});

Deno.test("a guardian that says too much can't make it more than honest ones have", () => {
  const lie = Number.MAX_SAFE_INTEGER;
  assertEquals(play([[3, lie], [0, 100], [1, 100]]), [null, null, null]);
  assertEquals(play([[3, lie], [0, 100], [1, 100], [2, 101]]).at(-1), 101);
  assertEquals(play([[0, 100], [3, lie], [1, 102], [0, 102], [2, 103], [1, 104]]), [
    ...[null, null, null, null],
    ...[103, 104],
  ]);
});

Deno.test("a guardian that says too little can't hide what the federation had agreed on", () => {
  // 1 and 2 have the newest notes, 0 is behind; 2 isn't heard
  assertEquals(play([[3, 0], [0, 90], [1, 100]]), [null, null, null]);
  assertEquals(play([[3, 0], [0, 90], [1, 100], [0, 95], [3, 0], [0, 100]]).at(-1), 100);
});

Deno.test("whatever guardians say that may be evil: honest ones have come so far, and it holds what was agreed on", () => {
  const setting = fc.record({
    total: fc.constantFrom(1, 2, 4, 5, 7),
    lengths: fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }),
    growth: fc.array(fc.nat(3), { minLength: 200, maxLength: 200 }),
    order: fc.array(fc.nat(6), { minLength: 200, maxLength: 200 }),
    lies: fc.array(fc.oneof(fc.nat(40), fc.constant(Number.MAX_SAFE_INTEGER)), { minLength: 200, maxLength: 200 }),
  });
  fc.assert(
    fc.property(setting, ({ total, lengths, growth, order, lies }) => {
      const peers = numPeers(total), honest = total - peers.maxEvil, now = lengths.slice(0, honest);
      // what more honest guardians have than may be evil
      const agreed = [...now].sort((a, b) => b - a)[peers.maxEvil]!;
      const reached = new Reached(peers), asked = new Set<number>();
      for (const [i, each] of order.entries()) {
        const peer = each % total;
        // all have one history; who is behind catches up
        if (peer < honest && asked.has(peer)) now[peer] = now[peer]! + growth[i]!;
        asked.add(peer);
        const value = reached.answered(peer, peer < honest ? now[peer]! : lies[i]!);
        if (value === null) continue;
        assert(value <= Math.max(...now), `${value} of ${now}`);
        assert(value >= agreed, `${value} is less than ${agreed}`);
        return;
      }
    }),
    { numRuns: 1_000 },
  );
});
