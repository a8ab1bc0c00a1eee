/** How the guardians' connections are, as applications see it. */
import { assertEquals, assertRejects } from "@std/assert";
import { ClientError } from "../error.ts";
import type { FederationClient } from "../mod.ts";
import { openClient } from "../mod.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";

const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]), meta: {} });

async function joined(): Promise<{ world: ClientWorld; wallet: FederationClient; books: ToyBooks }> {
  const world = new ClientWorld(1), books = new ToyBooks();
  await world.finish(startGuardians(world, federation, books.script(federation.honest)));
  const store = await world.finish(world.openStore());
  const wallet = await world.finish(openClient({ platform: world.platform, store, modules: [toyModule] }));
  const { code } = await assertRejects(async () => void await wallet.connections(), ClientError);
  assertEquals(code, "not_joined");
  await world.finish(wallet.client.join(federation.invite));
  return { world, wallet, books };
}

Deno.test("each guardian's connection is told by name and address, and followed", async () => {
  const { world, wallet } = await joined();
  const stop = new AbortController(), seen: string[] = [];
  const following = (async () => {
    for await (const statuses of wallet.subscribeConnections(stop.signal)) {
      seen.push(statuses.map(({ state }) => state).join(" "));
    }
  })();
  await world.finish(wallet.reconnect());
  await world.finish(wallet.client.refreshVersions());
  const statuses = await world.finish(wallet.connections());
  assertEquals(statuses.map(({ peer, state, lastError }) => [peer, state, lastError]), [
    [0, "connected", null],
    [1, "connected", null],
    [2, "connected", null],
    [3, "connected", null],
  ]);
  const { apiEndpoints } = wallet.config.global;
  assertEquals(
    statuses.map(({ name, url }) => ({ name, url: String(url) })),
    [...apiEndpoints.values()].map(({ name, url }) => ({ name, url: String(url) })),
  );
  stop.abort();
  await world.finish(following);
  assertEquals(seen.at(-1), "connected connected connected connected");
  assertEquals(new Set(seen).size, seen.length, "only changes are told");
  await world.finish(wallet.close());
});

Deno.test("who follows the connections is let go when the wallet closes", async () => {
  const { world, wallet } = await joined();
  const following = (async () => {
    for await (const _ of wallet.subscribeConnections());
    return "ended";
  })();
  await world.finish(wallet.connections());
  await world.finish(wallet.close());
  assertEquals(await following, "ended");
});
