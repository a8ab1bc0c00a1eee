import { assert, assertEquals } from "@std/assert";
import { Places } from "./places.ts";
import { sourceOf } from "./source.ts";

/** Places, and the names of those that were evicted. */
function places(max: number, sourceMax: number) {
  const evicted: string[] = [];
  const all = new Places({ max, sourceMax });
  const take = (source: string | null, name: string) => all.take(source, () => evicted.push(name));
  return { all, evicted, take };
}

Deno.test("a newcomer takes the place of the longest idle connection, never of a busy one", () => {
  const { all, evicted, take } = places(3, 3);
  const [a, b] = [take("1.1.1.1", "a"), take("2.2.2.2", "b"), take("3.3.3.3", "c")];
  a!.idle(false);
  assert(take("4.4.4.4", "d"));
  assertEquals([evicted, all.count], [["b"], 3]);
  b!.release(); // has none any more
  assertEquals(all.count, 3);
  a!.idle(true);
  a!.idle(true);
  assert(take("5.5.5.5", "e"));
  assertEquals(evicted, ["b", "a"]);
});

Deno.test("whoever holds the most gives first: many idle connections don't push out a single one", () => {
  const { evicted, take } = places(100, 90);
  take("9.9.9.9", "honest");
  for (let i = 0; i < 89; i++) take("6.6.6.6", `flood ${i}`);
  for (let i = 0; i < 10; i++) take(`7.7.7.${i}`, `other ${i}`);
  for (let i = 0; i < 50; i++) assert(take(`8.8.8.${i}`, `new ${i}`));
  assertEquals(evicted, Array.from({ length: 50 }, (_, i) => `flood ${i}`));
});

Deno.test("a source has so many places: beyond them it replaces its own idle ones, or is refused", () => {
  const { all, evicted, take } = places(10, 2);
  const [first, second] = [take("1.1.1.1", "a"), take("1.1.1.1", "b")];
  assert(take("1.1.1.1", "c"));
  assertEquals(evicted, ["a"]);
  first!.release();
  second!.idle(false);
  assert(take("1.1.1.1", "d"));
  assertEquals(evicted, ["a", "c"]);
  const busy = take("2.2.2.2", "x")!, other = take("2.2.2.2", "y")!;
  busy.idle(false);
  other.idle(false);
  assertEquals(take("2.2.2.2", "z"), null);
  assertEquals(all.count, 4);
  other.release();
  other.release();
  assert(take("2.2.2.2", "z"));
});

Deno.test("sources without a bound of their own have all places, and when all are busy nobody else gets one", () => {
  const { take } = places(5, 1);
  const taken = Array.from({ length: 5 }, (_, i) => take(null, `${i}`)!);
  for (const place of taken) place.idle(false);
  assertEquals([take(null, "more"), take("1.1.1.1", "stranger")], [null, null]);
  taken[3]!.idle(true);
  assert(take("1.1.1.1", "stranger"));
});

Deno.test("a source is an IPv4 address or an IPv6 network; this machine and private networks are none", () => {
  const source = (hostname: string) => sourceOf({ hostname });
  for (
    const [hostname, expected] of [
      ["8.8.8.8", "8.8.8.8"],
      ["::ffff:8.8.8.8", "8.8.8.8"],
      ["2001:db8:0:1::7", "2001:db8:0:1::/64"],
      ["2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"],
      ["2001:0DB8::1", "2001:db8:0:0::/64"],
      ["2001:db8::", "2001:db8:0:0::/64"],
      ["172.32.0.1", "172.32.0.1"],
      ["client", "client"],
      ...["127.0.0.1", "127.9.9.9", "::1", "localhost", "10.0.0.1", "172.17.0.1", "192.168.1.2", "169.254.0.1"].map((
        local,
      ) => [local, null]),
      ...["fe80::1%eth0", "fd00::1", "fc00::1", "::ffff:127.0.0.1"].map((local) => [local, null]),
    ] as [string, string | null][]
  ) assertEquals(source(hostname), expected, hostname);
});
