import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decode, DecodeError, encode, list, u64 } from "../../../core/encoding/mod.ts";
import type { ConsensusItem, KnownItem } from "../../../core/types/session.ts";
import { consensusItem } from "../../../core/types/session.ts";
import { decodeBatch } from "./batch.ts";
import { codecsWith, INSTANCE, refs, vote } from "../testing/processing.ts";
import { checkDecodes, modulesWith } from "../engine/transaction.ts";

const codecs = codecsWith({ consensusItem: u64, input: u64 });
const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));

const known = (number: bigint) => vote(number) as KnownItem;
const item = known(7n);
const batchOf = (...items: ConsensusItem[]) => encode(list(consensusItem), items);

const unknown: ConsensusItem = { tag: "Default", value: { variant: 9n, bytes: Uint8Array.of(1, 2, 3) } };
const farUnknown: ConsensusItem = { tag: "Default", value: { variant: 2n ** 64n - 1n, bytes: new Uint8Array(300) } };

Deno.test("a batch gives its items in order, and how many are of unknown kinds", () => {
  const batch = batchOf(item, unknown, vote(8n), farUnknown, item);
  assertEquals(decodeBatch(modules, batch), { items: [item, known(8n), item], unknown: 2 });
  assertEquals(decodeBatch(modules, batchOf()), { items: [], unknown: 0 });
});

Deno.test("a batch is taken or refused as the codec of a list of items does, whatever the bytes", () => {
  const codec = list(consensusItem);
  const whole = batchOf(item, unknown, farUnknown, item);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const changed = whole.slice();
      changed[at] = byte;
      let expected: ConsensusItem[] | null = null;
      try {
        expected = decode(codec, changed);
        for (const one of expected) checkDecodes(modules, one);
      } catch (thrown) {
        assert(thrown instanceof DecodeError);
        expected = null;
      }
      const found = decodeBatch(modules, changed);
      if (!expected) return assert(found instanceof DecodeError);
      const items = expected.filter(({ tag }) => tag !== "Default");
      assertEquals(found, { items: items as KnownItem[], unknown: expected.length - items.length });
    }),
    { numRuns: 3_000 },
  );
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
