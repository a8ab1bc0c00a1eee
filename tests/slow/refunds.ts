/** Payments that guardians refuse: what was paid with comes back, with real guardians in a simulated world. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ecashNotes, formatEcash, makeEcash, parseEcash } from "../../modules/mintv2/ecash.ts";
import type { FederationClient } from "../../client/mod.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import { awaitBalance } from "../demo/waits.ts";
import { walletv2Client } from "../../modules/walletv2/client.ts";
import { SimulatedFederation } from "../simulation/federation.ts";
import { SimulatedWallet } from "../simulation/wallets.ts";

const DEPOSIT_BTC = 0.0006;
const WITHDRAW_SAT = 10_000n;
/** What miners would never take: guardians refuse it. */
const FEE_SAT = 1n;
const PAYMENT_MSAT = 4_000_000n;
/** For exchanging some fifty notes once or a few times, 100 msat each way. */
const FEES_MAX_MSAT = 20_000n;
/** A wallet has about three of each denomination. */
const NOTES_MAX = 90;

async function noteCount({ client }: FederationClient): Promise<number> {
  const counts = await client.use(mintv2Client).counts();
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

Deno.test("a refused withdrawal comes back at once, and of e-cash that was partly spent the rest", async () => {
  const federation = await SimulatedFederation.start({ seed: 1, total: 1 });
  const alice = await SimulatedWallet.open(federation, "alice");
  const bob = await SimulatedWallet.open(federation, "bob");
  const { client } = alice;
  const address = await federation.finish(client.depositAddress());
  await federation.payIn(address, DEPOSIT_BTC);
  await federation.play(async () => {
    await awaitBalance(client, 0n);
    await client.client.awaitIdle();

    const beforeMsat = await client.getBalance();
    const destination = await federation.bitcoin("getnewaddress") as string;
    // `withdraw` would refuse such a fee by itself
    const wallet = client.use(walletv2Client);
    const refused = await wallet.send(destination, WITHDRAW_SAT, { feeSat: FEE_SAT });
    const outcome = await client.awaitWithdraw(refused);
    assert(outcome.outcome === "aborted");
    assertStringIncludes(outcome.reason, "fee");
    await client.awaitNotes(refused);
    const lostMsat = beforeMsat - await client.getBalance();
    assert(lostMsat >= 0n && lostMsat <= FEES_MAX_MSAT, `${lostMsat} msat are gone`);
    assert(await noteCount(client) <= NOTES_MAX, "a wallet that takes notes back does not fill up with small ones");

    const [spent, fresh] = [await client.spend(PAYMENT_MSAT), await client.spend(PAYMENT_MSAT)];
    const { operationId } = await bob.client.receive(spent.ecash);
    assertEquals((await bob.client.awaitReceive(operationId)).ok, true);
    const bobMsat = await bob.client.getBalance();
    const notes = [spent, fresh].flatMap(({ ecash }) => ecashNotes(parseEcash(ecash)));
    const cheated = await bob.client.receive(formatEcash(makeEcash(client.federationId, notes)));
    assertEquals((await bob.client.awaitReceive(cheated.operationId)).ok, false);
    await bob.client.awaitNotes(cheated.operationId);
    const gainedMsat = await bob.client.getBalance() - bobMsat;
    assert(gainedMsat > PAYMENT_MSAT - FEES_MAX_MSAT && gainedMsat <= fresh.amountMsat, `${gainedMsat} msat came`);
  });
  for (const wallet of [alice, bob]) await wallet.close();
});
