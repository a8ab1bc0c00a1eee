/** What keeps decoding cheap whatever arrives: announced lengths, nesting, size, and the forms that are refused. */
import { assertEquals, assertThrows } from "@std/assert";
import { fromHex } from "../bytes.ts";
import {
  bool,
  boundedList,
  bytes,
  closedEnum,
  type Codec,
  decode,
  DECODE_BYTES_MAX,
  DecodeError,
  decodeHex,
  DEPTH_MAX,
  encode,
  encodeHex,
  fixedList,
  JSON_DEPTH_MAX,
  JsonFloat,
  list,
  map,
  mapCodec,
  nestedOption,
  openEnum,
  option,
  parseJson,
  printLayout,
  refine,
  sized,
  sortedSet,
  stringifyJson,
  struct,
  text,
  u16,
  u64,
  u64Exact,
  u64Number,
  u8,
  unit,
} from "./mod.ts";

function codeOf(attempt: () => unknown): string {
  return assertThrows(attempt, DecodeError).code;
}

Deno.test("a length beyond the input is refused before anything is allocated or read", () => {
  const announcers: Codec<never>[] = [
    bytes,
    text,
    list(u8),
    list(list(u64)),
    map(u64, u64),
    sortedSet(u64),
    sized(u64),
  ] as unknown as Codec<never>[];
  for (const announced of ["fe00ffffff", "feffffffff", "ff001fffffffffffff", "ffffffffffffffffff"]) {
    for (const codec of announcers) assertEquals(codeOf(() => decodeHex(codec, `${announced}00`)), "end_of_input");
    const tagged = closedEnum("E", { A: bytes }), open = openEnum("O", { A: bytes });
    assertEquals(codeOf(() => decodeHex(tagged, `00${announced}00`)), "end_of_input");
    assertEquals(codeOf(() => decodeHex(open, `07${announced}00`)), "end_of_input");
  }
});

Deno.test("a list whose elements take no bytes is refused unless it is empty", () => {
  assertEquals(decodeHex(list(unit), "00"), []);
  assertEquals(codeOf(() => decode(list(unit), fromHex("01"))), "end_of_input");
  assertEquals(codeOf(() => decode(struct("S", { units: list(unit), more: u8 }), fromHex("0107"))), "zero_sized");
  assertEquals(
    codeOf(() => decode(struct("S", { units: map(unit as never, unit), more: u8 }), fromHex("0107"))),
    "zero_sized",
  );
});

Deno.test("a list of another size than the fixed one is refused before any element is read", () => {
  let reads = 0;
  const counted: Codec<number> = {
    ...u8,
    fromJson: (json) => {
      reads++;
      return u8.fromJson(json);
    },
  };
  for (const size of [0, 1, 2, 4, 100_000]) {
    assertEquals(codeOf(() => fixedList(counted, 3).fromJson(new Array(size).fill(7))), "bad_json");
  }
  assertEquals(codeOf(() => fixedList(counted, 0).fromJson({ length: 0 })), "bad_json");
  assertEquals(reads, 0);
  assertEquals(fixedList(counted, 3).fromJson([7, 8, 9]), [7, 8, 9]);
});

Deno.test("of a list that is longer than its bound no element is read; one of the bound's length is a list as any", () => {
  let reads = 0;
  const counted: Codec<number> = {
    ...u8,
    read: (reader) => {
      reads++;
      return u8.read(reader);
    },
    fromJson: (json) => {
      reads++;
      return u8.fromJson(json);
    },
  };
  const bounded = boundedList(counted, 3);
  assertEquals(codeOf(() => decodeHex(bounded, "0401020304")), "too_large");
  assertEquals(codeOf(() => bounded.fromJson([1, 2, 3, 4])), "too_large");
  assertEquals(reads, 0);
  for (const values of [[], [1], [1, 2, 3]]) {
    assertEquals(encodeHex(bounded, values), encodeHex(list(u8), values));
    assertEquals(decodeHex(bounded, encodeHex(list(u8), values)), values);
    assertEquals(bounded.fromJson(values), values);
  }
  assertEquals(codeOf(() => bounded.fromJson({ length: 9 })), "bad_json");
  assertEquals(codeOf(() => decodeHex(bounded, "03010203ff")), "trailing_bytes");
});

Deno.test("values nested deeper than the bound are refused", () => {
  let codec: Codec<number> = u8;
  for (let depth = 0; depth < DEPTH_MAX; depth++) codec = sized(codec);
  const deepest = encode(codec, 7);
  assertEquals(decode(codec, deepest), 7);
  const deeper = sized(codec);
  assertEquals(codeOf(() => decode(deeper, encode(deeper, 7))), "too_deep");
});

Deno.test("input larger than the bound is refused", () => {
  const large = new Uint8Array(DECODE_BYTES_MAX + 1);
  assertEquals(codeOf(() => decode(bytes, large)), "too_large");
});

Deno.test("JSON text longer than the bound is refused", () => {
  assertEquals(codeOf(() => parseJson(" ".repeat(100), 99)), "too_large");
  assertEquals(parseJson(` ${" ".repeat(98)}1`, 100), 1);
});

Deno.test("JSON nested deeper than serde reads is refused; brackets in strings and beside each other don't count", () => {
  const nested = (depth: number): string => `${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;
  assertEquals(codeOf(() => parseJson("[".repeat(1_000_000))), "too_deep");
  assertEquals(codeOf(() => parseJson("[".repeat(1_000_000) + "]".repeat(1_000_000))), "too_deep");
  assertEquals(codeOf(() => parseJson(nested(JSON_DEPTH_MAX + 1))), "too_deep");
  assertEquals(stringifyJson(parseJson(`[${nested(JSON_DEPTH_MAX - 1)}]`)), `[${nested(JSON_DEPTH_MAX - 1)}]`);
  const flat = [`\\"${"[".repeat(200)}`, ...new Array(200).fill([{}])];
  assertEquals(parseJson(stringifyJson(flat)), flat);
});

Deno.test("an integer that 64 bits can't hold is no integer, however long it is", () => {
  assertEquals(parseJson("18446744073709551615"), 0xffff_ffff_ffff_ffffn);
  assertEquals(parseJson("-9223372036854775808"), -0x8000_0000_0000_0000n);
  const long = "9".repeat(1_000_000);
  assertEquals(parseJson(long), new JsonFloat(long));
  assertEquals(codeOf(() => u64.fromJson(parseJson(long))), "bad_json");
});

Deno.test("numbers that serde refuses are refused, and large ones stay exact", () => {
  for (const source of ["1.0", "1e3", "-1", "-0", "18446744073709551616", '"1"', "null", "true", "[1]"]) {
    const code = codeOf(() => u64.fromJson(parseJson(source)));
    assertEquals(["bad_json", "out_of_range"].includes(code), true, source);
  }
  assertEquals(u64.fromJson(parseJson("18446744073709551615")), 0xffff_ffff_ffff_ffffn);
  assertEquals(u64Exact.fromJson(parseJson("9007199254740993")), 9007199254740993n);
});

Deno.test("a u64 above 2^53 is exact where guardians must agree, and refused where it counts our own things", () => {
  assertEquals(decodeHex(u64Exact, "ff001fffffffffffff"), Number.MAX_SAFE_INTEGER);
  assertEquals(decodeHex(u64Exact, "ff0020000000000000"), 1n << 53n);
  assertEquals(encodeHex(u64Exact, 1n << 53n), "ff0020000000000000");
  assertEquals(codeOf(() => decodeHex(u64Number, "ff0020000000000000")), "out_of_range");
});

Deno.test("values out of range are not written", () => {
  for (const value of [-1, 0x1_0000, 1.5, NaN]) assertThrows(() => encode(u16, value), RangeError);
  for (const value of [-1, 0x100, 1.5]) assertThrows(() => encode(u8, value), RangeError);
  for (const value of [-1n, 1n << 64n]) assertThrows(() => encode(u64, value), RangeError);
  assertThrows(() => encode(u64Number, 2 ** 53), RangeError);
  assertThrows(() => encode(sortedSet(u8), [1, 1]), RangeError);
});

Deno.test("text with a lone surrogate is neither written nor read", () => {
  assertThrows(() => encode(text, "a\ud800"), RangeError);
  assertEquals(codeOf(() => text.fromJson(parseJson('"a\\ud800"'))), "bad_json");
});

Deno.test("a set in JSON may be in any order and say things twice", () => {
  assertEquals(sortedSet(text).fromJson(["b", "a", "b"]), ["a", "b"]);
});

Deno.test("an option of something that may be null itself must be a nested option", () => {
  for (const inner of [option(u8), unit, sized(option(u8))]) assertThrows(() => option<unknown>(inner), RangeError);
  const nested = nestedOption(option(u8));
  assertEquals([null, { some: null }, { some: 5 }].map((value) => encodeHex(nested, value)), ["00", "0100", "010105"]);
});

Deno.test("a check on a codec refuses from bytes and from JSON, and says where", () => {
  const even = refine(u8, "Even", (value) => value % 2 === 0, "even");
  const type = struct("S", { first: bool, list: list(even) });
  assertEquals(decodeHex(type, "010204 06".replace(" ", "")), { first: true, list: [4, 6] });
  const refused = assertThrows(
    () => decodeHex(type, "01020405"),
    DecodeError,
    "Value is not even in list.[1] at byte 3",
  );
  assertEquals(refused.facts, { code: "invalid", path: ["list", "[1]"], offset: 3 });
  assertThrows(() => type.fromJson({ first: true, list: [4, 5] }), DecodeError, "list.[1]");
});

Deno.test("a mapped codec keeps errors of its inner one", () => {
  const shifted = mapCodec(u8, "Shifted", { decode: (value) => value + 1, encode: (value) => value - 1 });
  assertEquals(decodeHex(shifted, "05"), 6);
  assertEquals(codeOf(() => decodeHex(shifted, "")), "end_of_input");
});

Deno.test("a layout prints a line a field", () => {
  const type = struct("Point", { x: u16, tags: list(text) });
  assertEquals(
    printLayout(type),
    "Point\n  x: u16 (BigSize)\n  tags: Vec (BigSize count) of\n    String (BigSize length, UTF-8)",
  );
});
