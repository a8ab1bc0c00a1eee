/**
 * The demo's second part: people of the federation pay and are paid over Lightning. One payment is refused and comes
 * back; during another one the gateway is killed.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../core/bytes.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { errorText } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { FederationClient } from "../../client/mod.ts";
import type { DevLightning } from "../../server/dev/federation/lightning.ts";
import type { Wallets } from "./ecash.ts";
import type { Outside } from "./outside.ts";
import type { Progress } from "./report.ts";
import { sats } from "./report.ts";
import type { Moved } from "./sums.ts";
import { within } from "./waits.ts";

const PAID_MSAT = 40_000_000n;
const RECEIVED_MSAT = 30_000_000n;
const REFUSED_MSAT = 20_000_000n;
const KILLED_MSAT = 10_000_000n;

/** Who takes part in it. */
export type LightningCast = Wallets & { readonly lightning: DevLightning; readonly outside: Outside };

/** @returns what payments came to @throws {Error} when one ends otherwise than it must */
export async function lightningStory(cast: LightningCast, progress: Progress): Promise<Moved> {
  await payOut(cast, progress);
  await bePaid(cast, progress);
  await comeBack(cast, progress);
  await surviveKill(cast, progress);
  return { outMsat: PAID_MSAT + KILLED_MSAT, inMsat: RECEIVED_MSAT };
}

async function payOut({ alice, outside }: LightningCast, progress: Progress): Promise<void> {
  progress.say(`Alice pays an invoice of the outside world: ${sats(PAID_MSAT)}`);
  const invoice = await outside.invoice(PAID_MSAT);
  progress.result(`${invoice.slice(0, 40)}…`);
  const quote = await within("A gateway's price", alice.quotePayment(invoice));
  progress.result(`the gateway takes ${sats(quote.gatewayFeeMsat)}, the federation ${sats(quote.federationFeeMsat)}`);
  await succeed(alice, invoice, await within("Paying", alice.payInvoice(invoice, { quote })));
  progress.result(`paid: its preimage is the receipt; Alice holds ${sats(await alice.getBalance())}`);
}

/** @throws {Error} unless the payment has succeeded, with the preimage of its invoice */
async function succeed(wallet: FederationClient, invoice: string, operation: OperationId): Promise<void> {
  const paid = await within("The payment", wallet.awaitPayment(operation));
  if (paid.outcome !== "success") throw new Error(`The payment ended as ${paid.outcome}`);
  if (toHex(sha256(paid.preimage)) !== parseBolt11(invoice).paymentHash) {
    throw new Error("The preimage is not the invoice's");
  }
}

async function bePaid({ bob, outside }: LightningCast, progress: Progress): Promise<void> {
  progress.say(`Bob makes an invoice of ${sats(RECEIVED_MSAT)}, and the outside world pays it`);
  const { invoice, operationId } = await within("Bob's invoice", bob.createInvoice(RECEIVED_MSAT));
  const before = await bob.getBalance();
  const [, received] = await within(
    "The payment to Bob",
    Promise.all([outside.pay(invoice), bob.awaitInvoice(operationId)]),
  );
  if (received.outcome !== "claimed") throw new Error(`The payment to Bob ended as ${received.outcome}`);
  progress.result(`${sats(await bob.getBalance() - before)} of e-cash came; Bob holds ${sats(await bob.getBalance())}`);
}

async function comeBack({ alice, outside }: LightningCast, progress: Progress): Promise<void> {
  progress.say(`Alice pays ${sats(REFUSED_MSAT)} once more; the payee refuses`);
  const held = await outside.holdInvoice(REFUSED_MSAT), before = await alice.getBalance();
  const operation = await within("Paying", alice.payInvoice(held.invoice));
  await outside.awaitHeld(held);
  await outside.refuse(held);
  const refused = await within("The refund", alice.awaitPayment(operation));
  if (refused.outcome !== "refunded") throw new Error(`A payment that was refused ended as ${refused.outcome}`);
  await within("The refunded e-cash", alice.client.awaitIdle());
  const lostMsat = before - await alice.getBalance();
  if (lostMsat < 0n || lostMsat > REFUSED_MSAT / 10n) throw new Error(`A refused payment cost ${lostMsat} msat`);
  progress.result(`the gateway gave up its claim, and the money is back but for ${sats(lostMsat)} of fees`);
}

async function surviveKill({ alice, outside, lightning }: LightningCast, progress: Progress): Promise<void> {
  progress.say(`Alice pays ${sats(KILLED_MSAT)}; it is on its way when the gateway is killed (SIGKILL)`);
  const held = await outside.holdInvoice(KILLED_MSAT);
  const operation = await within("Paying", alice.payInvoice(held.invoice));
  await outside.awaitHeld(held);
  await lightning.killGateway();
  progress.result("the outside world takes the payment; nobody is there to tell");
  const taking = outside.take(held);
  progress.say("The gateway comes back with what was on its disk");
  await within("The restart", Promise.all([lightning.restartGateway(), taking]));
  await succeed(alice, held.invoice, operation);
  const again = await alice.payInvoice(held.invoice).then(() => "accepted", (thrown) => errorText(thrown));
  if (again === "accepted") throw new Error("The same invoice was paid twice");
  progress.result(`paid, once; trying again: ${again.split(".", 1)[0]}`);
}
