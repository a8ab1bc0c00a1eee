import { assertEquals } from "@std/assert";
import { numberKey } from "../../../actors/store/number_key.ts";
import { bitcoinOutPoint } from "../../../core/bitcoin/mod.ts";
import { encode, option, struct, text, u64Number } from "../../../core/encoding/mod.ts";
import { testStore } from "../../contract/testing/mod.ts";
import { depositsIn, walletSchema } from "./db.ts";

/** As version 1 wrote it. */
const before = struct("Deposit", {
  addressIndex: u64Number,
  outpoint: option(bitcoinOutPoint),
  tries: u64Number,
  reason: text,
});

Deno.test("deposits of version 1 are the wallet's own, in their lists and in order", async () => {
  const store = await testStore(), outpoint = { txid: "11".repeat(32), vout: 3 };
  const facts = { addressIndex: 70_000, outpoint, tries: 2, reason: "refused" };
  await store.transact((tx) => {
    for (const [prefix, valueSat, index] of [[0x37, 5n, 1], [0x37, 300n, 2], [0x38, 4n, 3]] as const) {
      tx.set(numberKey(numberKey(Uint8Array.of(prefix), valueSat), index), encode(before, facts));
    }
  });
  await store.transact((tx) => walletSchema.migrations[1]!(tx));
  const deposit = { ...facts, derivation: "standard" as const };
  assertEquals(await store.read((tx) => depositsIn(tx, "to_claim")), [
    { ...deposit, outputIndex: 2, valueSat: 300n },
    { ...deposit, outputIndex: 1, valueSat: 5n },
  ]);
  assertEquals(await store.read((tx) => depositsIn(tx, "put_off")), [{ ...deposit, outputIndex: 3, valueSat: 4n }]);
});
