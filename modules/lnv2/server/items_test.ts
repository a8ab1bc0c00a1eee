import { assertEquals } from "@std/assert";
import { err, ok } from "../../../core/result.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import { BLOCK_COUNT, mineTo, NOW_SECS, passSecs, testLightning } from "../testing/guardians.ts";
import type { TestLightning } from "../testing/guardians.ts";
import { consensusBlockCount, consensusUnixTime } from "./db.ts";

const blocks = (value: bigint) => ({ tag: "BlockCountVote", value }) as const;
const time = (value: bigint) => ({ tag: "UnixTimeVote", value }) as const;

function agreed({ guardians }: TestLightning): Promise<readonly [bigint, bigint]> {
  const peers = numPeers(guardians.guardians.length);
  return guardians.guardians[0]!.store.read(async (tx) => [
    await consensusBlockCount(tx, peers),
    await consensusUnixTime(tx, peers),
  ]);
}

async function proposals({ guardians }: TestLightning, peer = 0) {
  const { store, module } = guardians.guardians[peer]!;
  return await store.read((tx) => module.consensusProposal(tx));
}

Deno.test("only a vote above that guardian's last is accepted, whatever the step", async () => {
  const { guardians } = await testLightning();
  const redundant = err("block count vote is redundant");
  assertEquals(await guardians.item(blocks(BigInt(BLOCK_COUNT)), 0), redundant);
  assertEquals(await guardians.item(blocks(0n), 0), redundant);
  assertEquals(await guardians.item(blocks(BigInt(BLOCK_COUNT) + 1n), 0), ok(null));
  assertEquals(await guardians.item(blocks(U64_MAX), 0), ok(null));
  assertEquals(await guardians.item(blocks(U64_MAX), 0), redundant);
  assertEquals(await guardians.item(time(NOW_SECS), 1), err("Unix time vote is redundant"));
  assertEquals(await guardians.item(time(NOW_SECS + 1n), 1), ok(null));
});

Deno.test("a kind of item that nobody knows is refused", async () => {
  const { guardians } = await testLightning();
  const unknown = { tag: "Default", value: { variant: 9n, bytes: new Uint8Array() } } as const;
  assertEquals(await guardians.item(unknown as never, 0), err("unknown kind of item 9"));
});

Deno.test("what counts is what a threshold has seen: f guardians move it neither ahead nor back", async () => {
  const federation = await testLightning({ total: 4 }), { guardians } = federation;
  assertEquals(await agreed(federation), [BigInt(BLOCK_COUNT), NOW_SECS]);
  await guardians.item(blocks(U64_MAX), 3);
  await guardians.item(time(U64_MAX), 3);
  assertEquals(await agreed(federation), [BigInt(BLOCK_COUNT), NOW_SECS]);
  for (const [peer, count] of [[0, 510n], [1, 520n]] as const) await guardians.item(blocks(count), peer);
  assertEquals((await agreed(federation))[0], 510n, "the third highest of 510, 520, 500 and a lie");
});

Deno.test("before a threshold has voted there is no block and no time", async () => {
  for (const [total, threshold] of [[1, 1], [4, 3], [7, 5]] as const) {
    const federation = await testLightning({ total });
    const { store } = federation.guardians.guardians[0]!;
    await store.transact((tx) => tx.deleteAll(new Uint8Array()));
    const { module } = federation.guardians.guardians[0]!, signal = new AbortController().signal;
    for (let peer = 0; peer < total; peer++) {
      const expected = peer < threshold ? 0n : 100n;
      assertEquals(await store.read((tx) => consensusBlockCount(tx, numPeers(total))), expected);
      await store.transact((tx) => module.processConsensusItem(tx, blocks(100n), peer, signal));
    }
  }
});

Deno.test("guardians say the minute and their chain's length, each once", async () => {
  const federation = await testLightning({ total: 1 });
  assertEquals(await proposals(federation), []);
  await federation.clock.advance(59_999);
  assertEquals(await proposals(federation), []);
  await federation.clock.advance(1);
  federation.chain.blockCount += 40;
  assertEquals(await proposals(federation), [time(NOW_SECS + 60n), blocks(BigInt(BLOCK_COUNT) + 40n)]);
  await passSecs(federation, 0);
  assertEquals(await proposals(federation), []);
  assertEquals(await agreed(federation), [BigInt(BLOCK_COUNT) + 40n, NOW_SECS + 60n]);
});

Deno.test("without a node, or with one of another network, a guardian says the time alone", async () => {
  const federation = await testLightning({ total: 1 });
  federation.chain.blockCount++;
  federation.chain.reachable = false;
  assertEquals(await proposals(federation), []);
  federation.chain.reachable = true;
  federation.chain.network = "signet";
  assertEquals(await proposals(federation), []);
  federation.chain.network = "regtest";
  assertEquals(await proposals(federation), [blocks(BigInt(BLOCK_COUNT) + 1n)]);
});

Deno.test("a chain that was reorganised, or a clock that was set back, says nothing until it is ahead again", async () => {
  const federation = await testLightning({ total: 1 });
  await mineTo(federation, BLOCK_COUNT - 3);
  assertEquals([await proposals(federation), await agreed(federation)], [[], [BigInt(BLOCK_COUNT), NOW_SECS]]);
  await mineTo(federation, BLOCK_COUNT + 1);
  assertEquals((await agreed(federation))[0], BigInt(BLOCK_COUNT) + 1n);
});
