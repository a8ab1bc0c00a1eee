import { assertEquals } from "@std/assert";
import { Writer } from "./io.ts";

/** Some more than the room that writers lend each other. */
const MUCH = 3_000;

function filled(byte: number, count: number): Uint8Array {
  return new Uint8Array(count).fill(byte);
}

Deno.test("what was written stays as it is, whatever is written afterwards, by the same writer or by others", () => {
  for (const count of [0, 1, 1_023, 1_024, 1_025, MUCH]) {
    for (const capacity of [undefined, 0, count, MUCH]) {
      const writer = new Writer(capacity);
      writer.raw(filled(1, count));
      const first = writer.finish(), again = writer.finish();
      writer.u8(2);
      const longer = writer.finish();
      const other = new Writer();
      other.raw(filled(3, count));
      assertEquals(other.finish(), filled(3, count));
      assertEquals([first, again], [filled(1, count), filled(1, count)]);
      assertEquals(longer, Uint8Array.of(...filled(1, count), 2));
      assertEquals([writer.length, other.length], [count + 1, count]);
    }
  }
});

Deno.test("writers that are under way side by side don't share room, and one that is given up takes none away", () => {
  for (let round = 0; round < 3; round++) {
    const writers = Array.from({ length: 40 }, () => new Writer());
    for (let times = 0; times < 5; times++) for (const [i, writer] of writers.entries()) writer.raw(filled(i, 100));
    // a third of them are never finished, as when an encoding fails
    for (const [i, writer] of writers.entries()) if (i % 3 > 0) assertEquals(writer.finish(), filled(i, 500));
  }
});
