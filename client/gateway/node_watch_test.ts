/** What is known of the node: one that falls silent is away, and nothing else. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { LightningNode } from "./node/node.ts";
import { SimulatedLightning } from "./node/simulated/lightning.ts";
import { NodeWatch } from "./node_watch.ts";

Deno.test("a node that takes a question and never answers counts as away, and is asked again", async () => {
  const clock = new ManualClock(), store = await openMemoryStore({ clock });
  const real = new SimulatedLightning({ clock, dice: seededDice(1) }).node("gateway").connect();
  const world = { isSilent: true };
  const node: LightningNode = {
    ...real,
    info: (signal) => world.isSilent ? new Promise<never>(() => {}) : real.info(signal),
  };
  const watch = new NodeWatch({
    node,
    network: "regtest",
    store,
    platform: { clock },
    log: loggerFor("test", () => {}),
  });
  const told = { info: undefined as unknown, reached: false };
  void watch.info().then((info) => told.info = info, (thrown) => told.info = thrown);
  void watch.awaitInfo(new AbortController().signal).then(() => told.reached = true, (thrown) => told.info = thrown);
  await settle();
  await clock.advance(10_000);
  await settle();
  assertEquals([told.info, told.reached], [null, false]);
  world.isSilent = false;
  for (let second = 0; second < 15; second++) {
    await clock.advance(1_000);
    await settle();
  }
  assertEquals(told.reached, true);
});
