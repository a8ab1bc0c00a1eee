/** A wallet with more notes than a transaction takes: payments first make fewer of them, and a quote says what that costs. */
import { assert, assertEquals } from "@std/assert";
import { modulePrefix } from "../../client/core/database.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { addNotes } from "../../modules/mintv2/client/db.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
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
