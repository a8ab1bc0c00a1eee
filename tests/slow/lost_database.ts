/**
 * A guardian's disk dies: with its config files and an empty database it takes everything from the others, and is one
 * of them again.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import type { Audit } from "../demo/audits.ts";
import { netMsat } from "../demo/audits.ts";
import { awaitBalance } from "../demo/waits.ts";
import { SimulatedFederation } from "../simulation/federation.ts";
import { pay, SimulatedWallet } from "../simulation/wallets.ts";

const DEPOSIT_BTC = 0.0006;
const PAYMENT_MSAT = 4_000_000n;
const LOST = 3, AWAY = 0;

Deno.test("a guardian whose database is lost catches up, and with it the others agree while a fourth is away", async () => {
  const federation = await SimulatedFederation.start({ seed: 1, total: 4 });
  const alice = await SimulatedWallet.open(federation, "alice");
  const bob = await SimulatedWallet.open(federation, "bob");
  const sessions = (peer: number): Promise<string[]> => federation.sessionsOf(peer);
  const { clock } = federation.world.process("admin").platform;

  const address = await federation.finish(alice.client.depositAddress());
  await federation.payIn(address, DEPOSIT_BTC);
  await federation.play(async () => {
    await awaitBalance(alice.client, 0n);
    await pay(alice, bob, PAYMENT_MSAT);
    federation.kill(LOST);
    await pay(alice, bob, PAYMENT_MSAT);
    const before = (await sessions(AWAY)).length;
    assert(before > 0, "there are sessions to catch up with");
    await federation.restartEmpty(LOST);
    assertEquals(await sessions(LOST), [], "nothing was left");
    while ((await sessions(LOST)).length < before) await sleep(clock, 100);

    federation.kill(AWAY);
    await pay(alice, bob, PAYMENT_MSAT);
    const during = (await sessions(LOST)).length;
    await pay(alice, bob, PAYMENT_MSAT);
    while ((await sessions(LOST)).length <= during) await sleep(clock, 100);
    await federation.restart(AWAY);
    while ((await sessions(AWAY)).length <= during) await sleep(clock, 100);
    for (const { client } of [alice, bob]) await client.client.awaitIdle();

    const [lost, other] = [await sessions(LOST), await sessions(1)];
    const common = Math.min(lost.length, other.length);
    assertEquals(lost.slice(0, common), other.slice(0, common));
    const owedMsat = -netMsat(await federation.call(LOST, "audit") as unknown as Audit, "mintv2");
    assertEquals(owedMsat, await alice.client.getBalance() + await bob.client.getBalance());
  });
  for (const wallet of [alice, bob]) await wallet.close();
});
