/** A wallet's folder that is copied, or restored from a backup: both go on, and no note is made twice. */
import { assertEquals } from "@std/assert";
import { modulePrefix } from "../../client/core/database.ts";
import { builtInModules } from "../../client/modules.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import type { FederationClient } from "../../client/mod.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { SCHEMA_PREFIX } from "../../actors/store/mod.ts";
import { concat } from "../../core/bytes.ts";
import { MintFederation } from "./federation.ts";

const world = new ClientWorld(11);
const started = MintFederation.start(world);

/** Long enough for a wallet to have done whatever it does in the background. */
const QUIET_MS = 60_000;

async function redeem(wallet: FederationClient, text: string): Promise<string | null> {
  const { operationId } = await world.finish(wallet.receive(text));
  const outcome = await world.finish(wallet.awaitReceive(operationId));
  await world.finish(wallet.awaitNotes(operationId));
  return outcome.ok ? null : outcome.error;
}

Deno.test("a copy of a wallet's folder and its original make different notes: what each receives is its own", async () => {
  const federation = await started;
  const original = await federation.wallet(world, "original", builtInModules);
  await world.finish(sleep(world.platform.clock, QUIET_MS));
  await world.finish(original.close());
  world.copyStore("original", "copy");
  const shop = await federation.wallet(world, "shop");
  for (const path of ["original", "copy"]) {
    const wallet = await federation.wallet(world, path, builtInModules);
    const notes = await Promise.all([19, 18, 12, 11].map((denomination) => federation.note(denomination)));
    assertEquals(await redeem(wallet, federation.text(...notes)), null);
    const { ecash } = await world.finish(wallet.spend(700_000n / 512n * 512n));
    assertEquals(await redeem(shop, ecash), null, `what the ${path} spends is good`);
    await world.finish(wallet.close());
  }
  await world.finish(shop.close());
});

Deno.test("a wallet keeps no tweak on its disk, and deletes those that an earlier version kept, unused", async () => {
  const federation = await started;
  const stored = Array.from({ length: 50 }, (_, i) => Uint8Array.of(2, ...new Uint8Array(15), i));
  const before = await federation.wallet(world, "old", builtInModules);
  const module = before.client.primary().instance;
  const { durable } = await before.client.options.store.transact((tx) => {
    tx.delete(concat(SCHEMA_PREFIX, modulePrefix(module))); // as it was before there were versions
    for (const key of stored) tx.view(modulePrefix(module)).set(key, new Uint8Array(0));
  });
  await durable;
  await world.finish(before.close());
  const wallet = await federation.wallet(world, "old", builtInModules);
  await world.finish(sleep(world.platform.clock, QUIET_MS));
  const kept = await wallet.client.options.store.view(modulePrefix(module)).read(async (tx) => {
    const prefixes: number[] = [];
    for await (const { key } of tx.range()) prefixes.push(key[0]!);
    return prefixes;
  });
  assertEquals(kept, []);
  await world.finish(wallet.close());
});
