import { assert, assertEquals } from "@std/assert";
import { qrText } from "./qr.ts";

const ADDRESS = "bitcoin:bcrt1qe9krywawwwlsm6cwyfxgkt98p82n32mpnv07fh3000atmagg07us50phmn";

Deno.test("a QR code fits the terminal it is printed on", () => {
  const text = qrText(ADDRESS, { columns: 80, rows: 40 });
  assert(text !== null);
  const lines = text.split("\n");
  assert(lines.length < 40 && lines.every((line) => line.length <= 80));
});

Deno.test("there is no QR code where it doesn't fit: a line too few, a column too few, a text too long", () => {
  const lines = qrText(ADDRESS, { columns: 80, rows: 40 })!.split("\n");
  const columns = Math.max(...lines.map((line) => line.length));
  assert(qrText(ADDRESS, { columns, rows: lines.length + 1 }) !== null);
  assertEquals(qrText(ADDRESS, { columns, rows: lines.length }), null);
  assertEquals(qrText(ADDRESS, { columns: columns - 1, rows: 40 }), null);
  assertEquals(qrText("x".repeat(2_954), { columns: 1_000, rows: 1_000 }), null);
  assert(qrText("x".repeat(2_953), { columns: 1_000, rows: 1_000 }) !== null);
});
