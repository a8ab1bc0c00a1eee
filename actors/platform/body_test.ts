import { assertEquals, assertRejects } from "@std/assert";
import { type Bytes, concat, concatAll } from "../../core/bytes.ts";
import { readBody } from "./body.ts";
import { NetworkError } from "./error.ts";

/** A body of bytes 0, 1, …, each in a part of its own. */
function bodyOf(bytes: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes) controller.close();
      else controller.enqueue(Uint8Array.of(at++));
    },
  });
}

Deno.test("a body that comes a byte at a time is read as a whole, however many parts it has", async () => {
  const bytes = 200_000;
  const expected = Uint8Array.from({ length: bytes }, (_, i) => i) as Bytes;
  assertEquals(await readBody(bodyOf(bytes), bytes, "there"), expected);
  assertEquals(await readBody(bodyOf(0), 0, "there"), new Uint8Array(0));
});

Deno.test("a body is refused with the part that goes beyond the bound", async () => {
  const error = await assertRejects(() => readBody(bodyOf(101), 100, "there"), NetworkError, "100 bytes");
  assertEquals(error.facts, { code: "too_large", target: "there" });
});

Deno.test("a list of any length is joined", () => {
  const parts = Array.from({ length: 200_000 }, (_, i) => Uint8Array.of(i, i >> 8));
  const joined = concatAll(parts);
  assertEquals(joined.length, 400_000);
  assertEquals([...joined.subarray(600, 604)], [300 & 0xff, 1, 301 & 0xff, 1]);
  assertEquals(concatAll([]), concat());
});
