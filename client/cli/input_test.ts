import { assertEquals } from "@std/assert";
import { Input } from "./input.ts";

function inputOf(lines: readonly string[]): { input: Input; read: () => number } {
  let read = 0;
  async function* stream(): AsyncGenerator<string> {
    for (const line of lines) {
      read++;
      yield await Promise.resolve(line);
    }
  }
  return { input: new Input(stream), read: () => read };
}

Deno.test("questions are answered line by line, and the rest is what is left", async () => {
  const { input, read } = inputOf(["a", "", "b", "c"]);
  assertEquals(read(), 0);
  assertEquals([await input.line(), await input.line(), read()], ["a", "", 2]);
  assertEquals(await input.rest(100), "b\nc");
  assertEquals([await input.line(), await input.rest(100)], [null, ""]);
});

Deno.test("of an input without an end not much more than the bound is read", async () => {
  const { input, read } = inputOf(Array.from({ length: 1_000 }, () => "123456789"));
  assertEquals((await input.rest(100)).length, 109);
  assertEquals(read(), 11);
});
