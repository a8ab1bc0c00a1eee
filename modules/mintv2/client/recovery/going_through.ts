/**
 * What a slice of the log says of a wallet's notes, in the order of the log. An output brings a note, its input takes
 * it away for good: guardians never take a nonce again, even if somebody has its blinded nonce signed once more.
 * docs/protocol/04-mint.md §12; the reference forgets what was spent, and "recovers" such a note.
 *
 * A look that follows takes up outputs that are new to the wallet, and gives up notes that it holds and that another
 * device has spent.
 */
import type { StoreTx } from "../../../../actors/store/store.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import { denominationAmount } from "../../denomination.ts";
import { dropNotes } from "../db.ts";
import type { SeenNote } from "./db.ts";
import { dropRecovered, getSeen, setSeen } from "./db.ts";
import type { OwnItem } from "./history.ts";
import type { FoundNote } from "./later.ts";
import { endFound, getFound, isKnown } from "./later.ts";
import type { Marks } from "./marks.ts";
import type { OwnOutput } from "./own_notes.ts";
import type { MintProgress } from "./progress.ts";
import { withMsat } from "./progress.ts";
import type { Slice } from "./slice.ts";
import { nonceHashOf, packedItems } from "./slice.ts";

/** An item of the log that is own, or may be. Secret. */
export type RelevantItem =
  | { readonly tag: "Output"; readonly output: OwnOutput }
  /** `spentAs`: 20 bytes. */
  | { readonly tag: "Input"; readonly index: number; readonly spentAs: Bytes };

/**
 * Own outputs, and inputs of which a mark says that they may be own, by ascending index.
 * @param own by ascending index; they are marked
 */
export function relevantItems(slice: Slice, own: readonly OwnOutput[], marks: Marks): RelevantItem[] {
  for (const { spentAs } of own) marks.add(spentAs);
  const relevant: RelevantItem[] = [];
  let next = 0;
  for (const item of packedItems(slice)) {
    if (item.tag === "Output") {
      if (own[next]?.index === item.index) relevant.push({ tag: "Output", output: own[next++]! });
    } else if (marks.mayHave(slice.bytes, item.at)) {
      relevant.push({ tag: "Input", index: item.index, spentAs: nonceHashOf(slice.bytes, item) });
    }
  }
  return relevant;
}

/** Stores what the items say. @returns the own ones among them, in order */
export async function goThrough(
  tx: StoreTx,
  progress: MintProgress,
  items: readonly RelevantItem[],
): Promise<{ readonly progress: MintProgress; readonly own: readonly OwnItem[] }> {
  const own: OwnItem[] = [];
  const notes = await StoredNotes.read(tx, items);
  let after = progress;
  for (const item of items) {
    const spentAs = spentAsOf(item), seen = notes.seen(spentAs);
    if (item.tag === "Output") {
      // issued twice, it is still one note
      if (seen || notes.isKnown(spentAs)) continue;
      const { index, derivation, request } = item.output;
      const amountMsat = denominationAmount(request.denomination);
      notes.setSeen(tx, spentAs, { tag: "Unspent", value: { derivation, request } });
      own.push({ tag: "Output", index, amountMsat, derivation });
      after = withMsat(after, derivation, amountMsat);
    } else if (seen?.tag === "Unspent") {
      const { derivation, request } = seen.value;
      const amountMsat = denominationAmount(request.denomination);
      notes.setSeen(tx, spentAs, { tag: "Spent", value: null });
      own.push({ tag: "Input", index: item.index, amountMsat, derivation });
      after = withMsat(after, derivation, -amountMsat);
    } else if (!seen && item.tag === "Input") {
      const found = await givenUp(tx, spentAs);
      if (!found) continue;
      const { derivation, denomination } = found;
      const amountMsat = denominationAmount(denomination);
      own.push({ tag: "Input", index: item.index, amountMsat, derivation });
      after = withMsat(after, derivation, -amountMsat);
    }
  }
  return { progress: after, own };
}

function spentAsOf(item: RelevantItem): Bytes {
  return item.tag === "Output" ? item.output.spentAs : item.spentAs;
}

/** What the store has of the items' notes, read all at once: one by one a slice would wait for each. */
class StoredNotes {
  readonly #seen = new Map<string, SeenNote>();
  readonly #known = new Set<string>();

  static async read(tx: StoreTx, items: readonly RelevantItem[]): Promise<StoredNotes> {
    const notes = new StoredNotes();
    await Promise.all(items.map(async (item) => {
      const spentAs = spentAsOf(item), key = toHex(spentAs);
      const [seen, known] = await Promise.all([getSeen(tx, spentAs), item.tag === "Output" && isKnown(tx, spentAs)]);
      if (seen) notes.#seen.set(key, seen);
      if (known) notes.#known.add(key);
    }));
    return notes;
  }

  seen(spentAs: Bytes): SeenNote | undefined {
    return this.#seen.get(toHex(spentAs));
  }

  /** Asked of outputs alone. */
  isKnown(spentAs: Bytes): boolean {
    return this.#known.has(toHex(spentAs));
  }

  setSeen(tx: StoreTx, spentAs: Bytes, note: SeenNote): void {
    setSeen(tx, spentAs, note);
    this.#seen.set(toHex(spentAs), note);
  }
}

/** A note that the wallet has found and not spent: guardians take it no more. Null: it spent it itself, or has none. */
async function givenUp(tx: StoreTx, spentAs: Uint8Array): Promise<FoundNote | null> {
  const found = await getFound(tx, spentAs);
  if (!found) return null;
  endFound(tx, spentAs);
  const dropped = await dropNotes(tx, [found]) + await dropRecovered(tx, [found]);
  return dropped > 0 ? found : null;
}
