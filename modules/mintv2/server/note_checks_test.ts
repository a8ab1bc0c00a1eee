import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { callsOf } from "../../../core/testing/calls.ts";
import { seededDice } from "../../contract/testing/mod.ts";
import type { Note } from "../common.ts";
import { NoteChecks } from "./note_checks.ts";
import { issueNote, testMint } from "../testing/federation.ts";

const mint = await testMint({ guardians: 1 });

function checksWithCounter(rememberedMin?: number) {
  const dice = seededDice(3);
  const batches: number[] = [];
  const counting = {
    ...dice,
    bytes: (size: number) => {
      batches.push(size / 16);
      return dice.bytes(size);
    },
  };
  return { checks: new NoteChecks(mint.config.tbsAggPks, counting, null, rememberedMin), batches };
}

async function notesOf(count: number): Promise<Note[]> {
  const notes: Note[] = [];
  for (let i = 0; i < count; i++) notes.push(await issueNote(mint, 9 + (i % 3)));
  return notes;
}

const notes = await notesOf(40);
const copies = () => notes.map((note) => ({ ...note }));
const bad = (note: Note): Note => ({ ...note, signature: bls.g1.generator });

Deno.test("notes of several transactions are verified in one batch, and only once", async () => {
  const { checks, batches } = checksWithCounter();
  const [a, b] = [copies().slice(0, 3), copies().slice(3, 7)];
  await checks.prepare([a, b]);
  await checks.prepare([a, b]);
  assertEquals(batches, [7]);
  assertEquals([...a, ...b].every((note) => checks.holds(note)), true);
});

Deno.test("a bad note in one transaction leaves the batches of the others good", async () => {
  const { checks, batches } = checksWithCounter();
  const good = copies().slice(0, 3);
  const mixed = copies().slice(3, 7).with(2, bad(notes[5]!));
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  assertEquals(await checks.prepare([good, mixed]), [true, false]);
  // of both, and of the good one: then the other one is known
  assertEquals([batches, products.args.length], [[7], 2]);
  assertEquals(good.map((note) => checks.holds(note)), [true, true, true]);
  assertEquals(mixed.map((note) => checks.holds(note)), [true, true, false, true]);
});

Deno.test("a transaction of invalid notes costs one small batch, however many they are", async () => {
  const { checks, batches } = checksWithCounter();
  const garbage = Array.from({ length: 330 }, (_, i) => bad(notes[i % notes.length]!));
  await checks.prepare([garbage]);
  assertEquals(batches, [32]);
  assertEquals(checks.holds(garbage[0]!), false);
});

Deno.test("a transaction of many notes has batches of its own: it takes others nothing when it is bad", async () => {
  const { checks, batches } = checksWithCounter();
  const garbage = Array.from({ length: 330 }, (_, i) => bad(notes[i % notes.length]!));
  assertEquals(await checks.prepare([copies().slice(0, 2), garbage, copies().slice(2, 5)]), [true, false, true]);
  assertEquals(batches, [32, 5]);
});

Deno.test("when too many of a batch are bad each is looked at alone, and the good ones are found", async () => {
  const { checks } = checksWithCounter();
  const transactions = [0, 2, 4, 6, 8, 10, 12, 14].map((from) => copies().slice(from, from + 2));
  const mixed = transactions.map((notes, i) => i === 6 ? notes : [bad(notes[0]!), notes[1]!]);
  assertEquals(await checks.prepare(mixed), mixed.map((_, i) => i === 6));
});

Deno.test("verdicts are those of each note alone, wherever and however many the bad ones are", async () => {
  const isBad = fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(isBad, { maxLength: 4 }), { maxLength: 8 }), async (plan) => {
      let at = 0;
      const transactions = plan.map((marks) =>
        marks.map((mark) => mark ? bad(notes[at++ % notes.length]!) : notes[at++ % notes.length]!)
      );
      const { checks } = checksWithCounter();
      const verdicts = await checks.prepare(transactions);
      for (const [i, marks] of plan.entries()) {
        assertEquals(transactions[i]!.map((note) => checks.holds(note)), marks.map((mark) => !mark));
        assertEquals(verdicts[i], !marks.includes(true));
      }
    }),
    { numRuns: 4 },
  );
});

Deno.test("a note that was verified alone is not verified again", async () => {
  const { checks } = checksWithCounter(), [note] = copies() as [Note];
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  assertEquals([checks.holds(note), checks.holds(note), products.args.length], [true, true, 1]);
  await checks.prepare([[note]]);
  assertEquals(products.args.length, 1);
  const forged = bad(note);
  assertEquals([checks.holds(forged), checks.holds(forged), products.args.length], [false, false, 2]);
});

Deno.test("bad notes alone in their transactions are verified once each, prepared and processed, however many they are", async () => {
  const { checks } = checksWithCounter();
  const forged = copies().map(bad), others = copies().slice(0, 2);
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  const verdicts = await checks.prepare([...forged.map((note) => [note]), others]);
  assertEquals(verdicts, [...forged.map(() => false), true]);
  const searched = 1 + 2 * Math.ceil(Math.log2(forged.length + 1));
  assert(products.args.length <= searched + forged.length + 1, `${products.args.length} products`);
  products.args.length = 0;
  assertEquals(forged.map((note) => checks.holds(note)), forged.map(() => false));
  // beside good ones, too
  assertEquals(await checks.prepare([...forged.map((note) => [note]), [...others, forged[0]!], others]), [
    ...forged.map(() => false),
    false,
    true,
  ]);
  assertEquals(products.args.length, 0);
  assertEquals(others.map((note) => checks.holds(note)), [true, true]);
});

Deno.test("batches grow, and one that fails leaves those before it good", async () => {
  const { checks, batches } = checksWithCounter();
  const transaction = copies().with(39, bad(notes[39]!));
  await checks.prepare([transaction]);
  assertEquals(batches, [32, 8]);
  assertEquals(transaction.map((note) => checks.holds(note)), new Array(40).fill(true).with(39, false));
});

Deno.test("a verdict belongs to all that the note says: changed copies of a good note are verified anew", async () => {
  const { checks } = checksWithCounter();
  const [first, second] = copies() as [Note, Note];
  await checks.prepare([[first, second]]);
  assertEquals(checks.holds({ ...first, nonce: second.nonce }), false);
  assertEquals(checks.holds({ ...first, denomination: first.denomination + 1 }), false);
  assertEquals(checks.holds({ ...first, signature: second.signature }), false);
  assertEquals(checks.holds({ ...first }), true);
});

Deno.test("a note that was changed after its verdict is another note, in the same object", async () => {
  const { checks } = checksWithCounter();
  const [first, second] = structuredClone(copies().slice(0, 2)) as [Note, Note];
  await checks.prepare([[first, second]]);
  assertEquals([checks.holds(first), checks.holds(second)], [true, true]);
  first.signature.set(second.signature);
  assertEquals(checks.holds(first), false);
});

Deno.test("a verdict is found again for a copy that has travelled", async () => {
  const { checks, batches } = checksWithCounter();
  await checks.prepare([copies().slice(0, 5)]);
  await checks.prepare([structuredClone(copies().slice(0, 5)) as Note[]]);
  assertEquals(batches, [5]);
});

Deno.test("no more than twice the verdicts that are kept at least are, and the newest among them", async () => {
  const { checks, batches } = checksWithCounter(10);
  const [oldest, ...newer] = [0, 10, 20, 30].map((from) => copies().slice(from, from + 10));
  for (const ten of [oldest!, ...newer]) await checks.prepare([ten]);
  await checks.prepare([newer.at(-1)!]);
  await checks.prepare([newer.at(-2)!]);
  assertEquals(batches, [10, 10, 10, 10]);
  await checks.prepare([oldest!]);
  assertEquals(batches, [10, 10, 10, 10, 10], "the oldest are verified anew");
});

Deno.test("a note of a denomination without key never holds, and spoils no batch", async () => {
  const { checks, batches } = checksWithCounter();
  const [first, second, third] = copies() as [Note, Note, Note];
  const foreign = { ...third, denomination: 200 };
  await checks.prepare([[first, foreign, second]]);
  assertEquals(batches, [2]);
  assertEquals([first, foreign, second].map((note) => checks.holds(note)), [true, false, true]);
});

Deno.test("nothing to verify takes no batch", async () => {
  const { checks, batches } = checksWithCounter();
  await checks.prepare([]);
  await checks.prepare([[], []]);
  assertEquals(batches, []);
});
