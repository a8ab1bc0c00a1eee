/** What one evil guardian of four tells Lightning's clients changes nothing: only equal answers of a threshold do. */
import { assertEquals } from "@std/assert";
import type { Json } from "../../core/encoding/mod.ts";
import { BLOCK_COUNT } from "../../modules/lnv2/testing/guardians.ts";
import { PURSE_FEE_MSAT } from "../walletv2/purse.ts";
import { assertMoney, BALANCE_MSAT, LightningWorld } from "../lightning/world.ts";

const AMOUNT = 100_000n, CONTRACT = 102_300n, RECEIVED = 97_700n;
const FEES = 1_000n + PURSE_FEE_MSAT;
const EXPIRATION = BLOCK_COUNT + 512;
const ANYWHERE = { txid: "11".repeat(32), out_idx: 0 };

/** A world in which the last guardian lies. */
async function lyingWorld(lies: { readonly [method: string]: Json }): Promise<LightningWorld> {
  const at = await LightningWorld.start();
  at.lie = (method) => Object.hasOwn(lies, method) ? lies[method] : undefined;
  return at;
}

Deno.test("a preimage, an expiration or a block count that one guardian makes up ends no payment", async () => {
  const lies: readonly { readonly [method: string]: Json }[] = [
    { await_preimage: new Array<number>(32).fill(77) },
    { await_preimage: null },
    { await_preimage: new Array<number>(32).fill(1), consensus_block_count: 1_000_000 },
  ];
  for (const lie of lies) {
    const at = await lyingWorld(lie);
    at.gateway.paying = ["silent"];
    const operationId = await at.finish(at.lightning.send(at.gateway.invoiceOf(AMOUNT)));
    const outcome = at.lightning.awaitSend(operationId);
    await at.world.world.run({ forMs: 120_000 });
    assertEquals(await at.outcomeOf(operationId), null);
    assertEquals(at.gateway.orders[0]!.contract.expiration, BigInt(EXPIRATION));
    await at.finish(at.mineTo(EXPIRATION));
    assertEquals(await at.finish(outcome), { outcome: "refunded" });
    await assertMoney(at, BALANCE_MSAT - 2n * FEES);
    await at.finish(at.client.close());
  }
});

Deno.test("a contract that one guardian says is funded, or is over, is waited for as before", async () => {
  const lies: readonly Json[] = [ANYWHERE, null];
  for (const lie of lies) {
    const at = await lyingWorld({ await_incoming_contract: lie });
    const { operationId } = await at.finish(at.lightning.receive(AMOUNT));
    const outcome = at.lightning.awaitReceive(operationId);
    await at.world.world.run({ forMs: 120_000 });
    assertEquals(await at.outcomeOf(operationId), null);
    await at.finish(at.gateway.fund(at.gateway.registered[0]!));
    assertEquals(await at.finish(outcome), { outcome: "claimed" });
    await assertMoney(at, BALANCE_MSAT + RECEIVED - FEES);
    await at.finish(at.client.close());
  }
});

Deno.test("gateways that one guardian alone vets come last, and a flood of them not at all", async () => {
  const flood = Array.from({ length: 1_000 }, (_, i) => `http://evil${i}/`);
  for (const gateways of [["http://evil/"], flood, ["no url"], { not: "a list" }]) {
    const at = await lyingWorld({ gateways });
    assertEquals(await at.finish(at.lightning.selectGateway()), "http://gateway/v1");
    const listed = await at.finish(at.lightning.gateways());
    assertEquals(listed[0], "http://gateway/v1");
    assertEquals(listed.length <= 2, true);
    const operationId = await at.finish(at.lightning.send(at.gateway.invoiceOf(AMOUNT)));
    assertEquals((await at.finish(at.lightning.awaitSend(operationId))).outcome, "success");
    await assertMoney(at, BALANCE_MSAT - CONTRACT - FEES);
    await at.finish(at.client.close());
  }
});

Deno.test("a stream of contracts that one guardian cuts short or makes up loses nothing", async () => {
  for (const page of [[[], 1_000_000], [[], 0], "garbage"] as Json[]) {
    const at = await lyingWorld({ await_incoming_contracts: page });
    const { operationId } = await at.finish(at.lightning.receive(AMOUNT));
    await at.finish(at.gateway.fund(at.gateway.registered[0]!));
    assertEquals(await at.finish(at.lightning.awaitReceive(operationId)), { outcome: "claimed" });
    await at.world.world.run({ forMs: 10_000 });
    const { store } = at.client.options;
    // behind the module's prefix
    let position: number | null = null;
    await store.read(async (tx) => {
      for await (const { key, value } of tx.range()) {
        if (key.at(-1) === 0x42 && value.length === 1) position = value[0]!;
      }
    });
    assertEquals(position, 1);
    await at.finish(at.client.close());
  }
});
