/** A wallet's notes are counted beside them; a count that is wrong costs nothing and is mended. */
import { assertEquals, assertRejects } from "@std/assert";
import { modulePrefix } from "../../client/core/database.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { encode, map, u64Number } from "../../core/encoding/mod.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import { EcashError } from "../../modules/mintv2/client/api.ts";
import { addNotes } from "../../modules/mintv2/client/db.ts";
import { denomination } from "../../modules/mintv2/denomination.ts";
import { MintFederation } from "./federation.ts";

const COUNT_OF_NOTES = Uint8Array.of(6, 1);

Deno.test("notes that were counted and aren't there are not spent: they are counted anew, at once and when the wallet opens", async () => {
  const world = new ClientWorld(5), federation = await MintFederation.start(world);
  let wallet = await federation.wallet(world);
  const mint = () => wallet.use(mintv2Client);
  const store = () => wallet.client.options.store.view(modulePrefix(wallet.client.primary().instance));
  const count = async (counts: Iterable<[number, number]>): Promise<void> => {
    const bytes = encode(map(denomination, u64Number), new Map(counts));
    const { durable } = await store().transact((tx) => tx.set(COUNT_OF_NOTES, bytes));
    await durable;
  };
  const notes = [await federation.note(12), await federation.note(12), await federation.note(10)];
  await store().transact((tx) => addNotes(tx, notes));
  assertEquals([...await mint().counts()], [[10, 1], [12, 2]]);

  await count([[12, 5], [20, 3]]);
  const error = await assertRejects(() => world.finish(wallet.spend(5n << 12n)), EcashError);
  assertEquals([error.code, [...await mint().counts()]], ["insufficient_balance", [[10, 1], [12, 2]]]);

  // fewer than there are: nothing is lost by it
  await count([]);
  assertEquals(await wallet.getBalance(), 0n);
  await world.finish(wallet.close());
  wallet = await federation.wallet(world);
  assertEquals(await wallet.getBalance(), 2n * 4_096n + 1_024n);
  await world.finish(wallet.spend(4_096n));
  assertEquals([...await mint().counts()], [[10, 1], [12, 1]]);
  await world.finish(wallet.close());
});
