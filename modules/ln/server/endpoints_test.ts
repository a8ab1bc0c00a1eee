import { assertEquals, assertRejects } from "@std/assert";
import { settle } from "../../../actors/testing/manual_clock.ts";
import { toHex } from "../../../core/bytes.ts";
import { publicKeyOf, schnorrSign } from "../../../core/crypto/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { Result } from "../../../core/result.ts";
import type { PeerId, Sha256 } from "../../../core/types/ids.ts";
import { EndpointError } from "../../contract/error.ts";
import { countedStore } from "../../contract/testing/counted_store.ts";
import { testEnv, testStore } from "../../contract/testing/mod.ts";
import { LN_ENDPOINTS } from "../common.ts";
import { federationKey } from "../config.ts";
import { outgoingContractId } from "../contracts.ts";
import type { GatewayAnnouncement } from "../gateways.ts";
import { gatewayAnnouncement, removalMessage } from "../gateways.ts";
import { GATEWAYS_MAX, GATEWAYS_PER_SOURCE_MAX, REGISTRATION_BYTES_MAX } from "../limits.ts";
import { lnServer } from "../server.ts";
import type { TestLn } from "../testing/guardians.ts";
import {
  announcementOf,
  BLOCK_COUNT,
  cancelOutput,
  gatewayOf,
  HASH,
  incomingOf,
  incomingOutput,
  mineTo,
  offerOf,
  offerOutput,
  outgoingOf,
  outgoingOutput,
  testLn,
} from "../testing/guardians.ts";
import type { LnEnv } from "./env.ts";
import { SupportedVersion } from "./versions.ts";

Deno.test("ln answers at the reference's endpoints, all of them public", async () => {
  const { guardians } = await testLn({ total: 1 });
  const { apiEndpoints } = guardians.guardians[0]!.module;
  assertEquals(Object.keys(apiEndpoints), [...LN_ENDPOINTS]);
  const second = Object.entries(apiEndpoints).filter(([, { since }]) => since.minor === 1).map(([name]) => name);
  assertEquals(second, [
    "module_consensus_version",
    "supported_module_consensus_version",
    "remove_gateway_challenge",
    "remove_gateway",
  ]);
  assertEquals(Object.values(apiEndpoints).some(({ admin }) => admin), false);
});

/** A call that waits, and what it has come to. */
function waiting({ guardians }: TestLn, method: string, params: Json) {
  const call = { answer: undefined as Json | undefined };
  void guardians.ask(method, params).then((answer) => call.answer = answer);
  return call;
}

Deno.test("whoever waits is answered when it has come, and not before", async () => {
  const test = await testLn(), { guardians, clock } = test;
  const terms = outgoingOf(), id = outgoingContractId(terms), offer = offerOf(guardians.config);
  const account = waiting(test, "await_account", id);
  const cancelled = waiting(test, "await_outgoing_contract_cancelled", id);
  const offered = waiting(test, "await_offer", HASH);
  const status = waiting(test, "get_decrypted_preimage_status", HASH);
  const decrypted = waiting(test, "await_preimage_decryption", HASH);
  const height = waiting(test, "await_block_height", BLOCK_COUNT);
  const answered = async () => {
    await clock.advance(0);
    await settle();
    return [account, cancelled, offered, status, decrypted, height].map(({ answer }) => answer !== undefined);
  };
  assertEquals(await answered(), [false, false, false, false, false, false]);
  await guardians.output(outgoingOutput(terms));
  assertEquals(await answered(), [true, false, false, false, false, false]);
  await guardians.output(cancelOutput(terms));
  assertEquals(await answered(), [true, true, false, false, false, false]);
  await guardians.output(offerOutput(offer));
  assertEquals(await answered(), [true, true, true, false, false, false]);
  await guardians.output(incomingOutput(incomingOf(offer)));
  assertEquals(await answered(), [true, true, true, true, false, false]);
  assertEquals((status.answer as Json[])[1], "Pending");
  await guardians.agree();
  assertEquals(await answered(), [true, true, true, true, true, false]);
  await mineTo(test, BLOCK_COUNT + 1);
  assertEquals(await answered(), [true, true, true, true, true, true]);
  // a height below the count is there already
  assertEquals(await guardians.ask("await_block_height", BLOCK_COUNT), null);
  await assertRejects(() => guardians.ask("get_decrypted_preimage_status", id), EndpointError, "not an incoming");
});

Deno.test("however many wait for a block, it is looked at once for each vote, and waiting costs nothing", async () => {
  const test = await testLn({ total: 1 }), { env } = test.guardians.guardians[0]!;
  const { store, counts } = countedStore(env.store);
  const { apiEndpoints } = await lnServer.start({ ...env, store });
  const controller = new AbortController();
  const calls = Array.from(
    { length: 50 },
    (_, i) => apiEndpoints.await_block_height!.handle(BLOCK_COUNT + i, { signal: controller.signal }),
  );
  await settle();
  assertEquals(counts.waiting, 1);
  const before = counts.transactions;
  await test.clock.advance(3_600_000);
  assertEquals(counts.transactions, before);
  await mineTo(test, BLOCK_COUNT + 50);
  await Promise.all(calls);
  assertEquals(counts.transactions - before, 1);
  assertEquals(counts.waiting, 0);
});

/** A secret key, 32 bytes. */
const secretOf = (number: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(32).fill(9);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
};
const SECRET = secretOf(0);

function register({ guardians }: TestLn, announcement: GatewayAnnouncement): Promise<Json> {
  return guardians.ask("register_gateway", gatewayAnnouncement.toJson(announcement));
}

async function listed({ guardians }: TestLn): Promise<GatewayAnnouncement[]> {
  return (await guardians.ask("list_gateways") as Json[]).map((json) => gatewayAnnouncement.fromJson(json));
}

Deno.test("a gateway is listed for as long as it said, a day at most, and is nobody's word for itself", async () => {
  const test = await testLn({ total: 1 }), { config } = test.guardians;
  await register(test, announcementOf(config, SECRET));
  await register(test, announcementOf(config, secretOf(1), { ttlSecs: 10n ** 9n }));
  const [one, other] = (await listed(test)).sort((a, b) => Number(a.ttl.secs - b.ttl.secs));
  assertEquals([one!.ttl.secs, one!.vetted, one!.info], [600n, false, gatewayOf(SECRET)]);
  assertEquals(other!.ttl.secs, 86_400n);
  await test.clock.advance(599_000);
  assertEquals((await listed(test)).length, 2);
  await test.clock.advance(2_000);
  assertEquals((await listed(test)).map(({ info }) => toHex(info.gatewayId)), [toHex(publicKeyOf(secretOf(1)))]);
});

Deno.test("whoever is registered keeps its place while it renews; there is room for so many, and of such a size", async () => {
  const test = await testLn({ total: 1 }), { config } = test.guardians;
  await register(test, announcementOf(config, SECRET));
  for (let i = 1; i < GATEWAYS_MAX; i++) await register(test, announcementOf(config, secretOf(i), { ttlSecs: 1_200n }));
  await assertRejects(() => register(test, announcementOf(config, secretOf(1_000))), EndpointError, "no room");
  // others renew themselves all the same, and one that is away loses its place
  await test.clock.advance(500_000);
  await register(test, announcementOf(config, SECRET));
  await test.clock.advance(500_000);
  await register(test, announcementOf(config, SECRET));
  await test.clock.advance(500_000);
  await register(test, announcementOf(config, secretOf(1_000)));
  assertEquals((await listed(test)).length, 2);
  const lightningAlias = "x".repeat(REGISTRATION_BYTES_MAX);
  const large = announcementOf(config, secretOf(2), { lightningAlias });
  await assertRejects(() => register(test, large), EndpointError, "exceeds");
});

Deno.test("from one address so many gateways are registered: nobody alone takes all the places", async () => {
  const test = await testLn({ total: 1 }), { config } = test.guardians;
  const { register_gateway: endpoint } = test.guardians.guardians[0]!.module.apiEndpoints;
  const { signal } = new AbortController();
  const from = (source: string | null, number: number, ttlSecs = 600n) => {
    const announcement = announcementOf(config, secretOf(number), { ttlSecs });
    return endpoint!.handle(gatewayAnnouncement.toJson(announcement), { signal, source });
  };
  for (let i = 0; i < GATEWAYS_PER_SOURCE_MAX; i++) await from("evil", i + 1);
  await assertRejects(() => from("evil", 100), EndpointError, "from this address");
  // it renews what it has, and others are not concerned
  await from("evil", 1, 1_200n);
  await from("honest", 101);
  await from(null, 102);
  // what has run out makes room
  await test.clock.advance(700_000);
  await from("evil", 100);
  assertEquals((await listed(test)).length, 2);
});

Deno.test("a gateway that signs can't be replaced, nor set back by what it signed before", async () => {
  const test = await testLn({ total: 1 }), { config } = test.guardians;
  const at = (nonce: number | undefined, lightningAlias: string) =>
    announcementOf(config, SECRET, { ...(nonce !== undefined && { nonce: BigInt(nonce) }), lightningAlias });
  await register(test, at(5, "first"));
  await register(test, at(7, "second"));
  for (const refused of [at(undefined, "third"), at(5, "first"), at(7, "third")]) {
    await assertRejects(() => register(test, refused), EndpointError);
  }
  // the same settings with an older nonce prolong it, and the newer nonce stays
  await register(test, at(6, "second"));
  await assertRejects(() => register(test, at(7, "third")), EndpointError, "got 7 but stored 7");
  const forged = { ...at(9, "third"), auth: at(9, "fourth").auth };
  await assertRejects(() => register(test, forged), EndpointError, "Invalid gateway registration signature");
  assertEquals((await listed(test)).map(({ info, auth }) => [info.lightningAlias, auth!.nonce]), [["second", 7n]]);
});

Deno.test("a gateway is forgotten when it has signed for it, by each guardian, and not by an old signature", async () => {
  const test = await testLn(), { guardians, clock } = test, { config } = guardians;
  const gatewayId = toHex(publicKeyOf(SECRET));
  const challenge = async () => await guardians.ask("remove_gateway_challenge", gatewayId) as string;
  const remove = (peer: PeerId, told: string, key = SECRET) => {
    const message = removalMessage(federationKey(config), peer, told as Sha256);
    const signatures = { [peer]: toHex(schnorrSign(message, key, new Uint8Array(32))) };
    return guardians.ask("remove_gateway", { gateway_id: gatewayId, signatures });
  };
  assertEquals(await challenge(), null);
  assertEquals(await remove(0, "00".repeat(32)), false);
  await register(test, announcementOf(config, SECRET));
  const old = await challenge();
  await clock.advance(1_000);
  await register(test, announcementOf(config, SECRET));
  assertEquals(await remove(0, old), false);
  // guardian 0 is asked: what was signed for another is nothing to it
  assertEquals(await remove(1, await challenge()), false);
  assertEquals(await remove(0, await challenge(), secretOf(1)), false);
  assertEquals(await remove(0, await challenge()), true);
  assertEquals(await challenge(), null);
  assertEquals(await listed(test), []);
});

Deno.test("what costs more than a look is paid for before it is done", async () => {
  const test = await testLn({ total: 1 }), { apiEndpoints } = test.guardians.guardians[0]!.module;
  assertEquals(apiEndpoints.list_gateways!.units!(null), 1);
  for (let i = 0; i < 16; i++) await register(test, announcementOf(test.guardians.config, secretOf(i)));
  await listed(test);
  assertEquals(apiEndpoints.list_gateways!.units!(null), 17);
  for (const params of [null, [], "x"] as Json[]) assertEquals(apiEndpoints.register_gateway!.units!(params), 8);
  await assertRejects(() => test.guardians.ask("register_gateway", { info: 1 }), EndpointError);
});

Deno.test("a guardian votes for a version when all others have said that they know it", async () => {
  const { guardians } = await testLn({ fundedOnce: false }), { env } = guardians.guardians[0]!;
  const answers = new Map<PeerId, Result<Json, string>>([[1, ok({ major: 2, minor: 1 })], [2, err("old")]]);
  answers.set(3, ok({ major: 3, minor: 0 }));
  const others = { ask: (peer: PeerId) => Promise.resolve(answers.get(peer)!) };
  const { config, privateConfig } = env;
  const given = testEnv({ store: await testStore(), config, privateConfig, others });
  const supported = new SupportedVersion(given as unknown as LnEnv);
  const looked = async () => {
    await supported.look();
    return supported.value;
  };
  assertEquals(await looked(), null);
  answers.set(2, ok("nonsense"));
  assertEquals(await looked(), null);
  answers.set(2, ok({ major: 2, minor: 0 }));
  assertEquals(await looked(), { major: 2, minor: 0 });
  answers.set(2, ok({ major: 2, minor: 9 }));
  assertEquals(await looked(), { major: 2, minor: 1 });

  answers.set(2, err("gone"));
  assertEquals(await looked(), null);
});
