/**
 * The Bitcoin node of all guardians is away for a while: e-cash goes on, what wants the chain is refused in words or
 * waits, nothing is lost.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import { friendlyError } from "../../client/cli/advice.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import { awaitBalance } from "../demo/waits.ts";
import { SimulatedFederation } from "../simulation/federation.ts";
import { pay, SimulatedWallet } from "../simulation/wallets.ts";

const DEPOSIT_BTC = 0.0006;
const PAYMENT_MSAT = 4_000_000n;
const WITHDRAW_SAT = 10_000n;
const TOTAL = 4;
/** A guardian gives up a call to a node after a minute, and only then knows that it is away. */
const AWAY_MS = 120_000;

Deno.test("while the Bitcoin node is away e-cash goes on; deposits come and withdrawals go when it is back", async () => {
  const federation = await SimulatedFederation.start({ seed: 1, total: TOTAL });
  const alice = await SimulatedWallet.open(federation, "alice");
  const bob = await SimulatedWallet.open(federation, "bob");
  const { clock } = federation.world.process("admin").platform;
  const guardians = Array.from({ length: TOTAL }, (_, peer) => `g${peer}`);

  const address = await federation.finish(alice.client.depositAddress());
  await federation.payIn(address, DEPOSIT_BTC);
  await federation.play(() => awaitBalance(alice.client, 0n));

  for (const guardian of guardians) federation.world.partition(guardian, "bitcoin");
  await federation.payIn(address, DEPOSIT_BTC);
  const destination = await federation.bitcoin("getnewaddress") as string;
  await federation.play(async () => {
    await sleep(clock, AWAY_MS);
    await pay(alice, bob, PAYMENT_MSAT);
    await alice.client.client.awaitIdle();
    const beforeMsat = await alice.client.getBalance();
    const refused = await assertRejects(() => alice.client.withdraw(destination, WITHDRAW_SAT), WalletError);
    assertStringIncludes(friendlyError(refused), "try again in some minutes");
    assertEquals(await alice.client.getBalance(), beforeMsat);
  }, 10 * AWAY_MS);

  for (const guardian of guardians) federation.world.heal(guardian, "bitcoin");
  await federation.play(async () => {
    const beforeMsat = await alice.client.getBalance();
    await awaitBalance(alice.client, beforeMsat);
    assert(await alice.client.getBalance() > beforeMsat + 50_000_000n, "the second deposit came");
    const withdrawal = await alice.client.withdraw(destination, WITHDRAW_SAT);
    assertEquals((await alice.client.awaitWithdraw(withdrawal)).outcome, "success");
    await pay(alice, bob, PAYMENT_MSAT);
  });
  for (const wallet of [alice, bob]) await wallet.close();
});
