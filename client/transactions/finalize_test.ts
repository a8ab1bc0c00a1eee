import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import { ok } from "../../core/result.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import type { IdxRange, OutPointRange } from "../../core/types/ids.ts";
import { TRANSACTION_BYTES_MAX, transactionIdOf } from "../../core/types/transaction.ts";
import { verifyTransactionSignatures } from "../../core/types/transaction_signing.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { ClientInput, ClientOutput, InputBundle, OutputBundle } from "../../modules/contract/client_env.ts";
import type { Balance, Draft } from "./finalize.ts";
import { finalize } from "./finalize.ts";

const dice = seededDice(1);

function secret(byte: number): Bytes {
  return new Uint8Array(32).fill(byte) as Bytes;
}

function input(byte: number, msat: bigint, feeMsat = 0n, bodyBytes = 1): ClientInput {
  return {
    input: { instance: 0, body: new Uint8Array(bodyBytes).fill(byte) as Bytes },
    amounts: new Map([[0n, msat]]),
    fees: new Map([[0n, feeMsat]]),
    key: secret(byte),
  };
}

function output(byte: number, msat: bigint, feeMsat = 0n, bodyBytes = 1): ClientOutput {
  const { input: item, amounts, fees } = input(byte, msat, feeMsat, bodyBytes);
  return { output: item, amounts, fees };
}

type Made = { readonly inputs: IdxRange[]; readonly outputs: OutPointRange[] };

function inputs(items: ClientInput[], made?: Made): InputBundle<null> {
  return { inputs: items, machines: (_txid, range) => (made?.inputs.push(range), []) };
}

function outputs(items: ClientOutput[], made?: Made): OutputBundle<null> {
  return { outputs: items, machines: (range) => (made?.outputs.push(range), []) };
}

function draft(ins: InputBundle<null>[], outs: OutputBundle<null>[]): Draft {
  return {
    inputs: ins.map((bundle) => ({ instance: 0, bundle })),
    outputs: outs.map((bundle) => ({ instance: 0, bundle })),
  };
}

/** Spends or issues exactly what is missing or left, without fees. */
function exact(made?: Made): Balance {
  return (_unit, { inputMsat: inMsat, outputMsat: outMsat }) => {
    const ins = outMsat > inMsat ? [input(90, outMsat - inMsat)] : [];
    const outs = inMsat > outMsat ? [output(91, inMsat - outMsat)] : [];
    return Promise.resolve(ok({ instance: 5, inputs: inputs(ins, made), outputs: outputs(outs, made) }));
  };
}

const uncalled: Balance = () => Promise.reject(new Error("the primary module is not needed"));

Deno.test("explicit items come first, what the primary module adds behind them, and its outputs are the change", async () => {
  const made: Made = { inputs: [], outputs: [] };
  const parts = draft([inputs([input(1, 50n), input(2, 50n)])], [
    outputs([output(3, 20n, 1n)]),
    outputs([output(4, 30n)]),
  ]);
  const done = await finalize(parts, exact(made), dice);
  assert(done.ok);
  const { transaction, change, feeMsat, txid } = done.value;
  assertEquals(transaction.inputs.map(({ body }) => body[0]), [1, 2]);
  assertEquals(transaction.outputs.map(({ body }) => body[0]), [3, 4, 91]);
  assertEquals(change, { txid, idxRange: { start: 2, end: 3 } });
  assertEquals(made.outputs, [change]);
  assertEquals(feeMsat, 1n);
});

Deno.test("each bundle's machines get the positions of its own items", async () => {
  const made: Made = { inputs: [], outputs: [] };
  const parts = draft(
    [inputs([input(1, 5n)], made), inputs([], made), inputs([input(2, 5n), input(3, 5n)], made)],
    [outputs([output(4, 10n)], made), outputs([output(5, 10n), output(6, 10n)], made)],
  );
  const done = await finalize(parts, exact(made), dice);
  assert(done.ok);
  // the empty bundle has none; the primary module's input stands last
  assertEquals(made.inputs, [{ start: 0, end: 1 }, { start: 1, end: 3 }, { start: 3, end: 4 }]);
  assertEquals(made.outputs.map(({ idxRange }) => idxRange), [{ start: 0, end: 1 }, { start: 1, end: 3 }]);
});

Deno.test("a balanced transaction doesn't call the primary module and has no change", async () => {
  const done = await finalize(draft([inputs([input(1, 10n, 2n)])], [outputs([output(2, 7n, 1n)])]), uncalled, dice);
  assert(done.ok);
  assertEquals(done.value.change.idxRange, { start: 1, end: 1 });
  assertEquals(done.value.feeMsat, 3n);
});

Deno.test("every input is signed by its own key over the transaction's id", async () => {
  const done = await finalize(
    draft([inputs([input(1, 5n), input(2, 5n)])], [outputs([output(3, 30n)])]),
    exact(),
    dice,
  );
  assert(done.ok);
  const { transaction, txid } = done.value;
  assertEquals(transactionIdOf(transaction), txid);
  const keys = [secret(1), secret(2), secret(90)].map(publicKeyOf);
  assertEquals(verifyTransactionSignatures(transaction, keys), ok(null));
  assert(!verifyTransactionSignatures(transaction, keys.toReversed()).ok);
});

Deno.test("two transactions of the same parts differ: their nonces are fresh", async () => {
  const parts = draft([inputs([input(1, 5n)])], [outputs([output(2, 5n)])]);
  const [a, b] = [await finalize(parts, uncalled, dice), await finalize(parts, uncalled, dice)];
  assert(a.ok && b.ok && a.value.txid !== b.value.txid);
});

Deno.test("amounts beyond 2^64 − 1 msat are refused, not wrapped", async () => {
  const parts = draft([inputs([input(1, U64_MAX)])], [outputs([output(2, U64_MAX), output(3, 1n)])]);
  assertEquals(await finalize(parts, exact(), dice), { ok: false, error: { code: "overflow" } });
});

Deno.test("a transaction that no unit can hold is refused with its size; one byte less passes", async () => {
  const build = (bodyBytes: number) =>
    finalize(draft([inputs([input(1, 5n)])], [outputs([output(2, 5n, 0n, bodyBytes)])]), uncalled, dice);
  const size = async (bodyBytes: number): Promise<number | null> => {
    const done = await build(bodyBytes);
    return done.ok ? null : (done.error as { bytes: number }).bytes;
  };
  const over = (await size(50_000))! - 50_000;
  const fits = TRANSACTION_BYTES_MAX - over;
  assert((await build(fits)).ok);
  const refused = await build(fits + 1);
  assert(!refused.ok);
  assertEquals(refused.error, { code: "too_large", bytes: TRANSACTION_BYTES_MAX + 1, bytesMax: TRANSACTION_BYTES_MAX });
});

Deno.test("a primary module that doesn't cover the outputs is a bug that stops the payment", async () => {
  const stingy: Balance = () => Promise.resolve(ok({ instance: 5, inputs: inputs([]), outputs: outputs([]) }));
  await assertRejects(() => finalize(draft([], [outputs([output(1, 5n)])]), stingy, dice));
});

Deno.test("whatever comes in goes out or is the fee", async () => {
  const item = fc.record({ msat: fc.bigInt(0n, 1n << 40n), feeMsat: fc.bigInt(0n, 1n << 20n) });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 5 }), fc.array(item, { maxLength: 5 }), async (ins, outs) => {
      const parts = draft(
        [inputs(ins.map(({ msat, feeMsat }, i) => input(i + 1, msat, feeMsat)))],
        [outputs(outs.map(({ msat, feeMsat }, i) => output(i + 1, msat, feeMsat)))],
      );
      const done = await finalize(parts, exact(), dice);
      assert(done.ok);
      const fees = [...ins, ...outs].reduce((sum, { feeMsat }) => sum + feeMsat, 0n);
      // exact change has no fee of its own
      assertEquals(done.value.feeMsat, fees);
    }),
    { numRuns: 30 },
  );
});
