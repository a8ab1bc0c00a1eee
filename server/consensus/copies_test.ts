import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AcceptedItem } from "../../core/types/session.ts";
import { sessionHeader } from "../../core/types/session.ts";
import { withoutCopies } from "./copies.ts";

function itemsOf(numbers: readonly number[]): AcceptedItem[] {
  return numbers.map((number) => ({
    item: { tag: "Default", value: { variant: 9n, bytes: Uint8Array.of(number) } },
    peer: 0,
  }));
}

function sameHeader(a: readonly AcceptedItem[], b: readonly AcceptedItem[]): boolean {
  return `${sessionHeader(0, { items: [...a] })}` === `${sessionHeader(0, { items: [...b] })}`;
}

Deno.test("items of which none is a copy stay as they are", () => {
  for (let count = 0; count <= 40; count++) {
    const items = itemsOf(Array.from({ length: count }, (_, i) => i));
    assertEquals(withoutCopies(items), items);
  }
});

Deno.test("repetitions that the header tells are no copies", () => {
  for (const numbers of [[1, 1], [1, 2, 1, 2], [1, 2, 1], [1, 1, 1], [1, 1, 2], [0, 0, 0, 1]]) {
    const items = itemsOf(numbers);
    assertEquals(withoutCopies(items), items);
  }
});

Deno.test("what is left is the shortest beginning with the same header", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1), { maxLength: 24 }), (numbers) => {
      const items = itemsOf(numbers);
      let shortest = items;
      for (let length = items.length; length >= 0; length--) {
        if (sameHeader(items.slice(0, length), items)) shortest = items.slice(0, length);
      }
      assertEquals(withoutCopies(items), shortest);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("whatever copies are appended, however often, all of them are dropped", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat(5), { maxLength: 5 }), (count, exponents) => {
      const honest = itemsOf(Array.from({ length: count }, (_, i) => i));
      let copied = honest;
      for (const exponent of exponents) {
        const more = [...copied, ...copied.slice(-(2 ** exponent))];
        if (sameHeader(more, honest)) copied = more;
      }
      assertEquals(withoutCopies(copied), honest);
    }),
    { numRuns: 500 },
  );
});
