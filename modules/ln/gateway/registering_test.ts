/** Registrations: every guardian that answers has them, and nobody but the gateway changes or ends them. */
import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { list } from "../../../core/encoding/mod.ts";
import { gatewayAnnouncement, isProofValid } from "../gateways.ts";
import { federationKey } from "../config.ts";
import { testLn } from "../testing/guardians.ts";
import { testLnGateway } from "./testing/gateway.ts";

const never = new AbortController().signal;
const KEY: Bytes = new Uint8Array(32).fill(21);
const ANNOUNCED = {
  federationIndex: 3n,
  nodePubKey: publicKeyOf(new Uint8Array(32).fill(22)),
  lightningAlias: "gateway",
  api: "https://gateway.example/v1",
  routeHints: [],
  fees: { baseMsat: 2_000, proportionalMillionths: 3_000 },
};

Deno.test("every guardian has the gateway for ten minutes, signed; renewed it stays, and its wish to go is granted", async () => {
  const world = await testLn(), { guardians } = world, { client, publicKey } = await testLnGateway(world);
  const listed = async () => {
    const lists = await Promise.all(
      guardians.guardians.map((_, peer) => guardians.ask("list_gateways", null, peer)),
    );
    return lists.map((json) => list(gatewayAnnouncement).fromJson(json));
  };
  assertEquals(await client.until(client.api.register(ANNOUNCED, KEY, never)), guardians.guardians.length);
  for (const [announcement, ...more] of await listed()) {
    const { info, ttl, auth } = announcement!;
    assertEquals(more.length, 0);
    assertEquals(ttl.secs <= 600n && ttl.secs >= 590n, true);
    assertEquals([info.gatewayRedeemKey, info.gatewayId], [publicKey, publicKeyOf(KEY)]);
    assertEquals([info.federationIndex, info.api, info.supportsPrivatePayments], [3n, ANNOUNCED.api, false]);
    assertEquals([auth !== null, isProofValid(federationKey(guardians.config), announcement!)], [true, true]);
  }
  // new prices, half a minute later
  await client.pass(30_000);
  const fees = { baseMsat: 1, proportionalMillionths: 0 };
  assertEquals(await client.until(client.api.register({ ...ANNOUNCED, fees }, KEY, never)), guardians.guardians.length);
  assertEquals((await listed()).map(([announcement]) => announcement!.info.fees.baseMsat), Array(4).fill(1));
  // another's key doesn't end it
  assertEquals(await client.until(client.api.unregister(new Uint8Array(32).fill(9), never)), 0);
  assertEquals(await client.until(client.api.unregister(KEY, never)), guardians.guardians.length);
  assertEquals(await listed(), [[], [], [], []]);
  client.close();
});

Deno.test("a guardian that doesn't answer keeps the gateway from the others no longer than ten seconds", async () => {
  const world = await testLn(), { guardians } = world, { client } = await testLnGateway(world);
  Object.defineProperty(guardians.guardians[0]!.module.apiEndpoints, "register_gateway", {
    value: { handle: () => new Promise<never>(() => {}) },
  });
  const before = world.clock.nowMs();
  assertEquals(await client.until(client.api.register(ANNOUNCED, KEY, never)), guardians.guardians.length - 1);
  assertEquals(world.clock.nowMs() - before <= 11_000, true);
  client.close();
});
