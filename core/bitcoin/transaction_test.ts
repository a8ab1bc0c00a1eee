import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fromHex } from "../bytes.ts";
import { decode, DecodeError, decodeHex, encode, encodeHex } from "../encoding/mod.ts";
import {
  bitcoinOutPoint,
  bitcoinScript,
  type BitcoinTransaction,
  bitcoinTransaction,
  bitcoinTxidOf,
  bitcoinWtxidOf,
  compactSize,
  dustLimitSat,
  encodeStripped,
  isCoinbase,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wshScript,
  parseBitcoinOutPoint,
  scriptKind,
  vbytesOf,
  weightOf,
} from "./mod.ts";

const plain = { noNullPrototype: true } as const;
const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Uint8Array.from(bytes));
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const txid = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());
const anyTransaction: fc.Arbitrary<BitcoinTransaction> = fc.record({
  version: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  inputs: fc.array(
    fc.record({
      outPoint: fc.record({ txid, vout: u32 }, plain),
      scriptSig: bytesOf(300),
      sequence: u32,
      witness: fc.array(bytesOf(300), { maxLength: 3 }),
    }, plain),
    { maxLength: 4 },
  ),
  outputs: fc.array(fc.record({ valueSat: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), script: bytesOf(300) }, plain), {
    maxLength: 4,
  }),
  lockTime: u32,
}, plain);

Deno.test("any transaction decodes to itself, and its weight is what its bytes weigh", () => {
  fc.assert(fc.property(anyTransaction, (tx) => {
    const bytes = encode(bitcoinTransaction, tx);
    assertEquals(decode(bitcoinTransaction, bytes), tx);
    assertEquals(bitcoinTransaction.fromJson(bitcoinTransaction.toJson(tx)), tx);
    const expected = tx.inputs.length === 0
      ? bytes.length + 3 * (bytes.length - 2)
      : bytes.length + 3 * encodeStripped(tx).length;
    assertEquals(weightOf(tx), expected);
    assertEquals(vbytesOf(tx), Math.ceil(expected / 4));
  }));
});

Deno.test("every cut of a transaction is refused", () => {
  fc.assert(fc.property(anyTransaction, fc.nat(), (tx, at) => {
    const bytes = encode(bitcoinTransaction, tx);
    assertThrows(() => decode(bitcoinTransaction, bytes.subarray(0, at % bytes.length)), DecodeError);
  }));
});

/** The first coinbase of Bitcoin. */
const GENESIS_COINBASE =
  "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d01044" +
  "55468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f" +
  "722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c" +
  "4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";
const GENESIS_TXID = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

Deno.test("the genesis coinbase has its known id", () => {
  const tx = decodeHex(bitcoinTransaction, GENESIS_COINBASE);
  assertEquals(bitcoinTxidOf(tx), GENESIS_TXID);
  assertEquals(bitcoinWtxidOf(tx), GENESIS_TXID);
  assertEquals(isCoinbase(tx), true);
  assertEquals(isCoinbase({ ...tx, inputs: [...tx.inputs, ...tx.inputs] }), false);
  assertEquals(encodeHex(bitcoinTransaction, tx), GENESIS_COINBASE);
});

const input = "11".repeat(32) + "00000000" + "00" + "ffffffff";
const output = "0100000000000000" + "00";
const REFUSED: readonly (readonly [string, string, DecodeError["facts"]["code"]])[] = [
  ["a witness flag without any witness", `0200000000 01 01${input} 01${output} 00 00000000`, "invalid"],
  ["a witness flag of 2", `0200000000 02 01${input} 01${output} 0100 00000000`, "bad_flag"],
  ["a flag of 0: no inputs in the form without witnesses", `0200000000 00 00000000`, "bad_flag"],
  ["a count in three bytes that fits one", `02000000 fd0100${input} 01${output} 00000000`, "not_minimal"],
  ["more inputs than bytes", `02000000 ff0000000001000000${input} 01${output} 00000000`, "end_of_input"],
  ["more outputs than bytes", `02000000 01${input} fe00000001${output} 00000000`, "end_of_input"],
  ["a script longer than the input", `02000000 01${"11".repeat(32)}00000000 feffffffff`, "end_of_input"],
  ["bytes after the end", `02000000 01${input} 01${output} 00000000 00`, "trailing_bytes"],
];
for (const [name, hex, code] of REFUSED) {
  Deno.test(`a transaction with ${name} is refused`, () => {
    const thrown = assertThrows(() => decodeHex(bitcoinTransaction, hex.replaceAll(" ", "")), DecodeError);
    assertEquals(thrown.code, code);
  });
}

Deno.test("a witness above 4 MB is refused", () => {
  const tx = decodeHex(bitcoinTransaction, `0200000001${input}01${output}00000000`);
  const withWitness = (bytes: number): Uint8Array =>
    encode(bitcoinTransaction, { ...tx, inputs: [{ ...tx.inputs[0]!, witness: [new Uint8Array(bytes)] }] });
  const largest = 4_000_000 - 5; // five bytes announce its length
  assertEquals(decode(bitcoinTransaction, withWitness(largest)).inputs[0]!.witness[0]!.length, largest);
  assertEquals(assertThrows(() => decode(bitcoinTransaction, withWitness(largest + 1)), DecodeError).code, "too_large");
});

Deno.test("CompactSize takes its shortest form only", () => {
  for (
    const [value, hex] of [[0xfcn, "fc"], [0xfdn, "fdfd00"], [0x10000n, "fe00000100"], [
      2n ** 32n,
      "ff0000000001000000",
    ]] as const
  ) {
    assertEquals(encodeHex(compactSize, value), hex);
    assertEquals(decodeHex(compactSize, hex), value);
  }
  for (const hex of ["fdfc00", "feffff0000", "ffffffffff00000000"]) {
    assertEquals(assertThrows(() => decodeHex(compactSize, hex), DecodeError).code, "not_minimal");
  }
});

Deno.test("outpoint texts are canonical", () => {
  const good = `${"ab".repeat(32)}:4294967295`;
  assertEquals(bitcoinOutPoint.toJson(parseBitcoinOutPoint(good)), good);
  for (const vout of ["01", "+1", "4294967296", "", "-1", "1 ", "1:1"]) {
    assertThrows(() => parseBitcoinOutPoint(`${"ab".repeat(32)}:${vout}`), DecodeError);
  }
  assertThrows(() => bitcoinOutPoint.fromJson({ txid: "ab".repeat(32), vout: 0 }), DecodeError);
});

Deno.test("dust limits and kinds of the standard scripts", () => {
  const short = new Uint8Array(20), long = new Uint8Array(32);
  const table = [
    [p2wpkhScript(short), "p2wpkh", 294n],
    [p2wshScript(long), "p2wsh", 330n],
    [p2trScript(long), "p2tr", 330n],
    [p2shScript(short), "p2sh", 540n],
    [p2pkhScript(short), "p2pkh", 546n],
    [fromHex("6a04deadbeef"), "op_return", 0n],
    [fromHex("51024e73"), "witness", 240n],
    [fromHex("51"), "other", 474n],
  ] as const;
  for (const [script, kind, dust] of table) {
    assertEquals(scriptKind(script).kind, kind);
    assertEquals(dustLimitSat(script), dust);
    assertEquals(decode(bitcoinScript, encode(bitcoinScript, script)), script);
  }
});
