import { assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, toHex } from "../bytes.ts";
import { decode, DecodeError, encode, Reader } from "../encoding/mod.ts";
import type { Psbt } from "./psbt.ts";
import { psbt } from "./psbt.ts";
import type { BitcoinTransaction } from "./transaction.ts";
import { encodeStripped } from "./transaction.ts";

const TX: BitcoinTransaction = {
  version: 2,
  inputs: [{ outPoint: { txid: "ab".repeat(32), vout: 1 }, scriptSig: new Uint8Array(), sequence: 5, witness: [] }],
  outputs: [{ valueSat: 7n, script: fromHex("51") }, { valueSat: 8n, script: fromHex("52") }],
  lockTime: 0,
};
/** A PSBT that knows nothing but its transaction. */
function psbtOf(unsignedTx: BitcoinTransaction): Psbt {
  return {
    unsignedTx,
    global: [{ key: Uint8Array.of(0), value: encodeStripped(unsignedTx) }],
    inputs: unsignedTx.inputs.map(() => []),
    outputs: unsignedTx.outputs.map(() => []),
  };
}

const BARE = psbtOf(TX);

Deno.test("a PSBT keeps its pairs in their order", () => {
  const pair = (key: string, value: string) => ({ key: fromHex(key), value: fromHex(value) });
  const full = { ...BARE, inputs: [[pair("0201", "aa"), pair("01", "")]], outputs: [[], [pair("ff", "00")]] };
  assertEquals(decode(psbt, encode(psbt, full)), full);
  assertEquals(psbt.fromJson(psbt.toJson(full)), full);
});

Deno.test("a PSBT tells where it ends", () => {
  const reader = new Reader(concat(encode(psbt, BARE), fromHex("beef")));
  assertEquals(psbt.read(reader), BARE);
  assertEquals(toHex(reader.rest()), "beef");
});

Deno.test("a PSBT that is cut anywhere is refused", () => {
  const bytes = encode(psbt, BARE);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decode(psbt, bytes.slice(0, length)), DecodeError);
  }
});

Deno.test("a PSBT with other magic, a key twice, another version or a signed transaction is refused", () => {
  const bytes = encode(psbt, BARE);
  assertThrows(() => decode(psbt, bytes.with(4, 0xfe)), DecodeError, "magic");
  const twice = { ...BARE, global: [...BARE.global, ...BARE.global] };
  assertThrows(() => decode(psbt, encode(psbt, twice)), DecodeError, "twice");
  const version = (value: string) =>
    encode(psbt, {
      ...BARE,
      global: [...BARE.global, { key: fromHex("fb"), value: fromHex(value) }],
    });
  assertEquals(decode(psbt, version("00000000")).unsignedTx, TX);
  assertThrows(() => decode(psbt, version("02000000")), DecodeError, "version");
  const signed = psbtOf({ ...TX, inputs: [{ ...TX.inputs[0]!, scriptSig: fromHex("51") }] });
  assertThrows(() => decode(psbt, encode(psbt, signed)), DecodeError, "holds signatures");
  assertThrows(() => decode(psbt, encode(psbt, { ...BARE, global: [] })), DecodeError, "no unsigned transaction");
});

Deno.test("a PSBT whose maps don't fit its transaction is not written", () => {
  assertThrows(() => encode(psbt, { ...BARE, inputs: [] }), RangeError);
  const empty = { key: new Uint8Array(), value: new Uint8Array() };
  assertThrows(() => encode(psbt, { ...BARE, inputs: [[empty]] }), RangeError);
});
