import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { Amounts } from "../../../core/types/amount.ts";
import type { TransactionError } from "../../../core/types/transaction.ts";
import { err, ok } from "../../../core/result.ts";
import { Funding, OVERFLOW_ERROR } from "./funding.ts";

const NOW = { major: 2, minor: 1 }, BEFORE = { major: 2, minor: 0 };
const BITCOIN = 0n, OTHER = 7n;

const bitcoin = (msat: bigint): Amounts => new Map([[BITCOIN, msat]]);
const NOTHING: Amounts = new Map();

function funding(parts: {
  readonly inputs?: readonly Amounts[];
  readonly outputs?: readonly Amounts[];
  readonly fee?: Amounts;
}): Funding {
  const sums = new Funding();
  for (const amounts of parts.inputs ?? []) assertEquals(sums.addInput({ amounts, fees: NOTHING }), ok(null));
  for (const amounts of parts.outputs ?? []) assertEquals(sums.addOutput({ amounts, fees: NOTHING }), ok(null));
  assertEquals(sums.addOutput({ amounts: NOTHING, fees: parts.fee ?? NOTHING }), ok(null));
  return sums;
}

function unbalanced(inputs: bigint, outputs: bigint, fee: bigint): TransactionError {
  return { tag: "UnbalancedTransaction", value: { inputs, outputs, fee } };
}

Deno.test("inputs pay for outputs and fees, to the msat", () => {
  const parts = { inputs: [bitcoin(60n), bitcoin(40n)], fee: bitcoin(3n) };
  assertEquals(funding({ ...parts, outputs: [bitcoin(97n)] }).verify(NOW), ok(null));
  assertEquals(funding({ ...parts, outputs: [bitcoin(98n)] }).verify(NOW), err(unbalanced(100n, 98n, 3n)));
  assertEquals(funding({}).verify(NOW), ok(null));
});

Deno.test("a surplus is burned since core consensus 2.1, and refused before", () => {
  const parts = { inputs: [bitcoin(100n)], outputs: [bitcoin(90n)], fee: bitcoin(3n) };
  assertEquals(funding(parts).verify(NOW), ok(null));
  assertEquals(funding(parts).verify(BEFORE), err(unbalanced(100n, 90n, 3n)));
  assertEquals(funding({ inputs: [bitcoin(5n)] }).verify(BEFORE), err(unbalanced(5n, 0n, 0n)));
  assertEquals(funding({ ...parts, outputs: [bitcoin(97n)] }).verify(BEFORE), ok(null));
});

Deno.test("each unit is paid for in itself, and the lowest that isn't is told", () => {
  const both: Amounts = new Map([[OTHER, 5n], [BITCOIN, 10n]]);
  assertEquals(funding({ inputs: [both], outputs: [both] }).verify(NOW), ok(null));
  assertEquals(funding({ inputs: [bitcoin(100n)], outputs: [both] }).verify(NOW), err(unbalanced(0n, 5n, 0n)));
  assertEquals(funding({ outputs: [both] }).verify(NOW), err(unbalanced(0n, 10n, 0n)));
});

Deno.test("sums beyond u64 are refused wherever they arise", () => {
  const item = { amounts: bitcoin(U64_MAX), fees: NOTHING }, one = { amounts: bitcoin(1n), fees: NOTHING };
  const inputs = new Funding();
  assertEquals([inputs.addInput(item), inputs.addInput(one)], [ok(null), err(OVERFLOW_ERROR)]);
  const outputs = new Funding();
  assertEquals([outputs.addOutput(item), outputs.addOutput(one)], [ok(null), err(OVERFLOW_ERROR)]);
  const fees = new Funding();
  const dear = { amounts: NOTHING, fees: bitcoin(U64_MAX) };
  assertEquals([fees.addInput(dear), fees.addOutput({ ...dear, fees: bitcoin(1n) })], [ok(null), err(OVERFLOW_ERROR)]);
  // each sum fits, outputs and fees together don't: what wraps around must not look paid for
  const together = funding({ inputs: [bitcoin(100n)], outputs: [bitcoin(U64_MAX)], fee: bitcoin(1n) });
  assertEquals(together.verify(NOW), err(OVERFLOW_ERROR));
});

Deno.test("nothing that is accepted takes out more than it brings in", () => {
  const amount = fc.bigInt(0n, U64_MAX);
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 4 }), fc.array(amount, { maxLength: 4 }), amount, (ins, outs, fee) => {
      const sums = new Funding();
      const added = [
        ...ins.map((msat) => sums.addInput({ amounts: bitcoin(msat), fees: NOTHING })),
        ...outs.map((msat) => sums.addOutput({ amounts: bitcoin(msat), fees: NOTHING })),
        sums.addOutput({ amounts: NOTHING, fees: bitcoin(fee) }),
      ];
      const accepted = added.every((result) => result.ok) && sums.verify(NOW).ok;
      const total = (list: readonly bigint[]): bigint => list.reduce((sum, msat) => sum + msat, 0n);
      const fits = total(ins) <= U64_MAX && total(outs) + fee <= U64_MAX;
      assertEquals(accepted, fits && total(ins) >= total(outs) + fee);
    }),
  );
});
