/** What an item and a look at the books cost, counted: the same however many contracts are open. */
import { assertEquals } from "@std/assert";
import { decryptionKeyOf } from "../../../core/crypto/tpe.ts";
import { lnv2Server } from "../server.ts";
import { countedTx } from "../../contract/testing/counted_store.ts";
import {
  incomingInput,
  incomingOf,
  incomingOutput,
  outgoingInput,
  outgoingOf,
  outgoingOutput,
  PREIMAGE,
  SEED,
  testLightning,
} from "../testing/guardians.ts";
import { incomingContractId } from "../contracts.ts";
import { openIncoming, openOutgoing } from "./db.ts";

const OPEN = 20_000;
const AT_ONCE = 2_000;

Deno.test("an item costs no more reads with thousands of open contracts than with none", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const { store, env } = guardians.guardians[0]!, module = await lnv2Server.start(env);
  const incoming = incomingOf(federation), id = incomingContractId(incoming);
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  const claim = { tag: "Claim", value: PREIMAGE } as const;
  /** Reads of a funding, a spending and a look at the books, of either kind. */
  const costs = async () => {
    const counts = { reads: 0 };
    const { txid } = guardians.newTransaction();
    const [out, into] = [{ txid, outIdx: 0 }, { txid, outIdx: 1 }], inPoint = { txid, inIdx: 0 };
    await store.transact(async (plain) => {
      const tx = countedTx(plain, counts);
      const done = [
        await module.processOutput(tx, outgoingOutput(outgoingOf()), out),
        await module.processOutput(tx, incomingOutput(incoming), into),
        await module.processInput(tx, outgoingInput(out, claim), inPoint),
        await module.processInput(tx, incomingInput(into, key), inPoint),
      ];
      assertEquals(done.map(({ ok }) => ok), [true, true, true, true]);
      await module.audit(tx);
    });
    return counts.reads;
  };
  const empty = await costs();
  for (let from = 0; from < OPEN; from += AT_ONCE) {
    const { txid } = guardians.newTransaction();
    await store.transact(async (tx) => {
      for (let outIdx = from; outIdx < from + AT_ONCE; outIdx += 2) {
        await openOutgoing(tx, { txid, outIdx }, outgoingOf());
        await openIncoming(tx, { txid, outIdx: outIdx + 1 }, id, incoming);
      }
    });
  }
  assertEquals(await guardians.audit(), -100_000n * BigInt(OPEN));
  assertEquals([await costs(), empty], [empty, 11]);
});
