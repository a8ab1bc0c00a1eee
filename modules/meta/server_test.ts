import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { StoreView } from "../../actors/store/store.ts";
import { toHex, utf8 } from "../../core/bytes.ts";
import { encodeHex } from "../../core/encoding/mod.ts";
import { EndpointError } from "../contract/error.ts";
import { dump, testEnv, testStore } from "../contract/testing/mod.ts";
import type { MetaConsensusItem } from "./common.ts";
import { META_VALUE_BYTES_MAX } from "./limits.ts";
import { metaServer } from "./server.ts";

const context = { signal: new AbortController().signal };

async function startGuardian(options: { identity?: number; guardians?: number; seed?: number } = {}) {
  const store = await testStore();
  const module = await metaServer.start(testEnv({ store, config: null, privateConfig: null, ...options }));
  return {
    store,
    module,
    call: (name: string, params: null | number | { key: number; value: string }) =>
      module.apiEndpoints[name]!.handle(params, context),
    vote: (peer: number, value: string, salt = 0n, key = 0) =>
      process(store, module, { key, value: utf8(value), salt }, peer),
  };
}

async function process(
  store: StoreView,
  module: Awaited<ReturnType<typeof metaServer.start>>,
  item: MetaConsensusItem,
  peer: number,
): Promise<void> {
  const { value } = await store.transact((tx) => module.processConsensusItem(tx, item, peer, context.signal));
  assertEquals(value, { ok: true, value: null });
}

const hex = (text: string) => toHex(utf8(text));

Deno.test("meta answers at the four endpoints of the reference, two of them for the guardian alone", async () => {
  const { module } = await startGuardian();
  assertEquals(Object.keys(module.apiEndpoints), ["submit", "get_consensus", "get_consensus_rev", "get_submission"]);
  assertEquals(Object.entries(module.apiEndpoints).filter(([, e]) => e.admin).map(([name]) => name), [
    "submit",
    "get_submission",
  ]);
});

Deno.test("meta has no consensus until a threshold votes for the same value, then revision 0", async () => {
  const { vote, call } = await startGuardian();
  await vote(0, "a", 1n);
  await vote(1, "a", 2n);
  assertEquals(await call("get_consensus", 0), null);
  assertEquals(await call("get_consensus_rev", 0), null);
  assertEquals(await call("get_submission", 0), { "0": hex("a"), "1": hex("a") });
  await vote(3, "a", 3n);
  assertEquals(await call("get_consensus", 0), { revision: 0, value: hex("a") });
  assertEquals(await call("get_consensus_rev", 0), 0);
  assertEquals(await call("get_submission", 0), {});
});

Deno.test("meta counts a guardian once however often it votes", async () => {
  const { vote, call } = await startGuardian();
  for (const salt of [1n, 2n, 3n, 3n]) await vote(2, "a", salt);
  assertEquals(await call("get_consensus", 0), null);
  assertEquals(await call("get_submission", 0), { "2": hex("a") });
});

Deno.test("meta raises the revision by one with each new consensus and leaves votes for other values", async () => {
  const { vote, call } = await startGuardian();
  for (const peer of [0, 1, 2]) await vote(peer, "a");
  await vote(3, "z");
  for (const peer of [0, 1, 2]) await vote(peer, "b");
  assertEquals(await call("get_consensus", 0), { revision: 1, value: hex("b") });
  assertEquals(await call("get_submission", 0), { "3": hex("z") });
});

Deno.test("meta keeps keys apart", async () => {
  const { vote, call } = await startGuardian();
  for (const peer of [0, 1, 2]) await vote(peer, "a", 0n, 255);
  await vote(0, "a", 0n, 0);
  assertEquals(await call("get_consensus", 255), { revision: 0, value: hex("a") });
  assertEquals(await call("get_consensus", 0), null);
  assertEquals(await call("get_submission", 0), { "0": hex("a") });
});

Deno.test("a vote for the consensus value withdraws the guardian's vote and stores nothing", async () => {
  const { vote, call, store } = await startGuardian();
  for (const peer of [0, 1, 2]) await vote(peer, "a");
  const before = await dump(store);
  await vote(3, "z", 7n);
  await vote(3, "a", 8n);
  assertEquals(await call("get_submission", 0), {});
  assertEquals(await dump(store), before);
});

Deno.test("a revision beyond 2^64 − 1 starts at 0 again, as the reference's wrapping addition", async () => {
  const { vote, call, store } = await startGuardian();
  await store.transact((tx) => tx.set(Uint8Array.of(1, 0), Uint8Array.of(...new Array(9).fill(0xff), 1, 0x61)));
  assertEquals(await call("get_consensus_rev", 0), 0xffff_ffff_ffff_ffffn);
  for (const peer of [0, 1, 2]) await vote(peer, "b");
  assertEquals(await call("get_consensus", 0), { revision: 0, value: hex("b") });
});

Deno.test("a single guardian's vote is the consensus at once", async () => {
  const { vote, call } = await startGuardian({ guardians: 1 });
  await vote(0, "a");
  assertEquals(await call("get_consensus", 0), { revision: 0, value: hex("a") });
});

Deno.test("meta proposes what was submitted until it is counted, with a salt that differs each time", async () => {
  const { call, store, module } = await startGuardian({ identity: 1 });
  const proposals = () => store.read((tx) => module.consensusProposal(tx));
  assertEquals(await proposals(), []);
  assertEquals(await call("submit", { key: 0, value: hex("a") }), null);
  const [first] = await proposals();
  assertEquals({ key: first!.key, value: toHex(first!.value) }, { key: 0, value: hex("a") });

  await process(store, module, first!, 1);
  assertEquals(await proposals(), []);

  await call("submit", { key: 0, value: hex("a") });
  const [again] = await proposals();
  assertEquals(again!.value, first!.value);
  assertEquals(again!.salt === first!.salt, false);
});

Deno.test("meta proposes nothing for a value that is consensus, unless an older vote of its own must go", async () => {
  const { call, vote, store, module } = await startGuardian({ identity: 3 });
  const proposals = () => store.read((tx) => module.consensusProposal(tx));
  for (const peer of [0, 1, 2]) await vote(peer, "a");
  await call("submit", { key: 0, value: hex("a") });
  assertEquals(await proposals(), []);

  await vote(3, "z", 5n);
  const [withdrawal] = await proposals();
  assertEquals(toHex(withdrawal!.value), hex("a"));
  await process(store, module, withdrawal!, 3);
  assertEquals(await proposals(), []);
  assertEquals(await call("get_submission", 0), {});
});

Deno.test("meta refuses a value that fits into no unit, and parameters of another form", async () => {
  const { call, store } = await startGuardian();
  await call("submit", { key: 0, value: "00".repeat(META_VALUE_BYTES_MAX) });
  const before = await dump(store);
  for (
    const params of [
      { key: 0, value: "00".repeat(META_VALUE_BYTES_MAX + 1) },
      { key: 256, value: "00" },
      { key: 0, value: "0" },
      7,
    ]
  ) {
    const error = await assertRejects(() => call("submit", params), EndpointError);
    assertEquals(error.facts, { code: "bad_request", rpcCode: 400 });
  }
  await assertRejects(() => call("get_consensus", null), EndpointError);
  assertEquals(await dump(store), before);
});

Deno.test("meta refuses inputs and outputs with the official error", async () => {
  const { store, module } = await startGuardian();
  const { codecs } = metaServer;
  const txid = "00".repeat(32);
  const input = await store.transact((tx) => module.processInput(tx, null, { txid, inIdx: 0 }));
  const output = await store.transact((tx) => module.processOutput(tx, null, { txid, outIdx: 0 }));
  assertEquals(!input.value.ok && encodeHex(codecs.inputError, input.value.error), "0000");
  assertEquals(!output.value.ok && encodeHex(codecs.outputError, output.value.error), "0000");
  assertEquals(await store.read((tx) => module.audit(tx)), 0n);
  assertEquals(await store.read((tx) => module.outputStatus(tx, { txid, outIdx: 0 })), null);
});

Deno.test("the same votes leave the same store on every guardian", async () => {
  const vote = fc.record({
    peer: fc.nat(6),
    item: fc.record({
      key: fc.nat(1),
      salt: fc.bigInt(0n, 3n),
      value: fc.constantFrom(utf8("a"), utf8("b"), utf8("")),
    }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(vote, { maxLength: 60 }), async (votes) => {
      const guardians = [
        await startGuardian({ guardians: 7, identity: 0 }),
        await startGuardian({ guardians: 7, identity: 6, seed: 9 }),
      ];
      for (const { store, module } of guardians) {
        for (const { peer, item } of votes) await process(store, module, item, peer);
      }
      assertEquals(await dump(guardians[0]!.store), await dump(guardians[1]!.store));
    }),
    { numRuns: 50 },
  );
});

Deno.test("a copy of a vote that was accepted just before changes nothing, whatever votes came before", async () => {
  const vote = fc.record({ peer: fc.nat(3), value: fc.constantFrom("a", "b"), salt: fc.bigInt(0n, 1n) });
  await fc.assert(
    fc.asyncProperty(fc.array(vote, { minLength: 1, maxLength: 20 }), async (votes) => {
      const guardian = await startGuardian();
      for (const { peer, value, salt } of votes) {
        await guardian.vote(peer, value, salt);
        const before = await dump(guardian.store);
        await guardian.vote(peer, value, salt);
        assertEquals(await dump(guardian.store), before);
      }
    }),
    { numRuns: 50 },
  );
});
