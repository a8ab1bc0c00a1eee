/** Payments and receives of a wallet that is killed at each of its commits. */
import { assert, assertEquals } from "@std/assert";
import type { OperationId } from "../../core/types/ids.ts";
import { paymentOperationId, readInvoice } from "../../modules/lnv2/client/sending.ts";
import type { Paying } from "../../modules/lnv2/testing/gateway.ts";
import { BLOCK_COUNT } from "../../modules/lnv2/testing/guardians.ts";
import { PURSE_FEE_MSAT } from "../walletv2/purse.ts";
import { assertMoney, BALANCE_MSAT, LightningWorld } from "../lightning/world.ts";

const AMOUNT = 100_000n;
/** With 2 sat and 0.3 % for the gateway. */
const CONTRACT = 102_300n, RECEIVED = 97_700n;
const LIGHTNING_FEE = 1_000n;
const AFTER_FUNDING = BALANCE_MSAT - CONTRACT - LIGHTNING_FEE - PURSE_FEE_MSAT;
const EXPIRATION = BLOCK_COUNT + 512;
/** A payment that is begun, killed at a commit, begun again if nothing of it was stored, and comes to its end. */
async function paid(commit: number, paying: Paying, end: (at: LightningWorld) => Promise<void>) {
  const at = await LightningWorld.start();
  at.gateway.paying = [paying];
  const invoice = at.gateway.invoiceOf(AMOUNT), operationId = paymentOperationId(readInvoice(invoice));
  const crashed = await at.crashAt(commit, async () => {
    await at.lightning.send(invoice);
    await end(at);
    await at.lightning.awaitSend(operationId);
  });
  if (await at.lightning.paymentOf(invoice) === null) await at.finish(at.lightning.send(invoice));
  await at.finish(end(at));
  return { at, crashed, outcome: await at.finish(at.lightning.awaitSend(operationId)), operationId };
}

async function assertEvents(at: LightningWorld, operationId: OperationId, kinds: readonly string[]): Promise<void> {
  const events = await at.events();
  assertEquals(events.map(({ kind }) => kind), kinds);
  for (const { payload } of events) {
    assertEquals((payload as { operation_id: OperationId }).operation_id, operationId);
  }
}

Deno.test("a payment that is killed at any commit is paid once, and says so once", async () => {
  let commit = 0, alive = false;
  while (!alive) {
    const { at, crashed, outcome, operationId } = await paid(++commit, "pay", () => Promise.resolve());
    alive = !crashed;
    assertEquals(outcome.outcome, "success", `crash at commit ${commit}`);
    await assertMoney(at, AFTER_FUNDING);
    await assertEvents(at, operationId, ["payment-send", "payment-send-update"]);
    assertEquals(await at.outcomeOf(operationId), { Success: new Array<number>(32).fill(77) });
    assertEquals(at.accepted, 1);
    await at.finish(at.client.close());
  }
  assert(commit > 4, `${commit} runs`);
});

Deno.test("a payment that comes back and is killed at any commit is refunded once", async () => {
  let commit = 0, alive = false;
  while (!alive) {
    const { at, crashed, outcome, operationId } = await paid(++commit, "forfeit", () => Promise.resolve());
    alive = !crashed;
    assertEquals(outcome.outcome, "refunded", `crash at commit ${commit}`);
    await at.finish(at.client.awaitOperation(operationId));
    await assertMoney(at, AFTER_FUNDING + CONTRACT - LIGHTNING_FEE - PURSE_FEE_MSAT);
    await assertEvents(at, operationId, ["payment-send", "payment-send-update"]);
    assertEquals(at.accepted, 2);
    await at.finish(at.client.close());
  }
  assert(commit > 6, `${commit} runs`);
});

Deno.test("a contract whose time is over comes back once, however often the wallet is killed meanwhile", async () => {
  let commit = 0, alive = false;
  while (!alive) {
    const { at, crashed, outcome, operationId } = await paid(++commit, "silent", (at) => at.mineTo(EXPIRATION));
    alive = !crashed;
    assertEquals(outcome.outcome, "refunded", `crash at commit ${commit}`);
    await at.finish(at.client.awaitOperation(operationId));
    await assertMoney(at, AFTER_FUNDING + CONTRACT - LIGHTNING_FEE - PURSE_FEE_MSAT);
    assertEquals(at.accepted, 2);
    await at.finish(at.client.close());
  }
  assert(commit > 6, `${commit} runs`);
});

Deno.test("an invoice whose wallet is killed at any commit is credited once, and shown only when it can be", async () => {
  let commit = 0, alive = false, unshown = 0;
  while (!alive) {
    const at = await LightningWorld.start();
    let shown: OperationId | null = null;
    alive = !await at.crashAt(++commit, async () => {
      const { operationId } = await at.lightning.receive(AMOUNT);
      shown = operationId;
      await at.gateway.fund(at.gateway.registered.at(-1)!);
      await at.lightning.awaitReceive(operationId);
    });
    if (shown === null) {
      unshown++;
      await assertMoney(at, BALANCE_MSAT);
      await at.finish(at.client.close());
      continue;
    }
    const outcome = await at.finish(at.lightning.awaitReceive(shown));
    assertEquals(outcome, { outcome: "claimed" }, `crash at commit ${commit}`);
    await at.finish(at.client.awaitOperation(shown));
    await assertMoney(at, BALANCE_MSAT + RECEIVED - LIGHTNING_FEE - PURSE_FEE_MSAT);
    await assertEvents(at, shown, ["payment-receive"]);
    await at.finish(at.client.close());
  }
  assert(commit > 4, `${commit} runs`);
  assert(unshown >= 1, "a crash came before the invoice was stored");
});
