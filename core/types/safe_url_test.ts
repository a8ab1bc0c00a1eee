import { assertEquals, assertThrows } from "@std/assert";
import { decode, DecodeError, encode } from "../encoding/mod.ts";
import { URL_CHARACTERS_MAX } from "./limits.ts";
import { consensusUrl, parseSafeUrl, safeUrl } from "./safe_url.ts";

Deno.test("a URL's consensus form has no credentials, query and fragment", () => {
  const url = parseSafeUrl("wss://user:pw@Host.example:443/a/../b?q=1#f");
  assertEquals(url, "wss://user:pw@host.example/b?q=1#f");
  assertEquals(consensusUrl(url), "wss://REDACTEDUSER:REDACTEDPASS@host.example/b");
  assertEquals(consensusUrl("wss://user:@h.example"), "wss://REDACTEDUSER@h.example/");
  assertEquals(consensusUrl("wss://:pw@h.example"), "wss://h.example/");
});

Deno.test("only special schemes get a path, and a URL without a host keeps its slashes", () => {
  assertEquals(consensusUrl("ws://h:80"), "ws://h/");
  assertEquals(consensusUrl("fedimint://h:8173"), "fedimint://h:8173");
  assertEquals(consensusUrl("mailto:a@b"), "mailto://a@b");
  assertEquals(consensusUrl("x:/.//p"), "x:////p");
});

Deno.test("a decoded URL is the redacted one, and encodes to the same bytes", () => {
  const bytes = encode(safeUrl, parseSafeUrl("https://u:p@h.example/x?secret=1"));
  const decoded = decode(safeUrl, bytes);
  assertEquals(decoded, "https://REDACTEDUSER:REDACTEDPASS@h.example/x");
  assertEquals(encode(safeUrl, decoded), bytes);
});

Deno.test("a URL in JSON is complete", () => {
  assertEquals(safeUrl.fromJson("https://u:p@h.example?q"), "https://u:p@h.example/?q");
  assertEquals(safeUrl.toJson("https://u:p@h.example/?q"), "https://u:p@h.example/?q");
});

Deno.test("text that is no URL, or too long, is refused without being repeated", () => {
  for (const text of ["", "h.example", "https://", "https://user:hunter2@", "ws://h:99999"]) {
    const error = assertThrows(() => parseSafeUrl(text), DecodeError);
    assertEquals(error.message.includes("hunter2"), false);
  }
  const long = `ws://h/${"a".repeat(URL_CHARACTERS_MAX - 7)}`;
  assertEquals(parseSafeUrl(long), long);
  assertEquals(assertThrows(() => parseSafeUrl(`${long}a`), DecodeError).code, "too_large");
});
