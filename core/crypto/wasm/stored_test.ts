import { assertEquals } from "@std/assert";
import { Assembly, get, load, OP, store } from "./assembly.ts";
import { Memory } from "./memory.ts";
import { assembledOf, stored } from "./stored.ts";

type Functions = { readonly memory: WebAssembly.Memory; readonly addFirst: (into: number, a: number) => void };

Deno.test("a stored module computes what the one does that it was made of, with the same constants in the same places", () => {
  const assembly = new Assembly();
  assembly.reserve(40);
  const constant = assembly.constant([-5n, 1n << 62n]);
  assembly.define("addFirst", 2, (body) => {
    const [sum] = body.longs(1) as [number];
    body.emit(load(constant, 0), load(body.parameter(1), 0), [OP.ADD, 0x21, sum]);
    body.emit(store(body.parameter(0), 0, get(sum)));
  });
  const kept = JSON.parse(JSON.stringify(stored(assembly)));
  const [now, before] = [assembly, assembledOf(kept)].map((made) => {
    const memory = new Memory<Functions>(made), at = memory.reserve(16);
    memory.words[at / 8] = 12n;
    memory.run.addFirst(at + 8, at);
    return { at, words: memory.words.slice(0, at / 8 + 2) };
  });
  assertEquals(now, before);
  assertEquals(before!.words.at(-1), 7n);
});
