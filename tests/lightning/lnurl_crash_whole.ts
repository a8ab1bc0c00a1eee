/** Version 1's payment codes of a wallet that is killed at each of its commits. */
import { assert, assertEquals } from "@std/assert";
import { FederationClient } from "../../client/wallet.ts";
import { toHex } from "../../core/bytes.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { lnClient } from "../../modules/ln/client.ts";
import { incomingContractOffer } from "../../modules/ln/contracts.ts";
import { incomingOf, incomingOutput } from "../../modules/ln/testing/guardians.ts";
import { TestRecurringServer } from "../../modules/ln/testing/recurring.ts";
import { BALANCE_MSAT, LightningWorld } from "./world.ts";

const AMOUNT_MSAT = 100_000n;
const SERVER = "http://pay.example/";

async function worldWithServer() {
  const at = await LightningWorld.start(12, ["ln"]), { guardians } = at.first, { clock } = at.world.platform;
  const server = new TestRecurringServer({ guardians, clock }),
    { network } = at.world.world.process("pay.example").platform;
  await at.finish(
    network.serveHttp({ hostname: "0.0.0.0", port: 80 }, (request) => server.handle(request)),
  );
  let invoice: string | null = null;
  /** As far as it hasn't been done: an lnurl, somebody who asks for an invoice, and who pays it. */
  const paidByLnurl = async (): Promise<OperationId> => {
    const wallet = new FederationClient(at.client);
    await wallet.lnurl(SERVER);
    if (invoice === null) {
      invoice = await server.write(AMOUNT_MSAT);
      const { paymentHash } = parseBolt11(invoice);
      const offer = incomingContractOffer.fromJson(await guardians.ask("offer", paymentHash));
      const bought = await guardians.output(incomingOutput(incomingOf(offer), offer.amount));
      assert(bought.ok, "guardians take the contract");
      await guardians.agree();
    }
    for await (const msat of wallet.subscribeBalance()) if (msat > BALANCE_MSAT) break;
    return parseBolt11(invoice).paymentHash as string as OperationId;
  };
  return { at, server, paidByLnurl };
}

Deno.test("what comes by an lnurl comes once, by the same key, whenever the wallet is killed", async () => {
  let commit = 0;
  for (let alive = false; !alive;) {
    const { at, server, paidByLnurl } = await worldWithServer();
    alive = !await at.crashAt(++commit, paidByLnurl);
    const operationId = await at.finish(paidByLnurl()), wallet = new FederationClient(at.client);
    assertEquals(await at.finish(wallet.awaitInvoice(operationId)), { outcome: "claimed" }, `commit ${commit}`);
    // what the claim brings, less its fees, and once
    const balanceMsat = await at.balanceMsat();
    assert(balanceMsat > BALANCE_MSAT && balanceMsat < BALANCE_MSAT + AMOUNT_MSAT, `commit ${commit}: ${balanceMsat}`);
    assertEquals([await at.openMsat(), at.accepted], [0n, 1], `commit ${commit}`);
    assertEquals(new Set(server.registered.map(({ rootKey }) => toHex(rootKey))).size, 1);
    const [code, ...others] = await at.finish(wallet.use(lnClient).lnurls());
    assertEquals([code?.lastInvoice, others], [1n, []], `commit ${commit}`);
    const created = await at.eventsOf("ln", "recurring_invoice_created");
    assertEquals(created.length, 1, `commit ${commit}`);
    await at.finish(at.client.close());
  }
  assert(commit > 3, `${commit} runs`);
});
