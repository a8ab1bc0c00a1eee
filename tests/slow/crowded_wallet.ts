/**
 * Wallets with more notes than they need, and than a transaction takes: slow, as all these notes are signed and
 * checked.
 */
import { assert, assertEquals } from "@std/assert";
import { REDEEMED_NOTES_MAX } from "../../modules/mintv2/limits.ts";
import { ecashNotes, parseEcash } from "../../modules/mintv2/ecash.ts";
import type { SpendableNote } from "../../modules/mintv2/ecash.ts";
import { noteCount, put, receive, setting, world } from "../mintv2/paying.ts";

Deno.test("a wallet that receives ten times at once has no more notes than it needs, and goes on spending", async () => {
  const test = await setting();
  const { federation, wallet } = test;
  const other = await setting();
  const texts = await Promise.all(
    Array.from({ length: 10 }, async () => federation.text(await federation.note(23), await federation.note(20))),
  );
  const operations = await world.finish(Promise.all(texts.map((text) => wallet.receive(text))));
  for (const { operationId } of operations) await world.finish(wallet.awaitReceive(operationId));
  const count = await noteCount(test);
  assert(count < 200, `${count} notes`);
  const { ecash } = await world.finish(wallet.spend(5_000_123n));
  assert((await receive(other, ecash))[0] > 4_990_000n);
  const rest = await world.finish(wallet.spend(await wallet.getBalance()));
  assertEquals(await wallet.getBalance(), 0n);
  for (const text of [rest.ecash, ...rest.further]) assert((await receive(other, text))[0] > 0n);
  await other.done();
  await test.done();
});

Deno.test("more notes than a transaction redeems are sent as several texts, received as several transactions, and merged when asked", async () => {
  const test = await setting();
  const { federation, wallet, mint } = test;
  const other = await setting();
  const COUNT = REDEEMED_NOTES_MAX + 30;
  const notes: SpendableNote[] = [];
  for (let i = 0; i < COUNT; i++) notes.push(await federation.note(10));
  await put(test, notes);
  assertEquals((await mint.quoteSend(await wallet.getBalance())).texts, 2);
  const { ecash, further, operationId } = await world.finish(wallet.spend(await wallet.getBalance()));
  assertEquals([ecash, ...further].map((text) => ecashNotes(parseEcash(text)).length), [COUNT / 2, COUNT / 2]);
  const [entry] = await wallet.operations();
  assertEquals([entry!.operationId, entry!.outcome?.outcome], [operationId, "Success"]);
  // as of a program without such a bound
  const whole = federation.text(...notes);
  const { arrivesMsat } = await mint.quoteReceive(whole);
  assertEquals(await receive(test, whole), [arrivesMsat, arrivesMsat]);
  assert(await noteCount(test) < 120);
  for (const text of [ecash, ...further]) {
    const { operationId } = await world.finish(other.wallet.receive(text));
    const refused = await world.finish(other.wallet.awaitReceive(operationId));
    assert(!refused.ok, "the notes are spent");
  }
  const before = await noteCount(test);
  const many: SpendableNote[] = [];
  for (let i = 0; i < 60; i++) many.push(await federation.note(9));
  await put(test, many);
  assertEquals(await world.finish(mint.consolidate()), { ok: true, value: null });
  assert(await noteCount(test) < before);
  await other.done();
  await test.done();
});
