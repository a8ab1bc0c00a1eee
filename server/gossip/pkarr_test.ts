import { assertEquals, assertNotEquals } from "@std/assert";
import { utf8 } from "../../core/bytes.ts";
import { pkarrId, zBase32 } from "./pkarr.ts";
import { secretKeyOf } from "../config/testing/config.ts";

Deno.test("z-base-32 is that of pkarr", () => {
  const key = Uint8Array.of(
    ...[1, 180, 103, 163, 183, 145, 58, 178, 122, 4, 168, 237, 242, 243, 251, 7],
    ...[76, 254, 14, 207, 75, 171, 225, 8, 214, 123, 227, 133, 59, 15, 38, 197],
  );
  assertEquals(zBase32(key), "yg4gxe7z1r7mr6orids9fh95y7gxhdsxjqi6nngsxxtakqaxr5no");
  assertEquals(zBase32(utf8("hello")), "pb1sa5dx");
  assertEquals(zBase32(new Uint8Array()), "");
});

Deno.test("a guardian's pkarr name depends on its broadcast key alone", () => {
  assertEquals(pkarrId(secretKeyOf(0)).length, 52);
  assertEquals(pkarrId(secretKeyOf(0)), pkarrId(secretKeyOf(0)));
  assertNotEquals(pkarrId(secretKeyOf(0)), pkarrId(secretKeyOf(1)));
});
