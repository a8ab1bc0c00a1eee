import { assert, assertEquals } from "@std/assert";
import { REQUESTS_ACTIVE_MAX } from "../limits.ts";
import { Requests } from "./requests.ts";

Deno.test("a thing is asked for once, until it has come", () => {
  const requests = new Requests<number, string>();
  assert(requests.open(1, "one", 0));
  assert(!requests.open(1, "one", 0));
  assert(!requests.open(1, "one", 2));
  assertEquals(requests.get(1)!.what, "one");
  assertEquals(requests.resolve(1), undefined);
  assertEquals(requests.get(1), undefined);
  assert(requests.open(1, "one", 0));
});

Deno.test("one creator's requests beyond the bound wait, and hold up nobody else's", () => {
  const requests = new Requests<number, number>();
  for (let key = 0; key < REQUESTS_ACTIVE_MAX; key++) assert(requests.open(key, key, 3));
  for (let key = 1_000; key < 1_010; key++) assert(!requests.open(key, key, 3));
  assert(requests.open(2_000, 2_000, 1), "another creator is not held up");
  assert(requests.open(1_000, 1_000, 1), "what another needs as well is asked for on its behalf");
  assertEquals(requests.resolve(5), 1_001, "in order, without what is asked for already");
  requests.resolve(1_002);
  assertEquals(requests.resolve(6), 1_003);
  assertEquals(requests.size, REQUESTS_ACTIVE_MAX - 2 + 10 - 1 + 1);
});

Deno.test("what has become pointless is dropped, and makes room for others", () => {
  const requests = new Requests<number, number>();
  for (let key = 0; key < REQUESTS_ACTIVE_MAX + 10; key++) requests.open(key, key % 2, 3);
  const started = requests.drop((what) => what === 0);
  assertEquals(started, [1, 3, 5, 7, 9].map((more) => REQUESTS_ACTIVE_MAX + more));
  assertEquals(requests.size, (REQUESTS_ACTIVE_MAX + 10) / 2);
});
