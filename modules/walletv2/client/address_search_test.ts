import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { Multiples } from "../../../core/crypto/secp/points/multiples.ts";
import { testForms } from "../../../core/crypto/secp/testing/forms.ts";
import { NARROW } from "../../../core/crypto/secp/wide/form.ts";
import { callsOf } from "../../../core/testing/calls.ts";
import { addressAt, addressSearch, searchAddress, searchSteps } from "./address_search.ts";
import { isPotentialReceive } from "../scripts.ts";
import { DEPOSITOR, ELSEWHERE, INDICES_ELSEWHERE, testWallet, VALID_INDICES } from "../testing/federation.ts";

/** Keys of so many guardians, and the depositor's first index that passes. */
const FIRST_INDEX = { 7: 114_655, 20: 37_146 } as const;

function searchOf(guardians: number) {
  const keys = Array.from({ length: guardians }, (_, peer) => publicKeyOf(sha256(utf8(`guardian ${peer}`))));
  return addressSearch(new Map<number, Bytes>(keys.entries()), DEPOSITOR);
}

testForms("the search finds the index that passes, wherever it stands in a batch, and none before or after", (form) => {
  for (const guardians of [7, 20] as const) {
    const search = searchOf(guardians), index = FIRST_INDEX[guardians];
    assertEquals(isPotentialReceive(addressAt(search, index).script, search.hashOfKeys), true);
    for (const from of [index, index - 5, index - 2_047, index - 2_048]) {
      assertEquals(searchAddress(search, from, index + 1, form), index);
    }
    assertEquals(searchAddress(search, index - 40, index, form), null);
    assertEquals(searchAddress(search, index, index, form), null);
  }
});

testForms("a field that computes wrongly is noticed, and the search finds the same in another form", (form) => {
  const wrong = { ...form, fold: form.fold.map((factor) => factor + 1n) }, index = FIRST_INDEX[7];
  assertEquals(searchAddress(searchOf(7), index - 2_000, index + 1, wrong), index);
});

Deno.test("the indices that tests use for the depositor pass the filter", async () => {
  for (const guardians of [1, 4]) {
    const { search } = await testWallet({ guardians });
    for (const index of VALID_INDICES[guardians]!) {
      assertEquals(isPotentialReceive(addressAt(search, index).script, search.hashOfKeys), true);
    }
  }
  const { config, search } = await testWallet();
  const elsewhere = addressSearch(config.bitcoinPks, ELSEWHERE);
  for (const index of INDICES_ELSEWHERE) {
    assertEquals(isPotentialReceive(addressAt(elsewhere, index).script, search.hashOfKeys), true);
  }
  const [first] = VALID_INDICES[4]!;
  assertEquals(searchAddress(search, 0, first! + 1), first);
});

Deno.test("the search goes in steps and says below which index nothing is left to try", () => {
  const steps = searchSteps(searchOf(7), 1_000, 5_200);
  const positions: number[] = [];
  for (;;) {
    const { done, value } = steps.next();
    if (!done) positions.push(value);
    else {
      assertEquals(value, 5_200);
      break;
    }
  }
  assertEquals([...new Set(positions)], [1_000, 3_048, 5_096, 5_200]);
  assertEquals(positions, positions.toSorted((a, b) => a - b));
  assertEquals(positions.length > 3 * 7, true, "each batch takes several steps");
});

/** In the narrow form, with what is found after so many tries from the index of seven guardians on. */
function steps(before: number) {
  return searchSteps(searchOf(7), FIRST_INDEX[7] - before, FIRST_INDEX[7] + 1, NARROW);
}

/** Goes on to the end. @returns in how many steps, and what was found */
function ended(search: Generator<number, number>): [steps: number, found: number] {
  for (let count = 1;; count++) {
    const { done, value } = search.next();
    if (done) return [count, value];
  }
}

Deno.test("searches one after the other have one table, in as many steps, and one that runs shares its own with nobody", () => {
  using made = callsOf(Multiples, "build", Multiples.build);
  const tables = (): number => made.args.length;
  // whatever other tests have left
  ended(searchSteps(searchOf(4), 0, 1));
  const before = tables(), [count, found] = ended(steps(5));
  assertEquals(tables(), before + 1, "that was in another form");
  for (let i = 0; i < 3; i++) assertEquals([...ended(steps(5)), tables()], [count, found, before + 1]);

  const first = steps(5), second = steps(5);
  assertEquals([first.next().done, second.next().done], [false, false]);
  assertEquals([ended(first), ended(second)], [[count - 1, found], [count - 1, found]]);
  assertEquals(tables(), before + 2);
});

Deno.test("when a search ends, or is stopped, nothing of its batch is left in memory, where keys were", () => {
  using made = callsOf(Multiples, "build", Multiples.build);
  ended(searchSteps(searchOf(4), 0, 1));
  const stopped = steps(3_000);
  while (stopped.next().value < FIRST_INDEX[7] - 3_000 + 2_048);
  const [machine] = made.args.at(-1)!;
  const isClear = (): boolean => machine.bytes.subarray(machine.reserved).every((byte) => byte === 0);
  const whole = machine.reserved;
  stopped.return(0);
  const kept = machine.reserved;
  assertEquals([kept < whole, machine.bytes.subarray(0, kept).some((byte) => byte !== 0), isClear()], [
    true,
    true,
    true,
  ]);
  const [, found] = ended(steps(5));
  assertEquals([found, machine.reserved, isClear()], [FIRST_INDEX[7], kept, true]);
});

Deno.test("keys that are not sorted by guardian are sorted in the script", () => {
  const { keys } = searchOf(4);
  const reversed = addressSearch(new Map([...keys].reverse()), DEPOSITOR);
  assertEquals(addressAt(reversed, 3).script, addressAt(searchOf(4), 3).script);
});
