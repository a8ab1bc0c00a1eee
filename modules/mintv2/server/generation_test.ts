import { assertEquals, assertNotEquals } from "@std/assert";
import { decodeScalar } from "../../../core/crypto/bls/mod.ts";
import { Secret } from "../../../core/crypto/secret.ts";
import { aggregatePublicKeys, publicKeyShareOf } from "../../../core/crypto/tbs.ts";
import { decode, encode, parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import { dealtRounds, dicePlatform, seededDice } from "../../contract/testing/mod.ts";
import { mintConfig, mintPrivateConfig } from "../config.ts";
import { CONSENSUS_DENOMINATIONS } from "../denomination.ts";
import { mintv2Server } from "../server.ts";

const params = { network: "regtest", disableBaseFees: false } as const;
const generated = await Promise.all(
  dealtRounds(4, seededDice(1)).map((rounds) => mintv2Server.distributedGen(rounds, params, dicePlatform(1))),
);
const [first] = generated as [typeof generated[0]];

Deno.test("all guardians come out of the ceremony with one config, 42 keys and base fees", () => {
  for (const { config } of generated) assertEquals(encode(mintConfig, config), encode(mintConfig, first.config));
  assertEquals([...first.config.tbsAggPks.keys()], [...CONSENSUS_DENOMINATIONS]);
  assertEquals(first.config.feeConsensus, { base: 100n, partsPerMillion: 0n });
  assertEquals(first.config.amountUnit, 0n);
});

Deno.test("each denomination has a key of its own, of which any three guardians hold the whole", () => {
  for (const exponent of [0, 41]) {
    const shares = first.config.tbsPks.get(exponent)!;
    const some = new Map([...shares].filter(([peer]) => peer !== 2));
    assertEquals(aggregatePublicKeys(some, 3), first.config.tbsAggPks.get(exponent));
    generated.forEach(({ privateConfig }, peer) =>
      assertEquals(publicKeyShareOf(decodeScalar(privateConfig.tbsSks.get(exponent)!.reveal())), shares.get(peer))
    );
  }
  assertNotEquals(first.config.tbsAggPks.get(0), first.config.tbsAggPks.get(1));
});

Deno.test("a federation of one generates its keys alone", async () => {
  const [alone] = dealtRounds(1, seededDice(2));
  const { config, privateConfig } = await mintv2Server.distributedGen(
    alone!,
    { ...params, disableBaseFees: true },
    dicePlatform(1),
  );
  assertEquals(config.tbsAggPks.get(5), config.tbsPks.get(5)!.get(0));
  assertEquals(config.feeConsensus, { base: 0n, partsPerMillion: 0n });
  assertEquals(mintv2Server.validateConfig(config, privateConfig, 0), { ok: true, value: null });
});

Deno.test("configs survive their encoding and JSON text; the client's is the guardians'", () => {
  const { bytes, json } = mintv2Server.getClientConfig(first.config);
  assertEquals(bytes, encode(mintConfig, first.config));
  assertEquals(encode(mintConfig, decode(mintConfig, bytes)), bytes);
  assertEquals(encode(mintConfig, mintConfig.fromJson(parseJson(stringifyJson(json)))), bytes);
  const secret = stringifyJson(mintPrivateConfig.toJson(first.privateConfig));
  const read = mintPrivateConfig.fromJson(parseJson(secret));
  assertEquals(read.tbsSks.get(7)!.equals(first.privateConfig.tbsSks.get(7)!), true);
});

Deno.test("a private config does not print its keys", () => {
  const { tbsSks } = first.privateConfig;
  assertEquals(Deno.inspect(tbsSks.get(0)), "[secret]");
  assertEquals(JSON.stringify([...tbsSks.values()][0]), '"[secret]"');
});

Deno.test("a guardian starts only with the shares that the config names for it", () => {
  const { config, privateConfig } = first;
  assertEquals(mintv2Server.validateConfig(config, privateConfig, 0), { ok: true, value: null });
  const changed = [
    [config, privateConfig, 1],
    [config, privateConfig, 4],
    [config, { tbsSks: new Map(privateConfig.tbsSks).set(41, privateConfig.tbsSks.get(40)!) }, 0],
    [config, { tbsSks: new Map([...privateConfig.tbsSks].slice(1)) }, 0],
    [config, { tbsSks: new Map(privateConfig.tbsSks).set(42, privateConfig.tbsSks.get(0)!) }, 0],
    [{ ...config, tbsAggPks: new Map([...config.tbsAggPks].slice(1)) }, privateConfig, 0],
    [{ ...config, tbsPks: new Map([...config.tbsPks].map(([d, keys]) => [d + 1, keys])) }, privateConfig, 0],
    [config, { tbsSks: new Map(privateConfig.tbsSks).set(3, Secret.of(new Uint8Array(32))) }, 0],
  ] as const;
  for (const [c, p, identity] of changed) assertEquals(mintv2Server.validateConfig(c, p, identity).ok, false);
});
