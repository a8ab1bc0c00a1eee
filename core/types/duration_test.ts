import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError, decodeHex, encodeHex, parseJson } from "../encoding/mod.ts";
import { duration, systemTime } from "./duration.ts";

Deno.test("a time is seconds and nanoseconds since 1970", () => {
  const time = { secsSinceEpoch: 42n, nanosSinceEpoch: 100 };
  assertEquals(encodeHex(systemTime, time), "2a64");
  assertEquals(systemTime.toJson(time), { secs_since_epoch: 42, nanos_since_epoch: 100 });
  assertEquals(systemTime.fromJson(systemTime.toJson(time)), time);
});

Deno.test("a whole second of nanoseconds is refused on the wire and carried over from JSON", () => {
  assertThrows(() => decodeHex(duration, "01fe3b9aca00"), DecodeError, "whole second");
  assertThrows(() => encodeHex(duration, { secs: 1n, nanos: 1_000_000_000 }), DecodeError);
  assertEquals(duration.fromJson({ secs: 1, nanos: 2_500_000_000 }), { secs: 3n, nanos: 500_000_000 });
  assertThrows(() => duration.fromJson(parseJson('{"secs":18446744073709551615,"nanos":1000000000}')), DecodeError);
});

Deno.test("a time that no clock can hold is refused", () => {
  assertEquals(decodeHex(systemTime, "ff7fffffffffffffff00").secsSinceEpoch, (1n << 63n) - 1n);
  assertThrows(() => decodeHex(systemTime, "ff800000000000000000"), DecodeError, "beyond");
  assertThrows(
    () => systemTime.fromJson(parseJson('{"secs_since_epoch":9223372036854775807,"nanos_since_epoch":1000000000}')),
    DecodeError,
    "beyond",
  );
});
