import { assert, assertEquals } from "@std/assert";
import { DecodeError, encode, list, u64 } from "../../core/encoding/mod.ts";
import type { ConsensusItem } from "../../core/types/session.ts";
import { consensusItem } from "../../core/types/session.ts";
import { decodeBatch } from "./outcome.ts";
import { codecsWith, INSTANCE, refs, vote } from "./testing.ts";
import { modulesWith } from "./transaction.ts";

const codecs = codecsWith({ consensusItem: u64, input: u64 });
const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));

const item = vote(7n);
const batchOf = (...items: ConsensusItem[]) => encode(list(consensusItem), items);

Deno.test("a batch gives its items in order; those of unknown variants stand among them", () => {
  const unknown: ConsensusItem = { tag: "Default", value: { variant: 9n, bytes: Uint8Array.of(1, 2, 3) } };
  assertEquals(decodeBatch(modules, batchOf(item, unknown, item)), [item, unknown, item]);
  assertEquals(decodeBatch(modules, batchOf()), []);
});

Deno.test("one malformed item, or one of an unknown module, empties the whole batch", () => {
  const bad: ConsensusItem[] = [
    { tag: "Module", value: { instance: 77, body: Uint8Array.of(7) } },
    { tag: "Module", value: { instance: INSTANCE, body: Uint8Array.of(7, 7) } },
    {
      tag: "Transaction",
      value: {
        inputs: [{ instance: INSTANCE, body: new Uint8Array(0) }],
        outputs: [],
        nonce: new Uint8Array(8),
        signatures: { tag: "NaiveMultisig", value: [] },
      },
    },
  ];
  for (const wrong of bad) assert(decodeBatch(modules, batchOf(item, wrong, item)) instanceof DecodeError);
});

Deno.test("a batch that is cut anywhere, or has bytes behind it, counts as empty", () => {
  const whole = batchOf(item, item);
  for (let end = 0; end < whole.length; end++) {
    assert(decodeBatch(modules, whole.slice(0, end)) instanceof DecodeError, `${end} of ${whole.length} bytes`);
  }
  assert(decodeBatch(modules, new Uint8Array([...whole, 0])) instanceof DecodeError);
});
