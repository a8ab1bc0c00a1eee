import { assertEquals } from "@std/assert";
import { hash160 } from "../../../../core/bitcoin/script.ts";
import { list } from "../../../../core/encoding/mod.ts";
import { seededDice } from "../../../contract/testing/mod.ts";
import type { RecoveryItem } from "../../common.ts";
import { recoveryItem } from "../../common.ts";
import { notesOf, otherSecret } from "../../testing/own_log.ts";
import { testSecret } from "../../testing/restored_wallet.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import { blindedNonce } from "../issuance.ts";
import { OwnNotes } from "./own_notes.ts";
import type { Slice } from "./slice.ts";
import { sliceCall } from "./slice.ts";

const dice = seededDice(6);

function sliceOf(items: readonly RecoveryItem[]): Slice {
  const { bytes } = sliceCall({ start: 0, end: items.length }).result.fromJson(list(recoveryItem).toJson([...items]));
  return { start: 0, items: items.length, bytes };
}

function outputOf(request: NoteIssuanceRequest): RecoveryItem {
  const { denomination, tweak } = request;
  return { tag: "Output", value: { denomination, nonceHash: hash160(blindedNonce(request)), tweak } };
}

Deno.test("keys are derived for own outputs, and for one of 65,536 others", () => {
  const items: RecoveryItem[] = [];
  for (let i = 0; i < 20_000; i++) {
    items.push({ tag: "Output", value: { denomination: 9, nonceHash: dice.bytes(20), tweak: dice.bytes(16) } });
  }
  const [first, second] = notesOf(testSecret, 2), [other] = notesOf(otherSecret, 1);
  items[7] = outputOf(first!);
  items[8] = outputOf(other!);
  items[19_999] = outputOf(second!);
  const slice = sliceOf(items);
  const notes = new OwnNotes([
    { derivation: "standard", secret: testSecret },
    { derivation: "sdk", secret: otherSecret },
  ]);
  const candidates = notes.candidates(slice);
  // of 40,000 tests one passes by chance: it is told by the nonce's hash
  assertEquals(candidates.map(({ item, owner }) => [item.index, owner.derivation]), [
    [7, "standard"],
    [8, "sdk"],
    [17_520, "sdk"],
    [19_999, "standard"],
  ]);
  assertEquals(
    candidates.map((candidate) => notes.ownOutput(slice, candidate)?.request),
    [first, other, undefined, second],
  );
});
