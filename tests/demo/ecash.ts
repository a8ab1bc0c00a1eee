/** The demo's first part: money in, around and out. */
import type { JsonObject } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import type { FederationClient } from "../../client/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import type { Progress } from "./report.ts";
import { sats } from "./report.ts";
import { awaitBalance, BLOCKS_TO_AGREE, until, within } from "./waits.ts";

/** What Alice pays in, and out. */
export const DEPOSIT_SAT = 1_000_000n, WITHDRAW_SAT = 300_000n;
const GIFT_MSAT = 250_000_000n;

/** Whose money it is. */
export type Wallets = { readonly alice: FederationClient; readonly bob: FederationClient };

/** Bitcoin in, e-cash from Alice to Bob and not twice, Bitcoin out; one guardian is killed and comes back. */
export async function ecashStory(
  federation: DevFederation,
  { alice, bob }: Wallets,
  progress: Progress,
): Promise<void> {
  progress.say("Alice asks for a Bitcoin address of the federation");
  const address = await within("The address", alice.depositAddress());
  progress.result(address);

  progress.say(`The faucet pays ${sats(DEPOSIT_SAT * 1000n)} to it; the chain grows`);
  await federation.bitcoin("sendtoaddress", address, Number(DEPOSIT_SAT) / 1e8);
  await federation.mine(BLOCKS_TO_AGREE);
  const deposited = await within("The deposit", awaitBalance(alice, 0n));
  progress.result(`guardians signed notes blindly: Alice holds ${sats(deposited)} of e-cash`);

  const victim = federation.guardians.length > 1 ? federation.guardians.length - 1 : null;
  if (victim !== null) {
    progress.say(`Guardian ${victim} is killed (SIGKILL)`);
    await federation.kill(victim);
    progress.result(`${federation.guardians.length - 1} of ${federation.guardians.length} go on`);
  }

  progress.say(`Alice gives Bob ${sats(GIFT_MSAT)} as text`);
  const gift = await within("Taking notes out", alice.spend(GIFT_MSAT));
  progress.result(`${gift.ecash.slice(0, 40)}… (${gift.ecash.length} characters)`);

  progress.say("Bob redeems it: the notes are exchanged for fresh ones that Alice doesn't know");
  const { operationId } = await bob.receive(gift.ecash);
  const received = await within("Redeeming", bob.awaitReceive(operationId));
  if (!received.ok) throw new Error(`Guardians refused the e-cash: ${received.error}`);
  progress.result(`Bob holds ${sats(await bob.getBalance())}`);

  progress.say("Bob tries the same text once more");
  const again = await bob.receive(gift.ecash).then(() => "accepted", (thrown) => errorText(thrown));
  if (again === "accepted") throw new Error("The same e-cash was taken twice");
  progress.result(`refused: ${again}`);

  if (victim !== null) {
    progress.say(`Guardian ${victim} comes back with what was on its disk`);
    await within("The restart", federation.restart(victim));
    progress.result("it catches up with the others");
  }

  progress.say(`Alice pays ${sats(WITHDRAW_SAT * 1000n)} out to a Bitcoin address`);
  const destination = String(await federation.bitcoin("getnewaddress"));
  const payment = await within("Withdrawing", alice.withdraw(destination, WITHDRAW_SAT));
  const withdrawal = await within("The withdrawal", alice.awaitWithdraw(payment));
  if (withdrawal.outcome !== "success") throw new Error(`The withdrawal failed: ${withdrawal.outcome}`);
  progress.result(`a threshold of guardians signed transaction ${withdrawal.txid}`);

  progress.say("The transaction is mined");
  await until("The transaction is known to the Bitcoin node", () => federation.hasTransaction(withdrawal.txid));
  await federation.mine(BLOCKS_TO_AGREE);
  const confirmed = await federation.bitcoin("getrawtransaction", withdrawal.txid, true) as JsonObject;
  await within("Agreement on the blocks", federation.awaitBlocks());
  progress.result(`${confirmed.confirmations} confirmations`);
}
