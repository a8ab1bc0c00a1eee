import { assert, assertEquals, assertRejects } from "@std/assert";
import { seededDice } from "../../../contract/testing/mod.ts";
import type { RestoredWallet } from "../../testing/restored_wallet.ts";
import { testSecret } from "../../testing/restored_wallet.ts";
import { mixedLog, notesOf, otherSecret, recoverySetting, valueMsat } from "../../testing/own_log.ts";
import { hash160 } from "../../../../core/bitcoin/script.ts";
import { blindedNonce } from "../issuance.ts";

/** So that a log of some hundred items has many slices. */
const SMALL = { sliceItems: 20 };

function entriesOf({ history }: RestoredWallet): Record<string, unknown>[] {
  return [...history.values()].map((meta) => (meta as { Recovered: Record<string, unknown> }).Recovered);
}

Deno.test("an empty log is gone through without a question", async () => {
  const { guardians, wallet, finish } = await recoverySetting();
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.restore());
  assertEquals(restored.recovered, { amountMsat: 0n, otherMsat: [] });
  assertEquals([guardians.count("recovery_slice"), guardians.count("recovery_signature_shares")], [0, 0]);
});

Deno.test("what was issued and not redeemed comes back, and nothing else; slices are those of official clients", async () => {
  const { guardians, wallet, finish, redeem } = await recoverySetting();
  const notes = notesOf(testSecret, 12);
  await guardians.addForeign(9_995);
  // the first slice ends within them
  await guardians.issue(...notes);
  await guardians.addForeign(100);
  for (const note of notes.slice(0, 5)) await redeem(note);
  await guardians.addForeign(7);
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.restore());
  const amountMsat = valueMsat(notes.slice(5));
  assertEquals(restored.recovered, { amountMsat, otherMsat: [] });
  assertEquals(await restored.money(), { heldMsat: amountMsat, comingMsat: 0n, missingMsat: 0n });
  const total = 9_995 + 12 + 100 + 5 + 7;
  assertEquals((await restored.progress())!.next, total);
  const ranges = guardians.asked.filter(({ method }) => method === "recovery_slice").map(({ params }) => `${params}`);
  assertEquals(ranges.sort(), [`0,10000`, `10000,${total}`]);
  // issued in one go, over the edge of a slice, and redeemed in another
  assertEquals(
    entriesOf(restored).map(({ issued_notes, redeemed_notes }) => [issued_notes, redeemed_notes]),
    [[12, 0], [0, 5]],
  );
});

Deno.test("a note that somebody has signed again after it was redeemed doesn't come back", async () => {
  const { guardians, wallet, finish, redeem } = await recoverySetting();
  const [spent, held] = notesOf(testSecret, 2);
  await guardians.issue(spent!, held!, held!);
  await redeem(spent!);
  await guardians.addForeign(30);
  // a blinded nonce is public: whoever pays for it has it signed once more
  await guardians.issue(spent!, held!);
  assertEquals(await redeem(spent!), false);
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.restore());
  assertEquals(restored.recovered!.amountMsat, valueMsat([held!]));
  assertEquals((await restored.money()).heldMsat, valueMsat([held!]));
  assertEquals(entriesOf(restored).map(({ issued_notes, redeemed_notes }) => [issued_notes, redeemed_notes]), [[2, 0], [
    0,
    1,
  ]]);
});

Deno.test("an output with an own tweak and another's nonce, or of another denomination, is not own", async () => {
  const { guardians, wallet, finish } = await recoverySetting();
  const [own] = notesOf(testSecret, 1), dice = seededDice(3);
  const { tweak, denomination } = own!;
  const nonceHash = hash160(blindedNonce(own!));
  await guardians.addItems([
    { tag: "Output", value: { denomination, nonceHash: dice.bytes(20), tweak } },
    { tag: "Output", value: { denomination: denomination + 1, nonceHash, tweak } },
    { tag: "Output", value: { denomination: 200, nonceHash, tweak } },
  ]);
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.restore());
  assertEquals(restored.recovered!.amountMsat, 0n);
});

Deno.test("notes under another derivation of the words come back too, and how much they are is told", async () => {
  const { guardians, wallet, finish, redeem } = await recoverySetting();
  const own = notesOf(testSecret, 3), others = notesOf(otherSecret, 4);
  await guardians.issue(...own, ...others);
  await redeem(others[0]!);
  const restored = wallet({ ...SMALL, otherSecrets: [{ derivation: "sdk", secret: otherSecret }] });
  await finish(restored.open());
  await finish(restored.restore());
  const otherMsat = valueMsat(others.slice(1)), amountMsat = valueMsat(own) + otherMsat;
  assertEquals(restored.recovered, { amountMsat, otherMsat: [{ derivation: "sdk", amountMsat: otherMsat }] });
  assertEquals((await restored.money()).heldMsat, amountMsat);
  // without it they aren't found
  const alone = wallet(SMALL);
  await finish(alone.open());
  await finish(alone.restore());
  assertEquals(alone.recovered, { amountMsat: valueMsat(own), otherMsat: [] });
});

Deno.test("restored twice, both have the same notes; of those redeemed behind the boundary neither knows", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish, redeem } = set;
  const notes = notesOf(testSecret, 4);
  await guardians.issue(...notes);
  const first = wallet(SMALL), second = wallet(SMALL);
  for (const each of [first, second]) {
    await finish(each.open());
    await finish(each.prepare());
  }
  await redeem(notes[0]!);
  await guardians.issue(...notesOf(testSecret, 5).slice(4));
  for (const each of [first, second]) {
    await finish(each.restore());
    assertEquals((await each.money()).heldMsat, valueMsat(notes));
  }
});

Deno.test("killed at any commit, a hundred times at random, the same money and the same history come", async () => {
  const set = await recoverySetting();
  const amountMsat = await mixedLog(set, 3);
  const { wallet, finish } = set;
  const whole = wallet(SMALL);
  await finish(whole.open());
  await finish(whole.restore());
  assert(whole.commits > 6, "there are many steps to be killed at");
  const dice = seededDice(5);
  for (let run = 0; run < 100; run++) {
    const killed = wallet(SMALL);
    let deaths = 0;
    for (;;) {
      // now and then again and again
      const failAtCommit = deaths < 3 ? 1 + dice.below(whole.commits + 2) : Infinity;
      try {
        await finish(killed.open({ failAtCommit }));
        await finish(killed.restore());
        break;
      } catch (thrown) {
        if (!(thrown instanceof Error && /died|failed/.test(`${thrown.message} ${thrown.cause}`))) throw thrown;
        deaths++;
      }
    }
    assertEquals(await killed.money(), { heldMsat: amountMsat, comingMsat: 0n, missingMsat: 0n }, `run ${run}`);
    assertEquals([...killed.history], [...whole.history], `run ${run}`);
  }
});

Deno.test("closed in the middle and opened again, it asks for nothing that it has gone through", async () => {
  const set = await recoverySetting();
  const amountMsat = await mixedLog(set);
  const { guardians, wallet, finish } = set;
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.prepare());
  guardians.silentFrom = 100;
  const running = assertRejects(() => restored.run());
  await set.world.run({ forMs: 300_000 });
  restored.close();
  await finish(running);
  const { next } = (await restored.progress())!;
  assertEquals(next, 100);
  guardians.silentFrom = Infinity;
  guardians.asked.length = 0;
  await finish(restored.open());
  await finish(restored.restore());
  const starts = guardians.asked.filter(({ method }) => method === "recovery_slice")
    .map(({ params }) => (params as number[])[0]!);
  assert(starts.length > 0 && starts.every((start) => start >= 100));
  assertEquals((await restored.money()).heldMsat, amountMsat);
});

Deno.test("of a slice's items only own ones, and hardly any other, cost store reads", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish } = set;
  await guardians.issue(...notesOf(testSecret, 3));
  await guardians.addForeign(3_000);
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.prepare());
  const readsBefore = restored.reads;
  await finish(restored.run());
  // inputs of others cost none: three own notes, and the records
  assert(restored.reads - readsBefore < 60, `${restored.reads - readsBefore} store reads`);
});
