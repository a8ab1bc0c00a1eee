import { assertEquals, assertRejects } from "@std/assert";
import { openMemoryStore } from "../../actors/store/memory.ts";
import { testConfig } from "./testing/config.ts";
import { setSessionEnd } from "../consensus/store/db.ts";
import { claimDatabase, requireNewDatabase } from "./database_owner.ts";
import { SetupError } from "./error.ts";

const CLOCK = { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };

Deno.test("a database belongs to who first ran on it", async () => {
  const store = await openMemoryStore({ clock: CLOCK });
  await requireNewDatabase(store);
  await claimDatabase(store, testConfig(0));
  await claimDatabase(store, testConfig(0));
  const peer = await assertRejects(
    () => claimDatabase(store, testConfig(2)),
    SetupError,
    "that of guardian 0 of federation",
  );
  assertEquals(peer.facts, { code: "foreign_database" });
  await assertRejects(
    () => claimDatabase(store, testConfig(0, 7)),
    SetupError,
    "the config is that of guardian 0 of federation",
  );
  await claimDatabase(store, testConfig(0));
});

Deno.test("over a database that was used no new guardian is set up", async () => {
  const claimed = await openMemoryStore({ clock: CLOCK });
  await claimDatabase(claimed, testConfig(0));
  await assertRejects(() => requireNewDatabase(claimed), SetupError, "whose config files are missing");
});

Deno.test("nor over one that was used before databases were marked", async () => {
  const store = await openMemoryStore({ clock: CLOCK });
  await store.transact((tx) =>
    Promise.resolve(setSessionEnd(tx, 0, { items: 0, bytes: 0, root: new Uint8Array(32), signatures: new Map() }))
  );
  await assertRejects(() => requireNewDatabase(store), SetupError, "whose config files are missing");
  await claimDatabase(store, testConfig(0));
});
