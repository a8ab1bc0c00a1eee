/**
 * What guardians' units are charged for: what only an evil one has in them, and nothing of what clients bring about.
 */
import { assertEquals } from "@std/assert";
import { encode, u64 } from "../../core/encoding/mod.ts";
import { err } from "../../core/result.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import { transaction as transactionCodec } from "../../core/types/transaction.ts";
import type { AnyServerModule } from "../../modules/contract/server.ts";
import { mintOutput } from "../../modules/mintv2/common.ts";
import { requestNote } from "../../modules/mintv2/testing/federation.ts";
import { BAD_TRANSACTION_US, REFUSED_BYTES_PER_US, REFUSED_FOR_GOOD_US } from "./limits.ts";
import { MintLoad, withBadSignature } from "./testing/mint_load.ts";
import { codecsWith, INSTANCE, refs, withConsensus } from "./testing/processing.ts";

const EVIL = 1;

async function withUnits(
  body: (load: MintLoad, order: (...unit: Transaction[]) => Promise<[peer: number, us: number][]>) => Promise<void>,
): Promise<void> {
  const load = await MintLoad.deal();
  await load.withConsensus(async ({ system, wasted, clock }) => {
    let position = 0;
    await body(load, async (...unit) => {
      const items = unit.map((value) => ({ peer: EVIL, item: { tag: "Transaction", value } as const }));
      const processed = system.ask(refs.engine, "process", { session: 0, position, items, creator: EVIL });
      await clock.advance(1_000);
      position += (await processed).accepted;
      return wasted.take();
    });
  });
}

Deno.test("a guardian is charged for transactions with a bad note, each of them, and for unfunded and unsigned ones by their bytes", async () => {
  await withUnits(async (load, order) => {
    const [first, second] = await load.notes(2), bad = withBadSignature(first!);
    assertEquals(await order(load.exchange([bad]), load.exchange([second!, bad])), [[EVIL, 2 * BAD_TRANSACTION_US]]);
    const unsigned: Transaction = {
      ...load.exchange([first!]),
      signatures: { tag: "NaiveMultisig", value: [new Uint8Array(64).fill(7)] },
    };
    const outputs = Array(100).fill(
      toDyn(INSTANCE, mintOutput, requestNote(load.mint.dice, first!.denomination).output),
    );
    const unfunded: Transaction = { ...unsigned, inputs: [], outputs, signatures: { tag: "NaiveMultisig", value: [] } };
    for (const one of [unsigned, unfunded]) {
      assertEquals(await order(one), [[EVIL, encode(transactionCodec, one).length / REFUSED_BYTES_PER_US]]);
    }
  });
});

Deno.test("a guardian is charged for what a module refuses for good, and for nothing that it refuses for what was accepted", async () => {
  const FOR_GOOD = 1n, MEANWHILE = 2n;
  const module: Partial<AnyServerModule> = {
    processInput: (_tx, number: bigint) => Promise.resolve(err(number)),
    processOutput: (_tx, number: bigint) => Promise.resolve(err(number)),
    isForGood: (number: bigint) => number === FOR_GOOD,
  };
  const codecs = codecsWith({ input: u64, output: u64, inputError: u64, outputError: u64 });
  await withConsensus(module, codecs, async ({ system, wasted }) => {
    for (const number of [FOR_GOOD, MEANWHILE]) {
      for (const part of ["inputs", "outputs"] as const) {
        const empty = { inputs: [], outputs: [], nonce: new Uint8Array(8) };
        const unsigned = { ...empty, [part]: [toDyn(INSTANCE, u64, number)] };
        const value: Transaction = { ...unsigned, signatures: { tag: "NaiveMultisig", value: [] } };
        const items = [{ peer: EVIL, item: { tag: "Transaction", value } as const }];
        await system.ask(refs.engine, "process", { session: 0, position: 0, items, creator: EVIL });
        const us = REFUSED_FOR_GOOD_US + encode(transactionCodec, value).length / REFUSED_BYTES_PER_US;
        assertEquals(wasted.take(), number === FOR_GOOD ? [[EVIL, us]] : []);
      }
    }
  });
});

Deno.test("a guardian is charged nothing for a transaction that another ordered before, nor for one whose note was spent meanwhile", async () => {
  await withUnits(async (load, order) => {
    const [note] = await load.notes(1), one = load.exchange([note!]), other = load.exchange([note!]);
    assertEquals(await order(one, one, other), []);
    assertEquals(await order(other, one), []);
  });
});
