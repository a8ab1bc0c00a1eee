import { assertEquals } from "@std/assert";
import { isAllowed } from "../../testing/permissions.ts";
import { fastestSecp } from "./fastest.ts";

Deno.test("libsecp256k1's WebAssembly is used where it may be read, and noble where not", () => {
  assertEquals(fastestSecp.name, isAllowed("read") ? "tiny" : "noble");
});
