/**
 * An invalid transaction of each kind: what the client is told, as guardians encode it, and that consensus refuses it
 * without a trace.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { DecodeError, encodeHex, struct, text, u64 } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { Transaction, TransactionError } from "../../../core/types/transaction.ts";
import { transaction, transactionError, transactionIdOf } from "../../../core/types/transaction.ts";
import { signTransaction } from "../../../core/types/transaction_signing.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import { seededDice } from "../../../modules/contract/testing/mod.ts";
import type { ConsensusTest } from "../testing/processing.ts";
import { processOne } from "../testing/engine.ts";
import { codecsWith, INSTANCE, refs, stored, withConsensus } from "../testing/processing.ts";
import { decodeTransaction, modulesWith } from "./transaction.ts";

const dice = seededDice(1);
const SECRET_KEY = new Uint8Array(32).fill(5), OTHER_KEY = new Uint8Array(32).fill(6);

/** Money that is a number and can be spent once. Each output costs 2 msat. */
const coin = struct("Coin", { id: u64, msat: u64 });
const codecs = codecsWith({ input: coin, output: coin, inputError: text, outputError: text });
type Coin = { readonly id: bigint; readonly msat: bigint };

const spentKey = (id: bigint): Uint8Array => Uint8Array.of(1, Number(id));
const issuedKey = (id: bigint): Uint8Array => Uint8Array.of(2, Number(id));
const msatOf = (msat: bigint) => new Map([[0n, msat]]);
const FEE_MSAT = 2n;

const MODULE: Partial<AnyServerModule> = {
  processInput: async (tx, { id, msat }: Coin) => {
    if (await tx.get(spentKey(id)) !== undefined) return err(`coin ${id} is spent`);
    tx.set(spentKey(id), Uint8Array.of(1));
    return ok({ amounts: msatOf(msat), fees: new Map(), publicKey: publicKeyOf(SECRET_KEY) });
  },
  processOutput: (tx, { id, msat }: Coin) => {
    if (msat === 0n) return Promise.resolve(err("a coin of nothing"));
    tx.set(issuedKey(id), Uint8Array.of(1));
    return Promise.resolve(ok({ amounts: msatOf(msat), fees: msatOf(FEE_MSAT) }));
  },
  audit: () => Promise.resolve(0n),
  apiEndpoints: {},
};

const coinOf = (msat: bigint, id: bigint): Dyn => toDyn(INSTANCE, coin, { id, msat });

function signed(inputs: Dyn[], outputs: Dyn[], key = SECRET_KEY): Transaction {
  return signTransaction({ inputs, outputs, nonce: dice.bytes(8) }, inputs.map(() => key), () => dice.bytes(32));
}

/** Submitted, then ordered by an evil guardian all the same. @returns the error that the client got */
async function refusal(test: ConsensusTest, value: Transaction, position = 0): Promise<TransactionError> {
  const { system, store } = test;
  const answer = await system.ask(refs.submissions, "submit", { transaction: value, waitMs: 1_000 });
  assert(answer !== null && answer !== "broken" && !answer.ok, "refused at the submission");
  const args = { session: 0, position, item: { tag: "Transaction" as const, value }, peer: 3 };
  const processed = await processOne(test, args);
  assert(!processed.ok && processed.error.includes(answer.error.tag), "refused in consensus, for the same reason");
  assertEquals(await stored(store, issuedKey(9n)), undefined, "nothing of it is kept");
  return answer.error;
}

const unbalanced = (inputs: bigint, outputs: bigint, fee: bigint): TransactionError => ({
  tag: "UnbalancedTransaction",
  value: { inputs, outputs, fee },
});

/** Of its only signature. */
function wrongSignature(tx: Transaction): TransactionError {
  assert(tx.signatures.tag === "NaiveMultisig");
  const [sig] = tx.signatures.value;
  const key = toHex(publicKeyOf(SECRET_KEY)), hash = transactionIdOf(tx);
  return { tag: "InvalidSignature", value: { tx: encodeHex(transaction, tx), hash, sig: toHex(sig!), key } };
}

const input = (id: bigint) => coinOf(100n, id), output = (msat: bigint) => coinOf(msat, 9n);

const KINDS: readonly {
  readonly name: string;
  readonly make: () => Transaction;
  /** Also as guardians encode it: the variant's number, then its length and body. */
  readonly error: (tx: Transaction) => TransactionError;
  readonly hex?: string;
}[] = [
  {
    name: "that takes out more than it brings in",
    make: () => signed([input(1n)], [output(99n)]),
    error: () => unbalanced(100n, 99n, FEE_MSAT),
    hex: "0003646302",
  },
  {
    name: "without inputs",
    make: () => signed([], [output(1n)]),
    error: () => unbalanced(0n, 1n, FEE_MSAT),
    hex: "0003000102",
  },
  {
    name: "whose outputs add up to more than u64 holds",
    make: () => signed([input(1n)], [output(U64_MAX), coinOf(101n, 10n)]),
    error: () => unbalanced(0n, 0n, 0n),
    hex: "0003000000",
  },
  {
    name: "that spends a coin twice",
    make: () => signed([input(1n), input(1n)], [output(50n)]),
    error: () => ({ tag: "Input", value: toDyn(INSTANCE, text, "coin 1 is spent") }),
  },
  {
    name: "with an output that its module refuses",
    make: () => signed([input(1n)], [output(50n), coinOf(0n, 10n)]),
    error: () => ({ tag: "Output", value: toDyn(INSTANCE, text, "a coin of nothing") }),
  },
  {
    name: "signed with another key",
    make: () => signed([input(1n)], [output(50n)], OTHER_KEY),
    error: wrongSignature,
  },
  {
    name: "changed after it was signed",
    make: () => {
      const tx = signed([input(1n)], [output(50n)]);
      return { ...tx, outputs: [output(60n)] };
    },
    error: wrongSignature,
  },
  {
    name: "with a signature too few",
    make: () => ({ ...signed([input(1n)], [output(50n)]), signatures: { tag: "NaiveMultisig", value: [] } }),
    error: () => ({ tag: "InvalidWitnessLength", value: null }),
    hex: "0300",
  },
  {
    name: "with signatures of an unknown scheme",
    make: () => ({
      ...signed([input(1n)], [output(50n)]),
      signatures: { tag: "Default", value: { variant: 7n, bytes: Uint8Array.of(1, 2) } },
    }),
    error: () => ({ tag: "UnsupportedSignatureScheme", value: { variant: 7n } }),
    hex: "020107",
  },
];

for (const { name, make, error, hex } of KINDS) {
  Deno.test(`a transaction ${name} is refused`, async () => {
    await withConsensus(MODULE, codecs, async (test) => {
      const tx = make();
      const refused = await refusal(test, tx);
      assertEquals(refused, error(tx));
      if (hex !== undefined) assertEquals(encodeHex(transactionError, refused), hex);
    });
  });
}

Deno.test("of two transactions that spend a coin the first is accepted, once", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const first = signed([input(1n)], [coinOf(50n, 3n)]), second = signed([input(1n)], [output(60n)]);
    const item = { tag: "Transaction" as const, value: first };
    const accepted = { session: 0, position: 0, item, peer: 0 };
    assertEquals(await processOne(test, accepted), ok(null));
    const refused = await refusal(test, second, 1);
    assertEquals(refused, { tag: "Input", value: toDyn(INSTANCE, text, "coin 1 is spent") });
    const again = await processOne(test, { ...accepted, position: 1, peer: 2 });
    assertEquals(again, err("transaction was accepted before"));
    assert(await stored(test.store, issuedKey(3n)) !== undefined);
  });
});

Deno.test("items of unknown modules, cut bodies and bytes behind them make it no transaction at all", () => {
  const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));
  const { body } = input(1n);
  const bad: Dyn[] = [
    { instance: 77, body },
    { instance: INSTANCE, body: body.slice(0, -1) },
    { instance: INSTANCE, body: new Uint8Array([...body, 0]) },
    { instance: INSTANCE, body: new Uint8Array(0) },
  ];
  for (const item of bad) {
    assertThrows(() => decodeTransaction(modules, signed([item], [])), DecodeError);
    assertThrows(() => decodeTransaction(modules, signed([], [item])), DecodeError);
  }
  assertEquals(decodeTransaction(modules, signed([input(1n)], [])).inputs.length, 1);
});
