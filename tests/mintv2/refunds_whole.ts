/**
 * Money of refused transactions: it comes back, or it is shown and can be asked for again. And what operations say of
 * themselves.
 */
import { assert, assertEquals } from "@std/assert";
import type { FederationClient } from "../../client/mod.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { MintFederation, refusing } from "./federation.ts";

const world = new ClientWorld(4);
const started = MintFederation.start(world, { fees: true });
let wallets = 0;

async function setting(): Promise<{ federation: MintFederation; wallet: FederationClient; done: () => Promise<void> }> {
  const federation = await started;
  const wallet = await federation.wallet(world, `wallet ${wallets++}`);
  return { federation, wallet, done: () => world.finish(wallet.close()) };
}

Deno.test("a note whose refund fails is in doubt, not forgotten: asked for again it comes back when guardians take it", async () => {
  const { federation, wallet, done } = await setting();
  const text = federation.text(await federation.note(12), await federation.note(13));
  federation.lie = refusing;
  const { operationId } = await world.finish(wallet.receive(text));
  assertEquals((await world.finish(wallet.awaitReceive(operationId))).ok, false);
  await world.finish(wallet.awaitNotes(operationId));
  const inDoubt = { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 4_096n + 8_192n };
  assertEquals([await wallet.getBalance(), await wallet.getPending()], [0n, inDoubt]);
  const failed = await wallet.failedRefunds();
  assertEquals(failed.map(({ amountMsat }) => amountMsat).sort(), [4_096n, 8_192n].sort());
  assert(failed.every((note) => note.operationId === operationId && note.reason.includes("already spent")));

  const inVain = (await world.finish(wallet.retryRefunds()))!;
  await world.finish(wallet.awaitNotes(inVain));
  assertEquals([await wallet.broughtBy(inVain), await wallet.getPending()], [0n, inDoubt]);
  assert((await wallet.failedRefunds()).every((note) => note.operationId === inVain));

  federation.lie = () => undefined;
  const retried = (await world.finish(wallet.retryRefunds()))!;
  await world.finish(wallet.awaitNotes(retried));
  assertEquals((await wallet.getPending()).inDoubtMsat, 0n);
  assertEquals(await wallet.getBalance(), await wallet.broughtBy(retried));
  assert(await wallet.getBalance() > 10_000n);
  assertEquals(await world.finish(wallet.retryRefunds()), null);
  await done();
});

Deno.test("an operation's outcome is written though nobody waits for it, and what it brought is its own", async () => {
  const { federation, wallet, done } = await setting();
  const [first, second] = [federation.text(await federation.note(14)), federation.text(await federation.note(16))];
  const operations = await world.finish(Promise.all([first, second].map((text) => wallet.receive(text))));
  assert((await wallet.getPending()).incomingMsat > 0n);
  await world.finish(wallet.client.awaitIdle());
  const [a, b] = await Promise.all(operations.map(({ operationId }) => wallet.broughtBy(operationId)));
  assertEquals(a! + b!, await wallet.getBalance());
  assert(a! > 14_000n && a! < 16_384n && b! > 60_000n);
  await world.finish(wallet.spend(1_536n * 3n));
  const outcomes = (await wallet.operations()).map(({ outcome }) => outcome?.outcome);
  assert(outcomes.length >= 3);
  assertEquals(new Set(outcomes), new Set(["Success"]));

  federation.lie = refusing;
  const { operationId } = await world.finish(wallet.receive(federation.text(await federation.note(15))));
  await world.finish(wallet.client.awaitIdle());
  assertEquals((await wallet.operation(operationId).state())?.outcome?.outcome, "Rejected");
  federation.lie = () => undefined;
  await done();
});

Deno.test("a refused text costs the wallet's own notes nothing", async () => {
  const { federation, wallet, done } = await setting();
  const own = await world.finish(wallet.receive(federation.text(await federation.note(18))));
  assert((await world.finish(wallet.awaitReceive(own.operationId))).ok);
  const beforeMsat = await wallet.getBalance();
  const other = await setting();
  const spent = federation.text(await federation.note(10), await federation.note(11));
  const theirs = await world.finish(other.wallet.receive(spent));
  assert((await world.finish(other.wallet.awaitReceive(theirs.operationId))).ok);
  const late = await world.finish(wallet.receive(spent));
  assert(!(await world.finish(wallet.awaitReceive(late.operationId))).ok);
  await world.finish(wallet.awaitNotes(late.operationId));
  assertEquals(await wallet.getBalance(), beforeMsat);
  await other.done();
  await done();
});
