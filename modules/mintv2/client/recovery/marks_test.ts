import { assert } from "@std/assert";
import type { Bytes } from "../../../../core/bytes.ts";
import { seededDice } from "../../../contract/testing/mod.ts";
import { Marks } from "./marks.ts";

Deno.test("what was added is marked, and hardly anything else, with a hundred thousand hashes too", () => {
  const marks = new Marks(), dice = seededDice(1), all: Bytes[] = [];
  for (let i = 0; i < 100_000; i++) all.push(dice.bytes(20));
  for (const hash of all) marks.add(hash);
  assert(all.every((hash) => marks.mayHave(hash)));
  let foreign = 0;
  for (let i = 0; i < 100_000; i++) if (marks.mayHave(dice.bytes(20))) foreign++;
  assert(foreign < 10, `${foreign} of 100,000`);
  const packed = new Uint8Array(30);
  packed.set(all[0]!, 7);
  assert(marks.mayHave(packed, 7));
  assert(!marks.mayHave(packed, 6));
});
