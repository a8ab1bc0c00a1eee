import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DerivableSecret } from "../../../../core/crypto/derive_secret.ts";
import { decode, encode } from "../../../../core/encoding/mod.ts";
import type { ItemGroup, OwnItem } from "./history.ts";
import { groupItems, historyEntry, itemGroup } from "./history.ts";

const NOTE_MSAT = 512n;

/** Notes as a log may show them: foreign ones between own ones, an own one redeemed behind its issue only. */
const ownItems: fc.Arbitrary<OwnItem[]> = fc.array(
  fc.record({
    gap: fc.constantFrom(0, 0, 0, 0, 1, 7),
    issued: fc.boolean(),
    amountMsat: fc.integer({ min: 0, max: 41 }).map((exponent) => 1n << BigInt(exponent)),
    derivation: fc.constantFrom("standard" as const, "standard" as const, "standard" as const, "sdk" as const),
    redeems: fc.nat(),
  }),
  { maxLength: 60 },
).map((steps) => {
  const items: OwnItem[] = [], held: OwnItem[] = [];
  let index = 0;
  for (const { gap, issued, amountMsat, derivation, redeems } of steps) {
    index += gap;
    const [redeemed] = issued ? [] : held.splice(redeems % Math.max(held.length, 1), 1);
    const item: OwnItem = redeemed
      ? { ...redeemed, tag: "Input", index }
      : { tag: "Output", index, amountMsat, derivation };
    items.push(item);
    if (item.tag === "Output") held.push(item);
    index++;
  }
  return items;
});

/** Groups of a log that is gone through in slices: bytes are all that one slice leaves to the next. */
function groupsInSlices(slices: readonly (readonly OwnItem[])[]): ItemGroup[] {
  const groups: ItemGroup[] = [];
  let stored: Uint8Array | null = null;
  for (const slice of slices) {
    const { closed, open } = groupItems(stored && decode(itemGroup, stored), slice);
    for (const group of closed) groups.push(group);
    stored = open && encode(itemGroup, open);
  }
  if (stored) groups.push(decode(itemGroup, stored));
  return groups;
}

function issued(...indices: number[]): OwnItem[] {
  return indices.map((index) => ({ tag: "Output", index, amountMsat: NOTE_MSAT, derivation: "standard" }));
}

function redeemed(...indices: number[]): OwnItem[] {
  return indices.map((index) => ({ tag: "Input", index, amountMsat: NOTE_MSAT, derivation: "standard" }));
}

Deno.test("however a log is cut into slices, the same entries come out, in the log's order", () => {
  fc.assert(
    fc.property(ownItems, fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60 }), (items, sizes) => {
      const slices: OwnItem[][] = [];
      let at = 0;
      for (const size of sizes) slices.push(items.slice(at, at += size));
      slices.push(items.slice(at));
      const whole = groupsInSlices([items]);
      assertEquals(groupsInSlices(slices), whole);
      assertEquals(whole.map(({ start }) => start), whole.map(({ start }) => start).sort((a, b) => a - b));
    }),
  );
});

Deno.test("each own note is in one entry; what was issued less what was redeemed is what the wallet holds", () => {
  fc.assert(fc.property(ownItems, (items) => {
    const groups = groupsInSlices([items]);
    for (const kind of ["standard", "sdk"] as const) {
      const heldMsat = items.filter(({ derivation }) => derivation === kind)
        .reduce((sum, { tag, amountMsat }) => tag === "Output" ? sum + amountMsat : sum - amountMsat, 0n);
      const shownMsat = groups.filter(({ derivation }) => derivation === kind)
        .reduce((sum, { issuedMsat, redeemedMsat }) => sum + issuedMsat - redeemedMsat, 0n);
      assertEquals(shownMsat, heldMsat);
    }
    const covered = groups.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
    assertEquals(covered, items.map(({ index }) => index));
    for (const { start, end, issuedNotes, redeemedNotes } of groups) {
      assertEquals(issuedNotes + redeemedNotes, end - start);
    }
  }));
});

Deno.test("own notes in a row are one entry: inputs, then outputs; a foreign note or another transaction ends it", () => {
  const transactions = [
    issued(0, 1, 2), // a deposit
    redeemed(3), // all of it paid, nothing came back
    [...redeemed(5, 6), ...issued(7)], // somebody else's note before; a payment with change
    [...redeemed(8), ...issued(9, 10)], // notes exchanged right behind
  ];
  const groups = groupsInSlices([transactions.flat()]);
  assertEquals(groups.map(({ start, end }) => [start, end]), [[0, 3], [3, 4], [5, 8], [8, 11]]);
  assertEquals(groups.map(({ issuedMsat, redeemedMsat }) => [issuedMsat, redeemedMsat]), [
    [3n * NOTE_MSAT, 0n],
    [0n, NOTE_MSAT],
    [NOTE_MSAT, 2n * NOTE_MSAT],
    [2n * NOTE_MSAT, NOTE_MSAT],
  ]);
});

Deno.test("notes of two ways of derivation never share an entry", () => {
  const [other] = issued(1);
  const groups = groupsInSlices([[...issued(0), { ...other!, derivation: "sdk" }, ...issued(2)]]);
  assertEquals(groups.map(({ derivation }) => derivation), ["standard", "sdk", "standard"]);
});

Deno.test("an open group stays small, however many notes are in it", () => {
  const many = Array.from({ length: 100_000 }, (_, index) => index);
  const { closed, open } = groupItems(null, issued(...many));
  assertEquals(closed, []);
  assertEquals(open?.issuedNotes, many.length);
  assert(encode(itemGroup, open!).length < 64);
});

Deno.test("an entry has the same id on every restore, in the log's order, and another one with other words", () => {
  const words = DerivableSecret.root(new Uint8Array(16).fill(1), new Uint8Array(1));
  const others = DerivableSecret.root(new Uint8Array(16).fill(2), new Uint8Array(1));
  const groups = groupsInSlices([[...issued(0, 1), ...issued(255, 256), ...issued(70_000)]]);
  const ids = groups.map((group) => historyEntry(words, 1, group).operationId);
  assertEquals(ids, groups.map((group) => historyEntry(words, 1, group).operationId));
  assertEquals(ids, ids.toSorted());
  const elsewhere = [...groups.map((group) => historyEntry(others, 1, group)), historyEntry(words, 2, groups[0]!)];
  assertEquals(new Set([...ids, ...elsewhere.map(({ operationId }) => operationId)]).size, 7);
  for (const id of ids) assertEquals(id.length, 64);
});

Deno.test("an entry tells what the log shows and no more", () => {
  const words = DerivableSecret.root(new Uint8Array(16), new Uint8Array(1));
  const [group] = groupsInSlices([[...redeemed(5, 6), ...issued(7)]]);
  assertEquals(historyEntry(words, 1, group!).meta, {
    Recovered: {
      issued: 512,
      redeemed: 1024,
      issued_notes: 1,
      redeemed_notes: 2,
      log_range: { start: 5, end: 8 },
      derivation: "standard",
    },
  });
});
