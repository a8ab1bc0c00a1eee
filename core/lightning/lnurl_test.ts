import { assertEquals } from "@std/assert";
import { decodeLnurl, encodeLnurl, lightningAddressUrl, lnurlSchemeUrl } from "./lnurl.ts";

/** LUD-01's own example. */
const LNURL =
  "LNURL1DP68GURN8GHJ7UM9WFMXJCM99E3K7MF0V9CXJ0M385EKVCENXC6R2C35XVUKXEFCV5MKVV34X5EKZD3EV56NYD3HXQURZEPEXEJXXEPNXSCRVWFNV9NXZCN9XQ6XYEFHVGCXXCMYXYMNSERXFQ5FNS";
const URL_IN_IT = "https://service.com/api?q=3fc3645b439ce8e7f2553a69e5267081d96dcd340693afabe04be7b0ccd178df";

Deno.test("an lnurl is the URL in it, in any case", () => {
  assertEquals(decodeLnurl(LNURL), URL_IN_IT);
  assertEquals(decodeLnurl(LNURL.toLowerCase()), URL_IN_IT);
  assertEquals(encodeLnurl(URL_IN_IT), LNURL.toLowerCase());
  const long = `https://pay.example/${"x".repeat(5_000)}`;
  assertEquals(decodeLnurl(encodeLnurl(long)), long);
  for (const bad of ["", "lnurl1", LNURL.slice(0, -1), `bc${LNURL.slice(5)}`, "x".repeat(20_001)]) {
    assertEquals(decodeLnurl(bad), null);
  }
});

Deno.test("an address is a URL at the host that it names", () => {
  assertEquals(lightningAddressUrl("satoshi+tag@example.com"), "https://example.com/.well-known/lnurlp/satoshi+tag");
  assertEquals(lightningAddressUrl("...@example.com"), "https://example.com/.well-known/lnurlp/...");
  const moved = [
    "a@example.com/other?x=",
    "a@example.com#frag",
    "a@example.com\\evil.com",
    "a@b@host",
    "a@evil%2Ecom",
    "a@example.com\u{3002}evil.com",
    "Satoshi@example.com",
    "a@exam\u{200b}ple.com",
    "..@example.com",
    ".@example.com",
    "a/../b@example.com",
    "a@example.com:8080",
    "a@[::1]",
    "a @example.com",
    "a\u{0}@example.com",
    "@example.com",
    "a@",
  ];
  for (const text of moved) assertEquals(lightningAddressUrl(text), null);
});

Deno.test("a link of its own scheme is https, and http for an onion", () => {
  assertEquals(lnurlSchemeUrl("lnurlp:pay.example/a?b=c"), "https://pay.example/a?b=c");
  assertEquals(lnurlSchemeUrl("LNURLP://pay.example/a"), "https://pay.example/a");
  assertEquals(lnurlSchemeUrl("lnurlp://abc.onion/a"), "http://abc.onion/a");
  for (const bad of ["lnurlp:", "lnurlw:pay.example", "lnurlp://[", "https://pay.example"]) {
    assertEquals(lnurlSchemeUrl(bad), null);
  }
});
