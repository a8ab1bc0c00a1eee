import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { StoreTx } from "../../../actors/store/store.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import { encodeHex } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { ClientInput, ClientTx } from "../../contract/client_env.ts";
import { seededDice, testStore } from "../../contract/testing/mod.ts";
import { countOf } from "./balancing.ts";
import { failedRefundCounts } from "./db.ts";
import type { MintState } from "./states.ts";
import { mintInput } from "../common.ts";
import type { SpendableNote } from "../ecash.ts";
import { noteOf } from "../ecash.ts";
import { inputTransition, refundTransition } from "./refunds.ts";
import type { RefundingWallet, RefundTx } from "./refunds.ts";

const OPERATION = "07".repeat(32) as OperationId;
const dice = seededDice(1);

function madeUpNote(): SpendableNote {
  const keypair = dice.bytes(32);
  keypair[0] = 1;
  return { denomination: 12, keypair, signature: bls.g1.generator };
}

const inputOf = (note: SpendableNote): ClientInput => ({
  input: toDyn(0, mintInput, { tag: "V0", value: { note: noteOf(note) } }),
  amounts: new Map(),
  fees: new Map(),
  key: note.keypair,
});

/**
 * What became of notes: those that a transaction was accepted for, those given up, and the transactions that it took.
 */
type Ending = { readonly back: SpendableNote[]; readonly givenUp: SpendableNote[]; readonly transactions: number };

/**
 * A rejected transaction's machine among guardians that refuse what spends a bad note.
 * @param inputsMax what fits a transaction
 */
async function refunded(notes: readonly SpendableNote[], bad: ReadonlySet<SpendableNote>, inputsMax = 1_000) {
  const store = await testStore();
  return (await store.transact((tx) => refundedIn(tx, notes, bad, inputsMax))).value;
}

async function refundedIn(
  store: StoreTx,
  notes: readonly SpendableNote[],
  bad: ReadonlySet<SpendableNote>,
  inputsMax: number,
) {
  const refused = new Map<string, boolean>([["first", true]]);
  const wallet: RefundingWallet = {
    inputOf,
    env: {
      core: { awaitTransaction: (_, txid) => Promise.resolve(refused.get(txid) ? err("refused") : ok(null)) },
      log: { warn: () => {} },
    },
  };
  const badInputs = new Set([...bad].map((note) => encodeHex(mintInput, { tag: "V0", value: { note: noteOf(note) } })));
  const ending = { back: [] as SpendableNote[], givenUp: [] as SpendableNote[], transactions: 0 };
  const states: MintState[] = [{ tag: "InputPending", value: { txid: "first", notes: [...notes] } }];
  const tx: RefundTx = {
    operationId: OPERATION,
    store,
    claimInputs: ({ inputs, machines }, spending) => {
      assertEquals(spending, "nothing");
      if (inputs.length > inputsMax) return Promise.resolve(err({ code: "too_large", bytes: 2, bytesMax: 1 }));
      const txid = `refund ${ending.transactions++}`;
      refused.set(txid, inputs.some(({ input }) => badInputs.has(toHex(input.body))));
      states.push(...machines(txid, { start: 0, end: inputs.length }));
      return Promise.resolve(ok({ txid, idxRange: { start: 0, end: 1 } }));
    },
    addMachine: (state) => Promise.resolve(void states.push(state)),
  };
  for (let state = states.shift(); state; state = states.shift()) {
    if (state.tag === "RefundFailed") ending.givenUp.push(...state.value.notes);
    if (state.tag !== "InputPending" && state.tag !== "RefundPending") continue;
    const { trigger, apply } = state.tag === "InputPending"
      ? inputTransition(wallet, state, OPERATION)
      : refundTransition(wallet, state, OPERATION);
    const next = await apply(tx as ClientTx<MintState>, await trigger(new AbortController().signal));
    if (next.tag === "Refunded") ending.back.push(...(state.value.notes as SpendableNote[]));
    states.push(next);
  }
  const shown = countOf(await failedRefundCounts(store));
  assertEquals(shown, ending.givenUp.length, "all that was given up is shown");
  return ending satisfies Ending;
}

const keys = (notes: Iterable<SpendableNote>): string[] => [...notes].map(({ keypair }) => toHex(keypair)).sort();

Deno.test("the notes of a rejected transaction come back in a single one", async () => {
  const notes = Array.from({ length: 50 }, madeUpNote);
  const { back, givenUp, transactions } = await refunded(notes, new Set());
  assertEquals(keys(back), keys(notes));
  assertEquals([givenUp, transactions], [[], 1]);
});

Deno.test("only notes that are refused by themselves are given up", async () => {
  const notes = Array.from({ length: 24 }, madeUpNote);
  const which = fc.uniqueArray(fc.nat(notes.length - 1), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(which, async (positions) => {
      const bad = new Set(positions.map((at) => notes[at]!));
      const { back, givenUp, transactions } = await refunded(notes, bad);
      assertEquals(keys(givenUp), keys(bad));
      assertEquals(keys(back), keys(notes.filter((note) => !bad.has(note))));
      // each halving leads to one bad note at least
      assert(transactions <= 1 + 2 * bad.size * Math.ceil(Math.log2(notes.length)));
    }),
    { numRuns: 30 },
  );
});

Deno.test("what is too large for one transaction comes back in several", async () => {
  const notes = Array.from({ length: 21 }, madeUpNote);
  const { back, transactions } = await refunded(notes, new Set([notes[3]!]), 6);
  assertEquals(back.length, 20);
  assert(transactions >= 4);
});
