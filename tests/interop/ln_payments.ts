/**
 * Payments of the first Lightning module as a wallet makes them, through a gateway, with a real LND as the outside
 * world: out, in, within the gateway, and one that fails.
 */
import type { JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { until } from "../demo/waits.ts";
import type { Parties } from "./lightning_payments.ts";
import { demandGained, demandSpent, invoiceOf, msatOf, PAYMENT_SAT, spentMsat } from "./lightning_payments.ts";
import { demand } from "./suite.ts";
import type { Wallet } from "./wallet.ts";

/** Resolves when guardians name one gateway. @returns its id */
export async function lnGateway({ suite, payer }: Parties): Promise<string> {
  let id = "";
  await until("a gateway is registered", async () => {
    const listed = await payer.ask("module", "ln", "list-gateways") as readonly JsonObject[];
    demand(listed.length <= 1, stringifyJson(listed));
    if (listed.length === 1) id = String((listed[0]!.info as JsonObject).gateway_id);
    return listed.length === 1;
  }, suite.signal);
  return id;
}

async function invoiceBy(wallet: Wallet): Promise<{ readonly text: string; readonly operation: string }> {
  const made = await wallet.ask("module", "ln", "invoice", `${PAYMENT_SAT} sat`) as JsonObject;
  return { text: String(made.invoice), operation: String(made.operation_id) };
}

async function demandReceived(wallet: Wallet, operation: string): Promise<void> {
  const received = await wallet.ask("module", "ln", "await-invoice", operation) as JsonObject;
  demand(received.status === "paid", stringifyJson(received));
}

async function pay(wallet: Wallet, invoice: string): Promise<JsonObject> {
  return await wallet.ask("module", "ln", "pay", invoice) as JsonObject;
}

export async function lnPayOutside({ far, payer }: Parties): Promise<void> {
  const beforeMsat = await payer.balanceMsat(), invoice = await invoiceOf(far, PAYMENT_SAT);
  const paid = await pay(payer, invoice.text);
  const { state, r_preimage: preimage } = await far.ask("lookupinvoice", invoice.hash);
  const told = (paid.Success as JsonObject | undefined)?.preimage;
  demand(state === "SETTLED" && told === preimage, `${stringifyJson(paid)}, ${stringifyJson(state!)}`);
  await demandSpent(payer, beforeMsat);
}

export async function lnPaidByOutside({ far, payee }: Parties): Promise<void> {
  const beforeMsat = await payee.balanceMsat(), { text, operation } = await invoiceBy(payee);
  const [paid] = await Promise.all([far.pay(text), demandReceived(payee, operation)]);
  demand(paid.exit === 0, `${paid.out}${paid.err}`);
  await demandGained(payee, beforeMsat);
}

/** Of the same federation: the channel isn't used. */
export async function lnSwap({ far, payer, payee }: Parties): Promise<void> {
  const beforeSat = await far.localBalanceSat();
  const [payerMsat, payeeMsat] = [await payer.balanceMsat(), await payee.balanceMsat()];
  const { text, operation } = await invoiceBy(payee);
  const [paid] = await Promise.all([pay(payer, text), demandReceived(payee, operation)]);
  demand(paid.Success !== undefined, stringifyJson(paid));
  await demandSpent(payer, payerMsat);
  // the receiver pays the gateway nothing, and the federation next to nothing
  const gainedMsat = -await spentMsat(payee, payeeMsat);
  demand(gainedMsat > msatOf(PAYMENT_SAT) * 9n / 10n && gainedMsat <= msatOf(PAYMENT_SAT), `${gainedMsat} msat came`);
  demand(await far.localBalanceSat() === beforeSat, "the channel was used");
}

/** The receiver's node refuses; the gateway cancels the contract, and the money comes back. */
export async function lnRefunded({ far, payer }: Parties): Promise<void> {
  const invoice = await invoiceOf(far, PAYMENT_SAT), beforeMsat = await payer.balanceMsat();
  await far.ask("cancelinvoice", invoice.hash);
  const { exit, out } = await payer.run("module", "ln", "pay", invoice.text);
  demand(!out.includes("Success"), `exit ${exit}: ${out}`);
  const lostMsat = await spentMsat(payer, beforeMsat);
  demand(lostMsat > 0n && lostMsat < msatOf(PAYMENT_SAT) / 10n, `${lostMsat} msat are gone: ${out}`);
}
