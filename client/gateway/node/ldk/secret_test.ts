import { assertEquals, assertNotEquals } from "@std/assert";
import { toHex } from "../../../../core/bytes.ts";
import { globalRoot } from "../../../../core/crypto/mod.ts";
import { nodeSeed } from "./secret.ts";

Deno.test("the node's seed comes from the words, the same each time", () => {
  const root = globalRoot(new Uint8Array(16));
  assertEquals(nodeSeed(root).length, 32);
  assertEquals(nodeSeed(root), nodeSeed(globalRoot(new Uint8Array(16))));
  assertNotEquals(nodeSeed(root), nodeSeed(globalRoot(new Uint8Array(16).fill(1))));
  assertNotEquals(toHex(nodeSeed(root)), toHex(root.randomBytes(32)));
});
