import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError, decodeHex, encodeHex } from "../../core/encoding/mod.ts";
import { dump, testEnv, testStore } from "../contract/testing/mod.ts";
import { unknownServer } from "./server.ts";

const txid = "00".repeat(32);

Deno.test("the unknown module refuses inputs, outputs and items by value and stores nothing, so a copy too", async () => {
  const store = await testStore();
  const module = await unknownServer.start(testEnv({ store, config: null, privateConfig: null }));
  const { codecs } = unknownServer;
  const { value: input } = await store.transact((tx) => module.processInput(tx, null, { txid, inIdx: 0 }));
  const { value: output } = await store.transact((tx) => module.processOutput(tx, null, { txid, outIdx: 0 }));
  const { value: item } = await store.transact((tx) =>
    module.processConsensusItem(tx, null, 0, new AbortController().signal)
  );
  assertEquals(!input.ok && encodeHex(codecs.inputError, input.error), "0000");
  assertEquals(!output.ok && encodeHex(codecs.outputError, output.error), "0000");
  assertEquals(item.ok, false);
  assertEquals(await dump(store), []);
});

Deno.test("the unknown module has no outcome, proposal, liability or endpoint", async () => {
  const store = await testStore();
  const module = await unknownServer.start(testEnv({ store, config: null, privateConfig: null }));
  assertEquals(await store.read((tx) => module.outputStatus(tx, { txid, outIdx: 0 })), null);
  assertEquals(await store.read((tx) => module.consensusProposal(tx)), []);
  assertEquals(await store.read((tx) => module.audit(tx)), 0n);
  assertEquals(module.apiEndpoints, {});
});

Deno.test("nothing decodes as an outcome of the unknown module, and its items have no bytes", () => {
  const { codecs } = unknownServer;
  for (const hex of ["", "0000", "0100"]) assertThrows(() => decodeHex(codecs.outputOutcome, hex), DecodeError);
  assertThrows(() => decodeHex(codecs.input, "00"), DecodeError);
  assertEquals(encodeHex(codecs.config, codecs.config.fromJson(null)), "");
  assertEquals(unknownServer.getClientConfig(null), { bytes: new Uint8Array(), json: null });
  assertThrows(() => codecs.config.fromJson({ other: 1 }), DecodeError);
});
