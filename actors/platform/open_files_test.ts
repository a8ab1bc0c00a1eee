import { assertEquals } from "@std/assert";
import { OWN_OPEN_FILES } from "./limits.ts";
import { connectionsWithin } from "./open_files.ts";

Deno.test("a server leaves the process its own files, and has a quarter of them where there are few", () => {
  assertEquals(connectionsWithin(null, 4_000), 4_000);
  assertEquals(connectionsWithin(1_000_000, 4_000), 4_000);
  assertEquals(connectionsWithin(4_096, 4_000), 4_096 - OWN_OPEN_FILES);
  assertEquals([1_024, 64].map((files) => connectionsWithin(files, 4_000)), [256, 16]);
});
