import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { testForms } from "../../../core/crypto/secp/testing/forms.ts";
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

Deno.test("keys that are not sorted by guardian are sorted in the script", () => {
  const { keys } = searchOf(4);
  const reversed = addressSearch(new Map([...keys].reverse()), DEPOSITOR);
  assertEquals(addressAt(reversed, 3).script, addressAt(searchOf(4), 3).script);
});
