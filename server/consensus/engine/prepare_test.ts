import { assertEquals } from "@std/assert";
import type { Sender } from "../../../actors/actor.ts";
import { unit } from "../../../core/encoding/mod.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { PREPARED_BYTES_MAX } from "../limits.ts";
import { codecsWith, INSTANCE, refs } from "../testing/processing.ts";
import { prepareTransactions } from "./prepare.ts";
import { decodeTransaction, modulesWith } from "./transaction.ts";

/** What preparing transactions takes, of a module whose inputs have any size. */
async function workOf(transactions: readonly Pick<Transaction, "inputs">[]) {
  const codecs = codecsWith({ input: unit }), asked: number[] = [];
  const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));
  const sender = {
    ask: (_ref: unknown, _type: unknown, { transactions }: { readonly transactions: readonly unknown[] }) => {
      asked.push(transactions.length);
      return Promise.resolve(transactions.map(() => true));
    },
  } as unknown as Sender;
  let pauses = 0;
  const decoded = transactions.map(({ inputs }, i) => {
    const nonce = Uint8Array.of(i >> 8, i & 255, 0, 0, 0, 0, 0, 0);
    const empty = { inputs: inputs.map((dyn) => ({ ...dyn, body: new Uint8Array(0) })), outputs: [], nonce };
    const made = decodeTransaction(modules, { ...empty, signatures: { tag: "NaiveMultisig", value: [] } });
    return { ...made, transaction: { ...made.transaction, inputs } };
  });
  await prepareTransactions(sender, decoded, false, () => {
    pauses++;
    return Promise.resolve();
  });
  return { asked, pauses };
}

const input = (bytes: number) => ({ ...toDyn(INSTANCE, unit, null), body: new Uint8Array(bytes) });

Deno.test("transactions without inputs, as an evil guardian's unit may hold thousands, take neither a question nor a pause", async () => {
  const nothing = Array.from({ length: 3_800 }, () => ({ inputs: [] }));
  assertEquals(await workOf(nothing), { asked: [], pauses: 0 });
  const few = { inputs: [input(0)] };
  assertEquals(await workOf([...nothing, few, few]), { asked: [2], pauses: 0 });
});

Deno.test("many inputs are prepared in parts of about the same size, with a pause in between", async () => {
  const half = { inputs: [input(PREPARED_BYTES_MAX / 2)] };
  assertEquals(await workOf([half, half]), { asked: [2], pauses: 0 });
  assertEquals(await workOf([half, half, half]), { asked: [2, 1], pauses: 1 });
  assertEquals(await workOf(Array(8).fill(half)), { asked: [2, 2, 2, 2], pauses: 3 });
});
