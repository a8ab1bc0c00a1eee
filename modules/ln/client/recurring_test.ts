/** Payment codes: invoices that a server writes for the wallet. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toHex } from "../../../core/bytes.ts";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { CommandError } from "../../contract/command_error.ts";
import { incomingContractOffer } from "../contracts.ts";
import { incomingOf, incomingOutput } from "../testing/guardians.ts";
import { TestRecurringServer } from "../testing/recurring.ts";
import type { LnWallets } from "../testing/wallet.ts";
import { AMOUNT_MSAT, assertMoney, BALANCE_MSAT, eventKinds, lnWallets } from "../testing/wallet.ts";
import { LnError } from "./error.ts";
import { paymentCodeId } from "./keys.ts";
import { INVOICES_OPEN_MAX } from "./limits.ts";

const SERVER = "http://recurring.example/";

async function withServer() {
  const test = await lnWallets(), server = new TestRecurringServer(test.world);
  test.servers.set("recurring.example", (request) => server.handle(request));
  const { wallet } = test;
  wallet.beginBackground();
  return { ...test, server, run: (...args: string[]) => wallet.until(wallet.run("lnurl", ...args)) };
}

function operationOf(invoice: string): OperationId {
  return parseBolt11(invoice).paymentHash as string as OperationId;
}

/** A gateway that was paid buys the preimage. */
async function buy({ world: { guardians } }: Pick<LnWallets, "world">, invoice: string): Promise<void> {
  const { paymentHash } = parseBolt11(invoice);
  const offer = incomingContractOffer.fromJson(await guardians.ask("offer", paymentHash));
  const bought = await guardians.output(incomingOutput(incomingOf(offer), offer.amount));
  assert(bought.ok, "guardians take a contract that is as it was offered");
}

Deno.test("an lnurl is registered, and what is paid to it comes by itself, with fedimint-cli's JSON", async () => {
  const test = await withServer(), { wallet, server, run } = test;
  const registered = await run("register", SERVER, "--description", "tea") as { lnurl: string };
  assertEquals(server.asked[0], "PUT /lnv1/paycodes");
  const [{ rootKey, meta, federationId }] = server.registered as [typeof server.registered[0]];
  assertEquals([meta, federationId], ['[["text/plain","tea"]]', "0f".repeat(32)]);
  const first = await server.write(AMOUNT_MSAT), second = await server.write(2n * AMOUNT_MSAT);
  await wallet.pass(2_000);
  await buy(test, second);
  const paid = await run("await-invoice-paid", operationOf(second));
  const id = paymentCodeId(rootKey);
  assertEquals(paid, { payment_code_id: id, invoice: second, amount_msat: 2n * AMOUNT_MSAT });
  await assertMoney(test, { balanceMsat: BALANCE_MSAT + 2n * AMOUNT_MSAT });
  assertEquals(await run("invoice-details", operationOf(first)), {
    payment_code_id: id,
    invoice: first,
    amount_msat: AMOUNT_MSAT,
  });
  assertEquals(await run("invoices", "0"), {
    invoices: { "1": { operation_id: operationOf(first) }, "2": { operation_id: operationOf(second) } },
  });
  const { codes } = await run("list") as { codes: { [index: string]: { [field: string]: unknown } } };
  const { creation_timestamp, ...code } = codes["0"]!;
  assertEquals(typeof creation_timestamp, "bigint");
  assertEquals(code, {
    lnurl: registered.lnurl,
    root_public_key: toHex(rootKey),
    recurring_payment_code_id: id,
    recurringd_api: SERVER,
    last_derivation_index: 2n,
  });
  assertEquals(eventKinds(wallet).filter((kind) => kind === "recurring_invoice_created").length, 2);
  // another one has another key; an application has the same one again
  await run("register", SERVER, "--meta", "[]");
  assertEquals(server.registered.map(({ meta }) => meta), [meta, "[]"]);
  assert(toHex(server.registered[1]!.rootKey) !== toHex(rootKey));
  assertEquals(await wallet.until(wallet.api.lnurl(SERVER, { description: "tea" })), registered.lnurl);
  assertEquals(server.registered.length, 2);
});

Deno.test("a wallet whose disk is gone registers by the same key, and is given what it had not been paid", async () => {
  const test = await withServer(), { wallet, server } = test;
  await wallet.until(wallet.api.lnurl(SERVER));
  const invoice = await server.write(AMOUNT_MSAT);
  await wallet.pass(2_000);
  assertEquals(wallet.logged.size, 1);
  wallet.close();
  const restored = await test.open();
  restored.beginBackground();
  await restored.until(restored.api.lnurl(SERVER));
  assertEquals(new Set(server.registered.map(({ rootKey }) => toHex(rootKey))).size, 1);
  await restored.pass(2_000);
  await buy(test, invoice);
  assertEquals(await restored.until(restored.api.awaitReceive(operationOf(invoice))), { outcome: "claimed" });
  assertEquals(restored.balanceMsat, BALANCE_MSAT + AMOUNT_MSAT);
});

Deno.test("a server that fails or writes for another key takes nothing and keeps nothing back: it is asked again", async () => {
  const test = await withServer(), { wallet, server, run } = test;
  server.failing = "no federation";
  const refused = await assertRejects(() => wallet.until(wallet.api.lnurl(SERVER)), LnError);
  assertEquals(refused.code, "lnurl_server_failed");
  assertEquals((refused.cause as Error).message, "Recurring payment server error: no federation");
  server.failing = 502;
  assertEquals(
    (await assertRejects(() => wallet.until(wallet.api.lnurl(SERVER)), LnError)).code,
    "lnurl_server_failed",
  );
  assertEquals(await wallet.api.lnurls(), []);
  server.failing = null;
  await wallet.until(wallet.api.lnurl(SERVER));
  server.isLying = true;
  await server.write(AMOUNT_MSAT);
  await wallet.pass(2_000);
  assertEquals([await wallet.api.lnurlInvoices(0n), wallet.logged.size], [new Map(), 0]);
  server.forget();
  server.isLying = false;
  const invoice = await server.write(AMOUNT_MSAT);
  await wallet.pass(62_000);
  await buy(test, invoice);
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationOf(invoice))), { outcome: "claimed" });
  for (const args of [["invoices", "7"], ["invoice-details", "ab".repeat(32)]]) {
    assertEquals((await assertRejects(() => run(...args), CommandError)).code, "failed");
  }
  for (const args of [["register", "nowhere"], ["invoices", "-1"], ["forget"]]) {
    assertEquals((await assertRejects(() => run(...args), CommandError)).code, "usage");
  }
});

Deno.test("invoices that nobody pays take a bounded place, and one that is over when it is seen takes none", async () => {
  const test = await withServer(), { wallet, server, world: { clock } } = test, most = Number(INVOICES_OPEN_MAX);
  await wallet.until(wallet.api.lnurl(SERVER));
  for (let i = 0; i <= most; i++) server.writeUnoffered(1_000n, 600n);
  await wallet.pass(2_000);
  assertEquals(wallet.logged.size, most);
  // the first one has expired
  await clock.advance(700_000);
  await wallet.pass(2_000);
  assertEquals(wallet.logged.size, most + 1);
  wallet.close();
  const other = await test.open();
  other.beginBackground();
  await clock.advance(7_200_000);
  await other.until(other.api.lnurl(SERVER));
  await other.pass(2_000);
  assertEquals([other.logged.size, (await other.api.lnurls())[0]!.lastInvoice], [0, INVOICES_OPEN_MAX + 1n]);
});
