import { assertEquals } from "@std/assert";
import { manualClock } from "../../testing/platform.ts";
import { expectSources } from "./expected_sources.ts";

const BOUNDS = { addressesMax: 2, againMs: 1_000 };

function expecting(hostnames: readonly string[], names: Map<string, readonly string[]>) {
  const { platform: { clock }, advance } = manualClock();
  const asked: string[] = [];
  let sources: ReadonlySet<string> = new Set();
  const end = expectSources(hostnames, {
    clock,
    bounds: BOUNDS,
    onFound: (found) => sources = found,
    lookUp: (hostname) => {
      asked.push(hostname);
      const addresses = names.get(hostname);
      return addresses ? Promise.resolve(addresses) : Promise.reject(new Error("ENOTFOUND"));
    },
  });
  return { advance, asked, end, sources: () => [...sources].sort() };
}

Deno.test("addresses are sources at once, those that can't be told apart are one, and none is looked up", () => {
  const { sources, asked } = expecting(
    ["203.0.113.7", "2001:db8:1:2:3::4", "10.0.0.3", "localhost", "127.0.0.1"],
    new Map(),
  );
  assertEquals(sources(), ["", "2001:db8:1:2::/64", "203.0.113.7"]);
  assertEquals(asked, []);
});

Deno.test("names are looked up, and again after a while, as who has one may move", async () => {
  const names = new Map([["alice.example", ["203.0.113.1"]], ["bob.example", ["203.0.113.2", "2001:db8::2"]]]);
  const { sources, advance, asked, end } = expecting(["alice.example", "bob.example", "203.0.113.7"], names);
  await advance(0);
  assertEquals(sources(), ["2001:db8:0:0::/64", "203.0.113.1", "203.0.113.2", "203.0.113.7"]);
  names.set("alice.example", ["203.0.113.9"]);
  await advance(1_000);
  assertEquals(sources(), ["2001:db8:0:0::/64", "203.0.113.2", "203.0.113.7", "203.0.113.9"]);
  end();
  await advance(10_000);
  assertEquals(asked.length, 4);
});

Deno.test("a name that can't be looked up keeps what was found, and holds nobody up", async () => {
  const names = new Map([["alice.example", ["203.0.113.1"]]]);
  const { sources, advance } = expecting(["alice.example", "bob.example"], names);
  await advance(0);
  assertEquals(sources(), ["203.0.113.1"]);
  names.delete("alice.example");
  names.set("bob.example", ["203.0.113.2"]);
  await advance(1_000);
  assertEquals(sources(), ["203.0.113.1", "203.0.113.2"]);
});

Deno.test("a name with more addresses than a guardian has is no way to make many of them trusted", async () => {
  const many = Array.from({ length: 200 }, (_, i) => `203.0.113.${i}`);
  const { sources, advance } = expecting(["evil.example"], new Map([["evil.example", many]]));
  await advance(0);
  assertEquals(sources(), ["203.0.113.0", "203.0.113.1"]);
});
