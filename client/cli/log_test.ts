import { assertEquals } from "@std/assert";
import { levelOf } from "./log.ts";

Deno.test("RUST_LOG's word for everything sets the level; what is about single targets does not", () => {
  assertEquals(levelOf(undefined), undefined);
  assertEquals(levelOf(""), undefined);
  assertEquals(levelOf("warn"), "warn");
  assertEquals(levelOf("TRACE"), "debug");
  assertEquals(levelOf("off"), null);
  assertEquals(levelOf("fm::consensus=trace"), undefined);
  assertEquals(levelOf("fm::net=trace,info"), "info");
  assertEquals(levelOf("nonsense"), undefined);
});
