import { assertEquals } from "@std/assert";
import { fromHex, toHex } from "../../bytes.ts";
import { assertCode, seededBytes } from "../testing/mod.ts";
import {
  addScalars,
  decodeScalar,
  fromLittleEndian,
  invertScalar,
  lagrangeFactors,
  ORDER,
  scalarFromBigInt,
  scalarFromWide,
} from "./scalar.ts";

const ORDER_BYTES = fromHex("01000000fffffffffe5bfeff02a4bd5305d8a10908d83933487d9d2953a7ed73");

Deno.test("scalars are little-endian and below the order", () => {
  assertEquals(fromLittleEndian(ORDER_BYTES), ORDER);
  assertEquals(toHex(scalarFromBigInt(-1n)), `00${toHex(ORDER_BYTES).slice(2)}`);
  assertEquals(decodeScalar(scalarFromBigInt(-1n)), scalarFromBigInt(-1n));
  assertCode("bad_scalar", () => decodeScalar(ORDER_BYTES));
  assertCode("bad_scalar", () => decodeScalar(new Uint8Array(32).fill(255)));
  assertCode("bad_length", () => decodeScalar(new Uint8Array(31)));
  assertCode("bad_length", () => scalarFromWide(new Uint8Array(32)));
});

Deno.test("a scalar times its inverse is one; zero has none", () => {
  const random = seededBytes(1);
  for (let i = 0; i < 20; i++) {
    const scalar = scalarFromWide(random(64));
    assertEquals((fromLittleEndian(scalar) * fromLittleEndian(invertScalar(scalar))) % ORDER, 1n);
  }
  assertEquals(scalarFromBigInt(ORDER), scalarFromBigInt(0n));
  assertCode("bad_scalar", () => invertScalar(scalarFromBigInt(0n)));
});

Deno.test("sums wrap at the order", () => {
  assertEquals(addScalars(), scalarFromBigInt(0n));
  assertEquals(addScalars(scalarFromBigInt(-1n), scalarFromBigInt(3n), scalarFromBigInt(-1n)), scalarFromBigInt(1n));
});

Deno.test("Lagrange factors interpolate any polynomial of lower degree at zero", () => {
  const random = seededBytes(2);
  for (const peers of [[0], [3], [0, 1, 2], [6, 1, 4], [0, 2, 3, 9, 17]]) {
    const coefficients = peers.map(() => fromLittleEndian(random(32)));
    const values = peers.map((peer) => coefficients.reduceRight((sum, a) => (sum * BigInt(peer + 1) + a) % ORDER, 0n));
    const factors = lagrangeFactors(peers).map(fromLittleEndian);
    assertEquals(values.reduce((sum, value, i) => (sum + value * factors[i]!) % ORDER, 0n), coefficients[0]! % ORDER);
  }
  assertCode("bad_scalar", () => lagrangeFactors([1, 2, 1]));
});
