/** The bounty module in a whole federation: four guardians, people with and without the module, on virtual time. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { clientModules } from "../../client/modules.ts";
import { serverModules } from "../../server/modules.ts";
import type { Audit } from "../demo/audits.ts";
import { netMsat } from "../demo/audits.ts";
import { faucetClient, faucetServer } from "../simulation/faucet.ts";
import { SimulatedFederation } from "../simulation/federation.ts";
import { pay, SimulatedWallet } from "../simulation/wallets.ts";
import { bountyClient } from "./bounty/client.ts";
import type { BountyClient } from "./bounty/client/api.ts";
import { BountyError } from "./bounty/client/api.ts";
import { bountyServer } from "./bounty/server.ts";

const SOURCE = "./bounty";
const QUESTION = "Who keeps the money?";
const ANSWER = "the guardians";

function bountiesOf(wallet: SimulatedWallet): BountyClient {
  return wallet.client.use(bountyClient);
}

Deno.test("bounties are claimed and come back, whoever is killed meanwhile; a wallet without the module goes on without it", async () => {
  const federation = await SimulatedFederation.start({
    seed: 12,
    modules: ["bounty", "faucet", "mintv2"],
    definitions: serverModules([bountyServer, faucetServer].map((definition) => ({ definition, source: SOURCE }))),
    roundsPerSession: 40,
  });
  const all = clientModules([bountyClient, faucetClient].map((definition) => ({ definition, source: SOURCE })));
  const withoutBounties = all.filter(({ kind }) => kind !== "bounty");
  const alice = await SimulatedWallet.open(federation, "alice", undefined, all);
  const bob = await SimulatedWallet.open(federation, "bob", undefined, all);
  const carol = await SimulatedWallet.open(federation, "carol", undefined, withoutBounties);
  await federation.play(async () => {
    await alice.client.use(faucetClient).draw(1_000_000n);
    const before = await alice.client.getBalance();

    const wanted = { amountMsat: 200_000n, question: QUESTION, answer: ANSWER, openSecs: 3_600n };
    const first = await bountiesOf(alice).create(wanted);
    assertEquals(await bountiesOf(alice).awaitOpen(first.operationId), { ok: true, value: null });
    assertEquals((await alice.client.getPending()).outgoingMsat, 200_000n);
    const second = await bountiesOf(alice).create({ ...wanted, openSecs: 6n });
    assertEquals(await bountiesOf(alice).awaitOpen(second.operationId), { ok: true, value: null });
    assertEquals((await alice.client.getBalance()) < before - 400_000n, true);

    // Bob has no money, and needs none
    const [listed] = (await bountiesOf(bob).list()).filter(({ id }) => id.txid === first.id.txid);
    assertEquals([listed!.bounty.question, listed!.bounty.amountMsat], [QUESTION, 200_000n]);
    const wrong = await assertRejects(() => bountiesOf(bob).claim(first.id, "nobody"), BountyError);
    assertEquals(wrong.code, "wrong_answer");
    // both are in time, one is first
    const claims = await Promise.all([bob, alice].map(async (who) => ({
      who,
      operationId: await bountiesOf(who).claim(first.id, ANSWER),
    })));
    federation.kill(1);
    const ends = await Promise.all(claims.map(({ who, operationId }) => bountiesOf(who).awaitOutcome(operationId)));
    assertEquals(ends.map(({ outcome }) => outcome).sort(), ["refused", "won"]);
    assertEquals(await bountiesOf(alice).awaitOutcome(first.operationId), { outcome: "claimed" });
    const gone = await assertRejects(() => bountiesOf(bob).claim(first.id, ANSWER), BountyError);
    assertEquals(gone.code, "no_such_bounty");
    await federation.restart(1);

    // nobody answers the second one, and its maker's wallet dies in between
    alice.kill();
    await alice.restart();
    assertEquals(await bountiesOf(alice).awaitOutcome(second.operationId), { outcome: "refunded" });
    const tooLate = await assertRejects(() => bountiesOf(bob).claim(second.id, ANSWER), BountyError);
    assertEquals(tooLate.code, "no_such_bounty");
    assertEquals(await bountiesOf(bob).list(), []);

    // who hasn't the module sees that it is there, and pays and is paid as everywhere
    const kinds = carol.client.client.modules().filter(({ active }) => !active).map(({ kind }) => kind);
    assertEquals(kinds, ["bounty"]);
    await pay(alice, carol, 50_000n);
    await pay(carol, bob, 10_000n);
    for (const { client } of [alice, bob, carol]) await client.client.awaitIdle();
    assertEquals((await alice.client.getPending()).outgoingMsat, 0n);
    assert(await carol.client.getBalance() > 30_000n);

    const balances = await Promise.all([alice, bob, carol].map(({ client }) => client.getBalance()));
    const audit = await federation.call(0, "audit") as unknown as Audit;
    assertEquals(netMsat(audit, "bounty"), 0n);
    assertEquals(-netMsat(audit, "mintv2"), balances.reduce((sum, msat) => sum + msat, 0n));
    assert(Number(audit.net_assets) >= 0);
  });
  for (const wallet of [alice, bob, carol]) await wallet.close();
});
