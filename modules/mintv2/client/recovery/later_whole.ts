/** Looks that follow a recovery: what guardians decide on only afterwards comes too, and nothing counts twice. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { seededDice } from "../../../contract/testing/mod.ts";
import { LATER_MARKS_MAX } from "../../limits.ts";
import type { RecoverySetting } from "../../testing/own_log.ts";
import { issuedNote, notesOf, otherSecret, recoverySetting, valueMsat } from "../../testing/own_log.ts";
import type { RestoredWallet } from "../../testing/restored_wallet.ts";
import { testSecret } from "../../testing/restored_wallet.ts";
import { addNotes, addUnderWay, mintSchema, takeNotes } from "../db.ts";
import { forgetNotes } from "../forgetting.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import { looking, untilPassed } from "./later.ts";

const SMALL = { sliceItems: 20 };

/** A payment's outputs are noted in the transaction that asks for them, before guardians have it. */
async function askFor(wallet: RestoredWallet, requests: NoteIssuanceRequest[]): Promise<void> {
  await (await wallet.store.transact((tx) => addUnderWay(tx, requests))).durable;
}

async function takeIn(wallet: RestoredWallet, set: RecoverySetting, requests: NoteIssuanceRequest[]): Promise<void> {
  const notes = await Promise.all(requests.map((request) => issuedNote(set.guardians, request)));
  await (await wallet.store.transact((tx) => addNotes(tx, notes))).durable;
}

async function issueOwn(wallet: RestoredWallet, set: RecoverySetting, requests: NoteIssuanceRequest[]): Promise<void> {
  await askFor(wallet, requests);
  await set.guardians.issue(...requests);
  await takeIn(wallet, set, requests);
}

/** Prefixes of what the module's part holds. */
async function prefixesOf(wallet: RestoredWallet): Promise<number[]> {
  const prefixes = new Set<number>();
  await wallet.store.read(async (tx) => {
    for await (const { key } of tx.range()) prefixes.add(key[0]!);
  });
  return [...prefixes];
}

function entriesOf({ history }: RestoredWallet): number[][] {
  return [...history.values()].map((meta) => {
    const { Recovered: { issued_notes, redeemed_notes } } = meta as { Recovered: Record<string, number> };
    return [issued_notes!, redeemed_notes!];
  });
}

Deno.test("a payment that guardians accept in the moment of the restore: its change comes, and its notes go", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish, redeem } = set;
  const [paid, kept, change, sdkChange] = [...notesOf(testSecret, 3), ...notesOf(otherSecret, 1)];
  await guardians.issue(paid!, kept!);
  const restored = wallet({ ...SMALL, otherSecrets: [{ derivation: "sdk", secret: otherSecret }] });
  await finish(restored.open());
  await finish(restored.prepare());
  await redeem(paid!);
  await guardians.issue(change!, sdkChange!);
  await guardians.addForeign(60);
  await finish(restored.restore());
  assertEquals((await restored.money()).heldMsat, valueMsat([paid!, kept!]));
  await finish(restored.look());
  const amountMsat = valueMsat([kept!, change!, sdkChange!]), sdkMsat = valueMsat([sdkChange!]);
  assertEquals(await restored.money(), { heldMsat: amountMsat, comingMsat: 0n, missingMsat: 0n });
  assertEquals(restored.recovered, { amountMsat, otherMsat: [{ derivation: "sdk", amountMsat: sdkMsat }] });
  assertEquals(entriesOf(restored), [[2, 0], [1, 1], [1, 0]]);
  // it asks for nothing that it has gone through
  const ranges = guardians.asked.filter(({ method }) => method === "recovery_slice").map(({ params }) => `${params}`);
  assertEquals(ranges.sort(), ["0,2", "2,22", "22,42", "42,62", "62,65"]);
});

Deno.test("what the wallet issued, redeemed or found itself is not taken up again, and the last look forgets it", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish, redeem } = set;
  const [found, spent, own, ownSpent, text, late] = notesOf(testSecret, 6);
  await guardians.issue(found!, spent!);
  const restored = wallet(SMALL);
  await finish(restored.open());
  // what it issues while it recovers counts as well
  await finish(restored.prepare());
  await finish(issueOwn(restored, set, [own!, ownSpent!]));
  await finish(restored.restore());
  // notes that were found or issued leave the wallet for a payment
  await (await restored.store.transact((tx) =>
    takeNotes(tx, new Map([[spent!.denomination, 1], [ownSpent!.denomination, 1]]))
  )).durable;
  await redeem(ownSpent!);
  // a text of the old device comes in: in the log its note stands unspent, but this wallet has redeemed it
  await guardians.issue(text!);
  await (await restored.store.transact(async (tx) => forgetNotes(tx, [await issuedNote(guardians, text!)]))).durable;
  // a blinded nonce is public: whoever pays for it has it signed once more
  await guardians.issue(found!, spent!, own!);
  const heldMsat = valueMsat([found!, own!]), amountMsat = valueMsat([found!, spent!]);
  await finish(restored.look());
  assertEquals(await restored.money(), { heldMsat, comingMsat: 0n, missingMsat: 0n });
  assertEquals(restored.recovered!.amountMsat, amountMsat);
  // its payment is in the log at last, and the old device gets one more note
  await redeem(spent!);
  await redeem(text!);
  await guardians.issue(late!, text!);
  await finish(restored.look({ isLast: true }));
  assertEquals((await restored.money()).heldMsat, heldMsat + valueMsat([late!]));
  assertEquals(restored.recovered!.amountMsat, amountMsat + valueMsat([late!]));
  // notes, what is under way, what operations brought, and counts
  assertEquals(await prefixesOf(restored), [1, 3, 5, 6]);
});

Deno.test("that no pass goes through the log is known when the recovery has ended, and rejects with the signal", async () => {
  const set = await recoverySetting(), { guardians, wallet, finish } = set;
  await guardians.issue(...notesOf(testSecret, 1));
  const restored = wallet(SMALL), never = new AbortController().signal;
  await finish(restored.open());
  await finish(untilPassed(restored.store, never));
  await finish(restored.prepare());
  let passed = false;
  const waiting = untilPassed(restored.store, never).then(() => passed = true);
  const stop = new AbortController(),
    stopped = assertRejects(() => untilPassed(restored.store, stop.signal), Error, "enough");
  await finish(restored.money());
  assertEquals(passed, false);
  stop.abort(new Error("enough"));
  await finish(stopped);
  await finish(restored.restore());
  await finish(waiting);
});

Deno.test("a note that another device spends is given up, also while its signature is awaited", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish, redeem } = set;
  const [held, awaited] = notesOf(testSecret, 2);
  await guardians.issue(held!);
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.restore());
  await guardians.issue(awaited!);
  await finish(restored.pass());
  const [heldMsat, comingMsat] = [valueMsat([held!]), valueMsat([awaited!])];
  assertEquals(await restored.money(), { heldMsat, comingMsat, missingMsat: 0n });
  await redeem(held!);
  await redeem(awaited!);
  await finish(restored.pass());
  assertEquals(await restored.money(), { heldMsat: 0n, comingMsat: 0n, missingMsat: 0n });
  assertEquals(restored.recovered!.amountMsat, 0n);
});

/** A wallet's whole story: some of the log is there, then more with each look. */
async function story(set: RecoverySetting, restored: RestoredWallet, at: { done: number }): Promise<void> {
  const { guardians, redeem } = set;
  const [a, b, c, d, e, f] = notesOf(testSecret, 6);
  const acts: (() => Promise<void>)[] = [
    async () => await guardians.issue(a!, b!),
    () => restored.progress().then(async (progress) => progress ? undefined : await restored.prepare()),
    async () => void await redeem(a!),
    async () => await guardians.issue(c!),
    () => restored.restore(),
    () => askFor(restored, [d!]),
    () => guardians.issue(d!),
    () => takeIn(restored, set, [d!]),
    () => guardians.addForeign(30),
    () => restored.passes().then((passes) => passes >= 2 ? restored.claim() : restored.look()),
    async () => void await redeem(c!),
    async () => await guardians.issue(e!, f!),
    () => restored.passes().then((passes) => passes >= 3 ? restored.claim() : restored.look({ isLast: true })),
  ];
  while (at.done < acts.length) {
    await acts[at.done]!();
    at.done++;
  }
}

Deno.test("killed at any commit of the recovery and its looks, a wallet has the same money in the end", async () => {
  const whole = await recoverySetting();
  const calm = whole.wallet(SMALL);
  await whole.finish(calm.open());
  await whole.finish(story(whole, calm, { done: 0 }));
  const heldMsat = valueMsat(notesOf(testSecret, 6).filter((_, i) => i !== 0 && i !== 2));
  assertEquals((await calm.money()).heldMsat, heldMsat);
  const dice = seededDice(8);
  let deaths = 0;
  for (let run = 0; run < 20; run++) {
    const set = await recoverySetting();
    const killed = set.wallet(SMALL), at = { done: 0 };
    for (let lives = 0;; lives++) {
      try {
        await set.finish(killed.open({ failAtCommit: lives < 4 ? 1 + dice.below(calm.commits) : Infinity }));
        await set.finish(story(set, killed, at));
        break;
      } catch (thrown) {
        if (!(thrown instanceof Error && /died|failed/.test(`${thrown.message} ${thrown.cause}`))) throw thrown;
        deaths++;
      }
    }
    assertEquals(await killed.money(), { heldMsat, comingMsat: 0n, missingMsat: 0n }, `run ${run}`);
    assertEquals([...killed.history], [...calm.history], `run ${run}`);
    assertEquals(await prefixesOf(killed), [1, 3, 5, 6], `run ${run}`);
  }
  assert(deaths > 30, `${deaths} deaths`);
});

Deno.test("a wallet that has issued more than it remembers looks no more, and remembers nothing", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish } = set;
  const [found, own, beyond, other] = notesOf(testSecret, 4);
  await guardians.issue(found!);
  const restored = wallet(SMALL);
  await finish(restored.open());
  await finish(restored.restore());
  await restored.store.transact(async (tx) =>
    looking.set(tx, { ...(await looking.get(tx))!, marks: LATER_MARKS_MAX - 1 })
  );
  await finish(issueOwn(restored, set, [own!]));
  const before = await prefixesOf(restored);
  await finish(issueOwn(restored, set, [beyond!]));
  assertEquals((await restored.store.read((tx) => looking.get(tx)))!.marks, LATER_MARKS_MAX);
  assertEquals(await prefixesOf(restored), before);
  await guardians.issue(other!);
  await finish(restored.look());
  assertEquals((await restored.money()).heldMsat, valueMsat([found!, own!, beyond!]));
  assertEquals(await prefixesOf(restored), [1, 3, 5, 6]);
});

Deno.test("a wallet that an older program was restoring comes to its end, and no look takes up what it issued", async () => {
  const set = await recoverySetting();
  const { guardians, wallet, finish } = set;
  const [found, own] = notesOf(testSecret, 2);
  await guardians.issue(found!);
  for (const begun of [true, false]) {
    const restored = wallet(SMALL);
    await finish(restored.open());
    await finish(restored.prepare());
    // the older one marked that it goes through the log, with nothing in the mark, or had not come that far
    await restored.store.transact(async (tx) => {
      if (begun) tx.set(Uint8Array.of(0x0a), new Uint8Array(0));
      else looking.delete(tx);
      for (let version = 0; version < mintSchema.version; version++) await mintSchema.migrations[version]!(tx);
    });
    if (begun) await finish(issueOwn(restored, set, [own!]));
    const heldMsat = valueMsat([found!, own!]);
    await finish(restored.restore());
    assertEquals((await restored.money()).heldMsat, heldMsat);
    assertEquals(await restored.store.read((tx) => looking.get(tx)), undefined);
    await finish(restored.look());
    assertEquals((await restored.money()).heldMsat, heldMsat);
  }
});
