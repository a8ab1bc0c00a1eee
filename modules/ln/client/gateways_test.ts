/** Which of the gateways that guardians tell are known. */
import { assertEquals } from "@std/assert";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import type { LnConfig } from "../config.ts";
import { federationKey } from "../config.ts";
import { announcementOf, testLn } from "../testing/guardians.ts";
import { lnWallets } from "../testing/wallet.ts";
import { merged } from "./gateways.ts";

const KEY = new Uint8Array(32).fill(31);

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
