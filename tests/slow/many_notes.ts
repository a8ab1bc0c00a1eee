/**
 * More notes than a transaction takes: a payment first makes fewer of them, and a quote says what that costs; a text of so many is redeemed
 * in parts.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { modulePrefix } from "../../client/core/database.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { addNotes } from "../../modules/mintv2/client/db.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import { EcashError } from "../../modules/mintv2/client/api.ts";
import { MintFederation } from "../mintv2/federation.ts";

const NOTES = 400;
/** An odd number of the smallest notes, and every note is twice as large: it takes an exchange, of some 380 notes. */
const AMOUNT_MSAT = 685n * 512n;

Deno.test("a payment of more notes than a transaction takes is made, for what the quote said", async () => {
  const world = new ClientWorld(8);
  const federation = await MintFederation.start(world, { fees: true });
  const wallet = await federation.wallet(world);
  const mint = wallet.use(mintv2Client);
  const store = wallet.client.options.store.view(modulePrefix(wallet.client.primary().instance));
  for (let i = 0; i < NOTES; i++) {
    const note = await federation.note(10);
    await store.transact((tx) => addNotes(tx, [note]));
  }
  const beforeMsat = await wallet.getBalance();
  const { feeMsat, texts } = await mint.quoteSend(AMOUNT_MSAT);
  assertEquals(texts, 1);
  const { amountMsat, further } = await world.finish(wallet.spend(AMOUNT_MSAT));
  assertEquals([amountMsat, further], [AMOUNT_MSAT, []]);
  await world.finish(wallet.client.awaitIdle());
  assertEquals(beforeMsat - await wallet.getBalance(), AMOUNT_MSAT + feeMsat);
  const counts = await mint.counts();
  assert([...counts.values()].reduce((sum, count) => sum + count, 0) < 150);
  assertEquals(new Set((await wallet.operations()).map(({ outcome }) => outcome?.outcome)), new Set(["Success"]));
  await world.finish(wallet.close());
});

/** One transaction holds 50 kB, and a note takes 150 bytes of it. */
const RECEIVED_NOTES = 340;

Deno.test("e-cash of more notes than a transaction holds is redeemed whole, also by a wallet that was closed in between", async () => {
  const world = new ClientWorld(9);
  const federation = await MintFederation.start(world, { fees: true });
  let wallet = await federation.wallet(world);
  const notes = [];
  for (let i = 0; i < RECEIVED_NOTES; i++) notes.push(await federation.note(11));
  const text = federation.text(...notes);
  const { amountMsat, arrivesMsat } = await wallet.quoteReceive(text);
  assertEquals(amountMsat, BigInt(RECEIVED_NOTES) << 11n);
  const { operationId } = await world.finish(wallet.receive(text));
  await world.finish(wallet.close());

  wallet = await federation.wallet(world);
  assertEquals(await world.finish(wallet.awaitReceive(operationId)), { ok: true, value: null });
  assertEquals([await wallet.getBalance(), await wallet.broughtBy(operationId)], [arrivesMsat, arrivesMsat]);
  const [entry, ...others] = await wallet.operations();
  assertEquals([others.length, entry!.transactions.length, entry!.outcome?.outcome], [0, 2, "Success"]);
  assertEquals(await codeOf(world.finish(wallet.receive(text))), "already_received");
  await world.finish(wallet.close());
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, EcashError)).code;
}
