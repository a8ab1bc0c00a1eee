import { assertEquals } from "@std/assert";
import type { StoreTx } from "../../../../actors/store/store.ts";
import { scalarFromWide } from "../../../../core/crypto/bls/mod.ts";
import { seededDice, testStore } from "../../../contract/testing/mod.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import { getSeen, setSeen } from "./db.ts";
import type { RelevantItem } from "./going_through.ts";
import { goThrough } from "./going_through.ts";
import { mark } from "./later.ts";
import type { OwnOutput } from "./own_notes.ts";
import { newProgress } from "./progress.ts";

const dice = seededDice(4);
const NOTE_MSAT = 2n ** 9n;

function output(index: number): OwnOutput {
  const request: NoteIssuanceRequest = {
    denomination: 9,
    tweak: dice.bytes(16),
    keypair: dice.bytes(32).fill(1, 0, 1) as NoteIssuanceRequest["keypair"],
    blindingKey: scalarFromWide(dice.bytes(64)),
  };
  return { index, derivation: "standard", request, spentAs: dice.bytes(20) };
}

/** Counts how often a transaction waits for the store: reads that are made together are one. */
function waitsOf(tx: StoreTx): { readonly tx: StoreTx; waits(): number } {
  let waits = 0, isWaiting = false;
  const get: StoreTx["get"] = (key) => {
    if (!isWaiting) {
      waits++;
      isWaiting = true;
      queueMicrotask(() => isWaiting = false);
    }
    return tx.get(key);
  };
  const counted = new Proxy(tx, {
    get: (target, name) => {
      if (name === "get") return get;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { tx: counted, waits: () => waits };
}

Deno.test("a slice waits once for the store, however many own notes are in it", async () => {
  const store = await testStore();
  const outputs = Array.from({ length: 200 }, (_, i) => output(i));
  const [spentBefore, known, ...others] = outputs;
  const items: RelevantItem[] = outputs.map((output) => ({ tag: "Output", output }));
  // one is issued twice, one redeemed twice, half of them once
  items.push({ tag: "Output", output: { ...others[0]!, index: 200 } });
  const redeemed = [others[0]!, ...others.slice(0, 99)];
  items.push(...redeemed.map(({ spentAs }, i): RelevantItem => ({ tag: "Input", index: 201 + i, spentAs })));
  const { value } = await store.transact(async (tx) => {
    setSeen(tx, spentBefore!.spentAs, { tag: "Spent", value: null });
    mark(tx, known!.spentAs);
    const counted = waitsOf(tx), { progress, own } = await goThrough(counted.tx, newProgress(1_000), items);
    return { msat: progress.standardMsat, own: own.map(({ tag, index }) => [tag, index]), waits: counted.waits() };
  });
  const issued = others.map(({ index }) => ["Output", index]);
  const spent = redeemed.map((_, i) => ["Input", 201 + i]).filter((_, i) => i !== 1);
  assertEquals(value, { msat: NOTE_MSAT * 99n, own: [...issued, ...spent], waits: 1 });
  const stored = await store.read((tx) => Promise.all(outputs.map(({ spentAs }) => getSeen(tx, spentAs))));
  assertEquals(stored.map((seen) => seen?.tag), [
    "Spent",
    undefined,
    ...Array(99).fill("Spent"),
    ...Array(99).fill("Unspent"),
  ]);
});
