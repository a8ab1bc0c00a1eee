/** What guardians' units are charged for: what only an evil one has in them, and nothing of what clients bring about. */
import { assertEquals } from "@std/assert";
import { encode } from "../../core/encoding/mod.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import { transaction as transactionCodec } from "../../core/types/transaction.ts";
import { mintOutput } from "../../modules/mintv2/common.ts";
import { requestNote } from "../../modules/mintv2/testing/federation.ts";
import { BAD_TRANSACTION_US, REFUSED_BYTES_PER_US } from "./limits.ts";
import { MintLoad, withBadSignature } from "./testing/mint_load.ts";
import { INSTANCE, refs } from "./testing/processing.ts";

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

Deno.test("a guardian is charged nothing for a transaction that another ordered before, nor for one whose note was spent meanwhile", async () => {
  await withUnits(async (load, order) => {
    const [note] = await load.notes(1), one = load.exchange([note!]), other = load.exchange([note!]);
    assertEquals(await order(one, one, other), []);
    assertEquals(await order(other, one), []);
  });
});
