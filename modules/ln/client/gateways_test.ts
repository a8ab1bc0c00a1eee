/** Which of the gateways that guardians tell are known. */
import { assertEquals } from "@std/assert";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { LnConfig } from "../config.ts";
import { federationKey } from "../config.ts";
import { announcementOf, GATEWAY_KEY, testLn } from "../testing/guardians.ts";
import { AMOUNT_MSAT, assertMoney, BALANCE_MSAT, FEE_MSAT, lnWallets, outsideInvoice } from "../testing/wallet.ts";
import { merged } from "./gateways.ts";
import { GATEWAYS_AT_ONCE, GATEWAYS_PER_GUARDIAN_MAX } from "./limits.ts";

const KEY = new Uint8Array(32).fill(31);

/** Keys of others, by number. */
function otherKey(number: number): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(32).fill(1);
  new DataView(key.buffer).setUint32(28, number);
  return key;
}

/** Nobody is cheaper. */
const FREE = { fees: { baseMsat: 0, proportionalMillionths: 0 } };

async function aConfig(): Promise<LnConfig> {
  return (await testLn({ total: 1 })).guardians.config;
}

const shown = (found: ReturnType<typeof merged>) =>
  found.map(({ info, ttl, auth }) => [info.lightningAlias, ttl.secs, auth?.nonce ?? null]);

Deno.test("no guardian takes a gateway away, or puts another in its place", async () => {
  const config = await aConfig(), key = federationKey(config);
  const honest = announcementOf(config, KEY, { lightningAlias: "honest", ttlSecs: 600n });
  const evil = announcementOf(config, KEY, { lightningAlias: "evil", ttlSecs: 900n });
  // what more guardians tell counts, whoever comes first
  assertEquals(shown(merged([[evil], [honest], [honest]], key)), [["honest", 600n, null]]);
  assertEquals(shown(merged([[honest], [evil], [honest]], key)), [["honest", 600n, null]]);
  const signed = (nonce: bigint, lightningAlias: string) => announcementOf(config, KEY, { nonce, lightningAlias });
  // only the gateway itself can sign: one such word outweighs all others, the newest all older ones
  assertEquals(shown(merged([[evil], [evil], [signed(3n, "signed")]], key)), [["signed", 600n, 3n]]);
  assertEquals(shown(merged([[signed(3n, "new")], [signed(2n, "old")], [signed(2n, "old")]], key)), [[
    "new",
    600n,
    3n,
  ]]);
  // a guardian that says it a hundred times is still one
  assertEquals(shown(merged([[evil, evil, evil, evil], [honest], [honest]], key)), [["honest", 600n, null]]);
  // a false signature is as if nothing was said
  const forged = { ...evil, auth: signed(9n, "other").auth };
  assertEquals(shown(merged([[forged], [forged], [honest]], key)), [["honest", 600n, null]]);
  assertEquals(merged([[forged]], key), []);
});

Deno.test("of equal words the longest time counts, and nobody vouches for itself", async () => {
  const config = await aConfig(), at = (ttlSecs: bigint) => announcementOf(config, KEY, { ttlSecs });
  const [one, ...more] = merged([[at(10n)], [at(600n)], [at(60n)]], federationKey(config));
  assertEquals([one!.ttl.secs, one!.vetted, more.length], [600n, false, 0]);
});

Deno.test("gateways are kept as long as they said; the command shows them as the reference does", async () => {
  const { wallet, world, addGateway } = await lnWallets(), key = new Uint8Array(32).fill(32);
  assertEquals(await wallet.run("list-gateways", "--no-update"), []);
  await addGateway("other", key, { lightningAlias: "other" });
  const [first, second] = await wallet.until(wallet.run("list-gateways")) as unknown as {
    info: { gateway_id: string };
  }[];
  assertEquals(Object.keys(first!), ["info", "vetted", "ttl"]);
  const ids = [first, second].map((each) => each!.info.gateway_id);
  assertEquals(ids.includes(toHex(publicKeyOf(key))), true);
  await world.clock.advance(86_401_000);
  assertEquals(await wallet.run("list-gateways", "--no-update"), []);
});

Deno.test("a stranger's gateway that can't be asked at all keeps nobody from paying", async () => {
  const test = await lnWallets(), { wallet, gateway, addGateway } = test;
  for (const [i, api] of ["mailto:a@b", "data:x", "http://user:secret@nobody/"].entries()) {
    await addGateway(`nowhere${i}`, otherKey(i), { ...FREE, api });
  }
  const { operationId } = await wallet.until(wallet.api.pay(outsideInvoice(gateway)));
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "success");
  await assertMoney(test, { balanceMsat: BALANCE_MSAT - AMOUNT_MSAT - FEE_MSAT });
});

Deno.test("however many cheaper gateways a stranger registers that don't answer, one that does is found", async () => {
  const { wallet, gateway, addGateway, servers } = await lnWallets();
  for (let i = 0; i <= GATEWAYS_AT_ONCE; i++) {
    await addGateway(`away${i}`, otherKey(i), FREE);
    servers.delete(`away${i}`);
  }
  const { feeMsat } = await wallet.until(wallet.api.pay(outsideInvoice(gateway)));
  assertEquals(feeMsat, FEE_MSAT);
});

Deno.test("who registers as the node that somebody else's invoices lead to keeps nobody from paying them", async () => {
  const test = await lnWallets(), { wallet, gateway, addGateway } = test, victim = publicKeyOf(otherKey(7));
  await addGateway("evil", otherKey(8), { nodePubKey: victim, federationIndex: 99n });
  const fees = { baseMsat: 0, proportionalMillionths: 0, htlcMinimumMsat: null, htlcMaximumMsat: null };
  const hop = { srcNodeId: victim, shortChannelId: 99n, cltvExpiryDelta: 144, ...fees };
  const invoice = outsideInvoice(gateway, { routeHints: [[hop]] }), gatewayId = publicKeyOf(GATEWAY_KEY);
  const { operationId, isInternal } = await wallet.until(wallet.api.pay(invoice, { gatewayId }));
  assertEquals(isInternal, false);
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "success");
  await assertMoney(test, { balanceMsat: BALANCE_MSAT - AMOUNT_MSAT - FEE_MSAT });
});

Deno.test("guardians of the reference list any number of gateways: what is too long is read in part", async () => {
  const { wallet, world: { guardians } } = await lnWallets();
  const known = await wallet.until(wallet.run("list-gateways")) as Json[];
  const many = Array.from({ length: GATEWAYS_PER_GUARDIAN_MAX + 1 }, () => known[0]!);
  const { ask } = guardians;
  guardians.ask = (method, ...rest) =>
    method === "list_gateways" ? Promise.resolve(many) : ask.call(guardians, method, ...rest);
  assertEquals((await wallet.until(wallet.run("list-gateways")) as Json[]).length, 1);
});

Deno.test("what one guardian alone tells puts nothing aside that more of them tell", async () => {
  const config = await aConfig(), key = federationKey(config);
  const honest = announcementOf(config, KEY, { lightningAlias: "honest" });
  const own = Array.from({ length: 5 }, (_, i) => announcementOf(config, otherKey(i), { lightningAlias: "evil" }));
  const [first, ...others] = merged([own, [honest], [honest]], key);
  assertEquals([first!.info.lightningAlias, others.length], ["honest", own.length]);
});
